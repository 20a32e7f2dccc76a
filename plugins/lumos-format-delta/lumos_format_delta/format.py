"""The format `delta`: a table from its transaction log, never from the files beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import ClassVar

from lumos_core.plugin_api import AnyRecord, Context, File, Format

from .actions import Budget
from .config import DeltaConfig
from .log import MARKER, log_of
from .replay import replay
from .table import NAME, check_protocol, dataset, stats


class DeltaFormat(Format[DeltaConfig]):
    """Delta Lake: schema, layout, constraints, properties, statistics and history from the transaction log."""

    markers: ClassVar[tuple[str, ...]] = (MARKER,)
    name_in_urn: ClassVar[str] = NAME

    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[AnyRecord]:
        """Read each table: one `Dataset`, and `Stats` of its size and its last operation.

        Args:
            files: Every file below the `_delta_log` of one table, or of several one after the other.
            ctx: Warnings, cancellation.

        Raises:
            UnitError: When a log is broken, too long, or asks for a newer reader.
            RetryableError: When a file changed while it was read.
        """
        for urn, group in groupby(files, key=lambda file: file.urn):
            log = log_of(list(group))
            budget = Budget(self.config.max_commits, self.config.max_log_mib * 2**20)
            table = replay(log, ctx, budget=budget, files=self.config.statistics)
            where = log.files[-1].path
            assert table.state.protocol is not None
            check_protocol(table.state.protocol, where)
            yield dataset(urn, table.state, where)
            yield from stats(urn, table, ctx)
