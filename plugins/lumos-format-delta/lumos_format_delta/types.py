"""The types of Delta's schemas, which are Spark's, as canonical types.

Source: the Delta transaction log protocol, "Schema Serialization Format".
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from lumos_core.plugin_api import types

DEEPEST = 90
"""Levels of nesting that are followed; canonical types end at 100."""
_LEAVES: dict[str, tuple[types.Type, str]] = {
    "string": (types.String(), "string"),
    "long": (types.Int(64), "bigint"),
    "integer": (types.Int(32), "int"),
    "short": (types.Int(16), "smallint"),
    "byte": (types.Int(8), "tinyint"),
    "float": (types.Float(32), "float"),
    "double": (types.Float(64), "double"),
    "boolean": (types.Bool(), "boolean"),
    "binary": (types.Bytes(), "binary"),
    "date": (types.Date(), "date"),
    "timestamp": (types.Timestamp("us", "instant"), "timestamp"),
    "timestamp_ntz": (types.Timestamp("us"), "timestamp_ntz"),
    "variant": (types.Variant(), "variant"),
    "void": (types.Unknown(), "void"),
    "null": (types.Unknown(), "void"),
    "decimal": (types.Decimal(10), "decimal(10,0)"),
    "interval year to month": (types.Interval("year-month"), "interval year to month"),
    "interval day to second": (types.Interval("day-time"), "interval day to second"),
}
_DECIMAL = re.compile(r"decimal\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)")
_SIZED = re.compile(r"(char|varchar)\((\d{1,9})\)")
_GEO = re.compile(r"(geometry|geography)(?:\(\s*([^,()]+?)\s*(?:,\s*(\w+)\s*)?\))?")
_COLLATED = re.compile(r"string collate (\S+)")


class Malformed(ValueError):
    """A schema that the protocol does not allow."""


class Typed(NamedTuple):
    """A type, and its name in Spark's SQL; a struct is just `struct`, since its members are fields of their own."""

    type: types.Type
    native: str


def type_of(said: Any, depth: int = 0) -> Typed:
    """Return the canonical type of a type in a schema; what is not known stays what it is, opaque.

    Raises:
        Malformed: When it is no type, or nested too deeply.
    """
    if depth > DEEPEST:
        raise Malformed(f"types are nested more than {DEEPEST} levels deep")
    if isinstance(said, str) and said:
        return leaf(said)
    kind = said.get("type") if isinstance(said, dict) else None
    if kind == "struct":
        return Typed(types.Struct(), "struct")
    if kind == "array":
        element = type_of(said.get("elementType"), depth + 1)
        return Typed(types.List(element.type, _flag(said, "containsNull")), f"array<{element.native}>")
    if kind == "map":
        key, value = type_of(said.get("keyType"), depth + 1), type_of(said.get("valueType"), depth + 1)
        type = types.Map(key.type, value.type, _flag(said, "valueContainsNull"))
        return Typed(type, f"map<{key.native},{value.native}>")
    if kind == "udt" and isinstance(said, dict):
        return type_of(said.get("sqlType"), depth + 1)
    raise Malformed("a type is neither a name nor a struct, array, map or user-defined type")


def leaf(name: str) -> Typed:
    """Return the canonical type of a type that is a name."""
    known = _LEAVES.get(name)
    if known is not None:
        return Typed(*known)
    try:
        if match := _DECIMAL.fullmatch(name):
            return Typed(types.Decimal(int(match[1]), int(match[2])), f"decimal({int(match[1])},{int(match[2])})")
        if match := _SIZED.fullmatch(name):
            return Typed(types.String(int(match[2]), match[1] == "char"), name)
        if match := _COLLATED.fullmatch(name):
            return Typed(types.String(collation=match[1]), name)
        if match := _GEO.fullmatch(name):
            return Typed(_geo(*match.groups()), name)
    except ValueError:
        pass  # no such type: 77 digits, an edge algorithm that nobody knows
    return Typed(types.Opaque(name), name)


def _geo(kind: str, crs: str | None, algorithm: Any) -> types.Type:
    if kind == "geometry":
        return types.Geometry(crs)
    return types.Geography(crs, algorithm.lower() if algorithm else None)


def _flag(said: dict[str, Any], name: str) -> bool:
    flag = said.get(name, True)
    if not isinstance(flag, bool):
        raise Malformed(f"`{name}` is neither true nor false")
    return flag
