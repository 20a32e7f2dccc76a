"""What could not be read: told with its place, counted beyond a bound, and declared as not captured."""

from __future__ import annotations

from collections import Counter

from lumos_core.plugin_api import Context, Covered, Scope

from .names import Names

TABLE_LINEAGE = frozenset({"lineage", "lineage.columns"})
COLUMN_LINEAGE = frozenset({"lineage.columns"})

MAX_TOLD = 20
"""Warnings of one kind that are told one by one; the rest are counted."""


class Gaps:
    """Collects and tells gaps."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._told: Counter[str] = Counter()

    def warn(self, code: str, message: str, where: str = "") -> None:
        """Tell something, or count it where enough of its kind was told."""
        self._told[code] += 1
        if self._told[code] <= MAX_TOLD:
            self._ctx.warn(code, message, where)

    def declare(self, urn: str, captured: bool, reason: str, *, failed: bool = False) -> None:
        """Declare the lineage of a record incomplete; only that of its columns where a source has told the rest."""
        aspects = COLUMN_LINEAGE if captured else TABLE_LINEAGE
        scope = Scope(urns=frozenset({urn}))
        self._ctx.covered(Covered(scope, aspects, "failed" if failed else "partial", reason))

    def unparsed(self, reason: str, where: str) -> None:
        """Tell that a statement could not be read."""
        self.warn("sql-not-parsed", f"the lineage of this statement is not captured: {reason}", where)

    def finish(self, names: Names) -> None:
        """Tell which names no dataset has, the most frequent first, and how much was not told."""
        missing = sorted(names.missing.items(), key=lambda found: (-found[1], found[0]))
        for name, count in missing[:MAX_TOLD]:
            times = "once" if count == 1 else f"{count} times"
            self._ctx.warn("sql-unknown-table", f"no dataset is called {name}, which SQL names {times}")
        if len(missing) > MAX_TOLD:
            self._ctx.warn("sql-unknown-table", f"{len(missing) - MAX_TOLD} more names are those of no dataset")
        for code, count in sorted(self._told.items()):
            if count > MAX_TOLD:
                self._ctx.warn(code, f"{count - MAX_TOLD} more of this kind")
