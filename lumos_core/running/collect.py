"""Collect: fragments become one sorted stream with one record per URN.

Set-like aspects are united; of everything else the earlier source in the YAML wins, with a warning. What any
component declared less than complete is taken out of `captured`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..model.aspects import RECORD
from ..model.coverage import Coverage
from ..model.graph import Graph
from ..model.merge import strip_captured, unite
from ..model.record import canonical, decode, line_kind, line_urn
from ..snapshot.sorter import LineSorter
from .linefile import LineFile
from .order import fragments
from .session import Session

MAX_CONFLICTS = 20
"""Conflicts that are named one by one; the rest are counted."""


def collect(session: Session, sorter: LineSorter, name: str = "collected") -> LineFile:
    """Unite and sort what was extracted, and build the lineage graph from it."""
    conflicts = Conflicts(session)
    lines = _united(sorter.sorted(), conflicts)
    gaps = Coverage(session.coverage.incomplete)
    path = session.scratch / f"{name}.jsonl"
    with session.guard_disk("write the collected records"):
        file = LineFile.write(path, without_gaps(lines, gaps))
    conflicts.report()
    rebuild_graph(session, file)
    return file


def _united(tagged: Iterable[bytes], conflicts: Conflicts) -> Iterator[bytes]:
    for group in fragments(tagged):
        if len(group) == 1:
            yield group[0]
            continue
        record = decode(group[0])
        conflicts.urn = record.urn
        for other in group[1:]:
            record = unite(record, decode(other), conflicts)
        yield canonical(record)


def without_gaps(lines: Iterable[bytes], gaps: Coverage) -> Iterator[bytes]:
    """Take aspects that were seen only in part out of `captured`."""
    if not gaps.incomplete:
        yield from lines
        return
    for line in lines:
        lost = gaps.gaps(line_urn(line)) - {RECORD} if line_kind(line) not in ("stats", "foreign") else None
        yield canonical(strip_captured(decode(line), lost)) if lost else line


def rebuild_graph(session: Session, lines: Iterable[bytes]) -> None:
    """Build the lineage graph anew; only lines that hold lineage are decoded."""
    session.graph = Graph()
    for line in lines:
        session.graph.add_line(line)


class Conflicts:
    """Says which component's word was not taken, without flooding the reader."""

    def __init__(self, session: Session) -> None:
        self.urn = ""
        self._session, self._count = session, 0

    def __call__(self, key: str, kept: Any, dropped: Any) -> None:
        """Note one conflict of the record `urn`."""
        self._count += 1
        if self._count <= MAX_CONFLICTS:
            told = "is not a field of the first component" if kept is None else "differs between components"
            self._session.warn("merge-conflict", f"`{key}` {told}; the first in the pipeline wins", self.urn)

    def report(self) -> None:
        """Say how many more there were."""
        if self._count > MAX_CONFLICTS:
            self._session.warn("merge-conflict", f"{self._count - MAX_CONFLICTS} more conflicts of this kind")
