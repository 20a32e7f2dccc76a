"""How the blocks of an ORC file are compressed; each is decompressed to the size of a block at most.

Source of the rules: ORC specification v1, section Compression.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from typing import cast

from .wire import varint

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

KINDS = ("uncompressed", "zlib", "snappy", "lzo", "lz4", "zstd", "brotli")
"""Names of the kinds, in the order of their numbers."""
_HEADER = 3


def decompress(data: bytes, kind: str, block: int, limit: int) -> bytes:
    """Return what a run of compressed blocks holds.

    Args:
        data: The blocks with their headers.
        kind: One of `KINDS`.
        block: What one block holds at most, as the file says.
        limit: What all of them may hold.

    Raises:
        ValueError: When a block is broken, holds more than it may, or is of a kind that is not read.
    """
    if kind == "uncompressed":
        return data
    inflate = _KINDS.get(kind)
    if inflate is None:
        raise ValueError(f"its tail is compressed as {kind}, which is not read")
    parts: list[bytes] = []
    place = 0
    while place < len(data):
        if len(data) - place < _HEADER:
            raise ValueError("the header of a compressed block is cut short")
        header = int.from_bytes(data[place : place + _HEADER], "little")
        place += _HEADER
        size = header >> 1
        if size > len(data) - place:
            raise ValueError("a compressed block reaches beyond the tail")
        chunk = data[place : place + size]
        place += size
        most = min(block, limit)
        part = chunk if header & 1 else inflate(chunk, most)
        if len(part) > most:
            raise ValueError("a compressed block holds more than it may")
        limit -= len(part)
        parts.append(part)
    return b"".join(parts)


def _zlib(chunk: bytes, most: int) -> bytes:
    stream = zlib.decompressobj(-15)
    try:
        data = stream.decompress(chunk, most + 1)
    except zlib.error as error:
        raise ValueError(f"a compressed block is broken ({error})") from error
    if not stream.eof and len(data) <= most:
        raise ValueError("a compressed block is cut short")
    return data


def _zstd(chunk: bytes, most: int) -> bytes:
    stream = zstd.ZstdDecompressor()
    try:
        data = stream.decompress(chunk, most + 1)
    except zstd.ZstdError as error:
        raise ValueError(f"a compressed block is broken ({error})") from error
    if not stream.eof and len(data) <= most:
        raise ValueError("a compressed block is cut short")
    return cast("bytes", data)


def _snappy(chunk: bytes, most: int) -> bytes:
    return _by_arrow("snappy", chunk, varint(chunk, 0)[0], most)


def _lz4(chunk: bytes, most: int) -> bytes:
    return _by_arrow("lz4_raw", chunk, _lz4_size(chunk), most)


def _by_arrow(codec: str, chunk: bytes, size: int, most: int) -> bytes:
    """Decompress with a codec of Arrow, which must be told the size and takes memory for it."""
    import pyarrow as pa

    if size > most:
        raise ValueError("a compressed block holds more than it may")
    try:
        return cast("bytes", pa.Codec(codec).decompress(chunk, size, asbytes=True))
    except (OSError, pa.ArrowException) as error:
        raise ValueError("a compressed block is broken") from error


def _lz4_size(chunk: bytes) -> int:
    """Return what an LZ4 block holds, which it does not say: literals and matches summed up (LZ4 block format)."""
    place = size = 0
    try:
        while True:
            token = chunk[place]
            literals, place = _lz4_length(chunk, place + 1, token >> 4)
            place += literals
            size += literals
            if place == len(chunk):
                return size
            matched, place = _lz4_length(chunk, place + 2, token & 15)
            size += matched + 4
    except IndexError as error:
        raise ValueError("a compressed block is cut short") from error


def _lz4_length(chunk: bytes, place: int, length: int) -> tuple[int, int]:
    if length < 15:
        return length, place
    while True:
        byte = chunk[place]
        length, place = length + byte, place + 1
        if byte != 255:
            return length, place


_KINDS: dict[str, Callable[[bytes, int], bytes]] = {"zlib": _zlib, "snappy": _snappy, "lz4": _lz4, "zstd": _zstd}
