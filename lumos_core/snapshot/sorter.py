"""External merge sort of lines: any number of them, in bounded memory."""

from __future__ import annotations

import heapq
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from ..model.record import line_key
from .output import disk_errors

FAN_IN = 64
"""Runs that are merged at a time; more are merged in passes, so that open files stay bounded."""

_OVERHEAD = 48
"""Bytes that Python adds to each line that it holds."""

_BUFFER = 2**18


class LineSorter:
    """Sorts lines by key; lines of one key stay in the order in which they came.

    Args:
        folder: Where runs are spilled, in a temporary folder of their own.
        memory: Bytes of lines that are held before they are spilled.
        key: What a line is sorted by; default (kind, URN) as they stand in the line.

    Example:
        ```python
        with LineSorter(folder) as sorter:
            for record in records:
                sorter.add(canonical(record))
            for line in sorter.sorted():
                ...
        ```
    """

    def __init__(self, folder: Path | str, memory: int = 32 * 2**20, *, key: Callable[[bytes], Any] = line_key) -> None:
        self._folder = Path(folder)
        self._memory = memory
        self._key = key
        self._lines: list[bytes] = []
        self._held = 0
        self._runs: list[Path] = []
        self._numbers = iter(range(2**62))
        self._place: Path | None = None
        self._finalizer: weakref.finalize[Any, Any] | None = None
        self.count = 0

    def add(self, line: bytes) -> None:
        """Add a line, without its newline.

        Raises:
            DiskError: When a run cannot be spilled.
        """
        self._lines.append(line)
        self._held += len(line) + _OVERHEAD
        self.count += 1
        if self._held > self._memory:
            self._spill()

    def sorted(self) -> Iterator[bytes]:
        """Return every line in order, once; the temporary files are removed at the end of the iteration.

        Raises:
            DiskError: When a run cannot be spilled.
        """
        try:
            if not self._runs:
                self._lines.sort(key=self._key)
                yield from self._lines
                return
            self._spill()
            while len(self._runs) > FAN_IN:
                self._runs = [
                    self._write(self._merge(self._runs[start : start + FAN_IN]))
                    for start in range(0, len(self._runs), FAN_IN)
                ]
            yield from self._merge(self._runs)
        finally:
            self.close()

    def close(self) -> None:
        """Forget all lines and remove the temporary files."""
        self._lines, self._runs, self._held = [], [], 0
        if self._finalizer is not None:
            self._finalizer()
            self._finalizer = self._place = None

    def __enter__(self) -> LineSorter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _spill(self) -> None:
        lines, self._lines, self._held = self._lines, [], 0
        if lines:
            lines.sort(key=self._key)
            self._runs.append(self._write(lines))

    def _write(self, lines: Iterable[bytes]) -> Path:
        with disk_errors(self._folder):
            if self._place is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._place = Path(tempfile.mkdtemp(prefix=".lumos-sort-", dir=self._folder))
                self._finalizer = weakref.finalize(self, shutil.rmtree, self._place, ignore_errors=True)
            path = self._place / f"run-{next(self._numbers)}"
            with path.open("wb", buffering=_BUFFER) as file:
                for line in lines:
                    file.write(line)
                    file.write(b"\n")
        return path

    def _merge(self, runs: list[Path]) -> Iterator[bytes]:
        return heapq.merge(*map(_read, runs), key=self._key)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=_BUFFER) as file:
        for line in file:
            yield line[:-1]
    path.unlink(missing_ok=True)
