"""Everything that an entity holds: what it says, what the property `lumos` keeps, and what we do not understand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec
from lumos_remote import foreign
from lumos_remote.residue import Rules, strip, subtract

from lumos_core.plugin_api import AnyRecord, Record, canonical, decode, shadow, urns

from . import facts
from . import names as identity
from .fieldpaths import Spelling
from .fieldpaths import read as read_path
from .mapper import Mapper
from .names import SYSTEM
from .native import Aspects, Thing, field_of, spellings_of
from .shapes import DERIVED, EMPTY, RESOURCE, RESOURCE_TYPE, SHAPES, STATS

_KEYS = {
    "owners": ("owner", "type"),
    "tags": "tag",
    "terms": "urn",
    "fields": "fieldPath",
    "editableSchemaFieldInfo": "fieldPath",
    "foreignKeys": "name",
    "upstreams": "dataset",
    "elements": "url",
    "structuredProperties.properties": "propertyUrn",
    "assets": "destinationUrn",
    "dataProducts.dataProducts": "destinationUrn",
    "inputDatasetEdges": "destinationUrn",
    "inputDatajobEdges": "destinationUrn",
    "outputDatasetEdges": "destinationUrn",
    "chartEdges": "destinationUrn",
    "datasetEdges": "destinationUrn",
    "inputEdges": "destinationUrn",
    "dashboards": "destinationUrn",
    "fineGrainedLineages": ("upstreams", "downstreams"),
    "roles": "urn",
    "domains.domains": "",
    "groups": "",
    "nativeGroups": "",
    "siblings.siblings": "",
    "inputDatasets": "",
    "outputDatasets": "",
    "inputDatajobs": "",
    "isRelatedTerms": "",
    "hasRelatedTerms": "",
    "glossaryRelatedTerms.values": "",
    "relatedTerms": "",
    "dataQuality": "assertion",
    "fieldProfiles": "fieldPath",
    "fieldCounts": "fieldPath",
}
_STAMPS = ("glossaryTerms.auditStamp", "upstreams.auditStamp", "upstreams.created")
_PICTURE = "https://raw.githubusercontent.com/datahub-project/datahub/master/datahub-web-react/src/images/"
_DEFAULTS: dict[str, Any] = {
    "confidenceScore": 1.0,
    "customProperties": {},
    "sourceDetail": {},
    "fields.isPartOfKey": False,
    "fields.recursive": False,
    "outputPort": False,
    "dashboardInfo.charts": [],
    "dashboardInfo.dashboards": [],
    "dashboardInfo.datasets": [],
    "datasetProperties.tags": [],
    "ownership.ownerTypes": {},
    "propertyDefinition.immutable": False,
    "propertyDefinition.cardinality": "SINGLE",
    "corpUserInfo.system": False,
    "corpUserEditableInfo.skills": [],
    "corpUserEditableInfo.teams": [],
    "corpUserEditableInfo.pictureLink": "assets/platforms/default_avatar.png",
    "corpGroupEditableInfo.pictureLink": _PICTURE + "default_avatar.png",
}
"""What DataHub's own tools write where nothing is said: the defaults of its schemas."""
_EDITABLE = ("created", "lastModified", "deleted")
_TOP = {
    "schemaMetadata": ("created", "lastModified", "deleted"),
    "glossaryTerms": ("auditStamp",),
    "assertionInfo": ("lastUpdated",),
    **dict.fromkeys(
        (shape.editable for shape in SHAPES.values() if shape.editable not in ("", "corpUserEditableInfo")), _EDITABLE
    ),
    "editableSchemaMetadata": _EDITABLE,
}
"""Aspect -> members that are stamps; of the others, `lastModified`."""


