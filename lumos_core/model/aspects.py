"""The closed list of aspects: the names that coverage, `captured`, capabilities, policy and diff share.

It is derived from the entities, never kept by hand: the keys of records, `fields.KEY` for what a field carries of
its own, `lineage.columns`, and `record` for the existence of the record itself.
"""

from __future__ import annotations

from functools import cache

from .entities import FREE_KEYS, KINDS, Entity, Thing

RECORD = "record"
"""The existence of a record."""

FIELD_ASPECTS = frozenset(f"fields.{key}" for key in Thing.__struct_fields__ if key not in FREE_KEYS)
"""What a field may carry beyond its shape (path, part, id, type, native_type, nullable, default, generated)."""


@cache
def of_kind(kind: str) -> frozenset[str]:
    """Return the aspects that a record of this kind may have; empty for `foreign` and `stats`."""
    struct = KINDS[kind]
    if not issubclass(struct, Entity):
        return frozenset()
    keys = frozenset(struct.__struct_fields__) - FREE_KEYS
    extra = FIELD_ASPECTS if "fields" in keys else frozenset()
    return keys | extra | {"lineage.columns"}


ASPECTS: frozenset[str] = frozenset({RECORD}).union(*(of_kind(kind) for kind in KINDS))
"""Every aspect there is."""


def present(value: Entity) -> frozenset[str]:
    """Return the aspects that have a value in this record; False is one."""
    found = {key for key in type(value).__struct_fields__ if key not in FREE_KEYS and said(getattr(value, key))}
    if value.lineage is not None and value.lineage.columns:
        found.add("lineage.columns")
    for field in getattr(value, "fields", ()):
        found.update(f"fields.{key}" for key in _CARRIED if said(getattr(field, key)))
    return frozenset(found)


def said(part: object) -> bool:
    """Tell whether a key has a value; False is one, empty text is none."""
    return part is not None and part not in ("", [])


_CARRIED = tuple(aspect.removeprefix("fields.") for aspect in sorted(FIELD_ASPECTS))
