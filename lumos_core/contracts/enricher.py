"""The contract of an enricher.

Example:
    ```python
    class OwnEverything(Enricher[OwnConfig]):
        writes = frozenset({"owners"})

        def enrich(self, records: Iterator[Record], ctx: Context) -> Iterable[Record]:
            for record in records:
                if record.kind == "dataset":
                    record.value.owners.append(Owner(urns.plain("group", self.config.group)))
                yield record
    ```
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

from ..model.record import AnyRecord
from .component import BaseComponent, C, ComponentKind
from .context import Context


class Enricher(BaseComponent[C]):
    """Adds what the sources do not know: owners, tags, documentation, users, jobs, lineage.

    Attributes:
        writes: Aspects that are *not captured* when it fails.
    """

    component_kind: ClassVar[ComponentKind] = "enricher"
    writes: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def enrich(self, records: Iterator[AnyRecord], ctx: Context) -> Iterable[AnyRecord]:
        """Pass every record on, changed or not, and add new ones anywhere; the kernel sorts again.

        Records come sorted by (kind, URN), once. `ctx.get` and `ctx.records` read the stream as it was collected,
        and `ctx.graph` its lineage. A new record of a URN that exists is united with it.

        Raises:
            LumosError: The stream goes on as it was before, and `writes` is not captured in this run.
        """
