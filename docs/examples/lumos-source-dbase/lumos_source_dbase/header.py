"""The header of a .dbf file, in the layouts that are published for dBASE III to 7, FoxBASE and FoxPro.

All numbers are little-endian. Byte 0 says the version, 1-3 the day of the last change, 4-7 the number of records
(deleted ones included), 8-9 where the records begin, 10-11 the length of a record, 15 whether it is encrypted,
29 the language driver. Field descriptors follow, of 32 bytes from offset 32 (dBASE 7: of 48 bytes from offset 68),
and end with a byte 0Dh.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

from .languages import CODE_PAGES

VERSIONS = {
    0x03: "dBASE III",
    0x04: "dBASE 7",
    0x30: "Visual FoxPro",
    0x31: "Visual FoxPro",
    0x32: "Visual FoxPro",
    0x43: "dBASE IV",
    0x63: "dBASE IV",
    0x7B: "dBASE IV",
    0x83: "dBASE III",
    0x8B: "dBASE IV",
    0x8C: "dBASE 7",
    0x8E: "dBASE IV",
    0xCB: "dBASE IV",
    0xF5: "FoxPro 2",
    0xFB: "FoxBASE",
}
"""Byte 0 -> the program that writes it; dBASE II (02h) has another layout."""

_FIXED = struct.Struct("<BBBBIHH")
_PREFIX = 32
_END = 0x0D
_FOXPRO = frozenset({0x30, 0x31, 0x32})
_SYSTEM, _NULLABLE, _BINARY = 0x01, 0x02, 0x04


class Column(NamedTuple):
    """A field of a table.

    Attributes:
        name: As the table spells it.
        type: Its letter: `C`, `N`, `D`, ...
        length: Bytes in a record.
        decimals: Digits behind the point, as far as the type has any.
        nullable: Whether it may be null; None where the format cannot say.
        binary: True when its bytes are no text (FoxPro).
    """

    name: str
    type: str
    length: int
    decimals: int
    nullable: bool | None
    binary: bool


class Header(NamedTuple):
    """What the header of a table says.

    Attributes:
        version: The program that wrote it.
        rows: Number of records, deleted ones included.
        size: Bytes that a file with so many records has at least.
        columns: Its fields, in order.
        encoding: Python's name of the code page; None when the header says none that is known.
        language: The language driver (byte 29).
        exact: False when names of fields were decoded by a guess.
    """

    version: str
    rows: int
    size: int
    columns: list[Column]
    encoding: str | None
    language: int
    exact: bool


def read_header(file: BinaryIO, encoding: str | None = None) -> Header:
    """Read the header and nothing behind it.

    Args:
        file: At its start.
        encoding: Of the names of fields, whatever the header says.

    Raises:
        ValueError: When it is not the header of a table, or is damaged.
    """
    prefix = file.read(_PREFIX)
    if len(prefix) < _PREFIX or prefix[0] not in VERSIONS:
        raise ValueError("it does not begin like a table of dBASE III to 7 or FoxPro")
    code, _, month, day, rows, start, record = _FIXED.unpack_from(prefix)
    if prefix[15] == 1:
        raise ValueError("the table is encrypted")
    if month > 12 or day > 31 or start <= _PREFIX or not record:
        raise ValueError("the numbers in its header fit no table")
    seventh = VERSIONS[code] == "dBASE 7"
    rest = file.read(start - _PREFIX)
    if len(rest) < start - _PREFIX:
        raise ValueError(f"its header says {start} bytes, the file ends after {_PREFIX + len(rest)}")
    said = CODE_PAGES.get(prefix[29])
    columns, exact = _columns(rest[36:] if seventh else rest, 48 if seventh else 32, code, encoding or said)
    length = 1 + sum(column.length for column in columns)  # the byte before each record marks deleted ones
    if length > record:
        raise ValueError(f"its fields take {length} bytes, its records {record}")
    visible = [column for column in columns if column.type != "0"]
    return Header(VERSIONS[code], rows, start + rows * record, visible, encoding or said, prefix[29], exact)


def _columns(data: bytes, size: int, code: int, encoding: str | None) -> tuple[list[Column], bool]:
    columns: list[Column] = []
    exact = True
    for offset in range(0, len(data), size):
        if data[offset] == _END:
            break
        raw = data[offset : offset + size]
        if len(raw) < size:
            raise ValueError("its list of fields has no end")
        kind, length, decimals = raw[32:35] if size == 48 else (raw[11], raw[16], raw[17])
        flags = raw[18] if code in _FOXPRO else 0
        if kind == ord("C") and size == 32 and code not in (0x43, 0x63, 0xCB, 0x8B):
            length, decimals = length + 256 * decimals, 0  # Clipper and FoxPro: the high byte of long texts
        name = raw[: 32 if size == 48 else 11].partition(b"\0")[0].strip()
        if not name or not 0x21 <= kind <= 0x7E or not length:
            raise ValueError(f"field {len(columns) + 1} of its list is damaged")
        text, sure = _decode(name, encoding)
        exact = exact and sure
        if text in {column.name for column in columns}:
            raise ValueError(f"two of its fields are called {text!r}")
        letter = "0" if flags & _SYSTEM else chr(kind).upper()
        nullable = bool(flags & _NULLABLE) if code in _FOXPRO else None
        columns.append(Column(text, letter, length, decimals, nullable, bool(flags & _BINARY)))
    else:
        raise ValueError("its list of fields has no end")
    if not columns:
        raise ValueError("it has no fields")
    return columns, exact


def _decode(name: bytes, encoding: str | None) -> tuple[str, bool]:
    if name.isascii():
        return name.decode("ascii"), True
    if encoding is not None:
        try:
            return name.decode(encoding), True
        except UnicodeDecodeError:
            return name.decode(encoding, "replace"), False
    return name.decode("cp437"), False
