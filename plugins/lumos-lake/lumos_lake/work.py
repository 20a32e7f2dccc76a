"""Which datasets share a unit of work."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from lumos_core.plugin_api import Scope, Unit

from . import records
from .discovery import Grouping, Layout
from .records import Names
from .units import pack

SMALL = 4
"""Datasets of at most so many files share a unit ..."""
TOGETHER = 32
"""... with at most so many others ..."""
MANY = 64
"""... when the lake has more datasets than this."""

FOLDERS = 1000
"""Folders that share a unit."""


def planned(found: Layout, within: Scope, names: Names, peeked: AbstractSet[str], *, folders: bool) -> Iterator[Unit]:
    """Yield the units that read what was found inside a scope.

    Args:
        found: The datasets.
        within: What is asked for.
        names: How things are named.
        peeked: Files that discovery has read.
        folders: Make a container of each folder.
    """
    small: list[Grouping] = []
    batch = len(found.groupings) > MANY
    chosen = (grouping for grouping in found.groupings if within.matches(names.dataset(grouping.name)))
    for grouping in chosen:
        if batch and len(grouping.files) <= SMALL:
            small.append(grouping)
            if len(small) == TOGETHER:
                yield _unit(small, names, peeked)
                small = []
        else:
            yield _unit([grouping], names, peeked)
    if small:
        yield _unit(small, names, peeked)
    if folders:
        every = records.folders(grouping.name for grouping in found.groupings)
        holders = [folder for folder in every if within.matches(names.container(folder))]
        for start in range(0, len(holders), FOLDERS):
            part = holders[start : start + FOLDERS]
            yield Unit(
                key=f"folders {start + 1}-{start + len(part)}",
                scope=Scope(urns=frozenset(names.container(folder) for folder in part)),
                args={"folders": [os.fsencode(folder) for folder in part]},
            )


def _unit(groupings: Sequence[Grouping], names: Names, peeked: AbstractSet[str]) -> Unit:
    first = records.text(groupings[0].name)
    return Unit(
        key=first if len(groupings) == 1 else f"{first} and {len(groupings) - 1} more",
        scope=Scope(urns=frozenset(names.dataset(grouping.name) for grouping in groupings)),
        weight=sum(max(1, len(grouping.files)) for grouping in groupings),
        args={"groupings": [pack(grouping, peeked) for grouping in groupings]},
    )
