"""What lies in storage below the tables of table formats: bytes and files, whatever their logs say of them.

A log names the files that count. What it no longer names is stored, and paid for, until somebody removes it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from .discovery import Grouping, Layout
from .storage import Entry, Gap


def count_stored(found: Layout, gaps: Sequence[Gap]) -> None:
    """Note for every table with a marker what lies below its root; a table inside another counts for itself alone.

    A table of which something could not be listed gets nothing: a part of it would look as if the rest were gone.

    Args:
        found: How the files are grouped, with the listing.
        gaps: What could not be listed.
    """
    counted: list[Grouping] = []
    tables = [grouping for grouping in found.groupings if grouping.marked]
    for table in sorted(tables, key=lambda table: table.root.count("/") + bool(table.root), reverse=True):
        inside = [_bounds(found.listing, other.root) for other in counted if _inside(other.root, table.root)]
        begin, end = _bounds(found.listing, table.root)
        if not any(_inside(gap.path, table.root) or _inside(table.root, gap.path) for gap in gaps):
            table.stored = tally(entry for part in _without(begin, end, inside) for entry in found.listing[part])
        counted.append(table)


def tally(files: Iterable[Entry]) -> tuple[tuple[str, int, int, int], ...]:
    """Count files by the class in which they are stored.

    Args:
        files: The files.

    Returns:
        Class (empty for the usual one), bytes, files, time of the newest one in nanoseconds since 1970; by class.
    """
    sums: dict[str, list[int]] = {}
    for entry in files:
        held = sums.setdefault(entry.kept_as, [0, 0, 0])
        held[0] += entry.size
        held[1] += 1
        held[2] = max(held[2], entry.mtime_ns)
    return tuple((name, size, count, newest) for name, (size, count, newest) in sorted(sums.items()))


def _inside(path: str, root: str) -> bool:
    return not root or path == root or path.startswith(f"{root}/")


def _bounds(listing: Sequence[Entry], root: str) -> tuple[int, int]:
    """Return where the files below a root begin and end in a listing."""
    if not root:
        return 0, len(listing)
    begin = bisect_left(listing, f"{root}/", key=lambda entry: entry.path)
    return begin, bisect_left(listing, f"{root}0", lo=begin, key=lambda entry: entry.path)  # `0` comes after `/`


def _without(begin: int, end: int, holes: Iterable[tuple[int, int]]) -> Iterable[slice]:
    """Yield what is left of a range; holes lie in it, apart or inside each other."""
    for start, stop in sorted(holes):
        if start > begin:
            yield slice(begin, start)
        begin = max(begin, stop)
    if begin < end:
        yield slice(begin, end)
