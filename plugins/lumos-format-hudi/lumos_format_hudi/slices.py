"""The files of a table now: of each file group the newest base file, and the logs that are not compacted into it.

Source: the Apache Hudi technical specification, "Reading data" (file groups, file slices), 1.0 and before it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .commit import Commit
from .timeline import Instant

_LOG = re.compile(r"\..+_(\d{1,32})\.log\..+", re.DOTALL)
_Group = int
"""Hash of a partition and the id of a file group in it: of a million groups the names are not held."""
_Base = tuple[str, int | None, int | None]
"""When it was requested, bytes, rows. Plain tuples, which the collector of garbage does not look through."""
_Log = tuple[str, str, int | None]
"""When it was written, since when it counts, bytes."""
_NONE: dict[str, _Log] = {}


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
            self._replaced.update(hash((partition, id)) for id in ids)
        requested, bases, logs = instant.requested, self._base, self._logs
        for partition, stat in commit.stats():
            if not stat.path or not stat.fileId:
                continue  # nothing was left to write
            group, name = hash((partition, stat.fileId)), stat.path.rpartition("/")[2]
            size = _count(stat.fileSizeInBytes)
            log = _LOG.fullmatch(name) if name.startswith(".") else None
            if log is not None:
                of_group = logs.setdefault(group, {})
                if name not in of_group or of_group[name][0] < requested:
                    of_group[name] = (requested, log[1] if self._layout == 1 else instant.end, size)
            elif group not in bases or bases[group][0] < requested:
                bases[group] = (requested, size, _count(stat.numWrites))

    def size(self) -> Size:
        """Return how large the table is."""
        rows: int | None = 0
        sizes: list[int | None] = []
        for group in self._logs.keys() - self._base.keys() - self._replaced:
            rows = None
            sizes += [size for _, _, size in self._logs[group].values()]
        for group, (requested, size, held) in self._base.items():
            if group in self._replaced:
                continue
            logs = [written for _, since, written in self._logs.get(group, _NONE).values() if since >= requested]
            sizes += [size, *logs]
            rows = None if rows is None or held is None or logs else rows + held
        known = [size for size in sizes if size is not None]
        return Size(rows, sum(known) if len(known) == len(sizes) else None, len(sizes))


def _count(number: int | None) -> int | None:
    return number if number is not None and number >= 0 else None
