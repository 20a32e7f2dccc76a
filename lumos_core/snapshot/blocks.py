"""Reading a snapshot file in blocks of whole lines, hashed and bounded.

Nothing is copied on the way, and hashing goes on beside reading, so that verifying a file costs little more than
looking at its bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..errors import SnapshotError
from . import zstd
from .frame import FREE_SIZE, MAX_LINE, MAX_RATIO, TRAILER_START, is_compressed
from .hasher import Hasher

CHUNK = 2**19


class Limits(NamedTuple):
    """What a reader accepts.

    Attributes:
        line: Bytes of the longest line.
        ratio: How many times its size a compressed file may grow, beyond `free` bytes.
        free: Decompressed bytes that are read whatever the ratio.
    """

    line: int = MAX_LINE
    ratio: int = MAX_RATIO
    free: int = FREE_SIZE


class Block(NamedTuple):
    """Whole lines: `data[start:stop]`, each with its newline.

    Attributes:
        trailer: The trailer, without its newline, in the last block; None in all others.
        sha256: Hash of all bytes before the trailer, in the last block.
    """

    data: bytes
    start: int
    stop: int
    trailer: bytes | None = None
    sha256: str = ""


def unreadable(path: Path, error: OSError) -> SnapshotError:
    """Say that a file cannot be opened."""
    return SnapshotError("cannot read the snapshot", why=error.strerror or str(error), where=str(path))


def read_blocks(path: Path, limits: Limits = Limits()) -> Iterator[Block]:
    """Read a file from its first byte, the header included; the last block carries the trailer.

    Raises:
        SnapshotError: When the file is truncated, too large for the limits, or goes on after its trailer.
    """
    hasher = Hasher()
    try:
        yield from _sealed(path, limits, hasher)
    finally:
        hasher.close()


def _sealed(path: Path, limits: Limits, hasher: Hasher) -> Iterator[Block]:
    """Cut chunks at line ends, hash everything before the trailer, and insist on the trailer."""
    held: list[bytes] = []  # the beginning of a line whose end has not been read yet
    length = 0
    trailer: bytes | None = None
    for chunk in _chunks(path, limits):
        first = chunk.find(b"\n") + 1
        if not first:
            held.append(chunk)
            length += len(chunk)
            if length > limits.line:
                raise _too_long(path, limits)
            continue
        stop = chunk.rfind(b"\n") + 1
        pieces = [(b"".join([*held, chunk[:first]]), 0, length + first)] if held else []
        if stop > (first if held else 0):
            pieces.append((chunk, first if held else 0, stop))
        held, length = ([chunk[stop:]], len(chunk) - stop) if stop < len(chunk) else ([], 0)
        for data, begin, end in pieces:
            if trailer is not None:
                raise _goes_on(path)
            last = data.rfind(b"\n", begin, end - 1) + 1 or begin
            if data.startswith(TRAILER_START, last):
                trailer, end = data[last : end - 1], last
            if end > begin:
                hasher.update(memoryview(data)[begin:end])
                yield Block(data, begin, end)
    if trailer is not None and held:
        raise _goes_on(path)
    if trailer is None:
        raise SnapshotError(
            "the snapshot is truncated: its trailer is missing",
            why="without it nothing tells whether records were removed or never written",
            fix="export it again, or copy the whole file",
            where=str(path),
        )
    yield Block(b"", 0, 0, trailer, hasher.hexdigest())


def _too_long(path: Path, limits: Limits) -> SnapshotError:
    return SnapshotError(f"a line is longer than {limits.line} bytes", where=str(path))


def _goes_on(path: Path) -> SnapshotError:
    return SnapshotError("the file goes on after its trailer", where=str(path))


def _chunks(path: Path, limits: Limits) -> Iterator[bytes]:
    try:
        with path.open("rb", buffering=0) as file:
            if is_compressed(path):
                yield from _decompressed(file, path, limits)
                return
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise unreadable(path, error) from None


def _decompressed(file: BinaryIO, path: Path, limits: Limits) -> Iterator[bytes]:
    decompressor = zstd.decompressor()
    taken = given = 0
    rest = b""
    begun = False
    try:
        while True:
            if decompressor.eof:
                rest, decompressor, begun = decompressor.unused_data, zstd.decompressor(), False
            if not rest and (decompressor.needs_input or not begun):
                rest = file.read(CHUNK)
                taken += len(rest)
                if not rest:
                    break
            chunk = decompressor.decompress(rest, max_length=CHUNK)
            rest, begun = b"", True
            given += len(chunk)
            if given > max(limits.free, limits.ratio * taken):
                raise SnapshotError(
                    f"the file grows to more than {limits.ratio} times its size: this may be a bomb",
                    fix="if you trust it, decompress it with `zstd -d` and read the result",
                    where=str(path),
                )
            if chunk:
                yield chunk
    except zstd.ZstdError as error:
        raise SnapshotError("the compressed file is damaged", why=str(error), where=str(path)) from None
    except MemoryError as error:
        raise SnapshotError("the compressed file asks for too much memory", where=str(path)) from error
    if begun or not taken:
        raise SnapshotError(
            "the compressed file is truncated",
            why="its last zstd frame has no end",
            fix="export it again, or copy the whole file",
            where=str(path),
        )
