"""Types of fields: canonical text to and from the `dataType` of columns and of message fields."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lumos_core.plugin_api import types

Doc = dict[str, Any]

_SIMPLE: dict[type[types.Type], str] = {
    types.Bool: "BOOLEAN",
    types.Date: "DATE",
    types.Time: "TIME",
    types.Interval: "INTERVAL",
    types.Uuid: "UUID",
    types.Json: "JSON",
    types.Variant: "VARIANT",
    types.Geometry: "GEOMETRY",
    types.Geography: "GEOGRAPHY",
    types.Enum: "ENUM",
    types.Map: "MAP",
    types.Struct: "STRUCT",
    types.Union: "UNION",
}
_INTS = {8: "TINYINT", 16: "SMALLINT", 32: "INT", 64: "BIGINT"}
_BACK = {
    "BOOLEAN": "bool",
    "TINYINT": "int8",
    "BYTEINT": "int8",
    "SMALLINT": "int16",
    "INT": "int32",
    "BIGINT": "int64",
    "LONG": "int64",
    "LARGEINT": "int128",
    "UINT": "uint32",
    "YEAR": "int16",
    "FLOAT": "float32",
    "DOUBLE": "float64",
    "STRING": "string",
    "TEXT": "string",
    "MEDIUMTEXT": "string",
    "NTEXT": "string",
    "CLOB": "string",
    "VARCHAR": "string",
    "CHAR": "string",
    "BYTES": "bytes",
    "BINARY": "bytes",
    "VARBINARY": "bytes",
    "BLOB": "bytes",
    "LONGBLOB": "bytes",
    "MEDIUMBLOB": "bytes",
    "BYTEA": "bytes",
    "FIXED": "bytes",
    "IMAGE": "bytes",
    "DATE": "date",
    "TIME": "time(us)",
    "DATETIME": "timestamp(us)",
    "TIMESTAMP": "timestamp(us)",
    "TIMESTAMPZ": "timestamptz(us)",
    "INTERVAL": "interval(day-time)",
    "UUID": "uuid",
    "JSON": "json",
    "VARIANT": "variant",
    "SUPER": "variant",
    "GEOMETRY": "geometry",
    "GEOGRAPHY": "geography",
    "STRUCT": "struct",
    "RECORD": "struct",
    "MAP": "map<string,unknown?>",
    "ARRAY": "list<unknown?>",
    "ENUM": "enum()",
    "NULL": "unknown",
    "UNKNOWN": "unknown",
}
_TOPIC = frozenset(
    {"RECORD", "NULL", "BOOLEAN", "INT", "LONG", "BYTES", "FLOAT", "DOUBLE", "TIMESTAMP", "TIMESTAMPZ", "TIME", "DATE"}
) | {"STRING", "ARRAY", "MAP", "ENUM", "UNION", "FIXED", "ERROR", "UNKNOWN"}
_TO_TOPIC = {"STRUCT": "RECORD", "BIGINT": "LONG", "SMALLINT": "INT", "TINYINT": "INT", "VARCHAR": "STRING"}
_TO_TOPIC |= {"CHAR": "STRING", "BINARY": "BYTES", "VARBINARY": "BYTES", "UUID": "STRING", "JSON": "STRING"}
_SEARCH = {"BOOLEAN": "BOOLEAN", "TINYINT": "BYTE", "SMALLINT": "SHORT", "INT": "INTEGER", "BIGINT": "LONG"}
_SEARCH |= {"FLOAT": "FLOAT", "DOUBLE": "DOUBLE", "STRING": "TEXT", "VARCHAR": "KEYWORD", "CHAR": "KEYWORD"}
_SEARCH |= {"DATE": "DATE", "TIME": "TIME", "TIMESTAMP": "TIMESTAMP", "TIMESTAMPZ": "TIMESTAMPZ", "STRUCT": "OBJECT"}
_SEARCH |= {"ARRAY": "ARRAY", "DECIMAL": "NUMBER", "BYTES": "BINARY", "BINARY": "BINARY"}
_FROM_SEARCH = {"BYTE": "int8", "SHORT": "int16", "INTEGER": "int32", "KEYWORD": "string", "OBJECT": "struct"}
_FROM_SEARCH |= {"NESTED": "struct", "NUMBER": "float64", "IP": "string", "GEO_POINT": "geography"}


@lru_cache(maxsize=8192)
def parsed(text: str) -> types.Type:
    """Return the type of a canonical text; `Unknown` for any other."""
    try:
        return types.parse(text)
    except ValueError:
        return types.Unknown()


def column_type(text: str) -> Doc:
    """Return the keys of a column that say its type."""
    return _column(parsed(text))


def _column(node: types.Type) -> Doc:
    if isinstance(node, types.Int):
        return {"dataType": _INTS.get(node.bits, "LARGEINT") if node.signed else "UINT"}
    if isinstance(node, types.Float):
        return {"dataType": "DOUBLE" if node.bits == 64 else "FLOAT"}
    if isinstance(node, types.Decimal):
        return {"dataType": "DECIMAL", "precision": node.precision, "scale": node.scale}
    if isinstance(node, types.String):
        return _sized("CHAR" if node.fixed else "VARCHAR", node.max) if node.max is not None else {"dataType": "STRING"}
    if isinstance(node, types.Bytes):
        sized = node.max is not None
        return _sized("BINARY" if node.fixed else "VARBINARY", node.max) if sized else {"dataType": "BYTES"}
    if isinstance(node, types.Timestamp):
        return {"dataType": "TIMESTAMP" if node.zone == "none" else "TIMESTAMPZ"}
    if isinstance(node, types.List):
        return {"dataType": "ARRAY", "arrayDataType": _column(node.element)["dataType"]}
    return {"dataType": _SIMPLE.get(type(node), "UNKNOWN")}


def _sized(name: str, length: int | None) -> Doc:
    return {"dataType": name, "dataLength": min(length or 0, 2**31 - 1)}


def text_of(column: Doc) -> str:
    """Return the canonical text of a column's type: of its own words, where these are canonical and agree."""
    shown = column.get("dataTypeDisplay") or ""
    said = {
        key: column[key] for key in ("dataType", "arrayDataType", "dataLength", "precision", "scale") if key in column
    }
    node = parsed(shown)
    if not isinstance(node, types.Unknown) and types.render(node) == shown and _column(node) == said:
        return shown
    return _plain(column)


