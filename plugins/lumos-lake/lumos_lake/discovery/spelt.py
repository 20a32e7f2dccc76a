"""Sibling folders whose files spell out where they lie: `klines/BTCUSDT/1m/BTCUSDT-1m-2023-01.csv`.

A file that repeats the name of its folder says nothing, `orders/orders-01.csv` does so, too. One that goes on with the
name of another folder on its path tells a value from a name: whoever writes `BTCUSDT-trades` below `trades/BTCUSDT` has
many of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .cluster import GENERIC_FOLDERS, Cluster
from .codes import is_quantity, of_one_alphabet, of_one_domain
from .kids import Kids
from .names import _VARIABLE, folder_name
from .similarity import spread
from .spool import Spool

SPELLED = 3
"""From so many folders on; of two, the names must be codes, and each must hold one table."""
_MOST = 100
_SAMPLE = 8
_EACH = 3


def are_spelled(named: Kids, depth: int, spool: Spool, before: bool) -> int:
    """Return how many folders are enough for values, where the files spell all of them out; 0 where they do not.

    Args:
        named: The folders.
        depth: Where they stand in a path.
        spool: The files.
        before: They were values in the last run, so that it is enough when most files of each are spelled so.
    """
    names = named.names
    few = spread(names, _MOST)
    codes = len(few) in (len(of_one_domain(few)), len(of_one_alphabet(few, long=True)))
    if len(names) < (2 if codes else SPELLED):
        return 0
    heads: set[str] = set()
    for place in spread(range(len(names)), _SAMPLE):
        inside = named.clusters(place)
        if before:
            inside = [main_of(inside)]
        if len(names) < SPELLED and (len(inside) > 1 or not all(map(is_quantity, inside[0].rel))):
            return 0
        for cluster in inside:
            for row in spread(cluster.rows, _EACH):
                head = _before(spool.path(row).split("/"), depth, codes)
                if head is None or len(heads | {head}) > 1:
                    return 0
                heads.add(head)
    return 2 if codes else SPELLED


def _before(path: Sequence[str], depth: int, codes: bool) -> str | None:
    """Return what stands before the name of a folder in that of a file; None where the file does not spell its path."""
    name = path[-1]
    found = _piece(path[depth], name)
    if found is None:
        return None
    others = [one for one in path[max(0, depth - 1) : -1] if one != path[depth] and folder_name(one).kind == "named"]
    head, tail = name[: found.start()], name[found.end() :]
    for one in others:
        vague = one.casefold() in GENERIC_FOLDERS or (one == path[depth - 1] and of_one_domain([one]))
        if not vague and (_piece(one, tail) or (codes and _piece(one, head))):
            return _VARIABLE.sub("0", head)
    return None


def _piece(word: str, name: str) -> re.Match[str] | None:
    return re.search(rf"(?<![0-9A-Za-z]){re.escape(word)}(?![0-9A-Za-z])", name) if word else None


def main_of(found: Sequence[Cluster]) -> Cluster:
    """Return the largest cluster of a folder."""
    return max(found, key=lambda cluster: (len(cluster.rows), cluster.variable, cluster.stem))


def fold_steps(cluster: Cluster, depth: int) -> None:
    """Take folders such as `1m` below values for one more level, not for a table."""
    if cluster.rel and all(map(is_quantity, cluster.rel)):
        levels = {depth + 1 + place: "partition" for place in range(len(cluster.rel))}
        cluster.positional = {**cluster.positional, **levels}
        cluster.rel = ()
