"""A context for tests: everything a component declares is kept in plain lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

from ..contracts.reporter import Notice
from ..model.coverage import Coverage
from ..model.graph import Graph
from ..model.record import AnyRecord
from ..model.scope import Covered, Scope


class MemoryContext:
    """A `Context` over a list of records.

    Attributes:
        declared: Every `Covered`, in order.
        warnings: Every warning as a `Notice`.
        progressed: Every (done, total).
    """

    def __init__(self, records: Iterable[AnyRecord] = (), *, full: bool = False, once: bool = False) -> None:
        self.memo: MutableMapping[bytes, bytes] = {}
        self.graph = Graph()
        self.cancelled: Callable[[], bool] = lambda: False
        self.full, self.once = full, once
        self.room: Scope | None = None
        self.run_id = "20260115T103000Z-test"
        self.declared: list[Covered] = []
        self.warnings: list[Notice] = []
        self.progressed: list[tuple[int, int | None]] = []
        self._records = {record.urn: record for record in records}
        for record in self._records.values():
            self.graph.add(record)

    @property
    def coverage(self) -> Coverage:
        """What was declared, taken together."""
        return Coverage(self.declared)

    def covered(self, covered: Covered) -> None:
        """Keep a declaration."""
        self.declared.append(covered)

    def progress(self, done: int, total: int | None = None) -> None:
        """Keep a report of progress."""
        self.progressed.append((done, total))

    def warn(self, code: str, message: str, where: str = "") -> None:
        """Keep a warning."""
        self.warnings.append(Notice(code=code, message=message, where=where))

    def get(self, urn: str) -> AnyRecord | None:
        """Return one of the records."""
        return self._records.get(urn)

    def records(self, kind: str) -> Iterator[AnyRecord]:
        """Return the records of a kind, sorted by URN."""
        return (self._records[urn] for urn in sorted(self._records) if self._records[urn].kind == kind)

    def component(self, spec: Any) -> Any:
        """Build a component from its resolved spec."""
        return spec.build()
