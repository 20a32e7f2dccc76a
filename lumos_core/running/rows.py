"""What a run changes in the store, as a sorted file: (kind, URN, new line or None)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..contracts.store import Row
from ..files import atomic_write
from ..model.record import line_key, make_key, split_key


class Rows:
    """Changed rows on disk, in the order of their keys."""

    def __init__(self, path: Path, count: int) -> None:
        self.path = path
        self.count = count

    @classmethod
    def write(cls, path: Path, rows: Iterable[Row]) -> Rows:
        """Write rows that come in order."""
        count = 0
        with atomic_write(path, "wb", durable=False) as file:
            for kind, urn, line in rows:
                file.write(b"%b\0%b\n" % (make_key(kind, urn), line or b""))
                count += 1
        return cls(path, count)

    def __len__(self) -> int:
        return self.count

    def keyed(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Return (key, line or None)."""
        with self.path.open("rb", buffering=1 << 20) as file:
            for text in file:
                key, _, line = text[:-1].partition(b"\0")
                yield key, line or None

    def __iter__(self) -> Iterator[Row]:
        for key, line in self.keyed():
            yield *split_key(key), line


def overlay(lines: Iterable[bytes], rows: Rows) -> Iterator[bytes]:
    """Return the lines of a state as they would be after these rows, without committing them."""
    changes = rows.keyed()
    change = next(changes, None)
    for line in lines:
        key = line_key(line)
        while change is not None and change[0] < key:
            if change[1] is not None:
                yield change[1]
            change = next(changes, None)
        if change is not None and change[0] == key:
            if change[1] is not None:
                yield change[1]
            change = next(changes, None)
        else:
            yield line
    while change is not None:
        if change[1] is not None:
            yield change[1]
        change = next(changes, None)
