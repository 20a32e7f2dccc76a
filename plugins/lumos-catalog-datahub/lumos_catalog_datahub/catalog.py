"""The catalog `datahub`."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from lumos_core.plugin_api import (
    AnyRecord,
    Cancelled,
    Catalog,
    Context,
    Entity,
    Operation,
    Outcome,
    Scope,
    Support,
    decode,
    in_order,
    urns,
)

from . import facts
from .capabilities import CAPABILITIES
from .changing import Change, group
from .config import DataHubConfig
from .holding import foreign_parts, foreign_thing, has_properties, hold, kept_in, resource_of, text_of, with_alias
from .mapper import Mapper
from .names import ENTITIES, SYSTEM, Names, entity_of
from .native import Thing
from .server import Failure, Server, Write
from .shapes import LEFT_OUT, RESOURCE, RESOURCE_TYPE, SHAPES, STATS

_ATTEMPTS = 5
_AUTHOR = "urn:li:corpuser:datahub"
_TOGETHER = 500
_DEFINITIONS = ("structuredProperty", "ownershipType")
_PROPERTY = re.compile(r'"property":"(urn:lumos:property:[^"\\]*)"')


class DataHubCatalog(Catalog[DataHubConfig]):
    """DataHub behind its REST API: records of Lumos as DataHub's own entities and aspects.

    Listing finds URNs in the search index and reads the entities from the primary storage, so that an index that lags
    may hide what others just wrote, but never shows something old, and hides nothing that this instance wrote.
    """

    capabilities: ClassVar[Mapping[str, Support]] = CAPABILITIES
    system = SYSTEM
    stats = frozenset(STATS.values())
    foreign = True

    def __init__(self, config: DataHubConfig) -> None:
        super().__init__(config)
        self._names = Names(config.instances)
        self._opened: Server | None = None
        self._mapping: Mapper | None = None
        self._written: set[str] = set()

    def _server(self, ctx: Context) -> Server:
        if self._opened is None:
            self._opened = Server(self.config, ctx)
        return self._opened

    def _mapper(self, server: Server) -> Mapper:
        if self._mapping is None:
            models = server.models()
            missing = {
                f"{entity}/{aspect}"
                for entity, shape in SHAPES.items()
                for aspect in (*shape.aspects, shape.info, shape.editable)
                if models and aspect and aspect not in models.get(entity, frozenset())
            }
            self._mapping = Mapper(self._names, frozenset(missing))
        return self._mapping

    @property
    def target(self) -> str:
        """The server, for people."""
        return self.config.server or "DataHub of ~/.datahubenv"

    def check(self, ctx: Context) -> None:
        """Prove that the server is a metadata service of a known version that lets us in.

        Raises:
            CatalogError: It is not, and why.
            RetryableError: It is out of reach.
        """
        self._server(ctx).check()

    def close(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def native(self, record: AnyRecord) -> AnyRecord:
        """Return what DataHub's own pages say of a record, without the property `lumos`."""
        if not isinstance(record.value, Entity):
            return record
        return (self._mapping or Mapper(self._names)).project(record)

    def read(self, scope: Scope, ctx: Context) -> Iterable[AnyRecord]:
        """Return the records of a scope, sorted by (kind, URN).

        Raises:
            CatalogError: They cannot be read.
            RetryableError: The listing is torn, or the server out of reach.
        """
        return in_order(self._read(scope, ctx))

    def _read(self, scope: Scope, ctx: Context) -> Iterator[AnyRecord]:
        server = self._server(ctx)
        mapper = self._mapper(server)
        for page in self._pages(server, mapper, scope):
            if ctx.cancelled():
                raise Cancelled("Reading DataHub was cancelled")
            things = server.get(page)
            resources = self._resources(server, things.values())
            for thing in things.values():
                yield from self._records(mapper, thing, resources, scope, ctx)

    def _pages(self, server: Server, mapper: Mapper, scope: Scope) -> Iterator[list[str]]:
        """Native URNs that may be in a scope, some at a time."""
        if scope.urns and not scope.prefixes:
            yield sorted(_natives(mapper, scope.urns))
            return
        entities = _entities(server, scope)
        if not entities:
            return
        seen = set[str]()
        ours = {urn for urn in self._written if entity_of(urn) in entities}
        for urns_ in server.listed(entities):
            seen |= ours.intersection(urns_)
            for start in range(0, len(urns_), _TOGETHER):
                yield urns_[start : start + _TOGETHER]
        # The index may not have seen what was just written; the primary storage has.
        late = sorted(ours - seen)
        for start in range(0, len(late), _TOGETHER):
            yield late[start : start + _TOGETHER]

    def _resources(self, server: Server, things: Iterable[Thing]) -> dict[str, Thing]:
        """The platform resources that keep more of some entities."""
        wanted: list[str] = []
        for thing in things:
            if _kept_beside(thing.entity):
                wanted.append(resource_of(thing.urn))
            for aspect, type_ in STATS.items():
                if thing.aspects.get(aspect, {}).get("messageId") == facts.MARK:
                    wanted.append(resource_of(f"{thing.urn}#{type_}"))
        return server.get(wanted) if wanted else {}

    def _records(
        self, mapper: Mapper, thing: Thing, resources: Mapping[str, Thing], scope: Scope, ctx: Context
    ) -> Iterator[AnyRecord]:
        if (
            thing.entity == RESOURCE
            and thing.aspects.get("platformResourceInfo", {}).get("resourceType") == RESOURCE_TYPE
        ):
            text = kept_in(thing)
            if text.startswith('{"kind":"foreign","urn":"urn:lumos:foreign:') and scope.matches(
                (record := decode(text.encode())).urn
            ):
                yield record
            return
        if thing.entity in LEFT_OUT:
            return
        if not mapper.understands(thing.urn):
            found = foreign_thing(mapper, thing)
            if found is not None and scope.matches(found.urn):
                yield found
            return
        thing.text = kept_in(resources.get(resource_of(thing.urn)))
        held = hold(mapper, thing)
        if not scope.matches(held.record.urn):
            return
        for key in held.stale:
            ctx.warn("stale-shadow", f"`{key}` was edited in DataHub; its value there is taken", held.record.urn)
        yield with_alias(held.record, thing.urn)
        yield from foreign_parts(mapper, thing, held)
        yield from self._facts(mapper, thing, held.record.urn, resources)

    def _facts(self, mapper: Mapper, thing: Thing, host: str, resources: Mapping[str, Thing]) -> Iterator[AnyRecord]:
        for aspect, type_ in STATS.items():
            value = thing.aspects.get(aspect)
            if value is None:
                continue
            found = facts.read(host, thing.urn, aspect, value, mapper.names)
            if value.get("messageId") == facts.MARK:
                text = kept_in(resources.get(resource_of(f"{thing.urn}#{type_}")))
                full = decode(text.encode()) if text else None
                if full is not None and found is not None and full.urn == found.urn:
                    found = full
            if found is not None:
                yield found

    def write(self, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
        """Apply operations: what the server holds is read, changed and written back, unless it moved meanwhile.

        Raises:
            RetryableError: The server is busy or out of reach; writing again is safe.
            CatalogError: It does not let us in.
        """
        server = self._server(ctx)
        mapper = self._mapper(server)
        outcomes: dict[int, Outcome] = {}
        groups = group(mapper, batch)
        for place in set(range(len(batch))).difference(*groups.values()):
            urn = batch[place].urn
            outcomes[place] = Outcome(urn, "failed", f"DataHub has no place for {urn}")
        # What is defined by one entity and used by another has to exist first.
        first = {native: places for native, places in groups.items() if entity_of(native) in _DEFINITIONS}
        rest = {native: places for native, places in groups.items() if native not in first}
        for wave in (first, rest):
            self._wave(server, mapper, batch, wave, outcomes, ctx)
        return [outcomes[place] for place in range(len(batch))]

    def _wave(
        self,
        server: Server,
        mapper: Mapper,
        batch: Sequence[Operation],
        groups: dict[str, list[int]],
        outcomes: dict[int, Outcome],
        ctx: Context,
    ) -> None:
        for _ in range(_ATTEMPTS):
            if not groups:
                return
            moved = self._attempt(server, mapper, batch, groups, outcomes, ctx)
            groups = {native: places for native, places in groups.items() if native in moved}
        for places in groups.values():
            for place in places:
                outcomes[place] = Outcome(batch[place].urn, "conflict", "others keep changing it at the same time")

    def _attempt(
        self,
        server: Server,
        mapper: Mapper,
        batch: Sequence[Operation],
        groups: Mapping[str, list[int]],
        outcomes: dict[int, Outcome],
        ctx: Context,
    ) -> set[str]:
        """Write once; returns the native URNs of what was changed by others meanwhile."""
        things = server.get(self._needed(mapper, batch, groups))
        definitions = _definitions(server, mapper, things, [batch[at] for places in groups.values() for at in places])
        mapper = Mapper(mapper.names, mapper.missing, definitions)
        changes: dict[str, Change] = {}
        now = time.time_ns() // 1_000_000
        for native, places in groups.items():
            thing = things.get(native)
            if thing is not None and _kept_beside(thing.entity):
                thing.text = kept_in(things.get(resource_of(native)))
            change = changes[native] = Change(mapper, native, thing, things, _AUTHOR, now)
            change.run(batch[place] for place in places)
        failures = server.write([one for change in changes.values() for one in _writes(change, things)])
        moved = set()
        for native, change in changes.items():
            touched = {urn for urn, _ in change.writes}
            failed = next((failures[urn] for urn in touched if urn in failures), None)
            if failed is not None and failed.moved:
                moved.add(native)
                continue
            for code, message, where in change.warnings:
                ctx.warn(code, message, where)
            self._written |= touched
            for place, outcome in zip(groups[native], change.outcomes, strict=True):
                outcomes[place] = _told(outcome, failed)
        return moved

    def _needed(self, mapper: Mapper, batch: Sequence[Operation], groups: Mapping[str, list[int]]) -> list[str]:
        """What has to be read before operations can be applied."""
        wanted = dict.fromkeys(groups)
        for native, places in groups.items():
            if native.startswith(f"urn:li:{RESOURCE}:"):
                continue
            if _kept_beside(entity_of(native)):
                wanted[resource_of(native)] = None
            for place in places:
                operation = batch[place]
                if operation.kind == "stats":
                    for type_ in STATS.values():
                        wanted[resource_of(f"{native}#{type_}")] = None
                lineage = getattr(operation.set, "lineage", None)
                keys = getattr(operation.set, "keys", None) or []
                refs = [ref for edge in (lineage.columns if lineage else []) for ref in (*edge.from_, *edge.to)]
                refs += [ref for key in keys for ref in key.references]
                hosts = {urns.host(ref) for ref in refs if "#" in ref and not ref.startswith("#")}
                wanted.update(dict.fromkeys(sorted(_natives(mapper, hosts))))
        return list(wanted)


def _definitions(
    server: Server, mapper: Mapper, things: Mapping[str, Thing], operations: Iterable[Operation]
) -> dict[str, Any]:
    """The definitions of those structured properties that are used, as far as the server has them."""
    wanted = {one.property for operation in operations for one in getattr(operation.set, "structured", None) or ()}
    natives = _natives(mapper, wanted)
    for thing in things.values():
        natives |= {one["propertyUrn"] for one in thing.aspects.get("structuredProperties", {}).get("properties", ())}
        natives |= _natives(mapper, _PROPERTY.findall(text_of(thing)) if thing.entity in SHAPES else ())
    found = server.get(sorted(native for native in natives if entity_of(native) == "structuredProperty"))
    return {
        native: thing.aspects["propertyDefinition"]
        for native, thing in found.items()
        if "propertyDefinition" in thing.aspects and not thing.aspects.get("status", {}).get("removed")
    }


def _kept_beside(entity: str) -> bool:
    """Tell whether the property `lumos` of an entity stands in a platform resource, since it has no room itself."""
    return entity in SHAPES and not has_properties(entity)


def _natives(mapper: Mapper, wanted: Iterable[str]) -> set[str]:
    found = set()
    for urn in wanted:
        try:
            parsed = urns.parse(urns.host(urn))
            if parsed.type == "foreign" and parsed.platform != SYSTEM:
                found.add(resource_of(urn))
            else:
                found.add(mapper.names.native(urns.host(urn)))
        except ValueError:
            continue
    return found


def _entities(server: Server, scope: Scope) -> list[str]:
    """Entity types that may hold records of a scope, of those that the server has."""
    models = server.models()
    wanted = set(models) or {*SHAPES, RESOURCE}
    if scope.types:
        wanted = {ENTITIES.get(type_, "dataset") for type_ in scope.types if type_ != "foreign"}
        wanted |= set(models) - set(SHAPES) if "foreign" in scope.types else set()
        wanted |= set(SHAPES) if "foreign" in scope.types else set()
    return sorted(wanted & (set(models) or wanted) - LEFT_OUT)


def _writes(change: Change, things: Mapping[str, Thing]) -> Iterator[Write]:
    for (urn, aspect), value in change.writes.items():
        held = things.get(urn)
        version = "" if aspect in STATS else "-1" if held is None else held.versions.get(aspect, "-1")
        yield Write(urn, aspect, value, version if held is not None or aspect in SHAPES_INFO else "")


SHAPES_INFO = frozenset(shape.info for shape in SHAPES.values())
"""Aspects by which two writers that create the same entity notice each other."""


def _told(outcome: Outcome, failed: Failure | None) -> Outcome:
    if failed is None or outcome.status != "written":
        return outcome
    return Outcome(outcome.urn, "failed", failed.reason)
