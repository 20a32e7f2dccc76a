"""The files of a table now: of each file group the newest base file, and the logs that are not compacted into it.

Source: the Apache Hudi technical specification, "Reading data" (file groups, file slices), 1.0 and before it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .commit import Commit
from .timeline import Instant

_LOG = re.compile(r"\..+_(\d{1,32})\.log\..+", re.DOTALL)
_Group = tuple[str, str]


class _Base(NamedTuple):
    instant: str
    size: int | None
    rows: int | None


class _Log(NamedTuple):
    written: str
    since: str
    size: int | None


class Size(NamedTuple):
    """How large a table is; None for what the commits do not tell.

    Attributes:
        rows: Number of rows.
        size: Bytes.
        files: Number of files.
    """

    rows: int | None
    size: int | None
    files: int


class Slices:
    """What the commits of a table leave behind.

    Args:
        layout: Of the timeline: in layout 1 a log is named after the base file that it belongs to, in layout 2 it
            belongs to the newest base file that was requested before the log was complete.
    """

    def __init__(self, layout: int) -> None:
        self._layout = layout
        self._base: dict[_Group, _Base] = {}
        self._logs: dict[_Group, dict[str, _Log]] = {}
        self._replaced: set[_Group] = set()

    def take(self, instant: Instant, commit: Commit) -> None:
        """Take a commit; in any order, and twice without harm."""
        for partition, ids in (commit.partitionToReplaceFileIds or {}).items():
            self._replaced.update((partition, id) for id in ids)
        for partition, stat in commit.stats():
            if not stat.path or not stat.fileId:
                continue  # nothing was left to write
            group, name = (partition, stat.fileId), stat.path.rpartition("/")[2]
            size = _count(stat.fileSizeInBytes)
            log = _LOG.fullmatch(name)
            if log is None:
                base = self._base.get(group)
                if base is None or base.instant < instant.requested:
                    self._base[group] = _Base(instant.requested, size, _count(stat.numWrites))
                continue
            logs = self._logs.setdefault(group, {})
            known = logs.get(name)
            if known is None or known.written < instant.requested:
                logs[name] = _Log(instant.requested, log[1] if self._layout == 1 else instant.end, size)

    def size(self) -> Size:
        """Return how large the table is."""
        rows: int | None = 0
        size: int | None = 0
        files = 0
        for group in (self._base.keys() | self._logs.keys()) - self._replaced:
            base = self._base.get(group)
            logs = [log for log in self._logs.get(group, {}).values() if base is None or log.since >= base.instant]
            for part in ([base] if base is not None else []) + logs:
                files += 1
                size = None if size is None or part.size is None else size + part.size
            known = None if base is None or logs else base.rows
            rows = None if rows is None or known is None else rows + known
        return Size(rows, size, files)


def _count(number: int | None) -> int | None:
    return number if number is not None and number >= 0 else None
