"""What became of a sync."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from ..contracts.catalog import Operation
from ..contracts.reporter import Many, Notice, none
from .folder import Place
from .planning import Met
from .writing import Done


class SideResult(Struct, kw_only=True):
    """What happened on one side.

    Attributes:
        place: The catalog.
        planned: Operations by action.
        outcomes: Operations by outcome.
        operations: What was, or would be, done.
        failures: Operations that failed.
    """

    place: Place
    planned: dict[str, int] = {}
    outcomes: dict[str, int] = {}
    operations: Many[Operation] = field(default_factory=none)
    failures: Many[Done] = field(default_factory=none)


class SyncResult(Struct, kw_only=True):
    """What a sync did, or would do.

    Attributes:
        mode: `sync`, `mirror` or `dry-run`.
        left, right: The two sides.
        conflicts: What both sides say otherwise; each keeps what it says. `source` is the left, `target` the right.
        own: Records that only the right has, and that a mirror leaves alone.
        ambiguous: Pairs of URNs that may be one thing.
        one_sided: Aspects that one of the two cannot hold or give back; they stay as they are on each side.
        blocked: Why nothing was written; empty when it was.
        started, finished: RFC 3339, UTC.
        warnings: What the catalogs warned of.
        exit_code: 0, or 3 when something failed or the guard stopped it.
        kept: The files of a dry run, as long as somebody needs them.
    """

    mode: str
    left: SideResult
    right: SideResult
    conflicts: list[Met] = []
    own: Many[str] = field(default_factory=none)
    ambiguous: list[tuple[str, str]] = []
    one_sided: list[str] = []
    blocked: str = ""
    started: str = ""
    finished: str = ""
    warnings: list[Notice] = []
    exit_code: int = 0
    kept: Any = None

    @property
    def failures(self) -> Iterator[Done]:
        """What failed, on either side."""
        yield from self.left.failures
        yield from self.right.failures
