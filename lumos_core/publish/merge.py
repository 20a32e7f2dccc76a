"""Three-way merge of one record, made from the schema: no aspect is listed by hand.

Technical aspects come from the source. Of human aspects a person's edit stays: where `theirs` differs from `base`,
somebody changed it in the catalog. Sets are merged element by element, texts layer by layer, fields by path. What
both sides changed differently is a conflict; it is reported and left to the people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from ..model.comparing import has_required, is_empty, place
from ..model.entities import FREE_KEYS, Entity, Field, Thing
from ..model.shapes import Shape, key_function, shapes

Policy = Literal["source", "catalog", "merge"]

HUMAN = frozenset(Thing.__struct_fields__) - FREE_KEYS - {"version", "created", "access"}
"""Aspects that people edit in a catalog; all others come from the source."""

OWNED = frozenset({"cloud_version", "lumos"})
"""Custom properties that belong to Lumos: never somebody's edit."""

Conflict = Callable[[str, str], None]
"""Called with (key path, why)."""


def policy_of(aspect: str, policies: Mapping[str, Policy]) -> Policy:
    """Return who wins for an aspect: as configured, else `merge` for human aspects and `source` for the rest."""
    key = aspect.removeprefix("fields.")
    return policies.get(aspect) or policies.get(key) or ("merge" if key in HUMAN else "source")


class Merger:
    """Merges records for one catalog.

    Args:
        writable: Aspects that the catalog can hold.
        policies: Aspect -> policy, where it is not the default.
        readable: Aspects that it gives back; None for all. Of the others nobody can tell who edited them: they are
            what they were last given.
    """

    def __init__(
        self, writable: frozenset[str], policies: Mapping[str, Policy], readable: frozenset[str] | None = None
    ) -> None:
        self._writable = writable
        self._unseen = frozenset() if readable is None else writable - readable
        self._policies = policies
        self._field_rules = [
            (
                key,
                shape,
                policy_of(f"fields.{key}", policies) if f"fields.{key}" in writable else None,
                f"fields.{key}" in self._unseen,
            )
            for key, shape in shapes(Field)
            if key in HUMAN
        ]

    def merge(
        self,
        base: Entity | None,
        ours: Entity,
        theirs: Entity | None,
        conflict: Conflict,
        *,
        doubtful: bool = False,
    ) -> tuple[Entity, frozenset[str]]:
        """Return what to set and what to unset, so that the catalog becomes right.

        A key that `ours` neither has nor captured is left alone.

        Args:
            base: What was last published; None the first time.
            ours: The truth now.
            theirs: What the catalog holds; None when it has no such record.
            conflict: Told about every conflict.
            doubtful: True when the outcome of an earlier attempt is not known: what cannot be read is written again.
        """
        blank = type(ours)()
        change = type(ours)()
        unset: set[str] = set()
        for key, shape in shapes(type(ours)):
            if key in ("captured", "extra") or (key not in FREE_KEYS and key not in self._writable):
                continue
            new = getattr(ours, key)
            if is_empty(new) and key not in ours.captured:
                continue
            old = getattr(base if base is not None else blank, key)
            held = getattr(theirs if theirs is not None else blank, key)
            unseen = key in self._unseen and theirs is not None
            if unseen:
                held = old
            wanted = self._key(key, shape, old, new, held, conflict)
            if wanted == held and not (unseen and doubtful):
                continue
            if is_empty(wanted):
                unset.add(key)
            else:
                setattr(change, key, wanted)
        return change, frozenset(unset)

    def _key(self, key: str, shape: Shape, base: Any, ours: Any, theirs: Any, conflict: Conflict) -> Any:
        if shape.form == "list" and shape.inner[0].struct is Field:
            return self._fields(base, ours, theirs, conflict)
        policy = "source" if key in FREE_KEYS else policy_of(key, self._policies)
        return _by_policy(policy, shape, base, ours, theirs, key, conflict)

    def _fields(self, base: list[Field], ours: list[Field], theirs: list[Field], conflict: Conflict) -> list[Field]:
        """The source decides which fields exist, their order and types; people's words on a field stay with it."""
        old = {place(field): field for field in base or []}
        held = {place(field): field for field in theirs or []}
        merged = []
        for field in ours:
            name = place(field)
            was, there = old.get(name), held.get(name)
            merged.append(field if field == was == there else self._field(field, was, there, conflict))
        return merged

    def _field(self, ours: Field, base: Field | None, theirs: Field | None, conflict: Conflict) -> Field:
        changes: dict[str, Any] = {}
        for key, shape, policy, unseen in self._field_rules:
            new = getattr(ours, key)
            old = getattr(base, key) if base is not None else None
            held = getattr(theirs, key) if theirs is not None else None
            held = old if unseen else held
            if is_empty(new) and is_empty(old) and is_empty(held):
                continue
            old, held = (_blank(new) if value is None else value for value in (old, held))
            if policy is None:
                wanted = held
            else:
                wanted = _by_policy(policy, shape, old, new, held, f"fields[{ours.path}].{key}", conflict)
            if wanted != new:
                changes[key] = wanted
        return msgspec.structs.replace(ours, **changes) if changes else ours


