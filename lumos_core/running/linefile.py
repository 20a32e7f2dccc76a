"""A sorted file of lines, read again and again without being held: the shape of everything between two stages."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..files import atomic_write
from ..model.record import line_key


class LineFile:
    """Lines in byte order of their key, one per key, on disk."""

    def __init__(self, path: Path, count: int) -> None:
        self.path = path
        self.count = count

    @classmethod
    def write(cls, path: Path, lines: Iterable[bytes]) -> LineFile:
        """Write lines that come in order; the file appears only when it is whole."""
        count = 0
        with atomic_write(path, "wb", durable=False) as file:
            for line in lines:
                file.write(line)
                file.write(b"\n")
                count += 1
        return cls(path, count)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb", buffering=1 << 20) as file:
            for line in file:
                yield line[:-1]

    def starting_at(self, key: bytes) -> Iterator[bytes]:
        """Return the lines from the first one whose key is not less than `key`, by binary search."""
        if not self.count:
            return
        with self.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            low, high = 0, len(text)
            while low < high:
                start = text.rfind(b"\n", 0, (low + high) // 2) + 1
                end = text.find(b"\n", start)
                if line_key(text[start:end]) < key:
                    low = end + 1
                else:
                    high = start
            while low < len(text):
                end = text.find(b"\n", low)
                yield text[low:end]
                low = end + 1

    def get(self, key: bytes) -> bytes | None:
        """Return the line of a key, or None."""
        line = next(self.starting_at(key), None)
        return line if line is not None and line_key(line) == key else None
