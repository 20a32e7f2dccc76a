"""Reads the commits of a timeline, the newest first, as far as is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lumos_core.plugin_api import Context, UnitError

from .commit import Commit, read
from .config import HudiConfig
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
        archived: There may be older commits, which were not read.
    """

    schema: str
    ids: str
    place: str
    last: tuple[Instant, Commit] | None
    size: Size | None
    archived: bool


def replay(timeline: Timeline, properties: Mapping[str, str], config: HudiConfig, ctx: Context) -> State:
    """Read the commits of a table.

    The newest are read until the schema is known, and all of them where rows, bytes and files can be counted: when the
    timeline goes back to the first commit, and no rollback has left logs of its own behind (layout 1 only).

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
    counting = config.statistics and not timeline.archived and not marks
    slices = Slices(timeline.layout)
    newest = max(timeline.writes, key=lambda instant: instant.end, default=None)
    found = State("", "", "", None, None, timeline.archived)
    left = config.max_log_mib * 2**20
    for number, instant in enumerate(timeline.writes):
        if found.schema and found.last and not counting:
            break
        left -= instant.file.size
        try:
            if number >= config.max_commits or left < 0:
                raise _too_long(instant, "max_commits" if left >= 0 else "max_log_mib")
            commit = read(instant.file)
        except UnitError as error:
            if not found.schema:
                raise
            ctx.warn("hudi-statistics", f"rows, bytes and files are not known: {error.why}", instant.file.path)
            counting = False
            break
        if instant is newest:
            found = found._replace(last=(instant, commit))
        if not found.schema and commit.schema:
            found = found._replace(schema=commit.schema, ids=commit.ids, place=instant.file.path)
        if counting:
            slices.take(instant, commit)
    size = slices.size() if counting else None
    if size is not None and "hoodie.bootstrap.base.path" in properties:
        size = size._replace(size=None)  # half of a bootstrapped file lies where the table came from
    return found._replace(size=size)


def _too_long(instant: Instant, option: str) -> UnitError:
    return UnitError(
        "the timeline of the table is too long",
        why=f"it has more commits than `{option}` allows",
        fix=f"raise `{option}`, or let Hudi archive its timeline",
        where=instant.file.path,
    )