def _by_policy(policy: Policy, shape: Shape, base: Any, ours: Any, theirs: Any, path: str, conflict: Conflict) -> Any:
    if policy == "source":
        return ours
    if policy == "catalog":
        return ours if is_empty(theirs) and is_empty(base) else theirs
    return three_way(shape, base, ours, theirs, path, conflict)


def _blank(like: Any) -> Any:
    """The empty value of the same form."""
    return [] if isinstance(like, list) else None


def three_way(shape: Shape, base: Any, ours: Any, theirs: Any, path: str, conflict: Conflict) -> Any:
    """Merge one value of a human aspect."""
    if theirs in (base, ours):
        return ours
    if ours == base:
        return theirs
    if shape.form == "struct":
        assert shape.struct is not None
        return _merge_struct(shape.struct, base, ours, theirs, path, conflict)
    if shape.form == "list" and shape.keys is not None:
        return _merge_set(shape, base, ours, theirs, path, conflict)
    conflict(path, "it was changed at the source and in the catalog; the catalog's value stays")
    return theirs


def _merge_struct(struct: type[Struct], base: Any, ours: Any, theirs: Any, path: str, conflict: Conflict) -> Any:
    if base is None and ours is not None and theirs is not None and has_required(struct):
        conflict(path, "it was added at the source and in the catalog; the catalog's value stays")
        return theirs
    if ours is None or theirs is None:
        # One side emptied what the other changed: a person's word stays.
        if has_required(struct):
            conflict(path, "it was removed on one side and changed on the other; the catalog's state stays")
            return theirs
        ours, theirs = ours or struct(), theirs or struct()
    blank = base if base is not None else struct()
    merged = {
        key: three_way(shape, getattr(blank, key), getattr(ours, key), getattr(theirs, key), f"{path}.{key}", conflict)
        for key, shape in shapes(struct)
    }
    result = struct(**merged)
    return None if all(is_empty(value) for value in merged.values()) else result


def _merge_set(shape: Shape, base: Any, ours: Any, theirs: Any, path: str, conflict: Conflict) -> list[Any]:
    key = key_function(shape)
    sides = [{key(element): element for element in side or []} for side in (base, ours, theirs)]
    merged = {}
    for name in sorted(set().union(*sides)):
        old, new, held = (side.get(name) for side in sides)
        label = f"{path}[{name[0]}]"
        if name[0] in OWNED and new is not None:
            kept = new
        elif old is None and new is not None and held is not None and new != held:
            conflict(label, "it was added at the source and in the catalog; the catalog's value stays")
            kept = held
        elif new is not None and held is not None:
            kept = three_way(shape.inner[0], old, new, held, label, conflict)
        elif held in (old, new):
            kept = new
        elif new == old:
            kept = held
        else:
            conflict(label, "it was removed on one side and changed on the other; the catalog's state stays")
            kept = held
        if kept is not None:
            merged[name] = kept
    return [merged[name] for name in sorted(merged)]
