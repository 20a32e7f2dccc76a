"""The algebra of records: uniting what several components saw, and carrying forward what one run did not see.

`unite` is what `collect` does with fragments of one URN; `carry_forward` is what keeps `head` whole. Both work on
the shapes of the schema, so that a new key needs no line here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import Struct

from .aspects import RECORD, present, said
from .comparing import place
from .entities import FREE_KEYS, Entity, Field
from .record import AnyRecord
from .shapes import Shape, key_function, shapes

Conflict = Callable[[str, Any, Any], None]
"""Called with (key path, value kept, value dropped)."""


def _ignore(key: str, kept: Any, dropped: Any) -> None:
    """Forget a conflict."""


def unite(first: AnyRecord, second: AnyRecord, conflict: Conflict = _ignore) -> AnyRecord:
    """Unite two records of one URN; neither is changed.

    Sets are united, texts are united layer by layer, fields by path; of everything else the first wins. The first
    also decides which fields exist and their order, where it has any.
    """
    value = _merge(first.value, second.value, "", conflict)
    if isinstance(value, Entity):
        value.captured = sorted({*first.value.captured, *second.value.captured})
    return msgspec.structs.replace(first, value=value)


def _merge(first: Struct, second: Struct, path: str, conflict: Conflict) -> Any:
    changes: dict[str, Any] = {}
    for attribute, shape in shapes(type(first)):
        ours, theirs = getattr(first, attribute), getattr(second, attribute)
        if theirs is None or theirs == [] or attribute == "captured" or ours == theirs:
            continue
        if ours is None or ours == []:
            changes[attribute] = theirs
        else:
            changes[attribute] = _merge_part(shape, ours, theirs, f"{path}{attribute}", conflict)
    return msgspec.structs.replace(first, **changes)


def _merge_part(shape: Shape, ours: Any, theirs: Any, path: str, conflict: Conflict) -> Any:
    if shape.form == "struct":
        return _merge(ours, theirs, f"{path}.", conflict)
    if shape.form == "list" and shape.keys is not None:
        return _merge_sets(shape, ours, theirs, path, conflict)
    if shape.form == "list" and shape.inner[0].struct is Field:
        return _merge_fields(ours, theirs, path, conflict)
    conflict(path, ours, theirs)
    return ours


def _merge_sets(shape: Shape, ours: list[Any], theirs: list[Any], path: str, conflict: Conflict) -> list[Any]:
    key = key_function(shape)
    merged = {key(element): element for element in ours}
    for element in theirs:
        name = key(element)
        mine = merged.setdefault(name, element)
        if mine is element or mine == element:
            continue
        if isinstance(mine, Struct):
            merged[name] = _merge(mine, element, f"{path}[{name[0]}].", conflict)
        else:
            conflict(f"{path}[{name[0]}]", mine, element)
    return [merged[name] for name in sorted(merged)]


def _merge_fields(ours: list[Field], theirs: list[Field], path: str, conflict: Conflict) -> list[Field]:
    other = {place(field): field for field in theirs}
    merged = []
    for field in ours:
        twin = other.pop(place(field), None)
        if twin is not None and twin.type == "unknown" and field.type != "unknown":
            twin = msgspec.structs.replace(twin, type=field.type)
        merged.append(field if twin is None else _merge(field, twin, f"{path}[{field.path}].", conflict))
    for name, field in other.items():
        conflict(f"{path}[{name[1]}]", None, field.path)
    return merged


def carry_forward(before: AnyRecord, after: AnyRecord) -> AnyRecord:
    """Keep in `after` what `before` knew and this run did not look at; neither is changed.

    A key that only `before` captured is taken over with its entry in `captured`. A key that is present without being
    captured was seen in part, then or now: its elements are united, and nothing of `before` is dropped.
    """
    old, new = before.value, after.value
    if not isinstance(old, Entity) or not isinstance(new, Entity):
        return after
    seen = set(new.captured)
    known = present(old).union(old.captured)
    if known <= seen:
        return after
    changes: dict[str, Any] = {"captured": sorted(seen.union(old.captured))}
    for attribute, shape in shapes(type(new)):
        if attribute in FREE_KEYS or attribute in seen or attribute not in known:
            continue
        ours, theirs = getattr(new, attribute), getattr(old, attribute)
        if not said(ours):
            changes[attribute] = theirs
        elif said(theirs):
            changes[attribute] = _carry_part(shape, ours, theirs)
    fields = changes.get("fields", getattr(new, "fields", []))
    lost = [aspect.removeprefix("fields.") for aspect in known - seen if aspect.startswith("fields.")]
    if lost and fields:
        changes["fields"] = _carry_field_keys(fields, getattr(old, "fields", []), lost)
    if "lineage.columns" in known - seen and "lineage" in seen:
        changes["lineage"] = _carry_columns(old, new)
    return msgspec.structs.replace(after, value=msgspec.structs.replace(new, **changes))


def _carry_part(shape: Shape, ours: Any, theirs: Any) -> Any:
    if shape.form == "list" and shape.inner[0].struct is Field:
        merged = _merge_fields(ours, theirs, "", _ignore)
        paths = {place(field) for field in merged}
        return merged + [field for field in theirs if place(field) not in paths]
    return _merge_part(shape, ours, theirs, "", _ignore)


def _carry_field_keys(fields: list[Field], old: list[Field], keys: Iterable[str]) -> list[Field]:
    before = {place(field): field for field in old}
    carried = []
    for field in fields:
        twin = before.get(place(field))
        if twin is not None:
            known = {key: getattr(twin, key) for key in keys}
            missing = {key: value for key, value in known.items() if value and not getattr(field, key)}
            field = msgspec.structs.replace(field, **missing) if missing else field
        carried.append(field)
    return carried


def _carry_columns(old: Entity, new: Entity) -> Any:
    if old.lineage is None or not old.lineage.columns:
        return new.lineage
    if new.lineage is None:
        return type(old.lineage)(columns=old.lineage.columns)
    return msgspec.structs.replace(new.lineage, columns=new.lineage.columns or old.lineage.columns)


def captured_by_both(before: AnyRecord | None, after: AnyRecord | None) -> frozenset[str]:
    """Return the aspects that both sides looked at; where one side has no record, those of the other."""
    sides = [side.value.captured for side in (before, after) if side is not None and isinstance(side.value, Entity)]
    return frozenset(sides[0]).intersection(*sides[1:]) | {RECORD} if sides else frozenset({RECORD})


def strip_captured(record: AnyRecord, aspects: Iterable[str]) -> AnyRecord:
    """Take aspects out of `captured`, because a component that writes them saw less than all."""
    if not isinstance(record.value, Entity):
        return record
    lost = set(aspects)
    kept = [name for name in record.value.captured if name not in lost]
    if len(kept) == len(record.value.captured):
        return record
    return msgspec.structs.replace(record, value=msgspec.structs.replace(record.value, captured=kept))
