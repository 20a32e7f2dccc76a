"""Entities as they come over the wire, and the two views that the mapping has on one: reading it, and making it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from msgspec import Struct, field

from lumos_core.plugin_api import urns

from . import names as identity
from .escaping import name_of
from .fieldpaths import Place, Spelling, read
from .names import Names
from .shapes import NOBODY, SHAPES, STAMP, Shape

Aspects = dict[str, Any]
"""Aspect -> its value."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Thing(Struct):
    """An entity.

    Attributes:
        urn: Its native URN.
        aspects: Aspect -> value.
        versions: Aspect -> version, as conditional writes name it.
        text: The property `lumos` that a platform resource holds for it.
    """

    urn: str
    aspects: Aspects = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    text: str = ""

    @property
    def entity(self) -> str:
        """Its type."""
        return identity.entity_of(self.urn)


class View:
    """An entity that is read: what it holds, with references as Lumos has them.

    Args:
        urn: Native.
        aspects: What it holds.
        names: The mapping of URNs.
    """

    def __init__(self, urn: str, aspects: Mapping[str, Any], names: Names) -> None:
        self.urn = urn
        self.entity = identity.entity_of(urn)
        self.shape: Shape = SHAPES[self.entity]
        self.aspects = aspects
        self.names = names

    def aspect(self, name: str) -> Mapping[str, Any]:
        """Return an aspect; empty when it is absent."""
        found = self.aspects.get(name)
        return found if isinstance(found, dict) else {}

    @property
    def info(self) -> Mapping[str, Any]:
        """The aspect that names and describes the entity."""
        return self.aspect(self.shape.info)

    def ref(self, native: Any) -> str | None:
        """Return a native URN as a reference; None when it is none."""
        try:
            parts = identity.split(native)
            if parts.entity == "schemaField" and len(parts.parts) == 2:
                host, text = parts.parts
                path = read(name_of(text))[1]
                return f"#{path}" if host == self.urn else urns.field(self.names.lumos(host), path)
            return self.names.lumos(native)
        except (ValueError, AttributeError, TypeError):
            return None

    def refs(self, listed: Any) -> list[str]:
        """Return those native URNs of a list that are references."""
        return [ref for native in listed or [] if (ref := self.ref(native)) is not None]


class Draft:
    """An entity that is made.

    Args:
        urn: Of the record.
        native: Native URN.
        names: The mapping of URNs.
        missing: `entity/aspect` that the server does not have.
        spellings: Native URN of a dataset -> how its fields are spelled; `""` for the editable fields of this one.
        definitions: Native URN of a structured property -> its definition, of those that the server has; None: all.
    """

    def __init__(
        self,
        urn: str,
        native: str,
        names: Names,
        missing: frozenset[str] = frozenset(),
        spellings: Mapping[str, Spelling] | None = None,
        definitions: Mapping[str, Aspects] | None = None,
    ) -> None:
        self.definitions = definitions
        self.record_urn = urn
        self.urn = native
        self.entity = identity.entity_of(native)
        self.shape: Shape = SHAPES[self.entity]
        self.names = names
        self.aspects: Aspects = {}
        self._missing = missing
        self._spellings = spellings or {}

    def has(self, aspect: str) -> bool:
        """Tell whether such an entity can have an aspect."""
        known = aspect in self.shape.aspects or aspect in (self.shape.info, self.shape.editable)
        return known and f"{self.entity}/{aspect}" not in self._missing

    def aspect(self, name: str) -> dict[str, Any]:
        """Return an aspect to write into."""
        found: dict[str, Any] = self.aspects.setdefault(name, {})
        return found

    @property
    def info(self) -> dict[str, Any]:
        """The aspect that names and describes the entity."""
        return self.aspect(self.shape.info)

    def native(self, ref: str | None, *entities: str) -> str | None:
        """Return a reference as a native URN; None when it has none, or is not one of these entities."""
        if not ref:
            return None
        host, mark, path = ref.partition("#")
        try:
            found = self.names.native(host) if host else self.urn
            if mark:
                spelling = self._spellings.get(found)
                found = identity.field(found, spelling.known(path) if spelling else Spelling().known(path))
        except ValueError:
            return None
        return found if not entities or identity.entity_of(found) in entities else None

    def natives(self, refs: list[str], *entities: str) -> list[str]:
        """Return those references of a list that have a native URN."""
        found = (self.native(ref, *entities) for ref in refs)
        return list(dict.fromkeys(native for native in found if native is not None))

    def spelling(self, editable: bool = False) -> Spelling:
        """Return how the fields of this dataset are spelled."""
        return self._spellings.get("" if editable else self.urn) or Spelling()


