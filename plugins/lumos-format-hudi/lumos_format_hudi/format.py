"""The format `hudi`: a table from its properties and its timeline, never from the files beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import ClassVar

from lumos_core.plugin_api import AnyRecord, Context, File, Format, UnitError

from . import properties
from .config import HudiConfig
from .properties import Malformed
from .replay import State, replay
from .schema import Schema
from .table import NAME, dataset, partitions_of, stats
from .timeline import timeline_of, version_of

MARKER = ".hoodie/"
_BELOW = re.compile(r"(?:^|/)\.hoodie/")


class HudiFormat(Format[HudiConfig]):
    """Apache Hudi, table versions up to 9: schema, keys, partitioning, statistics and last operation."""

    markers: ClassVar[tuple[str, ...]] = (MARKER,)
    name_in_urn: ClassVar[str] = NAME

    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[AnyRecord]:
        """Read each table: one `Dataset`, and `Stats` of its size and its last operation.

        Args:
            files: Every file below the `.hoodie` of one table, or of several one after the other.
            ctx: Warnings, cancellation.

        Raises:
            UnitError: When the properties or a commit that must be read are broken, the timeline is too long, no commit
                tells the schema, or the table is of a newer version.
            RetryableError: When a file changed while it was read.
        """
        for urn, group in groupby(files, key=lambda file: file.urn):
            yield from self._table(urn, list(group), ctx)

    def _table(self, urn: str, files: list[File], ctx: Context) -> Iterable[AnyRecord]:
        named = {path: file for file in files if (path := _below(file))}
        said, where = properties.read(named, files[0], ctx)
        version = version_of(said, where.path)
        timeline = timeline_of(named, said, version)
        state = replay(timeline, said, self.config, ctx)
        schema = _schema(state, said, where)
        yield dataset(urn, said, version, schema)
        yield from stats(urn, said, state.last, state.size, self.config.time_zone, ctx)


def _schema(state: State, said: Mapping[str, str], where: File) -> Schema:
    """Return the fields, as the newest commit or the properties tell them."""
    text, ids, place = state.schema, state.ids, state.place
    if not text and not state.archived:
        text, place = said.get("hoodie.table.create.schema", ""), where.path
    if not text:
        older = ", and older ones are in its history, which is not read for it" if state.archived else ""
        raise UnitError(
            "the schema of the table is not known",
            why=f"no complete commit of its timeline tells it{older}",
            fix="let Hudi commit once, or leave the folder out with `exclude`",
            where=where.path,
        )
    try:
        return Schema(text, said, [column for column, _ in partitions_of(said)], ids)
    except Malformed as error:
        fix = "restore the file from a copy, or let Hudi commit with the right schema"
        raise UnitError("the schema of the table cannot be read", why=str(error), fix=fix, where=place) from error


def _below(file: File) -> str:
    """Return the path of a file below the first `.hoodie/` in its path."""
    found = _BELOW.search(file.path)
    return file.path[found.end() :] if found else ""
