"""What all routes share: the store, limits, rights, traces, and how a refusal is answered."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from lumos_core.testing.servers.http import Answer, HttpFake, Refusal, Request
from lumos_core.testing.servers.http_faults import Rule

from . import bootstrap
from .proposals import Engine, Oracle, Proposal, Rejected, Result
from .registry import registry
from .store import Store

MAX_BYTES = 16_000_000
"""Bytes of a request; the SDK stays below (15 MiB and headers)."""
MAX_PROPOSALS = 200
"""Proposals of a batch, as the SDK limits itself; GMS times out on large ones instead."""


OPEN = ("/health", "/config")
"""Paths that need no token; GMS leaves them out of authentication."""
SYNC_INDEX = "X-DataHub-Sync-Index-Update"
"""The header of a proposal that waits for the search index."""
_PAGES = r"/openapi/v3/entity/scroll"
_WRITES = r"^/openapi/v3/entity/\w+(\?|$)|action=ingestProposal"
_UNAUTHORIZED = (
    "<html><head><title>Error 401 Unauthorized to perform this action.</title></head>"
    "<body><h2>HTTP ERROR 401 Unauthorized to perform this action.</h2></body></html>"
)


class Service(HttpFake):
    """The base of the parts of the fake.

    Args:
        port: Where to listen; 0 takes a free port.
        token: Requests must bear it, but `/config` and `/health`; "" lets everybody in.
        index_seconds: How long the search index needs to see a write.
        index_requests: How many further requests it needs to see a write.
        max_bytes: Bytes of a request; a larger one is answered 413.
        max_proposals: Proposals of a batch; a larger one is answered 400.
        version: What the server says its version is.
        oracle: A second judge of every aspect, `oracle.sdk()` for example.
        boot: Hold from the start what a real server writes on its first one (`bootstrap.py`).
        clock: Seconds since 1970.

    Attributes:
        store: What is held.
        registry: The models.
        engine: Validates and applies.
        forbidden: Entity types whose reading and writing is answered 403.
        failed_writes: By trace id: what was accepted and then not applied, with the reason.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        token: str = "",
        index_seconds: float = 0.0,
        index_requests: int = 0,
        max_bytes: int = MAX_BYTES,
        max_proposals: int = MAX_PROPOSALS,
        version: str = "v1.7.0.17",
        oracle: Oracle | None = None,
        boot: bool = True,
        clock: Callable[[], float] = time.time,
        **options: Any,
    ) -> None:
        super().__init__(port=port, **options)
        self.token = token
        self.version = version
        self.max_bytes = max_bytes
        self.max_proposals = max_proposals
        self.registry = registry()
        self.store = Store(index_seconds, index_requests, clock)
        self.engine = Engine(self.registry, self.store, oracle)
        if boot:
            bootstrap.write(self.engine)
            self.store.refresh(everything=True)
        self.forbidden: set[str] = set()
        self.failed_writes: dict[str, dict[tuple[str, str], str]] = {}
        self._drop_page = self._halve = False
        self._last_page: Answer | None = None

    def add(self, method: str, pattern: str, handler: Callable[..., Any]) -> None:
        """Let a function answer requests; what it refuses is answered as that side of GMS words it."""

        def guarded(request: Request, **parameters: str) -> Any:
            try:
                return handler(request, **parameters)
            except Rejected as error:
                return _openapi_refusal(error) if pattern.startswith("/openapi/") else restli_refusal(error)
            except Forbidden as error:
                body = {"error": str(error)} if pattern.startswith("/openapi/") else restli_error(403, str(error))
                return Answer.json(body, 403)

        super().add(method, pattern, guarded)

    def check(self, request: Request) -> Answer | None:
        """Refuse a wrong token and a body that is too large."""
        self.store.request()
        if self.token and request.path not in OPEN and request.headers.get("authorization") != f"Bearer {self.token}":
            return Answer.html(_UNAUTHORIZED, 401)
        if len(request.body) > self.max_bytes:
            why = f"Request body of {len(request.body)} bytes exceeds {self.max_bytes}"
            return Answer.json({"error": "Payload Too Large", "message": why, "status": 413}, 413)
        return None

    def missing(self, request: Request, allowed: list[str]) -> Answer:
        """Answer where no route fits."""
        if allowed:
            return Answer.json({"error": f"Method '{request.method}' is not supported."}, 405)
        return Answer.json({"error": f"No endpoint {request.method} {request.path}."}, 404)

    def limit(self, proposals: int) -> None:
        """Refuse a batch of too many proposals.

        Raises:
            Rejected: It is.
        """
        if proposals > self.max_proposals:
            raise Rejected("argument", f"{proposals} proposals in one batch, at most {self.max_proposals}")

    def allow(self, types: Iterable[str]) -> None:
        """Refuse entity types that the test forbids.

        Raises:
            Forbidden: One of them is.
        """
        if self.forbidden and (found := sorted(self.forbidden.intersection(types))):
            raise Forbidden(f"urn:li:corpuser:datahub is unauthorized to access entities of type {', '.join(found)}.")

    def commit(self, proposals: list[Proposal]) -> list[Result]:
        """Apply a batch, or only its first half when a fault says so.

        Raises:
            Rejected: A condition does not hold.
            Refusal: Only the first half was applied.
        """
        if not self._halve:
            results = self.engine.commit(proposals)
            for proposal in proposals:
                if proposal.headers.get(SYNC_INDEX) == "true":
                    self.store.index_now(proposal.urn)
            return results
        self._halve = False
        self.engine.commit(proposals[: len(proposals) // 2])
        raise Refusal(Answer.json({"error": "Internal server error occurred"}, 500))

    def drop_page(self, after: int = 0, times: int = 1) -> Rule:
        """Let a scroll leave out a page, as if its entities were not there.

        Args:
            after: How many requests of a scroll pass before.
            times: How many pages are left out.
        """

        def act(request: Request, proceed: Callable[[], Answer]) -> Answer:
            self._drop_page = True
            return proceed()

        return self.faults.when(path=_PAGES, after=after, times=times).do("drop page", act)

    def repeat_page(self, after: int = 1, times: int = 1) -> Rule:
        """Let a scroll answer with the page before once more; it goes on after that.

        Args:
            after: How many requests of a scroll pass before; at least one.
            times: How often.
        """

        def act(request: Request, proceed: Callable[[], Answer]) -> Answer:
            return self._last_page or proceed()

        return self.faults.when(path=_PAGES, after=after, times=times).do("repeat page", act)

    def half_apply(self, after: int = 0, times: int = 1) -> Rule:
        """Let a batch be applied in its first half only, and answered 500.

        Args:
            after: How many batches pass before.
            times: How many batches are hit.
        """

        def act(request: Request, proceed: Callable[[], Answer]) -> Answer:
            self._halve = True
            return proceed()

        return self.faults.when(method="POST", path=_WRITES, after=after, times=times).do("half apply", act)

    def trace(self) -> str:
        """Return a new `traceparent`; its id begins with the time in microseconds, as the client expects."""
        micros = int(self.store.clock() * 1_000_000)
        return f"00-{micros:016x}{uuid.uuid4().hex[:16]}-{uuid.uuid4().hex[:16]}-01"

    def fail(self, trace: str, proposals: Iterable[Proposal], error: Rejected) -> None:
        """Remember that writes which were accepted came to nothing."""
        self.failed_writes[trace.split("-")[1]] = {(p.urn, p.aspect): error.message for p in proposals}


def _openapi_refusal(error: Rejected) -> Answer:
    """As `GlobalControllerExceptionHandler` of GMS answers."""
    if error.kind in ("validation", "precondition"):
        body = {"error": "Validation Error", "message": error.message}
        return Answer.json(body, 412 if error.kind == "precondition" else 400)
    return Answer.json({"error": error.message}, 400)


def restli_refusal(error: Rejected) -> Answer:
    """As `RestliUtils` and `AspectResource` of GMS answer: 422 for what does not fit the models, else 400."""
    status = 422 if error.kind in ("validation", "precondition") else 400
    return Answer.json(restli_error(status, error.message), status)


def restli_error(status: int, message: str) -> dict[str, Any]:
    """The body of an error of Rest.li."""
    name = "com.linkedin.restli.server.RestLiServiceException"
    return {
        "exceptionClass": name,
        "stackTrace": f"{name} [HTTP Status:{status}]: {message}\n\tat (fake)",
        "message": message,
        "status": status,
    }


class Forbidden(Exception):
    """The test forbids this entity type."""


def as_json(request: Request, wanted: type) -> Any:
    """Decode a body.

    Raises:
        Rejected: It is not JSON, or not of the wanted type.
    """
    try:
        value = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Rejected("argument", f"JSON parse error: {error}") from None
    if not isinstance(value, wanted):
        raise Rejected("argument", f"JSON parse error: expected {wanted.__name__}, got {type(value).__name__}")
    return value


def flag(request: Request, name: str, default: str = "false") -> bool:
    """Read a boolean of the query.

    Raises:
        Rejected: It is none.
    """
    given = request.argument(name, default).lower()
    if given not in ("true", "false"):
        raise Rejected("argument", f"Invalid boolean value [{given}] of {name}")
    return given == "true"


def number(text: str) -> int:
    """Read a number that is not negative.

    Raises:
        Rejected: It is none.
    """
    if not text.isascii() or not text.isdigit():
        raise Rejected("argument", f'For input string: "{text}"')
    return int(text)
