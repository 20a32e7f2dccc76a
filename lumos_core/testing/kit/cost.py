"""Conformance of cost models."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ...contracts.cost import CostModel, Period
from ...model.entities import Stats
from ...model.graph import Graph
from ...model.record import AnyRecord, Record
from ...model.urns import dataset
from ..context import MemoryContext
from .base import ComponentKit
from .checks import check_record

PERIOD = Period("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")


class CostModelKit(ComponentKit):
    """Fill in `name` and `options`, and `total` when the costs of the sample are known."""

    kind = "cost_model"

    def total(self) -> Decimal | None:
        """Return what the sample costs in all, in the model's currency; None when the kit cannot know."""
        return None

    def stats(self) -> list[AnyRecord]:
        """Return volatile facts of three datasets."""
        sizes = {"raw": 9_000_000_000, "clean": 5_000_000_001, "mart": 1_000_000_007}
        return [
            Record(f"{dataset('kit', name)}#profile@2026-01-15T00:00:00Z", Stats(size_bytes=size))
            for name, size in sorted(sizes.items())
        ]

    def graph(self) -> Graph:
        """Return a diamond: raw feeds clean and mart, clean feeds mart."""
        graph = Graph()
        for source, target in (("raw", "clean"), ("raw", "mart"), ("clean", "mart")):
            graph.connect(dataset("kit", source), dataset("kit", target))
        return graph

    def priced(self, component: CostModel[Any]) -> list[AnyRecord]:
        """Price the sample."""
        return list(component.price(self.graph(), iter(self.stats()), PERIOD, MemoryContext()))

    def test_costs_are_stats(self, component: CostModel[Any]) -> None:
        """Costs are `stats` records of type `cost` with a decimal amount and a currency."""
        records = self.priced(component)
        assert records
        for record in records:
            check_record(record)
            assert "#cost" in record.urn
            assert Decimal(record.value.amount) >= 0
            assert record.value.currency

    def test_every_cent_is_conserved(self, component: CostModel[Any]) -> None:
        """The sum of what is allocated is what was spent. Distribute remainders, never round each part."""
        expected = self.total()
        if expected is not None:
            assert sum(Decimal(record.value.amount) for record in self.priced(component)) == expected
