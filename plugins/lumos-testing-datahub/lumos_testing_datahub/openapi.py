"""The routes of `/openapi`: entities (v3), the registry of models, traces of writes."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from lumos_core.testing.servers.http import Answer, Request, route

from . import search
from .proposals import VERSION_MATCH, Proposal, Rejected, Result
from .registry import Entity
from .service import Service, as_json, flag, number
from .store import ACTOR, Held, Stored, decode, encode

LARGEST_PAGE = 10_000
"""Entities of a page, whatever is asked for; the search behind GMS gives no more."""
_SCROLL = "/openapi/v3/entity/scroll"


class OpenApi(Service):
    """Routes of the OpenAPI side of GMS."""

    @route("POST", _SCROLL)
    def scroll(self, request: Request) -> Answer:
        """List entities of many types, with aspects, page by page."""
        body = as_json(request, dict)
        types = None
        if body.get("entities") is not None:
            types = [self._type(name).name for name in body["entities"]]
        criteria = body.get("filter")
        filters = None if criteria is None else [part.get("criteria", []) for part in criteria.get("and", [])]
        aspects = body.get("aspects")
        order = (body.get("sortCriteria") or [{}])[0]
        return self._page(request, types, filters, aspects, aspects is not None, order.get("order", "ASCENDING"))

    @route("GET", "/openapi/v3/entity/{entity}")
    def entities_of(self, request: Request, entity: str) -> Answer:
        """List entities of one type."""
        aspects = [name for part in ("aspects", "aspectNames") for name in _list(request, part)]
        order = request.argument("sortOrder", "ASCENDING")
        return self._page(request, [self._type(entity).name], None, aspects, True, order)

    def _page(self, request: Request, types: Any, filters: Any, aspects: Any, expand: bool, order: str) -> Answer:
        if request.argument("sort", "urn") != "urn":
            raise Rejected("argument", "this fake sorts by urn only")
        slice_, of = request.argument("sliceId"), request.argument("sliceMax")
        slices = (number(slice_), number(of)) if slice_ and of else None
        listed = functools.partial(
            search.scroll,
            self.store,
            types=types,
            query=request.argument("query", "*"),
            filters=filters,
            removed=flag(request, "includeSoftDelete"),
            count=min(number(request.argument("count", "10")), LARGEST_PAGE),
            part=slices,
            descending=order == "DESCENDING",
        )
        try:
            page = listed(scroll_id=request.argument("scrollId") or None)
        except search.BadQuery as error:
            raise Rejected("argument", str(error)) from None
        if self._drop_page and page.scroll_id:
            self._drop_page = False
            page = listed(scroll_id=page.scroll_id)
        if not expand:
            found = [b'{"urn":%b}' % encode(urn) for urn in page.urns]
        else:
            wanted = frozenset(aspects or ())
            system = flag(request, "systemMetadata")
            read = (self._entity(urn, wanted, system) for urn in page.urns)
            found = [entity for entity in read if entity is not None]
        body = b'{"scrollId":%b,"entities":[%b],"totalCount":%d}' % (
            encode(page.scroll_id),
            b",".join(found),
            page.total,
        )
        self._last_page = _raw(body)
        return self._last_page

    @route("POST", "/openapi/v3/entity/{entity}/batchGet")
    def batch_get(self, request: Request, entity: str) -> Answer:
        """Read many entities; those that do not exist are left out."""
        self._type(entity)
        return _raw(b"[%b]" % b",".join(self._wanted(request, as_json(request, list))))

    @route("POST", "/openapi/v3/entity/generic/batchGet")
    def batch_get_generic(self, request: Request) -> Answer:
        """Read many entities of many types."""
        parts = [
            b"%b:[%b]" % (encode(name), b",".join(self._wanted(request, wanted)))
            for name, wanted in as_json(request, dict).items()
        ]
        return _raw(b"{%b}" % b",".join(parts))

    def _wanted(self, request: Request, listed: Any) -> list[bytes]:
        system = flag(request, "systemMetadata")
        found = []
        for item in listed:
            urn = item.get("urn") if isinstance(item, dict) else None
            if urn is None:
                raise Rejected("argument", "Missing `urn` field")
            parsed = self.engine.urn(urn)
            known = self.registry.entities[parsed.entity].aspects
            names = {name: item[name] for name in item if name in known}
            versions = {
                name: number(given["headers"][VERSION_MATCH])
                for name, given in names.items()
                if isinstance(given, dict) and VERSION_MATCH in given.get("headers", {})
            }
            read = self._entity(urn, frozenset(names), system, versions)
            if read is not None:
                found.append(read)
        return found

    @route("POST", "/openapi/v3/entity/{entity}")
    def create(self, request: Request, entity: str) -> Answer:
        """Write aspects of many entities of one type."""
        return self._write(request, self._proposals(entity, as_json(request, list), "UPSERT"), True)

    @route("PATCH", "/openapi/v3/entity/{entity}")
    def patch(self, request: Request, entity: str) -> Answer:
        """Patch aspects of many entities of one type."""
        return self._write(request, self._proposals(entity, as_json(request, list), "PATCH"), False)

    @route("POST", "/openapi/v3/entity/generic")
    def create_generic(self, request: Request) -> Answer:
        """Write aspects of many entities of many types."""
        proposals = [
            proposal
            for name, listed in as_json(request, dict).items()
            for proposal in self._proposals(name, listed, "UPSERT")
        ]
        return self._write(request, proposals, True)

    def _proposals(self, entity: str, listed: Any, change: str) -> list[Proposal]:
        name = self._type(entity).name
        if not isinstance(listed, list):
            raise Rejected("argument", f"Value of property '{entity}' must be an array")
        proposals = []
        for item in listed:
            if not isinstance(item, dict) or "urn" not in item:
                raise Rejected("argument", "Missing `urn` field")
            parsed = self.engine.urn(item["urn"])
            if parsed.entity != name:
                raise Rejected("argument", f"{item['urn']} is no {name}")
            for aspect, given in item.items():
                if aspect == "urn":
                    continue
                if not isinstance(given, dict) or "value" not in given:
                    raise Rejected("argument", f"{aspect} has no `value`")
                if unknown := given.keys() - {"value", "systemMetadata", "headers", "auditStamp"}:
                    raise Rejected("argument", f"{aspect} has the unknown keys {sorted(unknown)}")
                if change == "PATCH" and not (isinstance(given["value"], dict) and "patch" in given["value"]):
                    raise Rejected("argument", "Missing `patch` field.")
                proposals.append(
                    self.engine.propose(
                        item["urn"], aspect, change, given["value"], given.get("systemMetadata"), given.get("headers")
                    )
                )
        return proposals

    def _write(self, request: Request, proposals: list[Proposal], answers_async: bool) -> Answer:
        self.limit(len(proposals))
        self.allow(proposal.parsed.entity for proposal in proposals)
        system = flag(request, "systemMetadata")
        headers = {"traceparent": self.trace()}
        if flag(request, "async", "true"):
            # Validated now, applied later: a condition that fails shows only in the trace.
            try:
                results = self.commit(proposals)
            except Rejected as error:
                self.fail(headers["traceparent"], proposals, error)
                results = [Result(proposal, None) for proposal in proposals]
            if not answers_async:
                return Answer(202, b"", headers)
            return _raw(_written(results, system), 202, headers)
        return _raw(_written(self.commit(proposals), system), 200, headers)

    @route("GET", "/openapi/v3/entity/{entity}/{urn:path}")
    def read(self, request: Request, entity: str, urn: str) -> Answer:
        """Read an entity, or one of its aspects (`.../URN/aspect`)."""
        self._type(entity)
        urn, aspect = self._aspect_of(urn)
        names = {name for part in ("aspects", "aspectNames") for name in _list(request, part)}
        versions = {aspect: number(request.argument("version", "0"))} if aspect else {}
        found = self._entity(urn, frozenset({aspect} if aspect else names), flag(request, "systemMetadata"), versions)
        if found is None:
            return Answer(404, b"", {"Not-Found-Reason": "ENTITY"})
        return Answer.json(decode(found)[aspect]) if aspect else _raw(found)

    @route("HEAD", "/openapi/v3/entity/{entity}/{urn:path}")
    def exists(self, request: Request, entity: str, urn: str) -> Answer:
        """Tell whether an entity, or one of its aspects, exists."""
        self._type(entity)
        urn, aspect = self._aspect_of(urn)
        held = self.store.entities.get(urn)
        return Answer(204 if held and (not aspect or aspect in held.aspects) else 404)

    @route("DELETE", "/openapi/v3/entity/{entity}/{urn:path}")
    def delete(self, request: Request, entity: str, urn: str) -> Answer:
        """Delete an entity for good, or aspects of it."""
        self._type(entity)
        urn, aspect = self._aspect_of(urn)
        parsed = self.engine.urn(urn)
        self.allow([parsed.entity])
        spec = self.registry.entities[parsed.entity]
        aspects = {aspect} if aspect else set(_list(request, "aspects"))
        if flag(request, "clear"):
            aspects = set(spec.aspects - {spec.key})
        if not aspects or spec.key in aspects:
            self.store.delete(urn)
        for name in aspects - {spec.key}:
            self.store.delete(urn, name)
        return Answer(200)

    @route("POST", "/openapi/v3/entity/{entity}/{urn:path}")
    def create_aspect(self, request: Request, entity: str, urn: str) -> Answer:
        """Write one aspect (`.../URN/aspect`); by default only when it is absent."""
        self._type(entity)
        urn, aspect = self._aspect_of(urn)
        given = as_json(request, dict)
        change = "UPSERT"
        if flag(request, "createIfEntityNotExists"):
            change = "CREATE_ENTITY"
        elif flag(request, "createIfNotExists", "true"):
            change = "CREATE"
        system, conditions = given.get("systemMetadata"), given.get("headers")
        proposal = self.engine.propose(urn, aspect, change, given.get("value"), system, conditions)
        self.allow([proposal.parsed.entity])
        (result,) = self.commit([proposal])
        (written,) = decode(_written([result], flag(request, "systemMetadata")))
        return Answer.json(written, 202 if flag(request, "async") else 200, {"traceparent": self.trace()})

    def _aspect_of(self, path: str) -> tuple[str, str]:
        """Split the rest of a path into a URN and the aspect after it; names of datasets may hold slashes too."""
        urn, _, last = path.rpartition("/")
        if urn.startswith("urn:li:") and last in self.registry.aspects:
            return urn, last
        self.engine.urn(path)
        return path, ""

    def _type(self, name: Any) -> Entity:
        entity = self.registry.entity(str(name))
        if entity is None:
            raise Rejected("argument", f"Failed to find entity with name {name} in EntityRegistry")
        self.allow([entity.name])
        return entity

    def _entity(
        self, urn: str, wanted: frozenset[str], system: bool, versions: dict[str, int] | None = None
    ) -> bytes | None:
        """Return the JSON of an entity with the wanted aspects; all of them when none is named."""
        held = self.store.entities.get(urn)
        if held is None:
            return None
        parts = [b'"urn":%b' % encode(urn)]
        for name in list(held.aspects) + list(held.series):
            if not wanted or name in wanted:
                item = _item(held, name, (versions or {}).get(name, 0), system)
                if item:
                    parts.append(b'"%b":%b' % (name.encode(), item))
        return b"{%b}" % b",".join(parts) if len(parts) > 1 else None

    @route("GET", "/openapi/v1/registry/models/entity/specifications")
    def specifications(self, request: Request) -> Any:
        """Which entities and aspects there are."""
        start, count = number(request.argument("start", "0")), number(request.argument("count", "20"))
        names = sorted(self.registry.entities)
        elements = [self._specification(self.registry.entities[name]) for name in names[start : start + count]]
        return {"start": start, "count": len(elements), "total": len(names), "elements": elements}

    def _specification(self, entity: Entity) -> dict[str, Any]:
        def aspect(name: str) -> dict[str, Any]:
            spec = self.registry.aspects[name]
            annotation = {"name": name, "timeseries": spec.timeseries, "schemaVersion": spec.schema_version}
            return {"aspectAnnotation": annotation}

        return {
            "name": entity.name,
            "keyAspectName": entity.key,
            "keyAspectSpec": aspect(entity.key),
            "aspectSpecs": [aspect(name) for name in sorted(entity.aspects)],
        }

    @route("POST", "/openapi/v1/trace/write/{trace}")
    def traced(self, request: Request, trace: str) -> Any:
        """Tell what became of writes."""
        failed = self.failed_writes.get(trace, {})
        answer: dict[str, dict[str, Any]] = defaultdict(dict)
        for urn, aspects in as_json(request, dict).items():
            for aspect in aspects:
                why = failed.get((urn, aspect))
                status = {"writeStatus": "ERROR", "writeMessage": why} if why else {"writeStatus": "ACTIVE_STATE"}
                answer[urn][aspect] = {"success": not why, "primaryStorage": status, "searchStorage": status}
        return answer


def _raw(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, body, {"Content-Type": "application/json", **(headers or {})})


def _list(request: Request, name: str) -> list[str]:
    return [part for value in request.query.get(name, []) for part in value.split(",") if part]


def _item(held: Held, name: str, version: int, system: bool) -> bytes:
    """The JSON of an aspect with its envelope; empty when there is no such version."""
    events = held.series.get(name)
    if events:
        latest = events[-1]
        return _envelope(latest.value, latest.system if system else b"", b"")
    stored: Stored | None = held.aspects.get(name)
    if stored is not None and version and version != stored.version:
        stored = next((one for one in held.older.get(name, ()) if one.version == version), None)
    if stored is None:
        return b""
    if not system:
        return _envelope(stored.value, b"", b"")
    stamp = {"actor": ACTOR, "time": stored.modified}
    return _envelope(stored.value, encode(stored.metadata()), encode(stamp))


def _envelope(value: bytes, system: bytes, stamp: bytes) -> bytes:
    parts = [b'"value":%b' % value]
    if system:
        parts.append(b'"systemMetadata":%b' % system)
    if stamp:
        parts.append(b'"auditStamp":%b' % stamp)
    return b"{%b}" % b",".join(parts)


def _written(results: Iterable[Result], system: bool) -> bytes:
    """What a write answers: entities with the aspects as they are now."""
    entities: dict[str, dict[str, bytes]] = defaultdict(dict)
    for proposal, stored, _ in results:
        value = stored.value if stored else encode(proposal.value)
        metadata = encode(stored.metadata()) if stored and system else b""
        entities[proposal.urn][proposal.aspect] = _envelope(value, metadata, b"")
    parts = (
        b'{"urn":%b%b}' % (encode(urn), b"".join(b',"%b":%b' % (n.encode(), v) for n, v in aspects.items()))
        for urn, aspects in entities.items()
    )
    return b"[%b]" % b",".join(parts)
