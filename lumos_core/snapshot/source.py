"""A snapshot file as a source, so that every report can be made from a file alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import ClassVar

from pydantic import Field

from ..config.types import LocalPath
from ..contracts.component import Config
from ..contracts.context import Context
from ..contracts.source import Source, Unit
from ..errors import Cancelled
from ..model.aspects import ASPECTS
from ..model.record import AnyRecord
from ..model.scope import Covered, Scope
from .content import Snapshot
from .select import Selection

_POLL = 256


class SnapshotSourceConfig(Config):
    """Options of `type: snapshot`."""

    path: LocalPath = Field(description="The snapshot: lines (`.lumos.jsonl`, `.zst`) or a document (.json, .yaml).")
    stats: bool = Field(default=True, description="Read the stats file beside it too.")


class SnapshotSource(Source[SnapshotSourceConfig]):
    """Gives the records of a snapshot, and declares its coverage as its own."""

    capabilities: ClassVar[frozenset[str]] = ASPECTS

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """One unit: the file; order and hash can only be verified as a whole.

        Raises:
            SnapshotError: When the file is not a snapshot.
        """
        Snapshot(self.config.path, stats=self.config.stats)
        yield Unit(key=self.config.path.name, scope=within)

    def extract(self, unit: Unit, ctx: Context) -> Iterator[AnyRecord]:
        """Read the file; its coverage counts only when all of it was verified.

        Raises:
            SnapshotError: When the file is not what it claims to be.
        """
        snapshot = Snapshot(self.config.path, stats=self.config.stats)
        everything = unit.scope.everything
        for number, record in zip(count(), snapshot.records()):
            if number % _POLL == 0:
                ctx.progress(number)
                if ctx.cancelled():
                    raise Cancelled("reading the snapshot was cancelled", where=str(self.config.path))
            if everything or unit.scope.matches(record.urn):
                yield record
        for declared in Selection("", unit.scope).restrict(snapshot.coverage).declared():
            ctx.covered(Covered(declared.scope, declared.aspects, declared.status, declared.reason))
