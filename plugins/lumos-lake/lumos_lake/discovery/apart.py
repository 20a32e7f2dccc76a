"""Partition-like folders that are no partitions: dates under which nothing recurs, and values that name tables.

What is kept apart here gets the name of its folder: `rel` begins with a date or with `key=value`, which nothing else
does. The folders above it are no partitions then either, as long as it is in no other of them.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from .cluster import Cluster
from .frame import Pile
from .names import folder_name
from .similarity import Comparer, spread
from .spool import Spool

CHAPTERS = 3
"""From so many dates on, it says something that no file name recurs."""
SAMPLE = 8
_WORD = re.compile(r"[^\W\d_][\w.\- ]*")


def is_part(segment: str) -> bool:
    """Tell whether a folder would be a partition by its name: a date, or `key=value`."""
    return folder_name(segment).kind in ("date", "hive")


def held_below(pile: Pile, depth: int, spool: Spool) -> Iterator[Cluster]:
    """Take what was kept apart in one of the folders, and is in no other of them; name it by that folder, too."""
    for key, stems in list(pile.groups.items()):
        rel, _ = key
        if not rel or pile.siblings[key][0] > 1 or not is_part(rel[0]):
            continue
        del pile.groups[key]
        for _, cluster in stems.values():
            cluster.rel = (_segment(spool, cluster.rows[0], depth), *rel)
            yield cluster


def chapters(pile: Pile, depth: int, spool: Spool, comparer: Comparer) -> Iterator[Cluster]:
    """Take all out of dates under which every file has a name and a schema of its own: each week, another subject.

    Args:
        pile: The dates.
        depth: Where they stand in a path.
        spool: The files.
        comparer: Compares schemas.
    """
    if comparer.blind or pile.count < CHAPTERS:
        return
    seen = [(seen[0], cluster) for stems in pile.groups.values() for seen, cluster in stems.values()]
    if len(seen) < pile.count or any(count > 1 or not cluster.stem or cluster.rel for count, cluster in seen):
        return
    by_format: dict[str, list[Cluster]] = {}
    for _, cluster in seen:
        by_format.setdefault(cluster.format, []).append(cluster)
    for format, found in by_format.items():
        few = [spool[cluster.rows[-1]] for cluster in spread(found, SAMPLE)]
        if len(found) > 1 and len(comparer.clusters(format, few)) <= len(few) // 2:
            return
    pile.groups.clear()
    for _, cluster in seen:
        cluster.rel = (_segment(spool, cluster.rows[0], depth),)
        cluster.because("no file name recurs under the dates, and the schemas differ", 0.8)
        yield cluster


def by_value(pile: Pile, depth: int, spool: Spool, comparer: Comparer) -> Iterator[Cluster]:
    """Take out of `key=value` folders what has columns of its own under each value: `type=place`, `type=building`.

    The values must be words: numbers, dates and codes of one table may drift, too.
    """
    if comparer.blind:
        return
    for key, last in pile.last.items():
        if len(last) < 2 or key[0] or key not in pile.groups:
            continue
        names = [unquote(name.partition("=")[2]) for name, _ in last]
        if len(last) != pile.siblings[key][0] or not all(map(_WORD.fullmatch, names)):
            continue
        few = spread(last, SAMPLE)
        signatures = [comparer.signature(key[1], spool[row]) for _, row in few]
        if None in signatures or len(comparer.clusters(key[1], [spool[row] for _, row in few])) < len(few):
            continue
        stems = pile.groups.pop(key)
        for cluster in [part for _, whole in stems.values() for part in _split(whole, depth, spool)]:
            cluster.rel = _values(cluster.rows, depth, spool)
            below = spool.path(cluster.rows[0]).split("/")[depth + len(cluster.rel) : -1]
            cluster.partitioned = any(is_part(segment) for segment in below) or any(
                place >= depth + len(cluster.rel) for place in cluster.positional
            )
            cluster.because("every value of the key has columns of its own", 0.8)
            yield cluster


def _split(cluster: Cluster, depth: int, spool: Spool) -> list[Cluster]:
    """Return a cluster in parts, one for each folder."""
    by_folder: dict[str, Cluster] = {}
    for row in cluster.rows:
        segment = _segment(spool, row, depth)
        part = by_folder.get(segment)
        if part is None:
            part = by_folder[segment] = Cluster(cluster.stem, cluster.format, array("Q"), cluster.variable)
            part.positional = cluster.positional
            part.because("folders are named key=value")
        part.rows.append(row)
    return list(by_folder.values())


def _values(rows: Sequence[int], depth: int, spool: Spool) -> tuple[str, ...]:
    """Return the folders that all files are in from a place on, as long as they are words of keys."""
    first, last = (spool.path(row).split("/")[depth:-1] for row in (min(rows), max(rows)))
    made: list[str] = []
    for one, other in zip(first, last, strict=False):
        if one != other or (made and not _WORD.fullmatch(unquote(one.partition("=")[2]))):
            break
        made.append(one)
    return tuple(made)


def _segment(spool: Spool, row: int, depth: int) -> str:
    return spool.path(row).split("/")[depth]
