"""Two sorted line streams and what was looked at on each side, as the pairs that a differ judges."""

from __future__ import annotations

from collections.abc import Iterator

from ..contracts.differ import Pair
from ..errors import SnapshotError
from ..model.coverage import Coverage
from ..model.merge import captured_by_both
from ..model.record import STATS_START, AnyRecord, decode
from ..snapshot.join import join


def pairs(
    before: Iterator[bytes], after: Iterator[bytes], before_coverage: Coverage, after_coverage: Coverage
) -> Iterator[Pair]:
    """Return the records that differ, in line order; memory is that of one pair.

    A record that is only in `before` counts as removed only where both sides are complete for the aspect
    `record` (architecture, section 2: absent is not removed); else it is left out. Stats are never compared.

    Args:
        before: Lines in byte order, without newline, unique by key.
        after: The same for the other side.
        before_coverage: What `before` looked at.
        after_coverage: What `after` looked at.

    Raises:
        SnapshotError: When a line cannot be read.
    """
    for old_line, new_line in join(before, after):
        if (old_line or new_line or b"").startswith(STATS_START):
            continue
        old = None if old_line is None else _read(old_line)
        new = None if new_line is None else _read(new_line)
        if new is None and old is not None and not _removed(old.urn, before_coverage, after_coverage):
            continue
        yield Pair(old, new, captured_by_both(old, new))


def _removed(urn: str, before: Coverage, after: Coverage) -> bool:
    return before.complete(urn) and after.complete(urn)


def _read(line: bytes) -> AnyRecord:
    try:
        return decode(line)
    except ValueError as error:
        raise SnapshotError(
            "a record cannot be read",
            why=str(error),
            fix="a newer Lumos may have written it: upgrade, or check it with `lumos snapshot validate`",
            where=line[:80].decode("utf-8", "replace"),
        ) from error
