"""The format `iceberg`: a table from its current metadata file, never from the files beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import ClassVar

from lumos_core.plugin_api import AnyRecord, Context, File, Format

from .config import IcebergConfig
from .current import current, not_to_be_told
from .table import NAME, dataset, stats


class IcebergFormat(Format[IcebergConfig]):
    """Apache Iceberg, versions 1 to 3: schema, partitioning, order, keys, statistics and history from its metadata."""

    markers: ClassVar[tuple[str, ...]] = (
        "metadata/*.metadata.json",
        "metadata/*.metadata.json.gz",
        "metadata/version-hint.text",
    )
    name_in_urn: ClassVar[str] = NAME

    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[AnyRecord]:
        """Read each table: one `Dataset`, and `Stats` of its size and its last operation.

        Args:
            files: Every file below the `metadata` of one table, or of several one after the other.
            ctx: Warnings, cancellation.

        Raises:
            UnitError: When the current metadata is not there, broken, too long, of a newer version, or not to be told
                from another.
            RetryableError: When a file changed while it was read.
        """
        for urn, group in groupby(files, key=lambda file: file.urn):
            if ctx.cancelled():
                return
            newest, *rivals = current(list(group), self.config.max_metadata_mib * 2**20, ctx)
            table = dataset(urn, newest.metadata, newest.file)
            for rival in rivals:
                if dataset(urn, rival.metadata, rival.file) != table:
                    other = rival.file.path.rpartition("/")[2]
                    raise not_to_be_told(newest.file, f"{other} has as high a number and says something else")
            yield table
            yield from stats(urn, newest.metadata, newest.file, ctx)
