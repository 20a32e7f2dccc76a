"""The contract of a cost model.

Example:
    ```python
    class PerGigabyte(CostModel[PerGigabyteConfig]):
        def price(self, graph, stats, period, ctx):
            for record in stats:
                size = int(record.value.size_bytes or 0)
                yield Record(
                    f"{urns.host(record.urn)}#cost@{period.end}",
                    Stats(amount=str(size * self.config.price / 10**9), currency="EUR"),
                )
    ```
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

from msgspec import Struct

from ..model.graph import Graph
from ..model.record import AnyRecord
from .component import BaseComponent, C, ComponentKind
from .context import Context


class Period(Struct, frozen=True):
    """A charge period, half open: RFC 3339 UTC times."""

    start: str
    end: str


class CostModel(BaseComponent[C]):
    """Attributes money to datasets and jobs through lineage."""

    component_kind: ClassVar[ComponentKind] = "cost_model"

    @abstractmethod
    def price(self, graph: Graph, stats: Iterator[AnyRecord], period: Period, ctx: Context) -> Iterable[AnyRecord]:
        """Return `stats` records of type `cost`: decimal amounts with their currency; every cent is conserved."""
