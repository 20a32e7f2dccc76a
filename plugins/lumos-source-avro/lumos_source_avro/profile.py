"""Records of an Avro file for a profile: all of a small one, evenly spaced blocks of a large one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from lumos_lake.heads import cannot_open, unreadable
from lumos_lake.profiling import Sampling

from lumos_core.plugin_api import File

BATCH = 4_096
"""Records that are held at once."""
BLOCKS = 16
FIRST = 256
"""Records from the beginning, which tell how large one is."""
_MARK = 16
_FAR = 16 * 2**20


def batches(file: File, ask: Sampling) -> Iterator[list[Any]]:
    """Yield lists of documents.

    A block of an Avro file ends with the mark that its header names; so a place in the middle is found by that mark.

    Raises:
        UnitError: When the file cannot be read, or a record in it is broken.
    """
    try:
        with file.open() as stream:
            header, mark = _header(stream)
            wanted = None if ask.rows is None else int(ask.rows * _row(stream, header))
            length = file.size - header
            if wanted is None or wanted >= length:
                stream.seek(0)
                yield from _records(stream, ask, None)
                return
            yield from _spread(stream, file, header, mark, ask, wanted)
    except OSError as error:
        raise cannot_open(file, error) from error
    except (EOFError, StopIteration, ValueError, TypeError, LookupError, AttributeError) as error:
        why = f"a record in it is broken ({type(error).__name__})"
        raise unreadable(file, why, "write the file again") from error


def _spread(stream: BinaryIO, file: File, header: int, mark: bytes, ask: Sampling, wanted: int) -> Iterator[list[Any]]:
    from lumos_profile import blocks

    stream.seek(0)
    opening = stream.read(header)
    parts = blocks(file.size - header, wanted, BLOCKS)
    ask.partial(f"{len(parts)} evenly spaced places")
    share = max(1, (ask.rows or 0) // len(parts))
    behind = header
    for start, _ in parts:
        place = max(header + start, behind)
        begin = place if place == header else _behind_mark(stream, place - _MARK, mark)
        if begin is None or ask.over():
            return
        stream.seek(begin)
        yield from _records(_Joined(opening, stream), ask, share)
        behind = begin + 1


def _header(stream: BinaryIO) -> tuple[int, bytes]:
    """Return how long the header is, and the mark that ends it and every block."""
    import fastavro

    fastavro.reader(stream)
    end = stream.tell()
    stream.seek(end - _MARK)
    return end, stream.read(_MARK)


def _row(stream: BinaryIO, header: int) -> float:
    """Return how many bytes of the file a record takes, judged by the first blocks."""
    import fastavro

    stream.seek(0)
    records, size = 0, 0
    for block in fastavro.block_reader(stream):
        records += block.num_records
        size = stream.tell() - header
        if records >= FIRST:
            break
    return max(1.0, size / max(1, records))


def _behind_mark(stream: BinaryIO, place: int, mark: bytes) -> int | None:
    """Return where the next block begins; None when there is none near."""
    stream.seek(place)
    held, base = b"", place
    while base - place < _FAR:
        chunk = stream.read(2**18)
        if not chunk:
            return None
        held += chunk
        found = held.find(mark)
        if found >= 0:
            return base + found + _MARK
        base += len(held) - (_MARK - 1)
        held = held[-(_MARK - 1) :]
    return None


def _records(stream: Any, ask: Sampling, most: int | None) -> Iterator[list[Any]]:
    import fastavro

    batch: list[Any] = []
    for count, record in enumerate(fastavro.reader(stream)):
        if most is not None and count >= most:
            break
        batch.append(record)
        if len(batch) == BATCH:
            yield batch
            batch = []
            if ask.over():
                return
    if batch:
        yield batch


class _Joined(io.RawIOBase):
    """A header followed by the rest of a stream, as one stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read from the header as long as there is some of it, then from the rest."""
        if not self._head:
            return self._rest.read(size)
        part = self._head if size < 0 else self._head[:size]
        self._head = self._head[len(part) :]
        if size < 0 or len(part) < size:
            part += self._rest.read(-1 if size < 0 else size - len(part))
        return part