Reader = Callable[[View, Any], None]
Writer = Callable[[Any, Draft], None]


def spellings_of(thing: Thing) -> dict[str, Spelling]:
    """Return how an entity spells the fields of datasets, of its own and of those that it refers to."""
    found: dict[str, dict[Place, str]] = {}

    def see(host: str, path: Any) -> None:
        if isinstance(path, str):
            found.setdefault(host, {}).setdefault(read(path), path)

    for one in thing.aspects.get("schemaMetadata", {}).get("fields", ()):
        see(thing.urn, one.get("fieldPath"))
    for one in thing.aspects.get("editableSchemaMetadata", {}).get("editableSchemaFieldInfo", ()):
        see("", one.get("fieldPath"))
    for aspect in ("schemaMetadata", "upstreamLineage", "dataJobInputOutput"):
        for edge in [
            *thing.aspects.get(aspect, {}).get("fineGrainedLineages", ()),
            *thing.aspects.get(aspect, {}).get("foreignKeys", ()),
        ]:
            for key in ("upstreams", "downstreams", "foreignFields", "sourceFields"):
                for urn in edge.get(key, ()):
                    host, path = field_of(urn)
                    if host:
                        see(host, path)
    return {host: Spelling(places) for host, places in found.items()}


def field_of(urn: Any) -> tuple[str, str]:
    """Return the host and the native path of the native URN of a field; empty when it is none."""
    try:
        parts = identity.split(urn)
    except (ValueError, AttributeError):
        return "", ""
    if parts.entity != "schemaField" or len(parts.parts) != 2:
        return "", ""
    return parts.parts[0], name_of(parts.parts[1])


def time_of(millis: Any) -> str | None:
    """Return milliseconds since 1970 as an RFC 3339 time; None when they are none."""
    if type(millis) is not int or millis == 0:
        return None
    try:
        moment = _EPOCH + timedelta(milliseconds=millis)
    except OverflowError:
        return None
    fraction = f".{millis % 1000:03}" if millis % 1000 else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z" if moment.year >= 1000 else None


def millis_of(time: str | None) -> int | None:
    """Return an RFC 3339 time as milliseconds since 1970; None when it is none, or says more than they do."""
    if not time:
        return None
    try:
        moment = datetime.fromisoformat(time.replace("Z", "+00:00"))
        millis = round((moment - _EPOCH) / timedelta(milliseconds=1))
    except (ValueError, TypeError):
        return None
    return millis or None


def stamp_of(draft: Draft, time: str | None, by: str | None) -> dict[str, Any]:
    """Return a stamp with both its members."""
    return {"time": millis_of(time) or 0, "actor": draft.native(by, "corpuser", "corpGroup") or NOBODY}


def of_stamp(view: View, stamp: Any) -> tuple[str | None, str | None]:
    """Return when and by whom a stamp says."""
    if not isinstance(stamp, dict):
        return None, None
    actor = stamp.get("actor")
    return time_of(stamp.get("time")), None if actor in (None, NOBODY) else view.ref(actor)


__all__ = ["NOBODY", "STAMP", "Aspects", "Draft", "Reader", "Thing", "View", "Writer"]
