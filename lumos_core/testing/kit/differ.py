"""Conformance of differs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ...contracts.differ import Differ, Pair
from ...model.aspects import RECORD
from ...model.change import SEVERITIES, Change
from ...model.entities import KINDS, Dataset, Field
from ...model.record import AnyRecord, Record
from ...model.urns import dataset
from ..context import MemoryContext
from ..strategies import records
from .base import ComponentKit

RECORDS = st.one_of([records(kind) for kind in sorted(KINDS) if kind != "stats"])
"""Whatever a differ may get; volatile facts are never compared."""


def table(name: str, *fields: Field, captured: tuple[str, ...] = ("fields",)) -> AnyRecord:
    """Return a dataset for a pair."""
    return Record(dataset("file", name), Dataset(name=name, captured=list(captured), fields=list(fields)))


class DifferKit(ComponentKit):
    """Everything that a differ promises.

    Example:
        ```python
        from lumos_core.testing.kit import DifferKit

        class TestStrict(DifferKit):
            name = "strict"
            options = {"policy": "everything-breaks"}
        ```

    Attributes:
        name, options, live, unproven: As for every kit, see `ComponentKit`.
    """

    kind = "differ"

    def exercise(self, component: Differ[Any], folder: Path, ctx: MemoryContext) -> Iterable[object]:
        """Compare two datasets."""
        component.check(ctx)
        before = table("orders", Field("id", type="int64"), Field("email", type="string"))
        yield from component.diff(iter([Pair(before, table("orders"), frozenset({RECORD, "fields"}))]), ctx)

    def changes(self, component: Differ[Any], *pairs: Pair) -> list[Change]:
        """Return what the differ says of pairs."""
        return list(component.diff(iter(pairs), MemoryContext()))

    def test_equal_records_are_no_change(self, component: Differ[Any]) -> None:
        """A record compared with itself must give nothing."""
        record = table("orders", Field("id", type="int64"))
        found = self.changes(component, Pair(record, record, frozenset({RECORD, "fields"})))
        assert found == [], "a record compared with itself gives changes"

    def test_a_new_and_a_gone_record_are_told(self, component: Differ[Any]) -> None:
        """`before` None is an addition, `after` None a removal: both are changes of that record."""
        record = table("orders", Field("id", type="int64"))
        for pair in (Pair(None, record, frozenset({RECORD})), Pair(record, None, frozenset({RECORD}))):
            found = self.changes(component, pair)
            assert found, f"nothing is said about {pair}"
            assert {change.urn for change in found} == {record.urn}

    def test_absent_is_not_removed(self, component: Differ[Any]) -> None:
        """Without `fields` in `captured`, a field that is missing may not be called removed."""
        before = table("orders", Field("id", type="int64"), Field("email", type="string"))
        after = table("orders", Field("id", type="int64"), captured=())
        found = self.changes(component, Pair(before, after, frozenset({RECORD})))
        removed = [change for change in found if change.path == "email"]
        assert not removed, f"nobody looked at the fields, and one is called removed: {removed}"

    def test_it_is_lazy(self, component: Differ[Any]) -> None:
        """Pairs are streamed, and a million may differ: the first change comes before the last pair was asked for.

        A differ that looks for renames may hold the names of what came and went, and must not hold the rest.
        """
        taken = 0

        def pairs() -> Any:
            nonlocal taken
            for number in range(5_000):
                taken += 1
                before = table(f"t{number:05}", Field("id", type="int64"))
                after = table(f"t{number:05}", Field("id", type="string"))
                yield Pair(before, after, frozenset({RECORD, "fields"}))

        next(iter(component.diff(pairs(), MemoryContext())))
        assert taken < 5_000, "the differ reads all pairs before it gives the first change"

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(before=RECORDS, after=RECORDS)
    def test_any_two_records_can_be_compared(self, tmp_path_factory: Any, before: Any, after: Any) -> None:
        """Whatever a record holds, a differ must not break: one record of a million would end the run.

        It is compared with its own kind, with all of its aspects captured, and with none.
        """
        component = self.build(tmp_path_factory.getbasetemp())
        after = msgspec.structs.replace(after, urn=before.urn) if after.kind == before.kind else before
        everything = frozenset({RECORD, *getattr(before.value, "captured", ()), *getattr(after.value, "captured", ())})
        for captured in (everything, frozenset({RECORD})):
            for pair in (Pair(before, after, captured), Pair(None, after, captured), Pair(before, None, captured)):
                for change in self.changes(component, pair):
                    assert change.severity in SEVERITIES, f"{change.rule} is {change.severity!r}"
                    msgspec.json.encode(change)
        component.close()

    def test_rules_name_what_is_found(self, component: Differ[Any]) -> None:
        """`rules` is the catalogue of what a differ may find: `lumos rules` shows it, and waivers name its ids."""
        known = {rule["id"] for rule in component.rules()}
        if not known:
            pytest.skip("this differ has no catalogue of rules")
        before = table("orders", Field("id", type="int64"), Field("email", type="string"))
        after = table("orders", Field("id", type="string"), Field("mail", type="string", nullable=True))
        license = frozenset({RECORD, "fields"})
        pairs = (Pair(before, after, license), Pair(None, after, license), Pair(before, None, license))
        found = {change.rule for pair in pairs for change in self.changes(component, pair)}
        assert found <= known, f"found, and in no catalogue: {sorted(found - known)}"

    def test_severities_are_known(self, component: Differ[Any]) -> None:
        """Severities are the four of the model; messages, rules and fingerprints are filled in."""
        before = table("orders", Field("id", type="int64"), Field("email", type="string"))
        after = table("orders", Field("id", type="string"))
        found = self.changes(component, Pair(before, after, frozenset({RECORD, "fields"})))
        assert found, "a field went and another got a new type, and nothing is said"
        for change in found:
            assert change.severity in SEVERITIES, f"{change.severity!r} is none of {SEVERITIES}"
            assert change.rule, "a change without a `rule`: waivers name it"
            assert change.message, f"{change.rule} says nothing to people"
            assert len(change.fingerprint) == 16

    def test_answers_are_deterministic(self, component: Differ[Any]) -> None:
        """The same pairs give the same changes in the same order: fingerprints live in waivers."""
        before = table("orders", *(Field(f"c{number}", type="int64") for number in range(9)))
        after = table("orders", *(Field(f"c{number}", type="string") for number in range(5)))
        pair = Pair(before, after, frozenset({RECORD, "fields"}))
        first = msgspec.json.encode(self.changes(component, pair))
        assert msgspec.json.encode(self.changes(component, pair)) == first
