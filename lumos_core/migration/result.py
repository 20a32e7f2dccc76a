"""What became of a migration or a sync: counts at hand, everything else in files that are read again and again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from ..contracts.catalog import Operation
from ..contracts.reporter import Many, Notice, none
from .folder import Place, Wishes
from .planning import Met
from .proof import WORDS, Proven, Tally
from .writing import Done


class MigrationResult(Struct, kw_only=True):
    """What a migration did, or would do.

    Attributes:
        id: Of the migration; what `--resume` and `--rollback` take. Empty for a dry run.
        mode: `migrate`, `dry-run` or `rollback`.
        source: Where it read.
        target: Where it wrote.
        wishes: What was asked for.
        folder: Its files; None for a dry run.
        started, finished: RFC 3339, UTC.
        read: Records read: `source`, `target`.
        renamed: Things that have another name in the target.
        ambiguous: Pairs of URNs that may be one thing; nothing was concluded.
        planned: Operations by action.
        outcomes: Operations by outcome: `written`, `unchanged`, `conflict`, `failed`.
        tally: Verdicts, counted.
        operations: The plan, in its order.
        records: What became of each record of the source, or would by what the target declares.
        conflicts: What both sides say otherwise, and nobody decided.
        failures: Operations that failed.
        warnings: What the catalogs warned of.
        reports: Files that were written for people and programs.
        exit_code: 0, or 3 when something failed.
    """

    id: str
    mode: str
    source: Place | None
    target: Place
    wishes: Wishes
    folder: Path | None = None
    started: str = ""
    finished: str = ""
    read: dict[str, int] = {}
    renamed: int = 0
    ambiguous: list[tuple[str, str]] = []
    planned: dict[str, int] = {}
    outcomes: dict[str, int] = {}
    tally: Tally = field(default_factory=Tally)
    operations: Many[Operation] = field(default_factory=none)
    records: Many[Proven] = field(default_factory=none)
    conflicts: list[Met] = []
    failures: Many[Done] = field(default_factory=none)
    warnings: list[Notice] = []
    reports: list[str] = []
    exit_code: int = 0
    kept: Any = None

    def losses(self) -> Iterator[tuple[str, str, str, int]]:
        """Return (aspect, verdict, reason, records) of everything that is not identical, the worst first."""
        order = {str(word): -number for number, word in enumerate(WORDS)}
        for (aspect, word, reason), count in sorted(
            self.tally.losses.items(), key=lambda item: (order[item[0][1]], -item[1], item[0])
        ):
            yield aspect, word, reason, count
