"""The routes of Rest.li, `/aspects`, `/entities` and `/entitiesV2`, as the SDK and its CLI use them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import msgspec

from lumos_core.testing.servers.http import Answer, Request, route

from . import references, search
from .proposals import Proposal, Rejected
from .service import Service, as_json, restli_error
from .store import ACTOR, Held, decode

_LIST = re.compile(r"List\((.*)\)\Z")
_JSON, _PATCH = "application/json", "application/json-patch+json"


class Restli(Service):
    """Routes of the Rest.li side of GMS."""

    @route("POST", "/aspects")
    @route("POST", "/aspects/")
    def aspects(self, request: Request) -> Any:
        """Actions on aspects."""
        return self._act(
            request,
            {
                "ingestProposal": self._ingest_proposal,
                "ingestProposalBatch": self._ingest_batch,
                "getTimeseriesAspectValues": self._series,
                "getCount": self._count,
            },
        )

    @route("POST", "/entities")
    @route("POST", "/entities/")
    def entities(self, request: Request) -> Any:
        """Actions on entities."""
        return self._act(
            request,
            {
                "ingest": self._ingest_snapshot,
                "delete": self._delete,
                "deleteReferences": self._delete_references,
                "listUrns": self._list_urns,
                "search": self._search,
                "exists": lambda body: self.store.exists(_text(body, "urn")),
            },
        )

    def _act(self, request: Request, actions: dict[str, Any]) -> Any:
        name = request.argument("action")
        if name not in actions:
            raise Rejected("argument", f"POST operation named {name} not supported on resource")
        given = actions[name](as_json(request, dict))
        return given if isinstance(given, Answer) else {"value": given}

    def _ingest_proposal(self, body: dict[str, Any]) -> Answer:
        return self._ingest([body.get("proposal")], body.get("async"))

    def _ingest_batch(self, body: dict[str, Any]) -> Answer:
        proposals = body.get("proposals")
        if not isinstance(proposals, list):
            raise Rejected("argument", "Parameter 'proposals' is required")
        return self._ingest(proposals, body.get("async"))

    def _ingest(self, given: list[Any], async_: Any) -> Answer:
        if async_ not in (None, "true", "false", "unset"):
            raise Rejected("argument", f"Parameter 'async' is no text of true or false: {async_!r}")
        self.limit(len(given))
        proposals = [self._proposal(one) for one in given]
        self.allow(proposal.parsed.entity for proposal in proposals)
        trace = self.trace()
        try:
            self.commit(proposals)
        except Rejected as error:
            if async_ != "true":
                raise
            self.fail(trace, proposals, error)
        return Answer.json({"value": "success"}, 200, {"traceparent": trace})

    def _proposal(self, given: Any) -> Proposal:
        if isinstance(given, dict) and isinstance(given.get("systemMetadata"), str):
            # `datahub put aspect --run-id` sends it as JSON in a text.
            given = {**given, "systemMetadata": _parsed(given["systemMetadata"])}
        try:
            self.engine.checks.check("com.linkedin.mxe.MetadataChangeProposal", given)
        except ValueError as error:
            raise Rejected("argument", f"Parameters of method 'ingestProposal' failed validation: {error}") from None
        entity = self.registry.entity(given["entityType"])
        if entity is None:
            raise Rejected("argument", f"Failed to find entity with name {given['entityType']} in EntityRegistry")
        urn = given.get("entityUrn")
        if urn is None:
            urn = self._urn_of_key(entity.name, given)
        if self.engine.urn(urn).entity != entity.name:
            found = f"{self.engine.urn(urn).entity} != {given['entityType']}"
            raise Rejected("validation", f"URN entity type does not match MCP entity type. {found}")
        change, content = given["changeType"], given.get("aspect")
        if change == "DELETE":
            value = None
        else:
            if content is None or "aspectName" not in given:
                raise Rejected("argument", "Aspect and aspect name is required for create and update operations")
            wanted = _PATCH if change == "PATCH" else _JSON
            if content["contentType"] != wanted:
                raise Rejected("argument", f"Unexpected content type {content['contentType']}, expected {wanted}")
            value = _parsed(content["value"])
        return self.engine.propose(
            urn, given.get("aspectName"), change, value, given.get("systemMetadata"), given.get("headers")
        )

    def _urn_of_key(self, entity: str, given: dict[str, Any]) -> str:
        key = given.get("entityKeyAspect")
        if key is None:
            raise Rejected("argument", "One of urn and keyAspect must be set")
        value, spec = _parsed(key["value"]), self.registry.entities[entity]
        self.engine.fits(spec.key, value)
        parts = [str(value[name]) for name in spec.parts]
        return f"urn:li:{entity}:" + (parts[0] if len(parts) == 1 else f"({','.join(parts)})")

    def _ingest_snapshot(self, body: dict[str, Any]) -> Answer:
        """Write a snapshot, the form of the first years: aspects by the full names of their records."""
        try:
            ((name, snapshot),) = body["entity"]["value"].items()
            urn, listed = snapshot["urn"], [item for aspect in snapshot["aspects"] for item in aspect.items()]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Rejected("argument", "Parameter 'entity' is no snapshot") from None
        known = self.registry.by_type
        unknown = [type_ for type_, _ in listed if type_ not in known]
        if unknown or not name.startswith("com.linkedin.metadata.snapshot."):
            raise Rejected("validation", f"Unknown aspects {unknown} of {name}")
        system = body.get("systemMetadata")
        proposals = [self.engine.propose(urn, known[type_], "UPSERT", value, system) for type_, value in listed]
        self.allow(proposal.parsed.entity for proposal in proposals)
        self.commit(proposals)
        return Answer(200, b"", {"traceparent": self.trace()})

    def _series(self, body: dict[str, Any]) -> dict[str, Any]:
        urn, aspect = _text(body, "urn"), _text(body, "aspect")
        self.engine.urn(urn)
        spec = self.registry.aspects.get(aspect)
        if spec is None or not spec.timeseries:
            raise Rejected("argument", f"{aspect} is no timeseries aspect")
        held = self.store.entities.get(urn)
        start, end = body.get("startTimeMillis"), body.get("endTimeMillis")
        limit = 1 if body.get("latestValue") else body.get("limit", 10_000)
        values = []
        for event in reversed(held.series.get(aspect, []) if held else []):
            if (start is not None and event.at < start) or (end is not None and event.at > end):
                continue
            if _event_fits(decode(event.value), body.get("filter")):
                values.append(
                    {
                        "aspect": {"contentType": _JSON, "value": event.value.decode()},
                        "systemMetadata": decode(event.system),
                    }
                )
            if len(values) == limit:
                break
        answer = {"entityName": _text(body, "entity"), "aspectName": aspect, "limit": limit, "values": values}
        times = {"startTimeMillis": start, "endTimeMillis": end}
        return {**answer, **{name: at for name, at in times.items() if at is not None}}

    def _count(self, body: dict[str, Any]) -> int:
        aspect, like = _text(body, "aspect"), body.get("urnLike")
        pattern = re.compile(".*".join(map(re.escape, like.split("%")))) if like else None
        return sum(
            aspect in held.aspects and (pattern is None or bool(pattern.fullmatch(urn)))
            for urn, held in self.store.entities.items()
        )

    def _delete(self, body: dict[str, Any]) -> dict[str, Any]:
        urn, aspect = _text(body, "urn"), body.get("aspectName") or ""
        parsed = self.engine.urn(urn)
        self.allow([parsed.entity])
        if aspect and aspect not in self.registry.entities[parsed.entity].aspects:
            raise Rejected("argument", f"Unknown aspect {aspect} for entity {parsed.entity}")
        if aspect and self.registry.aspects[aspect].timeseries:
            start, end = body.get("startTimeMillis"), body.get("endTimeMillis")
            rows, events = 0, self.store.forget_events(urn, aspect, start, end)
        else:
            gone = self.store.delete(urn, aspect)
            rows, events = gone.rows, gone.events
        return {"urn": urn, "rows": rows, "timeseriesRows": events}

    def _delete_references(self, body: dict[str, Any]) -> dict[str, Any]:
        urn = _text(body, "urn")
        self.engine.urn(urn)
        found = references.remove(self.engine, urn, dry=bool(body.get("dryRun")))
        related = [{"entity": entity, "aspect": aspect, "relationship": ""} for entity, aspect in found]
        return {"total": len(found), "relatedAspects": related[:100]}

    def _list_urns(self, body: dict[str, Any]) -> dict[str, Any]:
        entity = self._named(_text(body, "entity"))
        start, count = body.get("start", 0), body.get("count", 10)
        urns = sorted(urn for urn, held in self.store.entities.items() if held.type == entity)
        page = urns[start : start + count]
        return {"start": start, "count": len(page), "total": len(urns), "entities": page}

    def _search(self, body: dict[str, Any]) -> dict[str, Any]:
        start, count = body.get("start", 0), body.get("count", 10)
        filters = body.get("filter")
        criteria = None if filters is None else [part.get("and", []) for part in filters.get("or", [])]
        try:
            page = search.scroll(
                self.store,
                types=[self._named(_text(body, "entity"))],
                query=_text(body, "input"),
                filters=criteria,
                count=start + count,
            )
        except search.BadQuery as error:
            raise Rejected("argument", str(error)) from None
        entities = [{"entity": urn, "matchedFields": []} for urn in page.urns[start:]]
        return {
            "from": start,
            "pageSize": count,
            "numEntities": page.total,
            "entities": entities,
            "metadata": {"aggregations": []},
        }

    def _named(self, name: str) -> str:
        entity = self.registry.entity(name)
        if entity is None:
            raise Rejected("argument", f"Failed to find entity with name {name} in EntityRegistry")
        self.allow([entity.name])
        return entity.name

    @route("GET", "/aspects/{urn:path}")
    def aspect(self, request: Request, urn: str) -> Any:
        """Read one version of an aspect: 0 is the latest, 1 the oldest."""
        parsed = self.engine.urn(urn)
        self.allow([parsed.entity])
        name, version = request.argument("aspect"), int(request.argument("version", "0"))
        spec = self.registry.aspects.get(name)
        held = self.store.entities.get(urn)
        stored = held.aspects.get(name) if held else None
        if held and stored and version and version != stored.version:
            stored = next((one for one in held.older.get(name, ()) if one.version == version), None)
        if spec is None or stored is None:
            return Answer.json(restli_error(404, ""), 404)
        return {"aspect": {spec.type: decode(stored.value)}, "version": version}

    @route("GET", "/entitiesV2/{urn:path}")
    def entity(self, request: Request, urn: str) -> Any:
        """Read an entity; one that does not exist has its key aspect."""
        return self._response(urn, _listed(request, "aspects"))

    @route("GET", "/entitiesV2")
    def entities_v2(self, request: Request) -> Any:
        """Read many entities."""
        wanted = _listed(request, "aspects")
        results = {urn: self._response(urn, wanted) for urn in _listed(request, "ids") or []}
        return {"statuses": {}, "results": results, "errors": {}}

    def _response(self, urn: str, wanted: Iterable[str] | None) -> dict[str, Any]:
        parsed = self.engine.urn(urn)
        self.allow([parsed.entity])
        spec = self.registry.entities[parsed.entity]
        if wanted is not None and (unknown := sorted(set(wanted) - spec.aspects)):
            raise Rejected("argument", f"Unknown aspects {unknown} for entity {spec.name}")
        held = self.store.entities.get(urn) or Held(spec.name)
        aspects = {}
        for name, stored in held.aspects.items():
            if wanted is None or name in wanted:
                stamp = {"actor": ACTOR, "time": stored.modified}
                given = {"name": name, "type": "VERSIONED", "version": 0, "value": decode(stored.value)}
                aspects[name] = {**given, "created": stamp, "systemMetadata": stored.metadata()}
        if spec.key not in aspects:
            given = {"name": spec.key, "type": "VERSIONED", "version": 0, "value": self.registry.key(parsed)}
            aspects[spec.key] = {**given, "created": {"actor": "urn:li:corpuser:__datahub_system", "time": 0}}
        return {"urn": urn, "entityName": spec.name, "aspects": aspects}


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise Rejected("argument", f"Parameter '{name}' is required")
    return value


def _parsed(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Rejected("argument", f"Could not deserialize {text[:80]!r}: {error}") from None


def _listed(request: Request, name: str) -> list[str] | None:
    """Read an argument like `aspects=List(a,b)`; its elements are percent-encoded, the commas between them not."""
    for pair in request.target.partition("?")[2].split("&"):
        key, _, value = pair.partition("=")
        if key == name:
            found = _LIST.match(value) or _LIST.match(unquote(value))
            if found is None:
                raise Rejected("argument", f"{name} is no List(...)")
            return [unquote(element) for element in found[1].split(",") if element]
    return None


def _event_fits(value: dict[str, Any], given: Any) -> bool:
    """Filters of time series compare fields of the event itself, nested ones by dots."""
    for inner in (given or {}).get("or", []):
        for criterion in inner.get("and", []):
            found: Any = value
            for step in criterion["field"].split("."):
                found = found.get(step) if isinstance(found, dict) else None
            values = criterion.get("values") or [criterion.get("value")]
            if (str(found) in map(str, values)) == bool(criterion.get("negated")):
                break
        else:
            return True
    return not (given or {}).get("or")
