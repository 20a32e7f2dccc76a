"""The cost model `acme`: a bill, divided among datasets by their size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from lumos_core.plugin_api import AnyRecord, Context, CostModel, Graph, Period, Record, Stats, urns

from .config import AcmeCostModelConfig


class AcmeCostModel(CostModel[AcmeCostModelConfig]):
    """A bill, divided among datasets by their size."""

    def price(self, graph: Graph, stats: Iterator[AnyRecord], period: Period, ctx: Context) -> Iterable[Record[Stats]]:
        """Give each dataset its share of the bill."""
        sizes: dict[str, int] = {}
        for record in stats:  # sorted by time: the newest size of a dataset counts
            if isinstance(record.value, Stats) and record.value.size_bytes:
                sizes[urns.host(record.urn)] = int(record.value.size_bytes)
        if not sizes:
            ctx.warn("no-sizes", "no size of a dataset is known, so that the bill cannot be divided")
        for urn, cents in shares(int(self.config.bill * 100), sizes).items():
            amount = str(Decimal(cents) / 100)
            value = Stats(amount=amount, currency=self.config.currency, start=period.start, end=period.end)
            yield Record(f"{urn}#cost@{period.end}", value)


def shares(cents: int, sizes: dict[str, int]) -> dict[str, int]:
    """Divide cents by size; those that rounding leaves go where most was rounded off, so that none is lost."""
    total = sum(sizes.values())
    found = {urn: cents * size // total for urn, size in sorted(sizes.items())}
    rest = cents - sum(found.values())
    for urn in sorted(found, key=lambda urn: (-(cents * sizes[urn] % total), urn))[:rest]:
        found[urn] += 1
    return found
