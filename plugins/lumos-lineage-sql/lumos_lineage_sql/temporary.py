"""Tables that live no longer than their script."""

from __future__ import annotations

from msgspec import Struct

from .relation import Leaf, Relation
from .structs import InfluenceKind, Name


class Temporary(Struct):
    """A temporary table: its columns come from what it was filled from.

    Attributes:
        relation: Its columns.
        tables: Tables of the catalog that it was filled from.
        influences: Columns that decided about its rows.
    """

    relation: Relation
    tables: dict[Name, None]
    influences: dict[Leaf, InfluenceKind]
