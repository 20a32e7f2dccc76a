"""The server: routes, who may come in, and the form of requests and answers."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from msgspec import DecodeError

from lumos_core.testing.servers.http import Answer, HttpFake, Request

from . import lineage, properties, removing, search, series
from .bulk import bulk, delete_stale
from .engine import Actor, Engine, Result, read_include
from .errors import bad, refuse, unhandled
from .kinds import BY_NAME, KINDS, Kind
from .people import People, may
from .schema import check_uuid
from .seed import seed
from .store import Document, decode, encode
from .world import World

DEFAULT_VERSION = "1.6.0"
VERSIONS = {"1.6": "1.6.0", "2.0": "2.0.6"}
_OPEN = ("/api/v1/system/version", "/api/v1/users/login", "/healthcheck", "/api/v1/system/config/auth")
_PATCH = "application/json-patch+json"
_READ_ONLY = ("type",)


class OpenMetadataFake(HttpFake):
    """A strict fake of an OpenMetadata server, in memory.

    Args:
        version: What it says it is: `1.6`, `2.0`, or a full version; from 1.13 on it has the rules of 2.0.
        lag: Seconds until the search index knows of a change.
        race: A PUT that comes within so many seconds of the one that created an entity answers 409, as if concurrent.
        clock: Seconds since 1970, for tests of what takes time.
        options: As for `HttpFake`: `port`, `tls`, `keep`.

    Attributes:
        world: The state.
        engine: Its operations, without HTTP.
        people: Users and tokens: `people.token("ingestion-bot")`.
        recorded: What came in bodies, as (what it is, JSON text), when `record` is set: food for `Oracle`.
        record: Whether to keep them.
    """

    def __init__(
        self,
        version: str = DEFAULT_VERSION,
        *,
        lag: float = 0.0,
        race: float = 0.0,
        clock: Callable[[], float] = time.time,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.world = World(VERSIONS.get(version, version), clock=clock)
        self.engine = Engine(self.world, race)
        self.people = People(self.world)
        self.lag = lag
        self.recorded: list[tuple[str, bytes]] = []
        self.record = False
        self._actor = Actor("", False, False)
        seed(self.world)
        self.people.set_password("admin", "admin")
        for kind in KINDS:
            self._serve_kind(kind)
        self._serve_rest()

    @property
    def bot_token(self) -> str:
        """The token of the ingestion bot."""
        return self.people.token("ingestion-bot")

    @property
    def admin_token(self) -> str:
        """The token of the administrator, a person."""
        return self.people.token("admin")

    def person(self, name: str, *, password: str = "", roles: tuple[str, ...] = (), admin: bool = False) -> str:
        """Make a user who is a person; returns the token."""
        held = [self.world.identity(BY_NAME["role"], role) for role in roles]
        request = {"name": name, "email": f"{name}@example.com", "roles": held, "isAdmin": admin}
        self.engine.put(BY_NAME["user"], request, Actor("admin", False, True))
        if password:
            self.people.set_password(name, password)
        return self.people.token(name)

    def answers(self) -> Iterator[tuple[str, bytes]]:
        """Every entity as `(kind, JSON)`: as a GET shows it without and with all fields. Food for `Oracle`."""
        for kind in KINDS:
            for identity in self.world.store.identities(kind.name):
                for fields in ([], self.engine.asked(kind, "*")):
                    yield kind.name, encode(self.engine.current(kind, identity, fields))

    def start(self) -> None:
        """Listen; returns at once."""
        super().start()
        self.world.base = self.url

    def check(self, request: Request) -> Answer | None:
        """Find out who asks, and whether they may."""
        if request.path.rstrip("/") in _OPEN:
            return None
        self._actor = self.people.actor(request.headers.get("authorization", ""))
        operations = None
        if request.method == "PATCH":
            if request.headers.get("content-type", "").partition(";")[0].strip() != _PATCH:
                raise unhandled("HTTP 415 Unsupported Media Type")
            operations = self.body(request)
        safe = request.path.startswith("/api/v1/search/") or request.path.endswith("/vote")
        if not safe and not may(self._actor, request.method, operations):
            raise refuse(403, f"Principal: CatalogPrincipal{{name='{self._actor.name}'}} operations not allowed")
        return None

    def missing(self, request: Request, allowed: list[str]) -> Answer:
        """A wrong method is one of the errors that the server does not handle."""
        if allowed:
            raise unhandled("HTTP 405 Method Not Allowed")
        raise refuse(404, "HTTP 404 Not Found")

    def body(self, request: Request, kind: str = "") -> Any:
        """Read the body of a request.

        Raises:
            Refusal: It is empty (500) or no JSON (400).
        """
        if not request.body:
            raise unhandled("The request has no body")
        try:
            found = decode(request.body)
        except DecodeError:
            raise bad("Unable to process JSON") from None
        if kind and self.record:
            self.recorded.append((kind, request.body))
        return found

    def _reply(self, document: Document, status: int = 200, change: str = "") -> Answer:
        headers = {"Content-Type": "application/json"}
        if change:
            headers["X-OpenMetadata-Change"] = change
        raw = encode(document)
        if self.world.family == 2 and "version" in document and status < 300:
            headers["ETag"] = f'"{hashlib.sha256(raw).hexdigest()[:32]}"'
        return Answer(status, raw, headers)

    def _result(self, result: Result) -> Answer:
        return self._reply(result.document, result.status, result.change)

    def _serve_kind(self, kind: Kind) -> None:
        base = f"/api/v1/{kind.route}"
        made = f"create {kind.name}"
        engine = self.engine

        def each(method: str, path: str, handler: Callable[..., Answer]) -> None:
            self.add(method, base + path, partial(handler))

        def get(request: Request, id: str) -> Answer:
            found = engine.locate(kind, id, read_include(request.argument("include")))
            return self._one(kind, found, request)

        def get_name(request: Request, fqn: str) -> Answer:
            found = engine.by_name(kind, fqn, read_include(request.argument("include")))
            return self._one(kind, found, request)

        def delete(request: Request, id: str) -> Answer:
            return self._delete(kind, engine.locate(kind, id, "all"), request)

        def delete_name(request: Request, fqn: str) -> Answer:
            return self._delete(kind, engine.by_name(kind, fqn, "all"), request)

        def patch(request: Request, id: str) -> Answer:
            match = request.headers.get("if-match", "")
            return self._result(engine.patch(kind, id, self.body(request), self._actor, match))

        def patch_name(request: Request, fqn: str) -> Answer:
            return patch(request, engine.by_name(kind, fqn))

        def restore(request: Request) -> Answer:
            body = self.body(request, "restore")
            self.world.schema.check(body, self.world.schema.structures["Restore"], "RestoreEntity")
            document = removing.restore(self.world, kind, engine.locate(kind, body["id"], "all"), self._actor.name)
            return self._reply(engine.shown(kind, document), 200, "entityRestored")

        each("GET", "", lambda request: self._reply(engine.listing(kind, request.argument)))
        each("GET", "/{id}", get)
        each("GET", "/name/{fqn}", get_name)
        each("GET", "/{id}/versions", lambda request, id: self._reply(engine.versions(kind, id)))
        each(
            "GET",
            "/{id}/versions/{version}",
            lambda request, id, version: self._reply(engine.version(kind, id, version)),
        )
        each("PATCH", "/{id}", patch)
        each("PATCH", "/name/{fqn}", patch_name)
        if kind.name in _READ_ONLY:
            return
        each("POST", "", lambda request: self._result(engine.create(kind, self.body(request, made), self._actor)))
        each("PUT", "", lambda request: self._result(engine.put(kind, self.body(request, made), self._actor)))
        each("DELETE", "/{id}", delete)
        each("DELETE", "/name/{fqn}", delete_name)
        for alias in ("/executable", "/basic") if kind.name == "testSuite" else ():
            each(
                "POST", alias, lambda request: self._result(engine.create(kind, self.body(request, made), self._actor))
            )
        if kind.soft:
            each("PUT", "/restore", restore)
        if self.world.family == 2 and "sourceHash" in kind.form(2):
            each("PUT", "/bulk", lambda request: self._bulk(kind, request))
            each("DELETE", "/deleteStale", lambda request: self._delete_stale(kind, request))

    def _one(self, kind: Kind, identity: str, request: Request) -> Answer:
        fields = self.engine.asked(kind, request.argument("fields"))
        return self._reply(self.engine.current(kind, identity, fields))

    def _delete(self, kind: Kind, identity: str, request: Request) -> Answer:
        recursive, hard = (request.argument(name) == "true" for name in ("recursive", "hardDelete"))
        if self.world.store.heads[identity].deleted and not hard:
            raise refuse(404, f"{kind.name} instance for {identity} not found")
        document, change = removing.delete(self.world, kind, identity, recursive, hard, self._actor.name)
        return self._reply(self.engine.shown(kind, document), 200, change)

    def _bulk(self, kind: Kind, request: Request) -> Answer:
        items = self.body(request, f"bulk {kind.name}")
        return self._reply(bulk(self.engine, kind, items, self._actor, request.argument("overrideMetadata") == "true"))

    def _delete_stale(self, kind: Kind, request: Request) -> Answer:
        body = self.body(request, "deleteStale")
        self.world.schema.check(body, self.world.schema.structures["DeleteStale"], "DeleteStale")
        return self._reply(delete_stale(self.world, kind, body, self._actor.name))

    def _serve_rest(self) -> None:
        for method, path, handler in (
            ("GET", "/system/version", self._version),
            ("GET", "/system/config/auth", lambda request: {"provider": "basic", "enableSelfSignup": True}),
            ("POST", "/users/login", lambda request: self.people.login(self.body(request, "login"))),
            ("GET", "/users/loggedInUser", self._logged_in),
            ("GET", "/users/auth-mechanism/{id}", self._mechanism),
            ("PUT", "/metadata/types/{id}", self._define),
            ("GET", "/search/query", lambda request: search.search(self.engine, request.argument, self.lag)),
            ("GET", "/search/fieldQuery", lambda request: search.search(self.engine, request.argument, self.lag)),
            ("PUT", "/lineage", self._put_lineage),
            ("GET", "/lineage/{kind}/{id}", self._get_lineage),
            ("GET", "/lineage/{kind}/name/{fqn}", self._lineage_by_name),
            (
                "GET",
                "/lineage/getLineageEdge/{start}/{end}",
                lambda request, start, end: lineage.edge(self.world, start, end),
            ),
            ("DELETE", "/lineage/{kind}/{start}/{other}/{end}", self._delete_lineage),
            ("PUT", "/tables/{id}/tableProfile", self._put_profile),
            ("GET", "/tables/{fqn}/tableProfile", self._series("table", "tableProfile")),
            ("GET", "/tables/{fqn}/columnProfile", self._column_profile),
            ("GET", "/tables/{fqn}/tableProfile/latest", self._latest_profile),
            ("PUT", "/tables/{id}/sampleData", self._sample),
            ("PUT", "/dataQuality/testCases/{fqn}/testCaseResult", self._put_result),
            ("GET", "/dataQuality/testCases/{fqn}/testCaseResult", self._series("testCase", "testCaseResult")),
            ("POST", "/dataQuality/testCases/testCaseResults/{fqn}", self._put_result),
            ("GET", "/dataQuality/testCases/testCaseResults/{fqn}", self._series("testCase", "testCaseResult")),
            ("PUT", "/pipelines/{fqn}/status", self._put_status),
            ("GET", "/pipelines/{fqn}/status", self._series("pipeline", "pipelineStatus")),
        ):
            self.add(method, f"/api/v1{path}", handler)
        self.add("GET", "/healthcheck", lambda request: {"OpenMetadataServerHealthCheck": {"healthy": True}})

    def _version(self, request: Request) -> Document:
        return {"version": self.world.version, "revision": "fake", "timestamp": self.world.now()}

    def _logged_in(self, request: Request) -> Answer:
        return self._one(BY_NAME["user"], self.world.identity(BY_NAME["user"], self._actor.name), request)

    def _mechanism(self, request: Request, id: str) -> Document:
        return self.people.mechanism(self.engine.locate(BY_NAME["user"], id))

    def _define(self, request: Request, id: str) -> Answer:
        check_uuid(id)
        document = properties.define(self.world, id, self.body(request, "customProperty"))
        return self._reply(self.engine.shown(BY_NAME["type"], document))

    def _put_lineage(self, request: Request) -> Answer:
        lineage.put(self.world, self.body(request, "lineage"), self._actor.name)
        return Answer(200)

    def _get_lineage(self, request: Request, kind: str, id: str) -> Document:
        if kind not in BY_NAME:
            raise bad(f"Entity type {kind} not found")
        found = self.engine.locate(BY_NAME[kind], id, "all")
        up, down = (lineage.read_depth(request.argument(f"{name}Depth", "1")) for name in ("upstream", "downstream"))
        return lineage.show(self.world, found, up, down, request.argument("includeDeleted") == "true")

    def _lineage_by_name(self, request: Request, kind: str, fqn: str) -> Document:
        if kind not in BY_NAME:
            raise bad(f"Entity type {kind} not found")
        return self._get_lineage(request, kind, self.engine.by_name(BY_NAME[kind], fqn, "all"))

    def _delete_lineage(self, request: Request, kind: str, start: str, other: str, end: str) -> Answer:
        lineage.delete(self.world, start, end)
        return Answer(200)

    def _put_profile(self, request: Request, id: str) -> Answer:
        table = self.engine.locate(BY_NAME["table"], id)
        series.put_profile(self.world, table, self.body(request, "tableProfile"))
        return self._reply(self.engine.shown(BY_NAME["table"], self.world.store.get(table), []))

    def _latest_profile(self, request: Request, fqn: str) -> Answer:
        table = self.engine.by_name(BY_NAME["table"], fqn)
        shown = self.engine.shown(BY_NAME["table"], self.world.store.get(table), [])
        return self._reply(
            series.with_profiles(self.world, table, shown, request.argument("includeColumnProfile", "true") == "true")
        )

    def _column_profile(self, request: Request, fqn: str) -> Answer:
        table = next(
            (
                one
                for one in self.world.store.identities("table")
                if fqn.startswith(self.world.store.heads[one].fqn + ".")
            ),
            "",
        )
        return self._reply(series.between(self.world, table, f"columnProfile {fqn}", request.argument))

    def _series(self, kind: str, name: str) -> Callable[..., Answer]:
        def answer(request: Request, fqn: str) -> Answer:
            identity = self.engine.by_name(BY_NAME[kind], fqn)
            return self._reply(series.between(self.world, identity, name, request.argument))

        return answer

    def _sample(self, request: Request, id: str) -> Answer:
        """Taken, and not kept: a fake needs nobody's rows."""
        table = self.engine.locate(BY_NAME["table"], id)
        self.body(request)
        return self._reply(self.engine.shown(BY_NAME["table"], self.world.store.get(table), []))

    def _put_result(self, request: Request, fqn: str) -> Answer:
        test = self.engine.by_name(BY_NAME["testCase"], fqn)
        result = self.body(request, "testCaseResult")
        self.world.schema.check(result, self.world.schema.structures["TestCaseResult"], "TestCaseResult")
        series.add(self.world, test, "testCaseResult", {name: value for name, value in result.items() if name != "fqn"})
        return self._reply(result, 200)

    def _put_status(self, request: Request, fqn: str) -> Answer:
        pipeline = self.engine.by_name(BY_NAME["pipeline"], fqn)
        status = self.body(request, "pipelineStatus")
        self.world.schema.check(status, self.world.schema.structures["PipelineStatus"], "PipelineStatus")
        series.add(self.world, pipeline, "pipelineStatus", status)
        return self._reply(self.engine.shown(BY_NAME["pipeline"], self.world.store.get(pipeline)))
