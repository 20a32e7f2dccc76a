"""Conformance of sources: what one reading gives. What runs conclude from two is in `source_runs`, watching beside."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from ...contracts.source import Source, Unit
from ...model.aspects import RECORD
from ...model.entities import Entity
from ...model.record import AnyRecord, Record
from ...model.scope import Scope
from ...model.urns import dataset, host
from ..context import MemoryContext
from .checks import check_record, check_records, compare_claims
from .faults import forbidden, listed_backwards
from .source_runs import SourceRuns
from .source_watch import SourceWatch

WITHIN = 1_000
"""How many units, or records of a unit, may still come after a cancellation."""

JUNK = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 8
"""What stands in a file that is broken."""


class SourceKit(SourceWatch, SourceRuns):
    r"""Everything that a source promises.

    Fill in `name`, `options` and `prepare`, and `hide` (or `drop`, `forbid` and `corrupt`), so that what runs
    conclude can be proven.

    Example:
        ```python
        from lumos_core.testing.kit import SourceKit

        class TestNotes(SourceKit):
            name = "notes"
            options = {"path": "."}
            hide = "books.note"

            def prepare(self, folder):
                (folder / "meetings.note").write_text("when | who | what\n")
                (folder / "books.note").write_text("title | pages\n")
        ```

        A source that reads a server gets it from a fixture, and says how things go missing there:

        ```python
        class TestAcme(SourceKit):
            name = "acme"
            live = "acme_server"  # a fixture in conftest.py: yields {"host": ..., "password": ...}, or skips

            def prepare(self, folder):
                with acme.connect(self.served["host"], self.served["password"]) as server:
                    server.execute("create table orders (id int)")
                    server.execute("create table customers (id int)")

            def drop(self, folder):
                with acme.connect(self.served["host"], self.served["password"]) as server:
                    server.execute("drop table customers")
        ```

    Attributes:
        name, options, live, unproven: As for every kit, see `ComponentKit`.
        hide: A file below `folder` that is one dataset (or a part of one): by default it is what is dropped,
            forbidden and corrupted. None when the source reads no files.
        prepare: Puts something to read into the folder, or onto the server: at least two datasets.
        drop: Takes one dataset away. Default: deletes `hide`.
        forbid: A context in which a part cannot be listed or read. Default: `hide` is denied to Python's functions.
        corrupt: Breaks one dataset. Default: writes junk into `hide`.
        relist: A context in which the same things are listed in another order. Default: folders, backwards.
        happen: Of a source with `watch`: makes something happen that it tells of. Default: that is not proven.
    """

    kind = "source"
    hide: ClassVar[str | None] = None

    def prepare(self, folder: Path) -> None:
        """Put something to read into the folder (or start what is to be read)."""
        pytest.fail(
            f"{type(self).__name__} has no `prepare`: write `def prepare(self, folder)`, which puts at least two "
            "datasets where the source looks",
            pytrace=False,
        )

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """A folder with something to read."""
        self.prepare(tmp_path)
        return tmp_path

    def drop(self, folder: Path) -> None:
        """Take one dataset away."""
        path = self._hidden(folder, "drop")
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()

    def forbid(self, folder: Path) -> AbstractContextManager[None]:
        """Return a context in which a part can be neither listed nor read."""
        return forbidden(self._hidden(folder, "forbid"))

    def corrupt(self, folder: Path) -> None:
        """Break one dataset."""
        path = self._hidden(folder, "corrupt")
        path = next(item for item in sorted(path.rglob("*")) if item.is_file()) if path.is_dir() else path
        path.write_bytes(JUNK)

    def relist(self, folder: Path) -> AbstractContextManager[None]:
        """Return a context in which things are listed in another order."""
        return listed_backwards()

    def _hidden(self, folder: Path, method: str) -> Path:
        if self.hide is None:
            self._missing(f"`hide` or `{method}`", "what a run concludes from it is not proven")
        path = folder / str(self.hide)
        if not path.exists():
            pytest.fail(f"`hide` names {self.hide!r}, which `prepare` does not make", pytrace=False)
        return path

    def read(self, source: Source[Any], ctx: MemoryContext, within: Scope = Scope()) -> list[AnyRecord]:
        """Read everything within a scope."""
        records = [record for unit in source.plan(within, ctx) for record in source.extract(unit, ctx)]
        for record in records:
            kind = type(record).__name__
            assert isinstance(record, Record), f"`extract` gave something of the type {kind}: give `Record(urn, value)`"
        return records

    def exercise(self, component: Source[Any], folder: Path, ctx: MemoryContext) -> Iterable[object]:
        """Read everything."""
        component.check(ctx)
        yield from self.read(component, ctx)

    def test_finds_something(self, component: Source[Any], ctx: MemoryContext) -> None:
        """`plan` must give units and `extract` records. Check `options` and `prepare` of the test first."""
        component.check(ctx)
        assert self.read(component, ctx), "nothing was read: `plan` gave no units, or `extract` no records"

    def test_records_are_canonical(self, component: Source[Any], ctx: MemoryContext) -> None:
        """Records must survive writing and reading, and capture what they have. See the message for the key."""
        for record in self.read(component, ctx):
            check_record(record)

    def test_two_readings_are_equal(self, folder: Path) -> None:
        """Reading twice must give the same lines. Look for times, random ids and orders of sets."""
        first = check_records(self.read(self.build(folder), MemoryContext()))
        second = check_records(self.read(self.build(folder), MemoryContext()))
        assert first == second, "two readings of the same thing differ"

    def test_listing_order_changes_nothing(self, folder: Path) -> None:
        """Identities and records must not depend on the order of a listing. Sort what you list, count nothing.

        A name such as `table_3`, taken from a position, becomes another dataset's as soon as one is added.
        """
        first = check_records(self.read(self.build(folder), MemoryContext()))
        with self.relist(folder):
            second = check_records(self.read(self.build(folder), MemoryContext()))
        assert first == second, "another order of the listing gives other records"

    def test_capabilities_are_honest(self, component: Source[Any], ctx: MemoryContext) -> None:
        """`capabilities` names exactly the aspects that are captured: no more, no less.

        Take out what is never captured, add what is, or let `prepare` make something that has it.
        """
        records = self.read(component, ctx)
        shown = {aspect for record in records for aspect in getattr(record.value, "captured", ())}
        shown |= {RECORD} & {aspect for covered in ctx.declared for aspect in covered.aspects}
        compare_claims("capabilities", component.capabilities, shown, self.unproven)
        declared = {aspect for covered in ctx.declared for aspect in covered.aspects}
        beyond = declared - set(component.capabilities) if RECORD in component.capabilities else set()
        whole = {aspect for covered in ctx.declared if covered.status == "complete" for aspect in covered.aspects}
        assert not beyond & whole, f"declared complete and not claimed in `capabilities`: {sorted(beyond & whole)}"

    def test_units_are_plain_data(self, component: Source[Any], ctx: MemoryContext) -> None:
        """Units are shipped as JSON-like data. Keep objects and functions out of `args`."""
        for unit in component.plan(Scope(), ctx):
            try:
                again = msgspec.msgpack.decode(msgspec.msgpack.encode(unit), type=Unit)
            except (TypeError, ValueError) as error:
                pytest.fail(f"the unit {unit.key!r} cannot be shipped: {error}", pytrace=False)
            assert again == unit, f"the unit {unit.key!r} is another one after it was shipped"

    def test_unit_keys_are_unique(self, component: Source[Any], ctx: MemoryContext) -> None:
        """A unit's key names it in messages and retries. Make it unique within the run."""
        keys = [unit.key for unit in component.plan(Scope(), ctx)]
        assert len(keys) == len(set(keys)), f"these keys come twice: {sorted({k for k in keys if keys.count(k) > 1})}"

    def test_units_are_independent(self, folder: Path) -> None:
        """Each unit must be readable by a fresh instance, in any order, twice. Keep no state between calls."""
        units = list(self.build(folder).plan(Scope(), MemoryContext()))
        once = [check_records(self.build(folder).extract(unit, MemoryContext())) for unit in reversed(units)]
        again = [check_records(self.build(folder).extract(unit, MemoryContext())) for unit in reversed(units)]
        assert once == again, "a unit gives something else when it is read by another instance"

    def test_a_unit_can_be_tried_again(self, component: Source[Any]) -> None:
        """A unit that was interrupted is read again, by the same instance. Begin afresh in every `extract`."""
        for unit in component.plan(Scope(), MemoryContext()):
            whole = check_records(component.extract(unit, MemoryContext()))
            broken = iter(component.extract(unit, MemoryContext()))
            next(broken, None)
            getattr(broken, "close", lambda: None)()
            assert check_records(component.extract(unit, MemoryContext())) == whole, (
                f"the unit {unit.key!r} gives something else after it was interrupted"
            )

    def test_records_stay_inside_their_unit(self, component: Source[Any], ctx: MemoryContext) -> None:
        """A failed unit takes its scope out of coverage. Every record must be inside the scope of its unit."""
        for unit in component.plan(Scope(), ctx):
            for record in component.extract(unit, ctx):
                if isinstance(record.value, Entity) and record.kind in ("dataset", "container", "job", "asset"):
                    assert unit.scope.matches(record.urn), f"{record.urn} is outside the scope of unit {unit.key}"

    def test_coverage_is_declared(self, component: Source[Any], ctx: MemoryContext) -> None:
        """What was listed whole must be declared (`ctx.covered`), or removals are never found."""
        records = self.read(component, ctx)
        assert any(RECORD in covered.aspects for covered in ctx.declared), "no scope is declared for `record`"
        for record in records:
            if record.kind == "dataset":
                assert ctx.coverage.complete(host(record.urn)), f"{record.urn} is in no complete scope"

    def test_coverage_leaves_others_alone(self, component: Source[Any], ctx: MemoryContext) -> None:
        """A declaration covers this source's platform only: `Scope()` would say that all others' records are gone."""
        self.read(component, ctx)
        stranger = dataset("platform-of-another-source", "a.b")
        assert not ctx.coverage.complete(stranger), (
            f"{stranger} is declared complete: give the scope its `platform`, and `prefixes` where it has an instance"
        )

    def test_a_smaller_scope_declares_no_more(self, folder: Path, ctx: MemoryContext) -> None:
        """With `within`, only what is inside may be declared complete. Intersect your scope with `within`."""
        everything = [record for record in self.read(self.build(folder), MemoryContext()) if record.kind == "dataset"]
        if len(everything) < 2:
            self._missing("`prepare` with two datasets", "a smaller scope cannot be told from the whole")
        inside, outside = everything[0].urn, everything[-1].urn
        seen = self.read(self.build(folder), ctx, Scope(urns=frozenset({inside})))
        assert inside in {record.urn for record in seen}, f"{inside} is inside the scope and was not read"
        assert not ctx.coverage.complete(outside), f"{outside} was not read and yet is declared complete"

    def test_cancellation_is_heeded(self, folder: Path) -> None:
        """Poll `ctx.cancelled()` at least once per file, page or query, and return early."""
        polls = 0

        def asked() -> bool:
            nonlocal polls
            polls += 1
            return True

        ctx = MemoryContext()
        units = list(self.build(folder).plan(Scope(), MemoryContext()))
        ctx.cancelled = asked
        source = self.build(folder)
        planned = self._after_cancelling(lambda: source.plan(Scope(), ctx))
        assert not any(covered.status == "complete" for covered in ctx.declared), "a cancelled listing is not complete"
        assert planned <= WITHIN, f"`plan` gave more than {WITHIN} units after the run was cancelled"
        assert polls or len(units) < 2, "`plan` never asks ctx.cancelled(): ask once per page or folder of the listing"
        for unit in units[:20]:
            records = self._after_cancelling(lambda unit=unit: source.extract(unit, ctx))
            assert records <= WITHIN, (
                f"`extract` gave more than {WITHIN} records of {unit.key!r} after the cancellation"
            )
        source.close()
        assert polls, "neither `plan` nor `extract` ever asks ctx.cancelled()"

    def _after_cancelling(self, read: Any) -> int:
        """Count what still comes; a cancelled component may raise `Cancelled` too."""
        from ...errors import Cancelled

        count = 0
        try:
            for _ in read():
                count += 1
                if count > WITHIN:
                    break
        except Cancelled:
            pass
        return count

    def test_suggestions_can_be_used(self, component: Source[Any], folder: Path) -> None:
        """`suggest` is optional; what it suggests for `lumos init` must be entries that validate as they are."""
        if type(component).suggest is Source.suggest:
            pytest.skip("this source suggests nothing")
        from ...loading.registry import Registry

        for entry in component.suggest(str(folder)):
            assert "type" in entry, f"a suggestion without a `type`: {entry}"
            plain = {key: value for key, value in entry.items() if not key.startswith("#")}
            Registry.load().spec("source", plain, folder)
