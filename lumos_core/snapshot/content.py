"""A snapshot in whatever form it stands: lines, compressed lines, with or without its stats file, or a document."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator
from pathlib import Path

from ..errors import SnapshotError
from ..model.coverage import Coverage
from ..model.record import STATS_START, AnyRecord, line_key, split_key, without_stats
from .blocks import Limits
from .document import Document, document_format, read_document
from .frame import Header
from .reader import SnapshotReader, decode_line


class Snapshot:
    """What a snapshot holds, streamed from its file at every pass.

    Attributes:
        path: The file.
        header: When it was made, from which sources.

    Example:
        ```python
        snapshot = read_snapshot("shop.lumos.jsonl")
        names = [record.value.name for record in snapshot.records() if record.kind == "dataset"]
        ```
    """

    def __init__(self, path: Path | str, *, stats: bool = True, limits: Limits = Limits()) -> None:
        self.path = Path(path)
        self._document: Document | None = None
        self._stats: SnapshotReader | None = None
        self._with_stats = stats
        if document_format(self.path) is not None:
            self._document = read_document(self.path)
            self.header: Header = self._document.header
            return
        self._main = SnapshotReader(self.path, limits)
        self.header = self._main.header
        beside = self._main.stats_path if stats else None
        if beside is not None:
            self._stats = SnapshotReader(beside, limits)

    @property
    def coverage(self) -> Coverage:
        """What the sources declared to have seen."""
        return self._main.coverage if self._document is None else self._document.coverage

    def lines(self) -> Iterator[bytes]:
        """Return every line in order, those of the stats file included.

        Raises:
            SnapshotError: When a file is not what it claims to be; at the latest at its end.
        """
        lines: Iterator[bytes]
        if self._document is not None:
            lines = iter(self._document.lines)
        elif self._stats is None:
            lines = self._main.lines()
        else:
            lines = self._united(self._stats)
        return lines if self._with_stats else without_stats(lines)

    def records(self) -> Iterator[AnyRecord]:
        """Return every record in order; each line must be canonical.

        Raises:
            SnapshotError: As `lines`, and when a line is not canonical.
        """
        for number, line in enumerate(self.lines(), 2):
            yield decode_line(line, f"{self.path}:{number}" if self._stats is None else str(self.path))

    def digests(self) -> tuple[str, str]:
        """Return the SHA-256 of the lines without `stats`, and that of the `stats` lines."""
        meaning, stats = hashlib.sha256(), hashlib.sha256()
        for line in self.lines():
            (stats if line.startswith(STATS_START) else meaning).update(line + b"\n")
        return meaning.hexdigest(), stats.hexdigest()

    def _united(self, stats: SnapshotReader) -> Iterator[bytes]:
        last = b""
        for line in heapq.merge(self._main.lines(), stats.lines(), key=line_key):
            key = line_key(line)
            if key == last:
                raise SnapshotError("the same stats stand in both files", why=split_key(key)[1], where=str(stats.path))
            last = key
            yield line


def same_content(one: Snapshot, other: Snapshot) -> bool:
    """Tell whether two snapshots have equal digest, stats and coverage."""
    return one.coverage.declared() == other.coverage.declared() and one.digests() == other.digests()
