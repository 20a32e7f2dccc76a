"""The files of a `_delta_log` by what their names say, and where reading may begin.

Source: the Delta transaction log protocol, "Delta table specification" and "Checkpoints".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lumos_core.plugin_api import File

_COMMIT = re.compile(r"(\d{20})\.json")
_CLASSIC = re.compile(r"(\d{20})\.checkpoint\.parquet")
_MULTIPART = re.compile(r"(\d{20})\.checkpoint\.(\d{10})\.(\d{10})\.parquet")
_V2 = re.compile(r"(\d{20})\.checkpoint\.[0-9A-Za-z-]+\.(?:json|parquet)")
HINT = "_last_checkpoint"
MARKER = "_delta_log/"


@dataclass
class Checkpoint:
    """All of a table's state at one version, in one file or several parts.

    Attributes:
        version: Of the table.
        parts: Its files, in order.
    """

    version: int
    parts: list[File]


@dataclass
class Log:
    """A transaction log as its listing shows it.

    Attributes:
        files: All of its files.
        commits: Version -> file.
        checkpoints: Those whose parts are all there, newest first.
        incomplete: Versions of checkpoints of which parts are missing.
        sidecars: Name -> file of what version 2 checkpoints refer to.
        hint: The file `_last_checkpoint`, where there is one.
        version: The newest version, or -1.
    """

    files: Sequence[File]
    commits: dict[int, File] = field(default_factory=dict)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    incomplete: list[int] = field(default_factory=list)
    sidecars: dict[str, File] = field(default_factory=dict)
    hint: File | None = None

    @property
    def version(self) -> int:
        """The newest version that the listing knows; -1 for none."""
        newest = self.checkpoints[0].version if self.checkpoints else -1
        return max(newest, max(self.commits, default=-1), max(self.incomplete, default=-1))


def log_of(files: Sequence[File]) -> Log:
    """Sort the files of a log by what their names say; other files (checksums, compacted commits) are passed over."""
    log = Log(files)
    parts: dict[tuple[int, int], dict[int, File]] = {}
    for file in files:
        name = file.path.rpartition(MARKER)[2]
        folder, _, name_in_folder = name.rpartition("/")
        if folder:
            if folder == "_sidecars":
                log.sidecars[name_in_folder] = file
        elif match := _COMMIT.fullmatch(name):
            log.commits[int(match[1])] = file
        elif match := _CLASSIC.fullmatch(name) or _V2.fullmatch(name):
            log.checkpoints.append(Checkpoint(int(match[1]), [file]))
        elif match := _MULTIPART.fullmatch(name):
            parts.setdefault((int(match[1]), int(match[3])), {})[int(match[2])] = file
        elif name == HINT:
            log.hint = file
    for (version, count), found in parts.items():
        if len(found) == count and set(found) == set(range(1, count + 1)):
            log.checkpoints.append(Checkpoint(version, [found[part] for part in sorted(found)]))
        else:
            log.incomplete.append(version)
    log.checkpoints.sort(key=lambda checkpoint: -checkpoint.version)
    return log
