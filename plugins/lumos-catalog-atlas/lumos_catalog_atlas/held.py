"""What Atlas holds of records: entities and types of classification with the property `lumos` applied."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from lumos_remote import Missing, each

from lumos_core.plugin_api import (
    AnyRecord,
    Cancelled,
    Context,
    Foreign,
    Lifecycle,
    Record,
    decode,
    shadow,
)

from . import mapping, models, names, relations, tagdefs, wire
from .marks import from_marks
from .native import Native
from .server import Json, Server, native_id

SYSTEM = "atlas"
RESIDUE = f"#{SYSTEM}/entity"
HELPER = "lumos-helper:"
_AT_ONCE = 25


class Held(NamedTuple):
    """One record of Atlas.

    Attributes:
        record: Everything that is known of it.
        native: The entity; None for a tag.
        foreign: Records of kind `foreign` that belong to it, by URN.
        stale: Keys that people edited since they were written.
    """

    record: AnyRecord
    native: Native | None = None
    foreign: Mapping[str, AnyRecord] = {}
    stale: tuple[str, ...] = ()


def text_of(custom: Mapping[str, str], name: str = models.PROPERTY) -> str:
    """Return the property `lumos` (or another one) from the custom attributes, however it was split."""
    parts = [custom.get(name, "")]
    while (part := custom.get(f"{name}_{len(parts)}")) is not None:
        parts.append(part)
    return "".join(parts)


def split(text: str, length: int, name: str = models.PROPERTY) -> dict[str, str]:
    """Return the custom attributes that keep a property."""
    if not text:
        return {}
    size = length or len(text)
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    return {f"{name}_{place}" if place else name: part for place, part in enumerate(parts)}


class Reader:
    """Reads records from a server; remembers what its guids are called.

    Args:
        server: The server.
        cluster: Name of our cluster.
        workers: Requests at the same time.
    """

    def __init__(self, server: Server, cluster: str, workers: int) -> None:
        self._server, self._cluster, self._workers = server, cluster, workers
        self._called: dict[str, str] = {}

    def urn(self, id_: names.NativeId) -> str:
        """Return the URN of an entity; empty for what is no record."""
        if id_.type in models.CHILDREN or id_.type.startswith("__") or id_.qualified.startswith(HELPER):
            return ""
        known = id_.type in models.URN_TYPES or id_.type.startswith(("lumos_", "AtlasGlossary"))
        return names.urn_of(*id_, self._cluster, "" if known else self._server.base(id_.type))

    def resolve(self, guids: Iterable[str]) -> None:
        """Learn the URNs of guids."""
        unknown = sorted(set(guids) - set(self._called))
        for start in range(0, len(unknown), _AT_ONCE):
            for entity in self._entities(unknown[start : start + _AT_ONCE], brief=True)[0]:
                self._called[entity["guid"]] = self.urn(native_id(entity))

    def _entities(self, guids: Sequence[str], brief: bool = False) -> tuple[list[Json], dict[str, Json]]:
        """Return entities and what they refer to; one that was purged meanwhile is left out."""
        try:
            found = self._server.by_guid(guids, brief)
            return found.get("entities") or [], found.get("referredEntities") or {}
        except Missing:
            if len(guids) == 1:
                self._called[guids[0]] = ""
                return [], {}
        entities: list[Json] = []
        referred: dict[str, Json] = {}
        for guid in guids:
            more = self._entities([guid], brief)
            entities += more[0]
            referred.update(more[1])
        return entities, referred

    def natives(self, entities: Sequence[Json], referred: Mapping[str, Json]) -> list[Native]:
        """Return what entities say."""
        self.resolve(guid for entity in entities for guid in wire.mentioned(entity, referred))
        found = [wire.parse(entity, referred, lambda guid: self._called.get(guid, "")) for entity in entities]
        self._relate(entities, found)
        return found

    def _relate(self, entities: Sequence[Json], found: Sequence[Native]) -> None:
        """Learn the relations between terms; of those that both sides show alike, which side tells them."""
        shown = [list(relations.ends(entity)) for entity in entities]
        guids = sorted({end["guid"] for ends in shown for attribute, end in ends if attribute in relations.BOTH})
        others: dict[str, set[relations.Tie]] = {}
        for start in range(0, len(guids), _AT_ONCE):
            for other in self._entities(guids[start : start + _AT_ONCE], brief=True)[0]:
                others[self.urn(native_id(other))] = _told(other.get("customAttributes") or {})
        for native, ends in zip(found, shown, strict=True):
            if ends:
                urn = self.urn(native.id)
                ties = [(attribute, name) for attribute, end in ends if (name := self._called.get(end["guid"], ""))]
                native.ties = relations.told(urn, ties, _told(native.custom), others)
                native.shared = [tie for tie in native.ties if (tie[0], urn) in others.get(tie[1], ())]

    def by_guid(self, guids: Sequence[str], ctx: Context) -> Iterable[Native]:
        """Return entities by their guids."""
        chunks = [guids[start : start + _AT_ONCE] for start in range(0, len(guids), _AT_ONCE)]
        for found in each(self._entities, chunks, self._workers, ctx):
            yield from self.natives(*found)

    def by_urn(self, wanted: Collection[str], ctx: Context) -> dict[str, Native]:
        """Return the entities of records: the active one, else the one that was deleted last."""
        ids = {names.native_id(urn, self._cluster): urn for urn in wanted}
        by_type: dict[str, list[str]] = {}
        for id_ in ids:
            if id_.type in self._server.types():
                by_type.setdefault(id_.type, []).append(id_.qualified)
        found: dict[str, Native] = {}
        for type_, qualified in by_type.items():
            for answer in self._server.by_name(type_, qualified):
                entities = [item for item in answer.get("entities") or [] if item["typeName"] == type_]
                for native in self.natives(entities, answer.get("referredEntities") or {}):
                    if native.id in ids:
                        found[ids[native.id]] = native
            absent = [name for name in qualified if ids[names.NativeId(type_, name)] not in found]
            gone = self._server.deleted(type_, absent) if absent else {}
            for native in self.by_guid([guid for guids in gone.values() for guid in guids], ctx):
                if native.id in ids:
                    _latest(found, ids[native.id], native)
        return found

    def listed(self, urns_: Iterable[str], ctx: Context, types: Iterable[str], fits: Any) -> Iterable[Native]:
        """Return every entity of some types whose URN fits, each once."""
        found: dict[str, list[str]] = {}
        for type_ in types:
            for number, header in enumerate(self._server.listed(type_)):
                if number % 100 == 0 and ctx.cancelled():
                    raise Cancelled("Reading Atlas was cancelled")
                urn = self.urn(native_id(header))
                self._called[header["guid"]] = urn
                if urn and fits(urn):
                    found.setdefault(urn, []).append(header["guid"])
        several = {urn: guids for urn, guids in found.items() if len(guids) > 1}
        chosen: dict[str, Native] = {}
        for native in self.by_guid([guid for guids in several.values() for guid in guids], ctx):
            _latest(chosen, self.urn(native.id), native)
        yield from chosen.values()
        single = [guids[0] for urn, guids in found.items() if urn not in several]
        yield from self.by_guid(single, ctx)
        late = [urn for urn in urns_ if urn not in found and fits(urn)]  # the index has not seen them yet
        yield from self.by_urn(late, ctx).values()

    def held(self, native: Native) -> Held:
        """Return the record of an entity."""
        line = native.custom.get(models.GONE)
        said = mapping.from_native(_own(native), self._cluster, self._base(native))
        found = shadow.recall(said, text_of(native.custom), mapping.projection(self._cluster))
        record, stale = found.record, found.stale
        foreign: dict[str, AnyRecord] = {item.urn: item for item in found.foreign}
        if native.removed and line:
            record, stale = decode(line.encode()), ()
        else:
            _add_propagated(record, native)
        value: Any = record.value
        value.aliases = sorted({*value.aliases, (SYSTEM, native.guid)})
        if native.removed:
            value.lifecycle = value.lifecycle or Lifecycle()
            value.lifecycle.removed = True
        residue = self._unexplained(native, record.urn)
        if residue:
            urn = record.urn + RESIDUE
            body = json.dumps(residue, ensure_ascii=False, sort_keys=True)
            foreign[urn] = Record(urn, Foreign(body=body))
        return Held(record, native, foreign, stale)

    def _unexplained(self, native: Native, urn: str) -> Json:
        """Return the residue without what writing gave the entity itself because its model wants it."""
        ours = wire.given(native.id.type, str(native.attributes.get("name")), urn, self._cluster)
        left = {name: value for name, value in native.residue.get("attributes", {}).items() if value != ours.get(name)}
        rest = {**native.residue, "attributes": left}
        return {key: value for key, value in rest.items() if value}

    def _base(self, native: Native) -> str:
        return self._server.base(native.id.type)

    def tags(self, typedefs: Iterable[Json]) -> Iterable[Held]:
        """Return the tags of types of classification."""
        for typedef in typedefs:
            found = shadow.recall(tagdefs.from_typedef(typedef), tagdefs.property_of(typedef), tagdefs.project)
            guid = typedef.get("guid")
            if guid:
                found.record.value.aliases = sorted({*found.record.value.aliases, (SYSTEM, guid)})
            yield Held(found.record, None, {item.urn: item for item in found.foreign}, found.stale)


def _told(custom: Mapping[str, str]) -> set[relations.Tie]:
    return relations.marked(text_of(custom, models.TOLD))


def record_types(types: Mapping[str, Json]) -> list[str]:
    """Return the types whose entities are records."""
    hidden = {name for name in types if name in models.CHILDREN or name.startswith("__")}
    return sorted(set(types) - hidden)


def _latest(found: dict[str, Native], urn: str, native: Native) -> None:
    there = found.get(urn)
    if there is None or (not native.removed, native.updated) > (not there.removed, there.updated):
        found[urn] = native


def _own(native: Native) -> Native:
    """Without what has propagated here: the property does not speak of it."""
    return replace(
        native,
        marks=[mark for mark in native.marks if not mark.origin],
        columns=[_own(column) for column in native.columns],
    )


def forget_propagated(record: AnyRecord, native: Native) -> None:
    """Take away what Atlas itself propagates: it says so again, as long as that is so."""
    value: Any = record.value
    shown = from_marks([mark for mark in native.marks if mark.origin], [])
    value.tags = [link for link in value.tags if link not in shown]
    shown = from_marks([mark for column in native.columns for mark in column.marks if mark.origin], [])
    for field in getattr(value, "fields", ()):
        field.tags = [link for link in field.tags if link not in shown]


def _add_propagated(record: AnyRecord, native: Native) -> None:
    value: Any = record.value
    value.tags = [*value.tags, *from_marks([mark for mark in native.marks if mark.origin], [])]
    fields = {(field.part, field.path): field for field in getattr(value, "fields", ())}
    for column in native.columns:
        marks = [mark for mark in column.marks if mark.origin]
        key = (column.custom.get("lumos_part"), str(column.attributes.get("name")))
        if marks and key in fields:
            fields[key].tags = [*fields[key].tags, *from_marks(marks, [])]
