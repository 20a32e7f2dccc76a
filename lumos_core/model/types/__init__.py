"""The canonical type system: a small tree, its canonical text, and the way between them.

    >>> from lumos_core.model import types
    >>> types.parse("list<decimal(10)?>")
    List(element=Decimal(precision=10, scale=0), nullable=True, size=None)
    >>> types.render(types.Map(types.String(), types.Int(64), nullable=True))
    'map<string,int64?>'

Types are Arrow-shaped where they have parameters, named after Iceberg where it has a name, and say nothing
of how values are laid out in memory. What a source called the type stays beside it, verbatim, in
`native_type`.
"""

from __future__ import annotations

from lumos_core.model.types.nodes import (
    MAX_DEPTH,
    Bool,
    Branch,
    Bytes,
    Date,
    Decimal,
    Enum,
    Float,
    Geography,
    Geometry,
    Int,
    Interval,
    Json,
    List,
    Map,
    Member,
    Opaque,
    String,
    Struct,
    Time,
    Timestamp,
    Type,
    Union,
    Unknown,
    Uuid,
    Variant,
    union,
)
from lumos_core.model.types.parse import TypeTextError, parse, parse_nullable
from lumos_core.model.types.render import branch_name, normalise, render
from lumos_core.model.types.tree import Child, children, is_leaf, walk

__all__ = [
    "MAX_DEPTH",
    "Bool",
    "Branch",
    "Bytes",
    "Child",
    "Date",
    "Decimal",
    "Enum",
    "Float",
    "Geography",
    "Geometry",
    "Int",
    "Interval",
    "Json",
    "List",
    "Map",
    "Member",
    "Opaque",
    "String",
    "Struct",
    "Time",
    "Timestamp",
    "Type",
    "TypeTextError",
    "Union",
    "Unknown",
    "Uuid",
    "Variant",
    "branch_name",
    "children",
    "is_leaf",
    "normalise",
    "parse",
    "parse_nullable",
    "render",
    "union",
    "walk",
]
