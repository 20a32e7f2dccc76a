"""Writes tags: the types of classification, and the classifications and labels on entities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from lumos_core.plugin_api import CatalogError, Operation, canonical, shadow

from . import models, names, tagdefs, wire
from .drafts import apply_foreign, copied, forget_guid, with_guid
from .held import Reader
from .marks import VALUE
from .native import Mark, Native
from .server import Json, Server

_CASTS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("int", "long", "short", "byte", "date"), int),
    **dict.fromkeys(("float", "double"), float),
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
}


class Tagger:
    """Makes types of classification, and puts them on entities.

    Args:
        server: The server.
        reader: Reads what is there.
    """

    def __init__(self, server: Server, reader: Reader) -> None:
        self._server, self._reader = server, reader

    def write(self, urn: str, operations: Sequence[Operation]) -> str:
        """Apply operations on one tag, and return its status."""
        name = names.tag_type(urn)
        there = self._server.tag_type(name)
        held = next(iter(self._reader.tags([there])), None) if there else None
        record = held.record if held else None
        before = canonical(record) if record else b""
        foreign = dict(held.foreign) if held else {}
        was = dict(foreign)
        for operation in operations:
            if operation.kind == "foreign":
                apply_foreign(operation, foreign)
            else:
                record = operation.apply(copied(record))
        if record is None:
            raise CatalogError("what is foreign belongs to a record, and there is none", where=urn)
        forget_guid(record, held)
        if record.value.parent and record.value.parent.startswith("urn:lumos:"):
            self._parents([record.value.parent])
        after = copied(record)
        if before and foreign == was and canonical(with_guid(after, held)) == before:
            return "unchanged"
        typedef = tagdefs.to_typedef(record)
        text = shadow.keep(record, tagdefs.project, foreign.values())
        old = there or {}
        options = {key: text for key, text in (old.get("options") or {}).items() if key != models.PROPERTY}
        kept = {item["name"]: item for item in old.get("attributeDefs") or []}
        fresh = [item for item in typedef["attributeDefs"] if item["name"] not in kept]
        if VALUE not in kept:
            fresh.append(tagdefs.attribute(VALUE))
        typedef["attributeDefs"] = [*kept.values(), *fresh]
        typedef["options"] = {**options, models.PROPERTY: text} if text else options
        typedef["entityTypes"] = old.get("entityTypes") or []
        self._server.define({"classificationDefs": [{**old, **typedef}]})
        self._server.tag_types()
        return "written"

    def _parents(self, tags: Iterable[str]) -> None:
        self.ensure(
            {names.tag_type(urn): set() for urn in tags if urn.startswith(("urn:lumos:tag:", "urn:lumos:class"))}
        )

    def ensure(self, wanted: Mapping[str, set[str]]) -> None:
        """Make the classifications that are used, with the attributes that are used, where they are missing."""
        there = self._server.tags
        if any(name not in there or wanted[name] - _attributes(there[name]) for name in wanted):
            there = self._server.tag_types()
        changed = []
        for name, attributes in wanted.items():
            typedef = there.get(name) or tagdefs.blank(name)
            more = sorted(attributes - _attributes(typedef))
            if more or name not in there:
                options = dict(typedef.get("options") or {})
                added = sorted({*tagdefs.added(typedef), *more} - {VALUE})
                options |= {tagdefs.ADDED: ",".join(added)} if added else {}
                defs = [*(typedef.get("attributeDefs") or []), *(tagdefs.attribute(key) for key in more)]
                changed.append({**typedef, "attributeDefs": defs, "options": options})
        if changed:
            self._server.define({"classificationDefs": changed})
            self._server.tag_types()

    def mark(self, there: Native, wanted: Native) -> None:
        """Give an entity that is there the classifications and labels that it is to have."""
        old = {mark.type: mark for mark in there.marks if not mark.origin}
        new = {mark.type: mark for mark in wanted.marks}
        fresh = [wire.mark_json(mark) for type_, mark in new.items() if type_ not in old]
        other = [wire.mark_json(mark) for type_, mark in new.items() if type_ in old and not _same(mark, old[type_])]
        if fresh:
            self._server.classify(there.guid, fresh, new=True)
        if other:
            self._server.classify(there.guid, other, new=False)
        for type_ in old.keys() - new.keys():
            self._server.declassify(there.guid, type_)
        if there.labels != wanted.labels:
            self._server.label(there.guid, wanted.labels)

    def cast(self, native: Native) -> None:
        """Turn the texts of its classifications into what their types take."""
        for part in (native, *native.columns):
            for mark in part.marks:
                types = {
                    item["name"]: item["typeName"]
                    for item in self._server.tags.get(mark.type, {}).get("attributeDefs") or []
                }
                mark.attributes = {
                    key: _cast(text, types.get(key, "string"), mark) for key, text in mark.attributes.items()
                }


def _attributes(typedef: Json) -> set[str]:
    return {item["name"] for item in typedef.get("attributeDefs") or []}


def _cast(text: Any, type_: str, mark: Mark) -> Any:
    cast = _CASTS.get(type_)
    if cast is None or not isinstance(text, str):
        return text
    try:
        return cast(text)
    except (ValueError, KeyError):
        raise CatalogError(f"the classification {mark.type} takes {type_}", why=f"the value is {text[:60]!r}") from None


def _same(one: Mark, other: Mark) -> bool:
    """Tell whether two classifications say the same."""
    mine, theirs = (
        {key: value for key, value in mark.attributes.items() if value is not None} for mark in (one, other)
    )
    return (mine, one.propagate, one.until) == (theirs, other.propagate, other.until)
