"""What the kernel concludes from two readings of a source: absent is not removed, and removed is found.

These tests run real pipelines: the kernel's own extract, collect, coverage and diff decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from ...contracts.reporter import RunResult
from ...contracts.source import Source
from ...errors import UnitError
from ...model.record import AnyRecord, canonical
from ...model.scope import Scope
from ..context import MemoryContext
from .base import ComponentKit
from .runs import Runs


class SourceRuns(ComponentKit):
    """The half of `SourceKit` that compares runs."""

    def read(self, source: Source[Any], ctx: MemoryContext, within: Scope = Scope()) -> list[AnyRecord]:
        """Read everything within a scope."""
        raise NotImplementedError

    def drop(self, folder: Path) -> None:
        """Take one dataset away."""
        raise NotImplementedError

    def forbid(self, folder: Path) -> AbstractContextManager[None]:
        """Return a context in which a part can be neither listed nor read."""
        raise NotImplementedError

    def corrupt(self, folder: Path) -> None:
        """Break one dataset."""
        raise NotImplementedError

    @pytest.fixture
    def runs(self, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
        """Runs of a pipeline with just this source."""
        return Runs(folder, tmp_path_factory.mktemp("state"), {"sources": [self.entry()]})

    def _first(self, runs: Runs) -> dict[str, bytes]:
        """Run for the first time and return what is known then."""
        result = runs.run()
        assert not result.failures, f"the very first run is not complete: {_told(result)}"
        return runs.lines()

    def _outcome(self, folder: Path) -> tuple[list[bytes], bool]:
        """Read by hand: the lines, and whether anything was said to be missing."""
        ctx = MemoryContext()
        source = self.build(folder)
        try:
            lines = sorted(canonical(record) for record in self.read(source, ctx))
        except Exception:  # how it fails is for the run to judge
            return [], True
        finally:
            source.close()
        return lines, any(covered.status != "complete" for covered in ctx.declared) or bool(ctx.warnings)

    def test_a_second_run_changes_nothing(self, runs: Runs) -> None:
        """Nothing happened, so a second run must find nothing. Look at what `ctx.memo` gives back, and at times."""
        before = self._first(runs)
        result = runs.run()
        assert not list(result.changes), [change.message for change in result.changes]
        assert runs.lines() == before, "the second run knows something else, though nothing happened"
        assert not result.failures, _told(result)

    def test_what_went_is_removed(self, runs: Runs, folder: Path) -> None:
        """What is really gone must be found: declare what was listed whole, also when the list became empty.

        Fill in `hide`, or override `drop`.
        """
        before = self._first(runs)
        self.drop(folder)
        result = runs.run()
        now = {record.urn for record in self.read(self.build(folder), MemoryContext()) if record.kind != "stats"}
        assert set(before) - now, "`drop` takes nothing away that the source reads"
        known = set(runs.lines())
        assert not known - now, f"gone, and not found: {sorted(known - now)}; it is in no scope declared complete"
        assert not now - known, f"there, and taken for gone: {sorted(now - known)}"
        assert [change for change in result.changes if change.rule.endswith("removed")], "no removal is reported"

    def test_what_is_hidden_is_not_removed(self, runs: Runs, folder: Path) -> None:
        """A right that was lost is no removal. Declare what could not be listed `failed`, or let the unit fail.

        Fill in `hide`, or override `forbid`.
        """
        before = self._first(runs)
        normal = self._outcome(folder)
        with self.forbid(folder):
            hidden = self._outcome(folder)
            assert hidden != normal, "`forbid` hides nothing that the source reads: override it"
            result = runs.run()
        self._nothing_lost(before, runs, result, "hidden", said=hidden[1])
        runs.run()
        assert runs.lines() == before, "after the right came back, something else is known than before it went"

    def test_what_is_broken_is_not_removed(self, runs: Runs, folder: Path) -> None:
        """A thing that cannot be read is still there. Raise `UnitError`, and conclude nothing from the gap.

        Fill in `hide`, or override `corrupt`.
        """
        before = self._first(runs)
        normal = self._outcome(folder)
        self.corrupt(folder)
        broken = self._outcome(folder)
        assert broken != normal, "`corrupt` breaks nothing that the source reads: override it"
        self._nothing_lost(before, runs, runs.run(), "broken", said=broken[1])

    def _nothing_lost(self, before: dict[str, bytes], runs: Runs, result: RunResult, how: str, *, said: bool) -> None:
        lost = sorted(set(before) - set(runs.lines()))
        assert not lost, (
            f"{lost} is {how}, and the run takes it for removed: its scope is declared complete for `record` though "
            "it could not be looked at"
        )
        gone = [change.message for change in result.changes if change.rule.endswith("-removed")]
        assert not gone, f"something is {how}, and the run reports: {gone}"
        defects = [notice.message for notice in result.failures if notice.fix.startswith("this is a defect")]
        assert not defects, (
            f"something is {how}, and the source raises {defects}: raise UnitError, which names the unit"
        )
        # What is remembered from the last run need not be looked at, so that the run may have nothing to say.
        assert said or result.failures or result.warnings or result.changed, (
            f"something is {how}, and nobody is told: use ctx.warn, or let the unit fail"
        )

    @pytest.mark.parametrize("late", [False, True], ids=["at once", "half-way"])
    def test_a_failed_unit_is_not_captured(
        self, runs: Runs, folder: Path, monkeypatch: pytest.MonkeyPatch, late: bool
    ) -> None:
        """When a unit fails, what it would have read stays known and unchanged; nothing of it is removed.

        The scope of a unit must hold every record that the unit gives: it is what is declared failed.
        """
        before = self._first(runs)
        source = self.build(folder)
        units = list(source.plan(Scope(), MemoryContext()))
        source.close()
        kind = type(source)
        original = kind.extract
        for unit in {unit.key: unit for unit in (units[0], units[len(units) // 2], units[-1])}.values():

            def failing(self: Any, one: Any, ctx: Any, key: str = unit.key) -> Iterator[AnyRecord]:
                for record in original(self, one, ctx):
                    if one.key == key and not late:
                        break
                    yield record
                    if one.key == key:
                        break
                if one.key == key:
                    raise UnitError("the kit lets this unit fail", where=key)

            with monkeypatch.context() as patch:
                patch.setattr(kind, "extract", failing)
                result = runs.run()
            assert result.exit_code == 3, f"the unit {unit.key!r} failed, and the run says it is complete"
            lost = sorted(set(before) - set(runs.lines()))
            assert not lost, (
                f"the unit {unit.key!r} failed, and {lost} is taken for removed: it is not in the scope of the unit"
            )
            assert runs.lines() == before, f"the unit {unit.key!r} failed, and something else is known than before"


def _told(result: RunResult) -> list[str]:
    return [f"{notice.where}: {notice.message}" for notice in result.failures]
