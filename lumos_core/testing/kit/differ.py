"""Conformance of differs."""

from __future__ import annotations

from typing import Any

import msgspec

from ...contracts.differ import Differ, Pair
from ...model.aspects import RECORD
from ...model.change import SEVERITIES, Change
from ...model.entities import Dataset, Field
from ...model.record import AnyRecord, Record
from ...model.urns import dataset
from ..context import MemoryContext
from .base import ComponentKit


def table(name: str, *fields: Field, captured: tuple[str, ...] = ("fields",)) -> AnyRecord:
    """Return a dataset for a pair."""
    return Record(dataset("file", name), Dataset(name=name, captured=list(captured), fields=list(fields)))


class DifferKit(ComponentKit):
    """Fill in `name` and `options`."""

    kind = "differ"

    def changes(self, component: Differ[Any], *pairs: Pair) -> list[Change]:
        """Return what the differ says of pairs."""
        return list(component.diff(iter(pairs), MemoryContext()))

    def test_equal_records_are_no_change(self, component: Differ[Any]) -> None:
        """A record compared with itself must give nothing."""
        record = table("orders", Field("id", type="int64"))
        assert self.changes(component, Pair(record, record, frozenset({RECORD, "fields"}))) == []

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
        assert not [change for change in found if change.path == "email"], found

    def test_severities_are_known(self, component: Differ[Any]) -> None:
        """Severities are the four of the model; messages, rules and fingerprints are filled in."""
        before = table("orders", Field("id", type="int64"), Field("email", type="string"))
        after = table("orders", Field("id", type="string"))
        found = self.changes(component, Pair(before, after, frozenset({RECORD, "fields"})))
        assert found
        for change in found:
            assert change.severity in SEVERITIES
            assert change.rule
            assert change.message
            assert len(change.fingerprint) == 16

    def test_answers_are_deterministic(self, component: Differ[Any]) -> None:
        """The same pairs give the same changes in the same order: fingerprints live in waivers."""
        before = table("orders", *(Field(f"c{number}", type="int64") for number in range(9)))
        after = table("orders", *(Field(f"c{number}", type="string") for number in range(5)))
        pair = Pair(before, after, frozenset({RECORD, "fields"}))
        first = msgspec.json.encode(self.changes(component, pair))
        assert msgspec.json.encode(self.changes(component, pair)) == first
