"""Protocol Buffers, as far as the tail of an ORC file needs them: the fields of a message, one after another.

Source of the rules: the Protocol Buffers encoding page. A library would be a dependency for forty lines, and it would
make objects of every stripe and every statistic, which nobody asked for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeAlias

Value: TypeAlias = "int | bytes"
"""A number, or the bytes of a text, a message or a packed list; eight bytes for a double."""

_LONGEST = 10  # bytes that a number of 64 bits can have


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Yield number and value of each field of a message.

    Raises:
        ValueError: When the bytes are no message.
    """
    place, end = 0, len(data)
    while place < end:
        tag, place = varint(data, place)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, place = varint(data, place)
            yield number, value
            continue
        if kind == 2:
            size, place = varint(data, place)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"a field of wire type {kind}")
        if size > end - place:
            raise ValueError("a field that reaches beyond the message")
        yield number, data[place : place + size]
        place += size


def varint(data: bytes, place: int) -> tuple[int, int]:
    """Return the number at a place, and the place behind it.

    Raises:
        ValueError: When there is none.
    """
    value = shift = 0
    for offset in range(_LONGEST):
        if place + offset >= len(data):
            raise ValueError("a number that is cut short")
        byte = data[place + offset]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, place + offset + 1
        shift += 7
    raise ValueError("a number of more than 64 bits")


def number(value: Value) -> int:
    """Return a value that must be a number.

    Raises:
        ValueError: When it is not.
    """
    if not isinstance(value, int):
        raise ValueError("bytes where a number belongs")
    return value


def raw(value: Value) -> bytes:
    """Return a value that must be bytes.

    Raises:
        ValueError: When it is not.
    """
    if isinstance(value, int):
        raise ValueError("a number where bytes belong")
    return value


def text(value: Value) -> str:
    """Return a value that must be a text.

    Raises:
        ValueError: When it is none.
    """
    return raw(value).decode()


def signed(value: Value) -> int:
    """Return a number that is stored in zigzag form (`sint64`).

    Raises:
        ValueError: When it is no number.
    """
    found = number(value)
    return (found >> 1) ^ -(found & 1)


def double(value: Value) -> float:
    """Return a floating-point number of 64 bits.

    Raises:
        ValueError: When it is none.
    """
    try:
        return float(struct.unpack("<d", raw(value))[0])
    except struct.error as error:
        raise ValueError("a double that has not 8 bytes") from error


def packed(value: Value) -> Iterator[int]:
    """Yield the numbers of a repeated field, which may be written packed or one by one.

    Raises:
        ValueError: When they are none.
    """
    if isinstance(value, int):
        yield value
        return
    place = 0
    while place < len(value):
        item, place = varint(value, place)
        yield item
