"""Conformance of cost models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    """Everything that a cost model promises.

    Fill in `name`, `options` and `spent`: what was spent in all is known without the model, and nothing of it may
    get lost on the way through the lineage.

    Example:
        ```python
        from lumos_core.testing.kit import CostModelKit

        class TestPerGigabyte(CostModelKit):
            name = "per-gigabyte"
            options = {"price": "0.02"}

            def spent(self, stats):
                return sum(Decimal(record.value.size_bytes) * Decimal("0.02") / 10**9 for record in stats)
        ```

    Attributes:
        name, options, live, unproven: As for every kit, see `ComponentKit`.
        spent: Returns what datasets with these stats cost in all; None when the kit cannot know.
        total: Returns what the sample costs in all, when only that is known.
        stats, graph: The sample: three datasets in a diamond; override them when a model needs more.
        allocated: Tells of a record whether its amount adds up to the total; by default all do. A model that also
            writes amounts that do not (a fully loaded cost) says which.
    """

    kind = "cost_model"

    def total(self) -> Decimal | None:
        """Return what the sample costs in all, in the model's currency; None when the kit cannot know."""
        return self.spent(self.stats())

    def spent(self, stats: Sequence[AnyRecord]) -> Decimal | None:
        """Return what datasets with these stats cost in all, in the model's currency; None when it is unknown."""
        return None

    def allocated(self, record: AnyRecord) -> bool:
        """Tell whether the amount of a record adds up to the total."""
        return True

    def exercise(self, component: CostModel[Any], folder: Path, ctx: MemoryContext) -> Iterable[object]:
        """Price the sample."""
        component.check(ctx)
        yield from component.price(self.graph(), iter(self.stats()), PERIOD, ctx)

    def _sum(self, records: Iterable[AnyRecord]) -> Decimal:
        return sum((Decimal(record.value.amount) for record in records if self.allocated(record)), Decimal(0))

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
        assert records, "nothing is priced, though there are stats with sizes"
        for record in records:
            check_record(record)
            assert "#cost" in record.urn, f"{record.urn} is no cost: write `<urn>#cost@<end of the period>`"
            assert Decimal(record.value.amount) >= 0, f"{record.urn} costs {record.value.amount}"
            assert record.value.currency, f"{record.urn} has no currency"

    def test_every_cent_is_conserved(self, component: CostModel[Any]) -> None:
        """The sum of what is allocated is what was spent. Distribute remainders, never round each part."""
        expected = self.total()
        if expected is None:
            self._missing("`spent` or `total`", "whether every cent is conserved is not proven")
        found = self._sum(self.priced(component))
        assert found == expected, f"{expected} was spent, and {found} is allocated: {found - expected:+f} on the way"

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        sizes=st.lists(st.integers(0, 2**60), min_size=1, max_size=8),
        edges=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=16),
    )
    def test_every_estate_conserves_every_cent(
        self, tmp_path_factory: Any, sizes: list[int], edges: list[tuple[int, int]]
    ) -> None:
        """Whatever the sizes and the lineage (diamonds, cycles, things of size 0), no cent is lost or made.

        Calculate with `Decimal` or whole micro-units, and give what rounding leaves to the largest remainders.
        """
        names = [dataset("kit", f"t{number}") for number in range(len(sizes))]
        stats: list[AnyRecord] = [
            Record(f"{name}#profile@2026-01-15T00:00:00Z", Stats(size_bytes=size if size < 2**53 else str(size)))
            for name, size in zip(names, sizes, strict=True)
        ]
        expected = self.spent(stats)
        if expected is None:
            self._missing("`spent`", "whether every cent of any estate is conserved is not proven")
        graph = Graph()
        for source, target in edges:
            graph.connect(names[source % len(names)], names[target % len(names)])
        component = self.build(tmp_path_factory.getbasetemp())
        found = self._sum(component.price(graph, iter(stats), PERIOD, MemoryContext()))
        component.close()
        assert found == expected, f"{expected} was spent, and {found} is allocated: {found - expected:+f} on the way"

    def test_prices_are_deterministic(self, component: CostModel[Any]) -> None:
        """The same estate costs the same, whatever the order of its stats: look for sets and for ties."""
        first = sorted(check_record(record) for record in self.priced(component))
        backwards = component.price(self.graph(), iter(self.stats()[::-1]), PERIOD, MemoryContext())
        assert sorted(check_record(record) for record in backwards) == first, "another order gives other prices"
