"""Conformance of sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from ...contracts.source import Source, Unit
from ...model.aspects import RECORD
from ...model.record import AnyRecord
from ...model.scope import Scope
from ...model.urns import host
from ..context import MemoryContext
from .base import ComponentKit
from .checks import check_record, check_records


class SourceKit(ComponentKit):
    """Fill in `name`, `options` and `prepare`.

    Attributes:
        hide: The name of something below the folder that can be removed (a file), to prove that removal is seen
            only through coverage; None when the source has no such thing.
    """

    kind = "source"
    hide: ClassVar[str | None] = None

    def prepare(self, folder: Path) -> None:
        """Put something to read into the folder (or start what is to be read)."""
        raise NotImplementedError("override prepare(folder) so that there is something to read")

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """A folder with something to read."""
        self.prepare(tmp_path)
        return tmp_path

    def read(self, source: Source[Any], ctx: MemoryContext, within: Scope = Scope()) -> list[AnyRecord]:
        """Read everything within a scope."""
        return [record for unit in source.plan(within, ctx) for record in source.extract(unit, ctx)]

    def test_finds_something(self, component: Source[Any], ctx: MemoryContext) -> None:
        """`plan` must give units and `extract` records. Check `options` and `prepare` of the test first."""
        component.check(ctx)
        assert self.read(component, ctx)

    def test_records_are_canonical(self, component: Source[Any], ctx: MemoryContext) -> None:
        """Records must survive writing and reading, and capture what they have. See the message for the key."""
        for record in self.read(component, ctx):
            check_record(record)

    def test_two_readings_are_equal(self, folder: Path) -> None:
        """Reading twice must give the same lines. Look for times, random ids and orders of sets."""
        first = check_records(self.read(self.build(folder), MemoryContext()))
        second = check_records(self.read(self.build(folder), MemoryContext()))
        assert first == second

    def test_units_are_plain_data(self, component: Source[Any], ctx: MemoryContext) -> None:
        """Units are shipped as JSON-like data. Keep objects and functions out of `args`."""
        import msgspec

        for unit in component.plan(Scope(), ctx):
            again = msgspec.msgpack.decode(msgspec.msgpack.encode(unit), type=Unit)
            assert again == unit

    def test_unit_keys_are_unique(self, component: Source[Any], ctx: MemoryContext) -> None:
        """A unit's key names it in messages and retries. Make it unique within the run."""
        keys = [unit.key for unit in component.plan(Scope(), ctx)]
        assert len(keys) == len(set(keys))

    def test_units_are_independent(self, folder: Path) -> None:
        """Each unit must be readable by a fresh instance, in any order, twice. Keep no state between calls."""
        units = list(self.build(folder).plan(Scope(), MemoryContext()))
        once = [check_records(self.build(folder).extract(unit, MemoryContext())) for unit in reversed(units)]
        again = [check_records(self.build(folder).extract(unit, MemoryContext())) for unit in reversed(units)]
        assert once == again

    def test_records_stay_inside_their_unit(self, component: Source[Any], ctx: MemoryContext) -> None:
        """A failed unit takes its scope out of coverage. Every record must be inside the scope of its unit."""
        for unit in component.plan(Scope(), ctx):
            for record in component.extract(unit, ctx):
                if record.kind in ("dataset", "job", "asset"):
                    assert unit.scope.matches(record.urn), f"{record.urn} is outside the scope of unit {unit.key}"

    def test_coverage_is_declared(self, component: Source[Any], ctx: MemoryContext) -> None:
        """What was listed whole must be declared (`ctx.covered`), or removals are never found."""
        records = self.read(component, ctx)
        assert any(RECORD in covered.aspects for covered in ctx.declared), "no scope is declared for `record`"
        for record in records:
            if record.kind == "dataset":
                assert ctx.coverage.complete(host(record.urn)), f"{record.urn} is in no complete scope"

    def test_a_smaller_scope_declares_no_more(self, folder: Path, ctx: MemoryContext) -> None:
        """With `within`, only what is inside may be declared complete. Intersect your scope with `within`."""
        everything = [record for record in self.read(self.build(folder), MemoryContext()) if record.kind == "dataset"]
        if len(everything) < 2:
            pytest.skip("one dataset only")
        inside, outside = everything[0].urn, everything[-1].urn
        seen = self.read(self.build(folder), ctx, Scope(urns=frozenset({inside})))
        assert inside in {record.urn for record in seen}
        assert not ctx.coverage.complete(outside), f"{outside} was not read and yet is declared complete"

    def test_cancellation_is_heeded(self, folder: Path) -> None:
        """Poll `ctx.cancelled()` at least once per file, page or query, and return early."""
        ctx = MemoryContext()
        ctx.cancelled = lambda: True
        source = self.build(folder)
        list(source.plan(Scope(), ctx))
        assert not any(covered.status == "complete" for covered in ctx.declared), "a cancelled listing is not complete"
