"""Lineage as compact integer edges: what is upstream and downstream of what, by whom.

Memory is that of the URNs that take part in lineage plus 12 bytes an edge.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from . import urns
from .entities import Entity
from .record import AnyRecord, decode


class Graph:
    """The lineage of a set of records; edges point downstream, `via` is the job that makes them."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._urns: list[str] = []
        self._from, self._to, self._via = array("i"), array("i"), array("i")
        self._down: dict[int, list[int]] | None = None
        self._up: dict[int, list[int]] | None = None

    def __len__(self) -> int:
        return len(self._from)

    def add(self, record: AnyRecord) -> None:
        """Add the edges that one record reports; a job gives both its sides."""
        value = record.value
        if not isinstance(value, Entity) or value.lineage is None:
            return
        for edge in value.lineage.upstreams:
            self.connect(edge.urn, record.urn, edge.via)
        for edge in value.lineage.downstreams:
            self.connect(record.urn, edge.urn, edge.via)

    def add_line(self, line: bytes) -> None:
        """Add the edges that the record of a line reports; a line without lineage is not decoded."""
        if b'"lineage":{' in line:
            self.add(decode(line))

    def connect(self, source: str, target: str, via: str | None = None) -> None:
        """Add one edge; parts (`#field`) count as their record."""
        self._from.append(self._id(urns.host(source)))
        self._to.append(self._id(urns.host(target)))
        self._via.append(self._id(via) if via else -1)
        self._down = self._up = None

    def _id(self, urn: str) -> int:
        number = self._ids.setdefault(urn, len(self._urns))
        if number == len(self._urns):
            self._urns.append(urn)
        return number

    def nodes(self) -> Iterator[str]:
        """Return every URN that takes part in lineage."""
        return iter(self._urns)

    def edges(self) -> Iterator[tuple[str, str, str | None]]:
        """Return (upstream, downstream, via) of every edge."""
        for source, target, via in zip(self._from, self._to, self._via, strict=True):
            yield self._urns[source], self._urns[target], None if via < 0 else self._urns[via]

    def upstream(self, urn: str) -> list[str]:
        """Return the direct upstreams of a record, sorted."""
        return self._near(urn, down=False)

    def downstream(self, urn: str) -> list[str]:
        """Return the direct downstreams of a record, sorted."""
        return self._near(urn, down=True)

    def reach(self, urn: str, *, down: bool = True, depth: int | None = None) -> dict[str, int]:
        """Return everything upstream or downstream of a record with its distance, nearest first."""
        found: dict[str, int] = {}
        level, distance = [urn], 0
        while level and (depth is None or distance < depth):
            distance += 1
            fresh = sorted({near for node in level for near in self._near(node, down=down)} - found.keys() - {urn})
            found.update(dict.fromkeys(fresh, distance))
            level = fresh
        return found

    def _near(self, urn: str, *, down: bool) -> list[str]:
        if self._down is None or self._up is None:
            self._index()
        assert self._down is not None
        assert self._up is not None
        number = self._ids.get(urn)
        table = self._down if down else self._up
        return [] if number is None else sorted(self._urns[near] for near in table.get(number, ()))

    def _index(self) -> None:
        self._down, self._up = {}, {}
        for source, target in set(zip(self._from, self._to, strict=True)):
            self._down.setdefault(source, []).append(target)
            self._up.setdefault(target, []).append(source)
