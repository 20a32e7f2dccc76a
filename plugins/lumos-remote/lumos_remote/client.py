"""A thread-safe client of a JSON service, over urllib3."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from lumos_core.plugin_api import Cancelled, ConfigError

from .answers import NotJson, is_page, parse, reason
from .auth import Auth
from .config import address
from .connecting import Options, Problem, Raw, connect, exchange
from .errors import (
    BY_STATUS,
    FIXES,
    Broken,
    Busy,
    LostAnswer,
    NotData,
    Redirected,
    Refused,
    RemoteError,
    Unreachable,
    Untrusted,
)
from .redaction import Redactor
from .retries import Retries, retry_after, sleep

if TYPE_CHECKING:
    from .config import RemoteConfig

_REPEATABLE = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))
_PHRASES = {status.value: status.phrase for status in HTTPStatus}

Query = Mapping[str, Any] | Iterable[tuple[str, Any]] | None
"""Arguments of a query: None is left out, booleans are `true` and `false`, a list repeats its key."""


class Reply(NamedTuple):
    """An answer.

    Attributes:
        status: Its status, 200 to 299 or 304.
        value: Its JSON; None without a body; bytes where the caller asked for them.
        headers: Its headers; names in any case.
    """

    status: int
    value: Any
    headers: Mapping[str, str]


def segments(*parts: object) -> str:
    """Return a path, each part percent-encoded whole, so that a name with `/`, `?` or `..` stays one segment.

    Example:
        >>> segments("tables", "name", "shop/a b")
        '/tables/name/shop%2Fa%20b'
    """
    return "".join("/" + (_dots(str(part)) or quote(str(part), safe="")) for part in parts)


def _dots(part: str) -> str:
    return part.replace(".", "%2E") if part in (".", "..") else ""


class Client:
    """A client of a JSON service; any number of threads may use it.

    Redirects are never followed. What is sent again, and when: `Retries`. A request that may not be repeated is sent
    again only when nothing of it can have been applied. No message holds a secret.

    Args:
        server: `https://host[:port][/path]`; paths of requests come after it.
        auth: Who we are.
        headers: Headers of every request.
        retries: When a request is sent again.
        options: Timeouts, TLS, proxy, number of connections, limit of an answer.
        cancelled: Polled between attempts, while waiting, and between the parts of a long answer.
        secrets: Further texts that no message may hold.

    Raises:
        ConfigError: The address, the proxy or a certificate file cannot be used.

    Attributes:
        server: The address.
        redact: Makes any text of this service fit to be shown.
    """

    def __init__(
        self,
        server: str,
        *,
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
        retries: Retries | None = None,
        options: Options | None = None,
        cancelled: Callable[[], bool] | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        try:
            self.server = address(server)
        except ValueError as error:
            raise ConfigError(str(error), where="server") from None
        self.redact = Redactor(secrets)
        self._auth = auth or Auth()
        self._headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "lumos"}
        self._headers.update(headers or {})
        self._retries = retries or Retries()
        self._options = options or Options()
        self._cancelled = cancelled or _never
        self._manager = connect(self.server, self._options)
        self.redact.add(*(headers or {}).values())

    @classmethod
    def of(
        cls,
        config: RemoteConfig,
        *,
        auth: Auth | None = None,
        cancelled: Callable[[], bool] | None = None,
        path: str = "",
        retries: Retries | None = None,
    ) -> Client:
        """Make a client from the options of a component.

        Args:
            config: The options.
            auth: Who we are.
            cancelled: `ctx.cancelled`.
            path: Comes after the address, `/api/v1` for example, unless it ends so already.
            retries: Statuses that are special here; how often and how long comes from the options.
        """
        server = config.server if config.server.endswith(path) else config.server + path
        proxy = None if config.proxy is None else config.proxy.get_secret_value()
        return cls(
            server,
            auth=auth,
            headers={name: value.get_secret_value() for name, value in config.headers.items()},
            retries=replace(retries or Retries(), attempts=config.retries + 1, deadline=config.deadline),
            options=Options(
                config.timeout,
                config.connect_timeout,
                config.workers,
                config.verify,
                config.ca,
                config.certificate,
                config.private_key,
                proxy,
            ),
            cancelled=cancelled,
            secrets=[urlsplit(proxy).password or ""] if proxy else [],
        )

    def get(self, path: str, query: Query = None, **more: Any) -> Reply:
        """`GET`; `more` is what `request` takes."""
        return self.request("GET", path, query, **more)

    def post(self, path: str, body: Any = None, query: Query = None, **more: Any) -> Reply:
        """`POST`; say `idempotent=True` where it may be repeated (a search, an upsert)."""
        return self.request("POST", path, query, body=body, **more)

    def put(self, path: str, body: Any = None, query: Query = None, **more: Any) -> Reply:
        """`PUT`."""
        return self.request("PUT", path, query, body=body, **more)

    def patch(self, path: str, body: Any = None, query: Query = None, **more: Any) -> Reply:
        """`PATCH`; a list is sent as JSON Patch (RFC 6902), an object as a merge patch unless `headers` says else."""
        kind = "application/json-patch+json" if isinstance(body, list) else "application/merge-patch+json"
        headers = {"Content-Type": kind, **more.pop("headers", {})}
        return self.request("PATCH", path, query, body=body, headers=headers, **more)

    def delete(self, path: str, query: Query = None, **more: Any) -> Reply:
        """`DELETE`."""
        return self.request("DELETE", path, query, **more)

    def request(
        self,
        method: str,
        path: str,
        query: Query = None,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        retry: Collection[int] = (),
        raw: bool = False,
    ) -> Reply:
        """Send a request until it is answered, within what `Retries` allows.

        Args:
            method: The method.
            path: Comes after the address; encoded already (`segments`).
            query: Arguments of the query.
            body: A JSON value, or bytes that are sent as they are (say their `Content-Type`); None for no body.
            headers: Headers of this request.
            idempotent: It may be repeated when its answer is lost; None = as the method says (all but POST and PATCH).
            retry: Further statuses after which this request is sent again.
            raw: Give the body of the answer as bytes.

        Raises:
            RemoteError: One of the classes of `lumos_remote.errors`.
            Cancelled: The run was cancelled.
        """
        url = self.server + path + _query(query)
        content, kind = _content(body)
        repeatable = method in _REPEATABLE if idempotent is None else idempotent
        end = time.monotonic() + (self._retries.deadline or math.inf)
        attempt, refreshed = 0, False
        while True:
            attempt += 1
            self._stop()
            who = self._auth.headers()
            self._hide(who)
            after = None
            try:
                all_headers = {**self._headers, **kind, **(headers or {}), **who}
                got = exchange(self._manager, method, url, all_headers, content, self._options, end, self._stop)
            except Problem as problem:
                again = problem.kind == "unsent" or (problem.kind == "cut" and repeatable)
                error = self._unanswered(problem, method, url, repeatable)
            else:
                if 200 <= got.status < 300 or got.status == 304:
                    try:
                        return Reply(got.status, got.body if raw else _value(got), got.headers)
                    except NotJson as reason_why:
                        # A page stays a page; JSON that ends early is what a proxy makes of a cut connection.
                        again = repeatable and not is_page(got.body, got.headers)
                        error = self._not_data(got, method, url, str(reason_why))
                else:
                    if got.status == 401 and not refreshed and self._auth.refresh(who):
                        refreshed = True
                        attempt -= 1
                        continue
                    after = retry_after(got.headers)
                    again = got.status in retry or self._retries.again(got.status, repeatable)
                    error = self._failed(got, method, url, repeatable, got.status in retry)
            wait = self._retries.wait(attempt, after)
            patient = after is None or after <= self._retries.patience
            if not (again and patient and attempt < self._retries.attempts and time.monotonic() + wait < end):
                raise error
            sleep(wait, self._cancelled)

    def close(self) -> None:
        """Close all connections."""
        self._manager.clear()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _stop(self) -> None:
        if self._cancelled():
            raise Cancelled("cancelled between two requests")

    def _hide(self, who: Mapping[str, str]) -> None:
        self.redact.add(*who.values(), *(value.rpartition(" ")[2] for value in who.values()), *self._auth.secrets())

    def _error(self, kind: type[RemoteError], what: str, why: str, got: Raw | None = None, **more: Any) -> RemoteError:
        error = kind(self.redact(what), why=self.redact(why), fix=FIXES.get(kind, ""), **more)
        if got is not None:
            error.status, error.headers = got.status, got.headers
            try:
                error.value = parse(got.body)
            except NotJson:
                error.value = got.body
        return error

    def _unanswered(self, problem: Problem, method: str, url: str, repeatable: bool) -> RemoteError:
        if problem.kind == "untrusted":
            return self._error(Untrusted, f"no trust in the certificate for {method} {url}", problem.text)
        if problem.kind == "too-large":
            return self._error(NotData, f"{method} {url}", problem.text)
        if problem.kind == "unsendable":
            return self._error(Refused, f"{method} {url} cannot be sent", problem.text)
        if problem.kind == "cut" and not repeatable:
            return self._error(LostAnswer, f"{method} {url} was sent and not answered", problem.text)
        return self._error(Unreachable, f"{method} {url} was not answered", problem.text)

    def _not_data(self, got: Raw, method: str, url: str, why: str) -> RemoteError:
        return self._error(NotData, f"{method} {url} answered {got.status} with something else than JSON", why, got)

    def _failed(self, got: Raw, method: str, url: str, repeatable: bool, asked: bool) -> RemoteError:
        status = got.status
        what = f"{method} {url} answered {status} {_PHRASES.get(status, '')}".rstrip()
        if 300 <= status < 400:
            return self._error(Redirected, what, f"it points to {got.headers.get('Location', 'nowhere')}", got)
        try:
            value = parse(got.body)
        except NotJson:
            value = None
        why = reason(value, got.body, got.headers, status)
        if asked or self._retries.again(status, repeatable=True):
            if not asked and not self._retries.again(status, repeatable):
                return self._error(LostAnswer, what, why, got)
            return self._error(Busy, what, why, got, after=retry_after(got.headers))
        kind = BY_STATUS.get(status, Refused if status < 500 else Broken)
        return self._error(kind, what, why, got)


def _value(got: Raw) -> Any:
    """The JSON of a good answer."""
    if is_page(got.body, got.headers):
        raise NotJson(reason(None, got.body, got.headers))
    return parse(got.body)


def _content(body: Any) -> tuple[bytes | None, dict[str, str]]:
    if body is None:
        return None, {}
    if isinstance(body, bytes):
        return body, {"Content-Type": "application/octet-stream"}
    return msgspec.json.encode(body), {"Content-Type": "application/json"}


def _query(query: Query) -> str:
    if not query:
        return ""
    pairs = []
    for key, value in query.items() if isinstance(query, Mapping) else query:
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if one is not None:
                pairs.append((key, str(one).lower() if isinstance(one, bool) else str(one)))
    return "?" + urlencode(pairs, quote_via=quote, safe="") if pairs else ""


def _never() -> bool:
    return False
