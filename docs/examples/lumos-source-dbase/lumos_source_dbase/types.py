"""From the letter of a field to the canonical type."""

from __future__ import annotations

from .header import Column

_FIXED = {
    "D": "date",
    "L": "bool",
    "F": "float64",
    "O": "float64",
    "T": "timestamp(ms)",
    "@": "timestamp(ms)",
    "I": "int32",
    "+": "int32",
    "Y": "decimal(19,4)",
    "V": "string",
    "Q": "bytes",
    "W": "bytes",
    "G": "bytes",
    "P": "bytes",
}
_MOST_DIGITS = 76
_INT_DIGITS = ((4, "int16"), (9, "int32"), (18, "int64"))


def canonical_type(column: Column, version: str) -> str:
    """Return the canonical type of a field; `unknown` for a letter that stands in no published list.

    A number is written as digits: `N(8,2)` holds a sign or digit, the point and two decimals, so that its precision is
    the length without the point. `B` is a double in FoxPro and binary data elsewhere.
    """
    if column.type in ("C", "M"):
        return "bytes" if column.binary else "string"
    if column.type == "B":
        return "float64" if version == "Visual FoxPro" else "bytes"
    if column.type == "N" and column.decimals < column.length <= _MOST_DIGITS:
        if column.decimals:
            return f"decimal({column.length - 1},{column.decimals})"
        return next((name for digits, name in _INT_DIGITS if column.length <= digits), f"decimal({column.length},0)")
    return _FIXED.get(column.type, "unknown")


def is_memo(column: Column, version: str) -> bool:
    """Tell whether the values of a field are in a file beside the table."""
    return column.type in ("M", "G", "P", "W") or (column.type == "B" and version != "Visual FoxPro")
