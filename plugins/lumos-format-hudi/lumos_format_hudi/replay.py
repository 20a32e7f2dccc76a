"""Reads the commits of a timeline, the newest first, as far as is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lumos_core.plugin_api import Context, File, UnitError

from .commit import Commit, read
from .config import HudiConfig
from .history import older, whole_life
from .slices import Size, Slices
from .timeline import Instant, Timeline


class State(NamedTuple):
    """What the commits of a table say.

    Attributes:
        schema: Avro schema of the newest commit that may change it and tells it; empty for none.
        ids: The same with ids; empty for none.
        place: The file that tells it.
        last: The commit that was complete last.
        size: How large the table is; None for not known.
        archived: There are older commits, which do not tell the schema here.
    """

    schema: str
    ids: str
    place: str
    last: tuple[Instant, Commit] | None
    size: Size | None
    archived: bool


class _Budget:
    """How much may still be read."""

    def __init__(self, config: HudiConfig) -> None:
        self._commits = config.max_commits
        self._size = config.max_log_mib * 2**20

    def spend(self, size: int, commits: int, file: File) -> None:
        """Take from the budget.

        Raises:
            UnitError: When there is not so much left.
        """
        self._size -= size
        self._commits -= commits
        if self._size < 0 or self._commits < 0:
            option = "max_commits" if self._commits < 0 else "max_log_mib"
            raise UnitError(
                "the timeline of the table is too long",
                why=f"it has more commits than `{option}` allows",
                fix=f"raise `{option}`, or let Hudi archive its timeline",
                where=file.path,
            )


def replay(timeline: Timeline, properties: Mapping[str, str], config: HudiConfig, ctx: Context) -> State:
    """Read the commits of a table.

    The newest are read until the schema is known, and all of them where rows, bytes and files can be counted: when
    there is a way back to the first commit, and no rollback has left logs of its own behind (layout 1 only).

    Args:
        timeline: Of the table.
        properties: Of the table.
        config: How far it is read.
        ctx: Warnings.

    Raises:
        UnitError: When the schema is not known at a commit that cannot be read, or behind the limits.
        RetryableError: When a commit changed since it was listed.
    """
    marks = timeline.layout == 1 and timeline.rolled_back and properties.get("hoodie.table.type") == "MERGE_ON_READ"
    counting = config.statistics and not marks and whole_life(timeline, properties)
    slices, budget = Slices(timeline.layout), _Budget(config)
    newest = max(timeline.writes, key=lambda instant: instant.end, default=None)
    found = State("", "", "", None, None, bool(timeline.history))
    try:
        for instant in timeline.writes:
            if found.schema and found.last and not counting:
                break
            budget.spend(instant.file.size, 1, instant.file)
            commit = read(instant.file)
            if instant is newest:
                found = found._replace(last=(instant, commit))
            if not found.schema and commit.schema:
                found = found._replace(schema=commit.schema, ids=commit.ids, place=instant.file.path)
            if counting:
                slices.take(instant, commit)
        if counting and timeline.history:
            for instant, commit in older(timeline, budget.spend):
                slices.take(instant, commit)
    except UnitError as error:
        if not found.schema:
            raise
        ctx.warn("hudi-statistics", f"rows, bytes and files are not known: {error.why}", error.where or "")
        counting = False
    size = slices.size() if counting else None
    if size is not None and "hoodie.bootstrap.base.path" in properties:
        size = size._replace(size=None)  # half of a bootstrapped file lies where the table came from
    return found._replace(size=size)