@cache
def rules_of(aspect: str, meaning: bool) -> Rules:
    """Return how an aspect is compared.

    Args:
        aspect: Its name.
        meaning: Leave stamps and defaults aside, as for what is told to people; else everything counts, so that what
            others wrote stays.
    """

    def own(place: str) -> str:
        """A place within this aspect; empty when it is one of another aspect."""
        start, dot, rest = place.partition(".")
        if start == "fields":
            return place if aspect == "schemaMetadata" else ""
        return place if not dot else rest if start == aspect else ""

    keys = {own(place): key for place, key in _KEYS.items() if own(place)}
    if not meaning:
        return Rules(keys)
    defaults = {own(place): value for place, value in _DEFAULTS.items() if own(place)}
    return Rules(keys, drop=_STAMPS, defaults=defaults)


def meant(aspect: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return an aspect without its stamps."""
    dropped = _TOP.get(aspect, ("lastModified",))
    return {member: held for member, held in value.items() if member not in dropped}


class Held(NamedTuple):
    """All that is known of an entity.

    Attributes:
        record: With what DataHub says and what the property keeps.
        stale: Keys that were edited in DataHub since they were written.
        travelling: Foreign records of other vendors.
        said: The aspects that our mapping writes of the record.
        text: The property `lumos`.
    """

    record: AnyRecord
    stale: tuple[str, ...]
    travelling: tuple[AnyRecord, ...]
    said: Aspects
    text: str


def resource_of(key: str) -> str:
    """Return the platform resource that keeps something under a key: a native URN, a native URN and type, a URN."""
    return f"urn:li:{RESOURCE}:lumos-{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def resource(key: str, text: str) -> Aspects:
    """Return the aspects of a platform resource that keeps a text; without it, one that keeps nothing any more."""
    info: dict[str, Any] = {"resourceType": RESOURCE_TYPE, "primaryKey": key}
    if text:
        # `bytes` of DataHub are characters below U+0100.
        blob = text.encode("ascii", "backslashreplace").decode() if text.isascii() else _ascii(text)
        info["value"] = {"contentType": "JSON", "blob": blob}
    return {"platformResourceInfo": info, "status": {"removed": not text}}


def _ascii(text: str) -> str:
    def one(char: str) -> str:
        if char < "\x80":
            return char
        units = char.encode("utf-16-be")
        return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))

    return "".join(map(one, text))


def kept_in(thing: Thing | None) -> str:
    """Return the text that a platform resource of ours keeps."""
    info = thing.aspects.get("platformResourceInfo", {}) if thing is not None else {}
    text = info.get("value", {}).get("blob", "") if info.get("resourceType") == RESOURCE_TYPE else ""
    return text if isinstance(text, str) else ""


def has_properties(entity: str) -> bool:
    """Tell whether the property `lumos` of an entity stands among its custom properties."""
    return SHAPES[entity].custom


def text_of(thing: Thing) -> str:
    """Return the property `lumos` of an entity."""
    if not has_properties(thing.entity):
        return thing.text
    info = thing.aspects.get(SHAPES[thing.entity].info) or {}
    text = info.get("customProperties", {}).get(shadow.PROPERTY, "")
    return text if isinstance(text, str) else ""


def hold(mapper: Mapper, thing: Thing) -> Held:
    """Return all that is known of an entity that is a record."""
    text = text_of(thing)
    found = shadow.recall(mapper.read(thing.urn, thing.aspects), text, mapper.project)
    record = found.record
    said = mapper.write(copied(record), spellings_of(thing))
    return Held(record, found.stale, found.foreign, said, text)


def copied(record: AnyRecord) -> AnyRecord:
    """Return a record of its own, normal."""
    return decode(canonical(record))


def with_alias(record: AnyRecord, native: str) -> AnyRecord:
    """Return a record with its native URN among its aliases."""
    value = msgspec.structs.replace(record.value, aliases=[*record.value.aliases, (SYSTEM, native)])
    return Record(record.urn, value, record.kind)


def without_alias(record: AnyRecord, native: str) -> AnyRecord:
    """Return a record as it is kept: its native URN says itself."""
    aliases = [alias for alias in record.value.aliases if tuple(alias) != (SYSTEM, native)]
    return Record(record.urn, msgspec.structs.replace(record.value, aliases=aliases), record.kind)


def own_aspects(thing: Thing) -> Iterator[tuple[str, Any]]:
    """Yield those aspects of an entity that mean something, without our property."""
    key = f"{thing.entity}Key".lower()
    shape = SHAPES.get(thing.entity)
    for name, value in thing.aspects.items():
        if name in DERIVED or name.lower() == key or not isinstance(value, dict):
            continue
        yield name, without_text(value) if shape is not None and name == shape.info else value


def without_text(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return an aspect without the property `lumos`."""
    properties = info.get("customProperties")
    if not isinstance(properties, dict) or shadow.PROPERTY not in properties:
        return dict(info)
    left = {key: text for key, text in properties.items() if key != shadow.PROPERTY}
    rest = {member: value for member, value in info.items() if member != "customProperties"}
    return {**rest, "customProperties": left} if left else rest


def difference(aspect: str, value: Any, said: Any, meaning: bool = False) -> Any:
    """Return what an aspect holds beyond what we say."""
    return subtract(value, said, rules_of(aspect, meaning))


def foreign_parts(mapper: Mapper, thing: Thing, held: Held) -> Iterator[AnyRecord]:
    """Yield the foreign records of an entity: what of it we do not understand, and what other vendors know of it."""
    yield from held.travelling
    find, host = finder(mapper), held.record.urn
    shape = SHAPES[thing.entity]
    for aspect, value in own_aspects(thing):
        said: Any = None
        if aspect in STATS:
            if not unread_fact(mapper, thing, aspect, value):
                continue
        elif aspect in held.said or aspect in shape.aspects or aspect in (shape.info, shape.editable):
            value = meant(aspect, value)
            if aspect not in held.said and strip(value, rules_of(aspect, True)) == {}:
                continue
            said = meant(aspect, held.said.get(aspect, EMPTY.get(aspect, {})))
            if value == said:
                continue
        rules = rules_of(aspect, said is not None)
        found = foreign.make(host, SYSTEM, aspect, value, said, rules=rules, find=find)
        if found is not None:
            yield found


def unread_fact(mapper: Mapper, thing: Thing, aspect: str, value: Any) -> bool:
    """Tell whether an event of a time series says more than its record does."""
    said = said_of_fact(mapper, thing, aspect, value)
    return said is None or bool(difference(aspect, value, said, True))


def said_of_fact(mapper: Mapper, thing: Thing, aspect: str, value: Any) -> dict[str, Any] | None:
    """Return what our mapping writes of an event; None when it has no record."""
    host = mapper.names.lumos(thing.urn)
    fact = facts.read(host, thing.urn, aspect, value, mapper.names)
    if fact is None:
        return None
    spelled = {"fields": [*value.get("fieldProfiles", ()), *value.get("fieldCounts", ())]}
    spelling = spellings_of(Thing(thing.urn, {"schemaMetadata": spelled})).get(thing.urn)
    _, said = facts.write(fact, mapper.names, spelling or facts.PLAIN)
    return {**said, **{key: value[key] for key in ("messageId",) if value.get(key) == facts.MARK}}


def foreign_thing(mapper: Mapper, thing: Thing) -> AnyRecord | None:
    """Return an entity that no record stands for as a foreign record; None when it holds nothing."""
    body = dict(own_aspects(thing))
    return foreign.make("", SYSTEM, thing.entity, body, find=finder(mapper), id=thing.urn)


def finder(mapper: Mapper) -> Any:
    """Return the function that finds references in the JSON of DataHub: texts that are URNs which we write back so."""

    def find(place: Any, value: Any) -> str | None:
        if type(value) is not str or not value.startswith("urn:li:"):
            return None
        host, text = field_of(value)
        try:
            if host:
                return urns.field(mapper.names.lumos(host), read_path(text)[1])
            return mapper.names.lumos(value)
        except ValueError:
            return None

    return find


def backer(mapper: Mapper, spellings: Mapping[str, Spelling] | None = None) -> Any:
    """Return the function that puts references back."""
    known = spellings or {}

    def back(urn: str) -> str | None:
        host, mark, path = urn.partition("#")
        try:
            native = mapper.names.native(host)
            return identity.field(native, known.get(native, facts.PLAIN).known(path)) if mark else native
        except ValueError:
            return None

    return back
