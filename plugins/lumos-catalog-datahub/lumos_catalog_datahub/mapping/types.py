"""Field types: DataHub's coarse union beside the native text, and the canonical type that they mean together."""

from __future__ import annotations

import re
from functools import lru_cache

from lumos_core.plugin_api import types

_PACKAGE = "com.linkedin.schema."
_CLASSES = {
    "bool": "BooleanType",
    "string": "StringType",
    "varchar": "StringType",
    "char": "StringType",
    "uuid": "StringType",
    "json": "StringType",
    "bytes": "BytesType",
    "fixed": "FixedType",
    "decimal": "NumberType",
    "date": "DateType",
    "time": "TimeType",
    "timetz": "TimeType",
    "timestamp": "TimeType",
    "timestamptz": "TimeType",
    "timestampoffset": "TimeType",
    "enum": "EnumType",
    "unknown": "NullType",
    "map": "MapType",
    "list": "ArrayType",
    "union": "UnionType",
    "struct": "RecordType",
}
_COARSE = {
    "BooleanType": "bool",
    "StringType": "string",
    "BytesType": "bytes",
    "FixedType": "bytes",
    "DateType": "date",
    "TimeType": "timestamp(us)",
    "MapType": "map<string,unknown?>",
    "ArrayType": "list<unknown?>",
    "RecordType": "struct",
}
_SQL = [
    (re.compile(r"(?:bigint|int8|long|bigserial)\Z"), "int64"),
    (re.compile(r"(?:int|integer|int4|serial|mediumint)\Z"), "int32"),
    (re.compile(r"(?:smallint|int2|smallserial|short)\Z"), "int16"),
    (re.compile(r"(?:tinyint|byte)\Z"), "int8"),
    (re.compile(r"(?:real|float4|float)\Z"), "float32"),
    (re.compile(r"(?:double|double precision|double_precision|float8)\Z"), "float64"),
]
_DECIMAL = re.compile(r"(?:decimal|numeric|number)\s*\(\s*(?:precision=)?(\d+)\s*(?:,\s*(?:scale=)?(\d+)\s*)?\)\Z")
_VARCHAR = re.compile(r"(varchar|character varying|char|character)\s*\(\s*(?:length=)?(\d+)\s*\)\Z")
_WORD = re.compile(r"[a-z]+")


@lru_cache(maxsize=16_384)
def class_of(type_text: str) -> str:
    """Return the member of DataHub's union for a canonical type."""
    word = _WORD.match(type_text)
    name = _CLASSES.get(word.group() if word else "", "")
    if not name:
        name = "NumberType" if word and word.group() in ("int", "uint", "float") else "NullType"
    return _PACKAGE + name


@lru_cache(maxsize=16_384)
def type_of(member: str, native: str) -> tuple[str, str | None]:
    """Return canonical and native type of a field.

    A native text that is itself a canonical type of that class is what Lumos wrote where a source named none.
    """
    if _is_canonical(native) and class_of(native) == member:
        return native, None
    return _meant(member.removeprefix(_PACKAGE), native.strip().lower()), native or None


def _meant(member: str, native: str) -> str:
    if member == "NumberType":
        if found := _DECIMAL.match(native):
            return _valid(f"decimal({found[1]},{found[2] or 0})") or "unknown"
        return next((type_ for pattern, type_ in _SQL if pattern.match(native)), "unknown")
    if member == "StringType" and (found := _VARCHAR.match(native)):
        word = "char" if found[1] in ("char", "character") else "varchar"
        return _valid(f"{word}({found[2]})") or "string"
    return _COARSE.get(member, "unknown")


def _valid(text: str) -> str:
    return text if _is_canonical(text) else ""


def _is_canonical(text: str) -> bool:
    try:
        return types.normalise(text) == text
    except ValueError:
        return False
