"""Sibling folders that are values, not names of tables: numbered ones, and very many that are all alike inside."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .codes import of_one_domain
from .files import ALL_READ, MANY, SAMPLE, table_of
from .frame import Frame, Pile
from .grouping import Known
from .kids import Kids
from .names import dated, folder_name, template
from .naming import spelled
from .similarity import Comparer, spread
from .spelt import are_spelled, main_of
from .spool import Spool

SHARE = 0.8
"""Of so many of the siblings the inner layout must be the same."""
_VERSION = re.compile(r"(?<![A-Za-z])(?:v|ver|version|rev)[-_]?\d+$", re.IGNORECASE)
NUMBERED = 3
"""From so many numbered siblings on, the number is a value."""


class Joined(NamedTuple):
    """Sibling folders that were laid over each other.

    Attributes:
        pile: What is in them.
        name: What their names have in common, where that names the table and the folder above does not.
        kind: `many` or `numbered`.
        places: Which of the siblings they are.
    """

    pile: Pile
    name: str
    kind: str
    places: set[int]


def join_folders(frame: Frame, named: Kids, spool: Spool, comparer: Comparer, known: Known) -> Iterator[Joined]:
    """Yield the groups of sibling folders that are one thing each.

    Args:
        frame: The folder above them.
        named: The folders.
        spool: The files.
        comparer: Compares schemas.
        known: What the last run knew.
    """
    if len(named) < 2 or comparer.blind:
        return
    same = _Same(spool, comparer)
    before = known(frame.path) is not None
    if least := are_spelled(named, frame.depth, spool, before):
        joined = _laid(named, range(len(named)), least, same)
        if joined is None and before:
            joined = _mains(named, same)
        if joined is not None:
            yield Joined(joined[0], "", "spelled", joined[1])
            return
    if len(named) < NUMBERED:
        return
    table = table_of(frame)[0]
    many = MANY if not before else MANY // 2
    by_stem: dict[str, array[int]] = {}
    for index, name in enumerate(named.names):
        by_stem.setdefault("0" if name.isdigit() else folder_name(name).stem, array("Q")).append(index)
    for stem, places in sorted(by_stem.items()):
        words = set(stem.split("-"))
        chosen = [named.names[place] for place in places]
        days = bool(stem) and all(map(dated, chosen))
        inside = [len(found := named.clusters(place)) > 1 or bool(found[0].rel) for place in places[:SAMPLE]]
        if not stem or days:
            # codes and years are values where they hold several tables each, and always the same
            values = days or len(of_one_domain(chosen)) == len(named)
            least = NUMBERED if values and all(inside) and table is not None else many
        else:
            least = NUMBERED if any(inside) or (table is not None and stem != "0") else many
        editions = all(map(_is_edition, spread(chosen, ALL_READ)))
        alone = before or (len(places) == len(named) and not frame.own)
        if alone and frame.parent is not None and stem not in ("", "0") and not editions:
            least = NUMBERED
        if stem and not days and are_scales(chosen):
            continue
        if len(places) < least or (not stem and (frame.parent is None or len(places) < SHARE * len(named))):
            continue
        joined = _laid(named, places, least, same)
        if joined is not None:
            own = days and editions and not words <= set(template(frame.name)[0].split("-"))
            name = spelled(named.names[places[0]]) if own else ""
            yield Joined(joined[0], name, "many" if least == many else "numbered", joined[1])


def _is_edition(name: str) -> bool:
    """Tell whether the digits in a name are a date or a version: `orders_2023`, `orders_v2`, not `CC-MAIN-2023-50`."""
    return bool(_VERSION.search(name)) or folder_name("-".join(re.findall("[0-9]+", name))).kind == "date"


def are_scales(names: Sequence[str]) -> bool:
    """Tell whether names differ in a size: 1, 10, 100 (30, 350); each is a data set of its own, not a part."""
    numbers = [re.findall("[0-9]+", name) for name in names]
    scales = all(len(found) == 1 and re.fullmatch("[13]|[1-9]5?0+", found[0]) for found in numbers)
    sizes = [int(found[0]) for found in numbers] if scales else []
    return scales and max(sizes) >= 10 * min(sizes)


def _laid(named: Kids, places: Sequence[int], least: int, same: _Same) -> tuple[Pile, set[int]] | None:
    """Lay folders of one inner layout over each other; None where they are not alike."""
    needed = max(least, SHARE * len(places))
    fits = set(places)
    formats = {named.clusters(place)[0].format for place in spread(places, SAMPLE)}
    if len(formats) == 1 and not named.several:
        (format,) = formats
        last = [named.last[place] for place in places]
        if not same(format, last):
            return None
        if len(places) <= ALL_READ:
            fits = {places[index] for index in same.which(format, last)}
    layouts: dict[tuple[tuple[str, ...], str], int] = {}
    for place in places:
        for key in {(cluster.rel, cluster.format) for cluster in named.clusters(place)}:
            layouts[key] = layouts.get(key, 0) + 1
    usual = {key for key, count in layouts.items() if count >= needed}
    pile, taken = Pile(), set[int]()
    for place in places:
        found = named.clusters(place)
        if place in fits and {(cluster.rel, cluster.format) for cluster in found} <= usual:
            pile.add(found, "")
            taken.add(place)
    if len(taken) < needed:
        return None
    for (rel, format), stems in pile.groups.items():
        recurring = [seen[0] >= SHARE * pile.siblings[rel, format][0] for seen, _ in stems.values()]
        if not all(same(format, cluster.rows) for _, cluster in stems.values()):
            return None
        if not any(recurring) and not same(format, [cluster.rows[-1] for _, cluster in stems.values()]):
            return None
    return pile, taken


def _mains(named: Kids, same: _Same) -> tuple[Pile, set[int]] | None:
    """Lay the largest clusters of folders over each other; what else came into one of them stays there."""
    mains = [main_of(found) for _, found in named]
    if len({cluster.format for cluster in mains}) > 1 or not same(mains[0].format, [one.rows[-1] for one in mains]):
        return None
    pile, taken = Pile(), set[int]()
    for place, main in enumerate(mains):
        found = named.clusters(place)
        if len(found) > 1:
            found.remove(main)
        else:
            taken.add(place)
        pile.add([main], "")
    return pile, taken


class _Same:
    """Tells whether a few of many files have one schema: all but one, where there are enough."""

    def __init__(self, spool: Spool, comparer: Comparer) -> None:
        self._spool = spool
        self._comparer = comparer

    def __call__(self, format: str, rows: Sequence[int]) -> bool:
        if len(rows) == 1:
            return True
        few = spread(rows, SAMPLE)
        least = (SAMPLE - 1) / SAMPLE if len(few) == SAMPLE else 1.0
        return bool(self._comparer.same(format, [self._spool[row] for row in few], least))

    def which(self, format: str, rows: Sequence[int]) -> list[int]:
        """Return the places of those that have the schema of most."""
        return self._comparer.same(format, [self._spool[row] for row in rows], SHARE)
