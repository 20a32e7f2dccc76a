"""Points that cut the span between two `_id`s evenly, so that documents are read from everywhere in between."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from itertools import takewhile
from typing import Any

from bson import Binary, Int64, ObjectId

_CHARACTERS = 12


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
        texts = _Text(first, last)
        return texts.number(first), texts.number(last), texts.text
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


class _Text:
    """Texts between two as numbers, in the alphabet of these two: `k-0000` to `k-4999` are divided as digits are."""

    def __init__(self, first: str, last: str) -> None:
        same = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
        self._prefix = "".join(char for char, _ in same)
        rests = (first[len(self._prefix) :], last[len(self._prefix) :])
        codes = [ord(char) for rest in rests for char in rest[:_CHARACTERS]]
        self._least, self._base = min(codes, default=0), max(codes, default=0) - min(codes, default=0) + 2

    def number(self, text: str) -> int:
        number = 0
        rest = text[len(self._prefix) :]
        for place in range(_CHARACTERS):
            digit = ord(rest[place]) - self._least + 1 if place < len(rest) else 0
            number = number * self._base + digit
        return number

    def text(self, number: int) -> str:
        chars: list[str] = []
        for _ in range(_CHARACTERS):
            number, digit = divmod(number, self._base)
            # Half a surrogate pair is no character; the last one before them is near enough.
            code = self._least + max(digit - 1, 0)
            chars.append(chr(code if not 0xD800 <= code <= 0xDFFF else 0xD7FF))
        return self._prefix + "".join(reversed(chars))
