"""Points that cut the span between two `_id`s evenly, so that documents are read from everywhere in between."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from bson import Binary, Int64, ObjectId

_TEXT_BYTES = 12


def between(first: Any, last: Any, parts: int) -> list[Any]:
    """Return up to `parts - 1` increasing values strictly between two `_id`s; none for kinds that cannot be divided.

    Args:
        first: The least `_id`.
        last: The greatest one, of the same kind.
        parts: How many spans to make.
    """
    ends = _numbers(first, last)
    if ends is None:
        return []
    low, high, back = ends
    cuts = [low + (high - low) * part // parts for part in range(1, parts)]
    return [back(cut) for cut in dict.fromkeys(cuts) if low < cut < high]


def _numbers(first: Any, last: Any) -> tuple[int, int, Callable[[int], Any]] | None:
    if isinstance(first, ObjectId) and isinstance(last, ObjectId):
        return (
            int.from_bytes(first.binary, "big"),
            int.from_bytes(last.binary, "big"),
            lambda number: ObjectId(number.to_bytes(12, "big")),
        )
    if _is_number(first) and _is_number(last):
        return int(first), int(last), Int64
    if isinstance(first, datetime.datetime) and isinstance(last, datetime.datetime):
        start = datetime.datetime(1970, 1, 1)
        unit = datetime.timedelta(milliseconds=1)
        return (first - start) // unit, (last - start) // unit, lambda number: start + number * unit
    if isinstance(first, str) and isinstance(last, str):
        return _text(first), _text(last), _to_text
    if isinstance(first, Binary) and isinstance(last, Binary):
        if (len(first), first.subtype) != (len(last), last.subtype):
            return None
        size, subtype = len(first), first.subtype
        return (
            int.from_bytes(first, "big"),
            int.from_bytes(last, "big"),
            lambda number: Binary(number.to_bytes(size, "big"), subtype),
        )
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**62


def _text(value: str) -> int:
    """The first characters as a number; two bytes each, since most text is of the basic plane."""
    number = 0
    for char in value[:_TEXT_BYTES].ljust(_TEXT_BYTES, "\0"):
        number = number << 16 | min(ord(char), 0xFFFF)
    return number


def _to_text(number: int) -> str:
    chars = []
    for _ in range(_TEXT_BYTES):
        code = number & 0xFFFF
        # Half a surrogate pair is no character; the last one before them is near enough.
        chars.append(chr(code if not 0xD800 <= code <= 0xDFFF else 0xD7FF))
        number >>= 16
    return "".join(reversed(chars)).rstrip("\0")
