"""The kinds of BSON values: their names, their order, and the canonical type that each stands for.

Names are the aliases of MongoDB's `$type`; a binary value carries its subtype (`binData(uuid)`).
"""

from __future__ import annotations

import datetime
from typing import Any

from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from lumos_core.plugin_api import types

NULL = "null"
OBJECT = "object"
ARRAY = "array"

NUMBERS = ("int", "long", "double", "decimal")
"""From narrow to wide: values of several of these kinds together have the type of the widest."""

TYPES: dict[str, types.Type] = {
    "bool": types.Bool(),
    "int": types.Int(32),
    "long": types.Int(64),
    "double": types.Float(64),
    # Decimal128 floats: it has 34 digits, but no scale, so that no decimal(p,s) holds it.
    "decimal": types.Opaque("decimal128"),
    "string": types.String(),
    "symbol": types.String(),
    "objectId": types.Bytes(12, fixed=True),
    "date": types.Timestamp("ms", "instant"),
    "timestamp": types.Timestamp("s", "instant"),
    "binData": types.Bytes(),
    "binData(function)": types.Bytes(),
    "binData(uuid)": types.Uuid(),
    "binData(uuid-legacy)": types.Uuid(),
    "binData(md5)": types.Bytes(),
    "binData(encrypted)": types.Bytes(),
    "binData(column)": types.Bytes(),
    "binData(sensitive)": types.Bytes(),
    "binData(vector)": types.Bytes(),
    "binData(user)": types.Bytes(),
    "regex": types.Opaque("regex"),
    "javascript": types.Opaque("javascript"),
    "javascriptWithScope": types.Opaque("javascript"),
    "minKey": types.Opaque("minKey"),
    "maxKey": types.Opaque("maxKey"),
    "unknown": types.Opaque("bson"),
}
"""Kind -> canonical type, in the order in which the branches of a union stand; objects and arrays come last."""

ORDER = {kind: place for place, kind in enumerate([*TYPES, OBJECT, ARRAY, NULL])}
"""Kind -> its place among the kinds of one value."""

_SUBTYPES = {
    0: "binData",
    1: "binData(function)",
    2: "binData",
    3: "binData(uuid-legacy)",
    4: "binData(uuid)",
    5: "binData(md5)",
    6: "binData(encrypted)",
    7: "binData(column)",
    8: "binData(sensitive)",
    9: "binData(vector)",
}

BY_CLASS: dict[type, str] = {
    bool: "bool",
    int: "int",
    Int64: "long",
    float: "double",
    Decimal128: "decimal",
    str: "string",
    ObjectId: "objectId",
    datetime.datetime: "date",
    DatetimeMS: "date",
    Timestamp: "timestamp",
    bytes: "binData",
    Regex: "regex",
    MinKey: "minKey",
    MaxKey: "maxKey",
    type(None): NULL,
}
"""Class that the driver decodes to -> kind, where the class alone decides.

The driver reads 32-bit integers as `int` and 64-bit ones as `Int64`, symbols as text, `undefined` as None.
"""

DEEP: frozenset[type] = frozenset({dict, list, Binary, Code, DBRef})
"""Classes whose values have to be looked into."""


def kind_of(value: Any) -> str:
    """Return the kind of a value that is neither an object nor an array."""
    if isinstance(value, Binary):
        return _SUBTYPES.get(value.subtype, "binData(user)")
    if isinstance(value, Code):
        return "javascript" if value.scope is None else "javascriptWithScope"
    return BY_CLASS.get(type(value), "unknown")


def fold(kinds: frozenset[str] | set[str]) -> list[str]:
    """Return kinds in their order, without null, several numbers as the widest of them."""
    numbers = [kind for kind in NUMBERS if kind in kinds]
    dropped = {*numbers[:-1], NULL}
    return sorted((kind for kind in kinds if kind not in dropped), key=ORDER.__getitem__)
