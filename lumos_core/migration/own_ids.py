"""The ids that catalogs give themselves: facts about the copy that each holds, never carried to another.

A catalog tells its own id of a thing as an alias under its `system`, each time it is read. Of two catalogs at hand
such aliases say which things are one (`names.match`); nothing of them is compared, written or owed.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from ..model.elements import Aliases
from ..model.entities import Entity
from ..model.record import AnyRecord, Record
from .ends import End


def systems(*ends: End) -> frozenset[str]:
    """Return the names under which the ids of some catalogs stand in `aliases`."""
    return frozenset(end.catalog.system for end in ends) - {""}


def without_ids(record: AnyRecord, own: Collection[str]) -> AnyRecord:
    """Return a record without the ids that catalogs gave it.

    Args:
        record: It is not changed.
        own: Names of their systems.
    """
    value = record.value
    if not isinstance(value, Entity) or not any(system in own for system, _ in value.aliases):
        return record
    others = [alias for alias in value.aliases if alias[0] not in own]
    return Record(record.urn, replace(value, aliases=others), record.kind)


def with_ids(value: Entity, held: AnyRecord | None, own: Collection[str]) -> Entity:
    """Return a value with the ids that a catalog's own record has: they stay as they are.

    Args:
        value: Without them.
        held: What the catalog holds.
        own: As for `without_ids`.
    """
    ids: Aliases = [alias for alias in getattr(held and held.value, "aliases", ()) if alias[0] in own]
    return replace(value, aliases=sorted([*value.aliases, *ids])) if ids else value
