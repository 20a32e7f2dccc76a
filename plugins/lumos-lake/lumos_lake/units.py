"""Units of work as plain bytes, so that names which are not Unicode survive the way to another process."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import overload

import msgspec

from lumos_core.plugin_api import UnitError

from .discovery import Grouping, PartitionColumn
from .storage import Entry

BLOCK = 512
"""Files that are packed, and unpacked, at once."""


class Packed(Sequence[Entry]):
    """Files as they came with a unit; each block is unpacked when it is asked for, the last one stays unpacked."""

    def __init__(self, blocks: Sequence[bytes], count: int) -> None:
        self._blocks = blocks
        self._count = count
        self._at: tuple[int, list[Entry]] = (-1, [])

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...

    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self._count))]
        place = index + self._count if index < 0 else index
        if not 0 <= place < self._count:
            raise IndexError(index)
        return self._block(place // BLOCK)[place % BLOCK]

    def __iter__(self) -> Iterator[Entry]:
        for number in range(len(self._blocks)):
            yield from self._block(number)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(mine == its for mine, its in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def _block(self, number: int) -> list[Entry]:
        at, entries = self._at
        if at != number:
            rows = msgspec.msgpack.decode(zlib.decompress(self._blocks[number]))
            entries = [Entry(os.fsdecode(path), size, mtime, tag) for path, size, mtime, tag in rows]
            self._at = number, entries
        return entries


def _packed(files: Sequence[Entry]) -> list[bytes]:
    blocks, entries = [], iter(files)
    while rows := [(os.fsencode(e.path), e.size, e.mtime_ns, e.tag) for e in islice(entries, BLOCK)]:
        blocks.append(zlib.compress(msgspec.msgpack.encode(rows), 1))
    return blocks


def pack(grouping: Grouping, peeked: AbstractSet[str] = frozenset()) -> bytes:
    """Write a grouping as bytes that a unit can carry; names that are not Unicode survive."""
    return msgspec.msgpack.encode(
        (
            os.fsencode(grouping.name),
            os.fsencode(grouping.root),
            grouping.format,
            len(grouping.files),
            _packed(grouping.files),
            [(os.fsencode(p.name), p.type, p.nullable, p.positional) for p in grouping.partitions],
            str(grouping.confidence),
            [os.fsencode(reason) for reason in grouping.evidence],
            grouping.marked,
            grouping.also,
            [os.fsencode(e.path) for e in grouping.files if e.path in peeked] if peeked else [],
            grouping.stored,
        )
    )


def unpack(blob: bytes) -> tuple[Grouping, list[str]]:
    """Read what `pack` wrote: the grouping, and the paths that discovery has read.

    Raises:
        UnitError: When it is of another version.
    """
    try:
        name, root, format, count, blocks, columns, confidence, evidence, marked, also, peeked, stored = (
            msgspec.msgpack.decode(blob)
        )
    except (msgspec.DecodeError, ValueError) as error:
        raise UnitError("the unit was written by another version of lumos-lake", fix="start the run again") from error
    return Grouping(
        name=os.fsdecode(name),
        root=os.fsdecode(root),
        format=format,
        files=Packed(blocks, count),
        partitions=tuple(PartitionColumn(os.fsdecode(n), t, nullable, p) for n, t, nullable, p in columns),
        confidence=float(confidence),
        evidence=tuple(os.fsdecode(reason) for reason in evidence),
        marked=marked,
        also=tuple(also),
        stored=tuple(map(tuple, stored)),
    ), [os.fsdecode(path) for path in peeked]
