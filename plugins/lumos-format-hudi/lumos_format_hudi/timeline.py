"""Which commits of a table are complete, by the names of its files alone.

A file `<requested>.<action>` (layout 1, table versions up to 7), or `<requested>_<completed>.<action>` (layout 2), is
an action that is complete. `.requested` and `.inflight` are plans and attempts, of which nothing counts; a commit
that was rolled back has lost its file. What stands in the history is no longer in the active timeline.

Source: the Apache Hudi technical specification, "Timeline" (1.0 and before it).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from lumos_core.plugin_api import File, UnitError

NEWEST_VERSION = 9
FIRST_OF_LAYOUT_2 = 8
_INSTANT = re.compile(r"(\d{1,32})(?:_(\d{1,32}))?\.([a-z]+)")
WRITES = frozenset({"commit", "deltacommit", "replacecommit"})
_HISTORY = {1: ("hoodie.archivelog.folder", "archived"), 2: ("hoodie.timeline.history.path", "history")}
_FOLDER = re.compile(r"[\w.-]{1,200}(?:/[\w.-]{1,200})*", re.ASCII)


class Instant(NamedTuple):
    """An action that is complete.

    Attributes:
        requested: When it began, which is its name; digits, of a time in a zone that the table's properties tell.
        completed: When it was complete; empty where the layout does not say.
        action: `commit`, `deltacommit` or `replacecommit`.
        file: Its metadata.
    """

    requested: str
    completed: str
    action: str
    file: File

    @property
    def end(self) -> str:
        """When it was complete, as far as that is known."""
        return self.completed or self.requested


class Timeline(NamedTuple):
    """The completed writes of a table.

    Attributes:
        writes: The newest first, by the time when they were requested, which is how Hudi looks for a schema.
        history: What is below the folder that keeps the older ones, by its path there; empty where there are none.
        rolled_back: Some were rolled back.
        layout: 1 or 2.
    """

    writes: list[Instant]
    history: dict[str, File]
    rolled_back: bool
    layout: int


def version_of(properties: Mapping[str, str], where: str) -> int:
    """Return the version of a table.

    Raises:
        UnitError: When it is none, or newer than what is known.
    """
    said = properties.get("hoodie.table.version", "0")
    if not said.isascii() or not said.isdigit() or len(said) > 9:
        fix = "restore the file from a copy"
        raise UnitError("the version of the table cannot be read", why="it is no number", fix=fix, where=where)
    if int(said) > NEWEST_VERSION:
        raise UnitError(
            "the table is of a newer version of Hudi",
            why=f"its version is {int(said)}, and {NEWEST_VERSION} is the newest that is known",
            fix="update lumos-format-hudi",
            where=where,
        )
    return int(said)


def timeline_of(files: Mapping[str, File], properties: Mapping[str, str], version: int) -> Timeline:
    """Return the completed writes of a table.

    Args:
        files: Its files, by their path below `.hoodie/`.
        properties: Of the table.
        version: Of the table.

    Raises:
        UnitError: When one instant is complete twice.
    """
    layout = 2 if version >= FIRST_OF_LAYOUT_2 else 1
    folder = f"{_named(properties, 'hoodie.timeline.path', 'timeline')}/" if layout == 2 else ""
    key, usual = _HISTORY[layout]
    older = f"{_named(properties, key, usual)}/"
    writes: dict[str, Instant] = {}
    history: dict[str, File] = {}
    rolled_back = False
    for path, file in files.items():
        if not path.startswith(folder):
            continue
        name = path[len(folder) :]
        if "/" in name:
            if name.startswith(older):
                history[name[len(older) :]] = file
            continue
        match = _INSTANT.fullmatch(name)
        if match is None:
            continue
        requested, completed, action = match.groups("")
        if action in ("rollback", "restore"):
            rolled_back = True
        if action not in WRITES:
            continue
        if requested in writes:
            raise UnitError(
                "an instant of the table is complete twice",
                why=f"there is also {writes[requested].file.path.rpartition('/')[2]}",
                fix="remove the one that a copy or a failed move has left behind",
                where=file.path,
            )
        writes[requested] = Instant(requested, completed, action, file)
    ordered = sorted(writes.values(), key=lambda instant: instant.requested, reverse=True)
    return Timeline(ordered, history, rolled_back, layout)


def _named(properties: Mapping[str, str], key: str, usual: str) -> str:
    """Return the name of a folder below `.hoodie/`."""
    said = properties.get(key, "").strip("/")
    return said if _FOLDER.fullmatch(said) else usual
