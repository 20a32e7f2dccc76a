"""The types of Iceberg's schemas as canonical types.

Source: the Apache Iceberg table specification, "Schemas and Data Types" and appendix C, "Schemas".
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from lumos_core.plugin_api import types

from .metadata import Malformed

DEEPEST = 90
"""Levels of nesting that are followed; canonical types end at 100."""
_LEAVES: dict[str, types.Type] = {
    "boolean": types.Bool(),
    "int": types.Int(32),
    "long": types.Int(64),
    "float": types.Float(32),
    "double": types.Float(64),
    "date": types.Date(),
    "time": types.Time("us"),
    "timestamp": types.Timestamp("us"),
    "timestamptz": types.Timestamp("us", "instant"),
    "timestamp_ns": types.Timestamp("ns"),
    "timestamptz_ns": types.Timestamp("ns", "instant"),
    "string": types.String(),
    "uuid": types.Uuid(),
    "binary": types.Bytes(),
    "unknown": types.Unknown(),
    "variant": types.Variant(),
}
_DECIMAL = re.compile(r"decimal\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)")
_FIXED = re.compile(r"fixed\[\s*(\d{1,9})\s*\]")
_GEO = re.compile(r"(geometry|geography)(?:\(\s*([^,()]+?)\s*(?:,\s*(\w+)\s*)?\))?")
DEFAULT_CRS = "OGC:CRS84"


class Typed(NamedTuple):
    """A type, its name, and the ids of the elements, keys and values inside it, by path below it.

    A struct is just `struct`, since its members are fields of their own.
    """

    type: types.Type
    native: str
    ids: dict[str, int]


def type_of(said: Any, depth: int = 0) -> Typed:
    """Return the canonical type of a type in a schema; what is not known stays what it is, opaque.

    Raises:
        Malformed: When it is no type, or nested too deeply.
    """
    if depth > DEEPEST:
        raise Malformed(f"types are nested more than {DEEPEST} levels deep")
    if isinstance(said, str) and said:
        return Typed(leaf(said), said, {})
    kind = said.get("type") if isinstance(said, dict) else None
    if kind == "struct":
        return Typed(types.Struct(), "struct", {})
    if kind == "list":
        element = type_of(said.get("element"), depth + 1)
        type: types.Type = types.List(element.type, not _required(said, "element-required"))
        return Typed(type, f"list<{element.native}>", _ids(said, ("element-id", "[]", element)))
    if kind == "map":
        key, value = type_of(said.get("key"), depth + 1), type_of(said.get("value"), depth + 1)
        type = types.Map(key.type, value.type, not _required(said, "value-required"))
        ids = _ids(said, ("key-id", "{key}", key), ("value-id", "{value}", value))
        return Typed(type, f"map<{key.native}, {value.native}>", ids)
    raise Malformed("a type is neither a name nor a struct, list or map")


def leaf(name: str) -> types.Type:
    """Return the canonical type of a type that is a name."""
    known = _LEAVES.get(name)
    if known is not None:
        return known
    try:
        if match := _DECIMAL.fullmatch(name):
            return types.Decimal(int(match[1]), int(match[2]))
        if match := _FIXED.fullmatch(name):
            return types.Bytes(int(match[1]), True)
        if match := _GEO.fullmatch(name):
            kind, crs, algorithm = match.groups()
            if kind == "geometry":
                return types.Geometry(crs or DEFAULT_CRS)
            edges: Any = algorithm.lower() if algorithm else "spherical"
            return types.Geography(crs or DEFAULT_CRS, edges)
    except ValueError:
        pass  # no such type: 77 digits, an edge algorithm that nobody knows
    return types.Opaque(name)


def _required(said: dict[str, Any], name: str) -> bool:
    flag = said.get(name, False)
    if not isinstance(flag, bool):
        raise Malformed(f"`{name}` is neither true nor false")
    return flag


def _ids(said: dict[str, Any], *inner: tuple[str, str, Typed]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, place, typed in inner:
        if isinstance(said.get(name), int):
            found[place] = said[name]
        found.update((place + below, id) for below, id in typed.ids.items())
    return found
