"""A listing kept small: paths in blocks on disk, sizes and times in arrays, and sequences that read back on demand."""

from __future__ import annotations

import heapq
import marshal
import tempfile
import weakref
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from threading import Lock
from typing import Any, BinaryIO, cast, overload

from ..storage import Entry

BLOCK = 256
"""Entries that are written, and read back, at once."""
IN_MEMORY = 8 << 20
"""Bytes of paths that are held in memory before a temporary file takes them."""
RUN = 100_000
"""Entries that are sorted at once where a listing comes out of order."""


class Spool:
    """The files of a listing, in order of path; a file is known by its row.

    A row costs 16 bytes of memory; its path and tag lie in a temporary file, which goes when the spool does. Any
    number of threads may read.
    """

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._file: BinaryIO | None = None
        self._lock = Lock()
        self._starts = array("Q", [0])
        self.block: list[tuple[str, str]] = []
        self._read: tuple[int, list[tuple[str, str]]] = (-1, [])
        self.sizes = array("Q")
        self.times = array("q")
        self.folders = array("Q")

    def __len__(self) -> int:
        return len(self.sizes)

    def add(self, entry: Entry) -> None:
        """Append a file."""
        path, size, mtime, tag = entry
        self.sizes.append(size)
        self.times.append(mtime)
        self.block.append((path, tag))
        if len(self.block) == BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write the block that is full."""
        block = marshal.dumps(self.block, 2)
        with self._lock:
            if self._file is not None:
                self._file.seek(0, 2)
                self._file.write(block)
            else:
                self._blocks.append(block)
            self._starts.append(self._starts[-1] + len(block))
            self.block.clear()
            if self._file is None and self._starts[-1] > IN_MEMORY:
                self._file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  closed with the spool
                weakref.finalize(self, self._file.close)
                self._file.writelines(self._blocks)
                self._blocks = []

    def folder(self) -> None:
        """Note that the next file stands in another folder than the one before it."""
        self.folders.append(len(self.sizes))

    def _block(self, number: int) -> list[tuple[str, str]]:
        with self._lock:
            if number == len(self._starts) - 1:
                return self.block
            kept, rows = self._read
            if kept != number:
                if self._file is None:
                    block = self._blocks[number]
                else:
                    start = self._starts[number]
                    self._file.seek(start)
                    block = self._file.read(self._starts[number + 1] - start)
                rows = marshal.loads(block)
                self._read = number, rows
            return rows

    def path(self, row: int) -> str:
        """Return the path of a file."""
        return self._block(row // BLOCK)[row % BLOCK][0]

    def __getitem__(self, row: int) -> Entry:
        path, tag = self._block(row // BLOCK)[row % BLOCK]
        return Entry(path, self.sizes[row], self.times[row], tag)

    def __iter__(self) -> Iterator[Entry]:
        return self.entries(range(len(self)))

    def entries(self, rows: Iterable[int]) -> Iterator[Entry]:
        """Yield the files of some rows; ascending rows are read with as few reads as can be."""
        number, block = -1, self.block
        for row in rows:
            if row // BLOCK != number:
                number = row // BLOCK
                block = self._block(number)
            path, tag = block[row % BLOCK]
            yield Entry(path, self.sizes[row], self.times[row], tag)

    def folders_of(self, rows: Iterable[int]) -> Iterator[list[str]]:
        """Yield every folder that holds one of some ascending rows, as its segments, each run of rows once."""
        ends = number = -1
        block = self.block
        for row in rows:
            if row >= ends:
                index = bisect_right(self.folders, row)
                ends = self.folders[index] if index < len(self.folders) else len(self)
                if row // BLOCK != number:
                    number = row // BLOCK
                    block = self._block(number)
                yield block[row % BLOCK][0].split("/")[:-1]


class Files(Sequence[Entry]):
    """The files of one dataset in order of path: a sequence that reads each from its spool when it is asked for."""

    __slots__ = ("rows", "spool")

    def __init__(self, spool: Spool, rows: Sequence[int]) -> None:
        self.spool = spool
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...

    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        found = self.rows[index]
        return self.spool[found] if isinstance(found, int) else Files(self.spool, found)

    def __iter__(self) -> Iterator[Entry]:
        return self.spool.entries(self.rows)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(mine == its for mine, its in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} files>"

    @property
    def bytes(self) -> int:
        """Total size."""
        return sum(map(self.spool.sizes.__getitem__, self.rows))


def without_empty(spool: Spool, rows: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """Return the rows of files with a byte, and of those without; a file without a byte counts where there is no other.

    Args:
        spool: The files.
        rows: Some of them.
    """
    sizes = spool.sizes
    if 0 not in map(sizes.__getitem__, rows):
        return rows, ()
    full = array("Q", (row for row in rows if sizes[row]))
    if not full:
        return rows, ()
    return full, array("Q", (row for row in rows if not sizes[row]))


def in_order(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield entries in order of path, whatever the order in which they come.

    Runs that fit in memory are sorted, written to temporary files and merged.
    """
    source = iter(entries)
    runs: list[Spool] = []
    while run := sorted(islice(source, RUN)):
        spool = Spool()
        for entry in run:
            spool.add(entry)
        runs.append(spool)
    return heapq.merge(*runs)


class OutOfOrder(Exception):
    """A listing is not in order of path.

    Attributes:
        rest: Everything that it holds, in order.
    """

    def __init__(self, spool: Spool, entry: Entry, listing: Iterator[Entry]) -> None:
        super().__init__()
        self.rest: Iterator[Any] = in_order(chain(spool, (entry,), listing))
