"""Writing a snapshot from records in any order."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from msgspec import Struct

from ..errors import SnapshotError, UsageError
from ..model.coverage import Coverage
from ..model.record import STATS_START, AnyRecord, canonical, line_key, line_kind, line_urn, make_key
from ..model.scope import Covered
from ..times import utc
from .frame import SourceInfo, header_line, stats_path, trailer_line
from .output import Output
from .reader import SnapshotReader
from .sorter import LineSorter


class SnapshotInfo(Struct, kw_only=True):
    """What was written.

    Attributes:
        path: The file with the meaning.
        stats_path: The file with the `stats` lines; None when there are none.
        digest: SHA-256 of the lines, each with its newline, without header, trailer and `stats`.
        counts: Lines per kind.
        coverage: What the trailer declares.
        written: False when a file with equal digest, stats and coverage was there already.
    """

    path: Path
    stats_path: Path | None
    digest: str
    counts: dict[str, int]
    coverage: Coverage
    written: bool = True

    @property
    def count(self) -> int:
        """Lines in both files."""
        return sum(self.counts.values())


class SnapshotWriter:
    """Writes `NAME.lumos.jsonl` and, when there are stats, `NAME.stats.lumos.jsonl`; both or none appear.

    Args:
        path: The file to write; compressed when it ends in `.zst`.
        sources: Who reported.
        exported_at: RFC 3339 UTC; default now.
        memory: Bytes of lines that are held before they are spilled.
        folder: Where to spill; default the folder of `path`.
        ordered: The lines come in order already, so that nothing needs to be sorted.

    Example:
        ```python
        with SnapshotWriter(path, [SourceInfo("postgres", ("source",))]) as writer:
            for record in records:
                writer.add(record)
            info = writer.close(coverage)
        ```
    """

    def __init__(
        self,
        path: Path | str,
        sources: Iterable[SourceInfo] = (),
        *,
        exported_at: str | None = None,
        memory: int = 32 * 2**20,
        folder: Path | str | None = None,
        ordered: bool = False,
    ) -> None:
        self.path = Path(path)
        self._header = header_line(sources, exported_at or utc())
        self._sorter = None if ordered else LineSorter(folder or self.path.parent, memory, key=None)
        self._main: _Part | None = None
        self._stats: _Part | None = None
        self._closed = False

    def add(self, record: AnyRecord) -> None:
        """Normalise a record and add its line.

        Raises:
            ValueError: When the URN does not fit the kind.
            DiskError: When the disk is full.
        """
        self.add_line(canonical(record))

    def add_line(self, line: bytes) -> None:
        """Add a canonical line, without its newline.

        Raises:
            DiskError: When the disk is full.
        """
        if self._closed:
            raise UsageError("this snapshot is closed already", where=str(self.path))
        if self._sorter is None:
            self._put(line)
        else:
            self._sorter.add(line)

    def close(self, coverage: Coverage | Iterable[Covered] = ()) -> SnapshotInfo:
        """Write both files, or leave those that say the same, and return what they hold.

        Raises:
            SnapshotError: When two different lines have one (kind, URN).
            DiskError: When the disk is full; the files that were there before are untouched.
        """
        declared = coverage if isinstance(coverage, Coverage) else Coverage(coverage)
        try:
            for line in self._sorter.sorted() if self._sorter is not None else ():
                self._put(line)
            return self._finish(declared)
        finally:
            self.abort()

    def abort(self) -> None:
        """Forget everything; files that were there before are untouched."""
        self._closed = True
        if self._sorter is not None:
            self._sorter.close()
        for part in (self._main, self._stats):
            if part is not None:
                part.output.discard()

    def __enter__(self) -> SnapshotWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def _put(self, line: bytes) -> None:
        if line.startswith(STATS_START):
            if self._stats is None:
                self._stats = _Part(stats_path(self.path), self._header)
            self._stats.add(line)
        else:
            if self._main is None:
                self._main = _Part(self.path, self._header)
            self._main.add(line)

    def _finish(self, coverage: Coverage) -> SnapshotInfo:
        if self._main is None:
            self._main = _Part(self.path, self._header)
        parts = [self._main] if self._stats is None else [self._main, self._stats]
        self._main.finish(coverage)
        if self._stats is not None:
            # Read by itself, this file says nothing about records, so that their absence must mean nothing either.
            self._stats.finish(Coverage())
        beside = stats_path(self.path)
        info = SnapshotInfo(
            path=self.path,
            stats_path=None if self._stats is None else beside,
            digest=self._main.digest.hexdigest(),
            counts=dict(sum((part.counts for part in parts), Counter[str]())),
            coverage=coverage,
        )
        if (self._stats is not None or not beside.exists()) and all(part.is_there() for part in parts):
            info.written = False
            return info
        for part in reversed(parts):
            part.output.commit()
        if self._stats is None:
            beside.unlink(missing_ok=True)  # it belonged to the snapshot that was just replaced
        return info


class _Part:
    """One of the two files, while it is written."""

    def __init__(self, path: Path, header: bytes) -> None:
        self.output = Output(path)
        self.digest = hashlib.sha256()
        self.counts: Counter[str] = Counter()
        self._last = b""
        self._line = b""
        self._kind = ""
        self._begins = b"\0"
        self._coverage = Coverage()
        self.output.write(header)
        self.output.also_hash(self.digest)

    def add(self, line: bytes) -> None:
        key = line_key(line)
        if key <= self._last:
            if line == self._line:
                return
            what = "was written twice, with different values" if key == self._last else "comes out of order"
            raise SnapshotError(f"{line_urn(line)} {what}", where=str(self.output.path))
        if b"\n" in line:
            raise SnapshotError(f"the line of {line_urn(line)} has a newline inside", where=str(self.output.path))
        if not key.startswith(self._begins):
            self._kind = line_kind(line)
            self._begins = make_key(self._kind, "")
        self._last, self._line = key, line
        self.counts[self._kind] += 1
        self.output.write(line)

    def finish(self, coverage: Coverage) -> None:
        self._coverage = coverage
        self.output.also_hash(None)
        self.output.end_frame()
        total = sum(self.counts.values())
        self.output.write(trailer_line(total, self.output.sha256.hexdigest(), coverage))
        self.output.close()

    def is_there(self) -> bool:
        """Tell whether the file in place already holds equal lines and coverage."""
        if not self.output.path.exists():
            return False
        try:
            present = SnapshotReader(self.output.path)
            value = present.trailer().value
            if value.count != sum(self.counts.values()):
                return False
            if present.coverage.declared() != self._coverage.declared():
                return False
            return present.digest() == self.digest.hexdigest()
        except SnapshotError:
            return False
