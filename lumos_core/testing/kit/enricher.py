"""Conformance of enrichers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contracts.enricher import Enricher
from ...model.aspects import ASPECTS
from ...model.entities import Dataset, Field
from ...model.record import AnyRecord, Record, canonical
from ...model.urns import dataset
from ..context import MemoryContext
from .base import ComponentKit
from .checks import check_records


class EnricherKit(ComponentKit):
    """Fill in `name`, `options` and, when the default does not suit it, `records`."""

    kind = "enricher"

    def records(self) -> Sequence[AnyRecord]:
        """Return the records to enrich, sorted by (kind, URN)."""
        names = ("customers", "orders")
        return [
            Record(dataset("file", name), Dataset(name=name, captured=["fields"], fields=[Field("id", type="int64")]))
            for name in names
        ]

    def enriched(self, component: Enricher[Any]) -> list[bytes]:
        """Enrich the records and return the lines, sorted."""
        records = self.records()
        return check_records(component.enrich(iter(records), MemoryContext(self.records())))

    def test_writes_only_known_aspects(self, component: Enricher[Any]) -> None:
        """`writes` names aspects of the closed list; they are *not captured* when the enricher fails."""
        assert component.writes, "`writes` is empty: then nothing is known to be missing when it fails"
        assert component.writes <= ASPECTS, f"unknown aspects: {sorted(component.writes - ASPECTS)}"

    def test_no_record_is_lost(self, component: Enricher[Any]) -> None:
        """Every record must be passed on. Look for a `continue` before the `yield`."""
        before = {record.urn for record in self.records()}
        after = {record.urn for record in component.enrich(iter(self.records()), MemoryContext(self.records()))}
        assert before <= after, f"lost: {sorted(before - after)}"

    def test_enriching_is_deterministic(self, folder: Any) -> None:
        """Two runs over equal records must give equal lines. Look for times and orders of sets."""
        assert self.enriched(self.build(folder)) == self.enriched(self.build(folder))

    def test_it_is_lazy(self, component: Enricher[Any]) -> None:
        """Records are streamed: the first comes out before the last was asked for, whatever their number."""
        taken = 0

        def counted() -> Any:
            nonlocal taken
            for number in range(10_000):
                taken += 1
                yield Record(dataset("file", f"t{number:05}"), Dataset(name=f"t{number:05}"))

        stream = iter(component.enrich(counted(), MemoryContext()))
        for _ in range(2):
            next(stream)
        assert taken < 10_000, "the enricher reads all records before it gives the first"

    def test_facts_of_sources_stay(self, component: Enricher[Any]) -> None:
        """Field types and names come from the source; an enricher must not rewrite them."""
        known = {record.urn: record for record in self.records()}
        for record in component.enrich(iter(self.records()), MemoryContext(self.records())):
            if record.urn in known and isinstance(record.value, Dataset):
                shapes = [(field.path, field.type) for field in record.value.fields]
                assert shapes == [(field.path, field.type) for field in known[record.urn].value.fields]
                canonical(record)
