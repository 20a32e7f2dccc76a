"""Writes tails of ORC files message by message, for what no library at hand writes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

LEAVES = {"bool": 0, "tinyint": 1, "int": 3, "bigint": 4, "string": 7, "binary": 8, "timestamp": 9, "date": 15}


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def kind(number: int, children: Iterable[int] = (), names: Iterable[str] = (), **said: object) -> bytes:
    """Write one node: `length`, `precision`, `scale` and `attributes` as in the specification."""
    out = field(1, number) + (field(2, b"".join(varint(c) for c in children)) if children else b"")
    out += b"".join(field(3, name) for name in names)
    for place, key in ((4, "length"), (5, "precision"), (6, "scale")):
        if key in said:
            out += field(place, int(str(said[key])))
    attributes = said.get("attributes", {})
    assert isinstance(attributes, dict)
    out += b"".join(field(7, field(1, key) + field(2, value)) for key, value in attributes.items())
    return out + bytes(said.get("more", b""))  # type: ignore[call-overload]


def footer(kinds: Iterable[bytes], rows: int = 0, metadata: dict[str, bytes] | None = None, more: bytes = b"") -> bytes:
    out = b"".join(field(4, one) for one in kinds)
    out += b"".join(field(5, field(1, key) + field(2, value)) for key, value in (metadata or {}).items())
    return out + field(6, rows) + more


def orc(
    data: bytes, *, compression: int = 0, block: int = 1 << 18, size: int | None = None, magic: bool = True
) -> bytes:
    """Put a footer, compressed already, into a file without data."""
    postscript = field(1, len(data) if size is None else size) + field(2, compression) + field(3, block)
    postscript += field(4, b"\x00\x0c") + field(6, 9) + (field(8000, b"ORC") if magic else b"")
    return b"ORC" + data + postscript + bytes([len(postscript)])


def blocks(data: bytes, size: int) -> bytes:
    """Compress as zlib in blocks of a size."""
    out = b""
    for start in range(0, len(data), size):
        stream = zlib.compressobj(9, zlib.DEFLATED, -15)
        part = stream.compress(data[start : start + size]) + stream.flush()
        out += (len(part) << 1).to_bytes(3, "little") + part
    return out


def acid(metadata: dict[str, bytes]) -> bytes:
    """Write a file of Hive's ACID events: rows of `id` and `name`."""
    names = ["operation", "originalTransaction", "bucket", "rowId", "currentTransaction", "row"]
    kinds = [kind(12, range(1, 7), names), kind(3), kind(4), kind(3), kind(4), kind(4)]
    return orc(footer([*kinds, kind(12, [7, 8], ["id", "name"]), kind(4), kind(7)], 5, metadata))