def _plain(column: Doc) -> str:
    name = column.get("dataType", "UNKNOWN")
    if name in ("DECIMAL", "NUMERIC", "NUMBER", "MONEY"):
        precision, scale = column.get("precision") or 0, column.get("scale") or 0
        fine = 1 <= precision <= 76 and 0 <= scale <= precision
        return types.render(types.Decimal(precision, scale)) if fine else "float64" if name == "NUMBER" else "unknown"
    length = column.get("dataLength")
    if name in ("VARCHAR", "CHAR") and length:
        return types.render(types.String(max=length, fixed=name == "CHAR"))
    if name in ("BINARY", "VARBINARY") and length:
        return types.render(types.Bytes(max=length, fixed=name == "BINARY"))
    if name == "ARRAY":
        inner = _BACK.get(column.get("arrayDataType") or "", "unknown")
        return types.render(types.List(parsed(inner), nullable=True))
    text = _BACK.get(name) or _FROM_SEARCH.get(name, "unknown")
    return types.render(parsed(text)) if text != "struct" else text


def topic_type(text: str) -> str:
    """Return the `dataType` of a message field."""
    name = column_type(text)["dataType"]
    name = _TO_TOPIC.get(name, name)
    return name if name in _TOPIC else "UNKNOWN"


def search_type(text: str) -> str:
    """Return the `dataType` of a field of a search index."""
    return _SEARCH.get(column_type(text)["dataType"], "UNKNOWN")
