"""Reading the target again: what was really stored is known by reading back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from ..model.entities import Entity
from ..model.record import decode, line_key, split_key
from ..model.scope import Scope
from ..publish.steps import StepFile
from ..snapshot.sorter import LineSorter
from .ends import End
from .folder import Folder
from .lines import ASKED, SORTED, Asked, Told, count_of, lines_of, save, stop, take
from .proof import arrived, aspects_of, paired

WAITS = (0.0, 1.0)
"""Seconds before each further look at what is not there yet: the listings of a catalog may lag behind its writes."""


def reread(end: End, folder: Folder, told: Told, cancelled: Callable[[], bool]) -> None:
    """Read what the target holds of the source's records, and of all that was written.

    Everything is listed when that is less work than asking for each record; what a listing does not show, or not as
    it was written, is asked for by its name.

    Raises:
        CatalogError: When the target fails.
        Cancelled: When somebody asked to stop.
    """
    before, ours = count_of(folder.target), count_of(folder.ours)
    spool = folder.path / "listed.lumos.jsonl"
    if 2 * ours >= before:
        take(end, spool, Scope(), told, cancelled, None)
    else:
        _ask_each(end, folder, spool, told, cancelled)
    _look_again(end, folder, spool, cancelled)
    for path in (spool, spool.with_name("listed.stats.lumos.jsonl")):
        path.unlink(missing_ok=True)


def _ask_each(end: End, folder: Folder, path: Path, told: Told, cancelled: Callable[[], bool]) -> None:
    def keys() -> Iterator[tuple[str, str]]:
        yield from (split_key(line_key(line)) for line in lines_of(folder.ours))
        yield from ((step.kind, step.urn) for step in StepFile(folder.plan, 0, 0))

    with LineSorter(folder.path, SORTED) as sorter:
        source, count, asked = keys(), 0, Asked(end)
        while batch := list(islice(source, ASKED)):
            stop(cancelled)
            for line in asked.of(batch).values():
                sorter.add(line)
            count += len(batch)
            told(count, None, batch[-1][1])
        save(path, _distinct(sorter.sorted()), end.name)


def _distinct(lines: Iterable[bytes]) -> Iterator[bytes]:
    last = b""
    for line in lines:
        key = line_key(line)
        if key != last:
            yield line
        last = key


def _look_again(end: End, folder: Folder, spool: Path, cancelled: Callable[[], bool]) -> None:
    """Ask by name for what is not there as it should be, and write the whole."""
    with LineSorter(folder.path, SORTED) as found:
        doubted = list(_doubted(end, folder, spool))
        for wait in WAITS:
            if not doubted:
                break
            stop(cancelled)
            time.sleep(wait)
            source, asked, left = iter(doubted), Asked(end), list[tuple[str, str]]()
            while batch := list(islice(source, ASKED)):
                lines = asked.of(batch)
                for line in lines.values():
                    found.add(line)
                there = {split_key(key) for key in lines}
                left += [key for key in batch if key not in there]
            doubted = left
        fresh = _distinct(found.sorted())
        merged = (new if new is not None else old for old, new in _all(lines_of(spool), fresh))
        save(folder.after, (line for line in merged if line is not None), end.name)


def _all(left: Iterable[bytes], right: Iterable[bytes]) -> Iterator[tuple[bytes | None, bytes | None]]:
    """Every pair of two sorted streams, the equal ones included."""
    ours, theirs = iter(left), iter(right)
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        key = line_key(one) if one is not None else None
        twin = line_key(other) if other is not None else None
        if twin is None or (key is not None and key < twin):
            yield one, None
            one = next(ours, None)
        elif key is None or twin < key:
            yield None, other
            other = next(theirs, None)
        else:
            yield one, other
            one, other = next(ours, None), next(theirs, None)


def _doubted(end: End, folder: Folder, spool: Path) -> Iterator[tuple[str, str]]:
    """What should have arrived and is not there, or not as it should be by what the catalog declares."""
    sound = {
        aspect for aspect, support in end.capabilities.items() if support.write and support.read and support.lossless
    }
    for line, there in paired(lines_of(folder.ours), lines_of(spool)):
        if there == line:
            continue
        ours = decode(line)
        if there is None:
            yield ours.kind, ours.urn
        elif isinstance(ours.value, Entity):
            after = decode(there).value
            if any(aspect in sound and not arrived(aspect, ours.value, after) for aspect in aspects_of(ours)):
                yield ours.kind, ours.urn
