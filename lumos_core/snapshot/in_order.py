"""Any number of records in the order that readers promise."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator

from ..model.record import AnyRecord, canonical, decode
from .sorter import LineSorter


def in_order(records: Iterable[AnyRecord]) -> Iterator[AnyRecord]:
    """Return records sorted by (kind, URN), in memory that does not grow with their number.

    Nothing is returned before all are read: a listing that fails half-way gives no records at all.

    Raises:
        DiskError: When what does not fit into memory cannot be spilled.
        ValueError: When a record is not a sound one.
    """
    with LineSorter(tempfile.gettempdir()) as lines:
        for record in records:
            lines.add(canonical(record))
        yield from map(decode, lines.sorted())
