"""External merge sort of lines: any number of them, in bounded memory."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from bisect import bisect_left
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
        key: What a line is sorted by; default (kind, URN) as they stand in the line, None for the line itself.

    Example:
        ```python
        with LineSorter(folder) as sorter:
            for record in records:
                sorter.add(canonical(record))
            for line in sorter.sorted():
                ...
        ```
    """

    def __init__(
        self, folder: Path | str, memory: int = 32 * 2**20, *, key: Callable[[bytes], Any] | None = line_key
    ) -> None:
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

    def _key_of(self, line: bytes) -> Any:
        return line if self._key is None else self._key(line)

    def _merge(self, runs: list[Path]) -> Iterator[bytes]:
        """Merge sorted runs, the earlier one first where keys are equal.

        What is smaller than the last line of every block at hand can be given out: it is put together and sorted,
        which costs little, because it consists of a few sorted parts.
        """
        open_runs = [_Run(path) for path in runs]
        try:
            while open_runs := [run for run in open_runs if run.left > 1 or run.fill()]:
                unfinished = [run for run in open_runs if not run.ended]
                bound = min((self._key_of(run.lines[-1]) for run in unfinished), default=None)
                ready = [line for run in open_runs for line in run.take(bound, self._key)]
                if not ready:
                    for run in unfinished:
                        if self._key_of(run.lines[-1]) == bound:
                            run.fill()
                    continue
                ready.sort(key=self._key)
                yield from ready
        finally:
            for run in open_runs:
                run.close()


class _Run:
    """A spilled run, while it is read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb", buffering=0)
        self.lines: list[bytes] = []
        self._given = 0
        self.ended = False
        self._rest = b""

    @property
    def left(self) -> int:
        """How many lines are at hand."""
        return len(self.lines) - self._given

    def fill(self) -> bool:
        """Read another block behind the lines at hand; False at the end."""
        while not self.ended:
            block = self._file.read(_BUFFER)
            if not block:
                self.ended = True
                self.close()
                self._path.unlink(missing_ok=True)
                break
            *lines, rest = block.split(b"\n")
            if lines:
                lines[0] = self._rest + lines[0]
                self._rest = rest
                self.lines, self._given = self.lines[self._given :] + lines, 0
                return True
            self._rest += rest
        return bool(self.left)

    def take(self, bound: Any, key: Callable[[bytes], Any] | None) -> list[bytes]:
        """Give out the lines below a bound; all of them where there is none."""
        first, stop = self._given, len(self.lines)
        self._given = stop if bound is None else bisect_left(self.lines, bound, first, key=key)
        return self.lines[first : self._given]

    def close(self) -> None:
        """Close the file."""
        self._file.close()
