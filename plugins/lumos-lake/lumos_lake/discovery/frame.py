"""A folder while its files pass by: what was seen in it so far, and nothing of what can be read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from .cluster import Cluster, Trait
from .grouping import Grouping
from .kids import Child, Kids
from .names import FolderName, calendar_names, calendar_part, folder_name

VALUES = 50
"""Values of a key, at most, that are looked at as names of tables."""
EXAMPLES = 3
"""Rows that are kept as examples of what was left out."""

Tally = dict[tuple[str, str], list[int]]
"""(`noise`, rule), (`unread`, format) or (`unknown`, '') -> number of files, then rows of the first few."""


def count(tally: Tally, kind: str, what: str, row: int) -> None:
    """Count a file that is left out."""
    seen = tally.get((kind, what))
    if seen is None:
        tally[kind, what] = [1, row]
    else:
        seen[0] += 1
        if len(seen) <= EXAMPLES:
            seen.append(row)


def add(tally: Tally, other: Tally) -> None:
    """Take in another tally."""
    for key, (number, *rows) in other.items():
        seen = tally.setdefault(key, [0])
        seen[0] += number
        seen.extend(rows[: EXAMPLES + 1 - len(seen)])


class Pile:
    """Partition-like folders of one kind, laid over each other as they come.

    Attributes:
        groups: (rel, format) -> stem -> [folders, the last of them, the cluster of all].
        siblings: (rel, format) -> [folders, the last of them].
        grains: How often each grain was seen.
        last: (rel, format) -> name and last row of each of the first folders that are `key=value`.
    """

    __slots__ = ("count", "grains", "groups", "last", "siblings")

    def __init__(self) -> None:
        self.count = 0
        self.grains: Counter[str] = Counter()
        self.groups: dict[tuple[tuple[str, ...], str], dict[str, tuple[list[int], Cluster]]] = {}
        self.siblings: dict[tuple[tuple[str, ...], str], list[int]] = {}
        self.last: dict[tuple[tuple[str, ...], str], list[tuple[str, int]]] = {}

    def add(self, found: Iterable[Cluster], grain: str, name: str = "") -> None:
        """Lay one more folder over the others."""
        self.count += 1
        self.grains[grain] += 1
        now = self.count
        for cluster in found:
            key = (cluster.rel, cluster.format)
            if name:
                last = self.last.setdefault(key, [])
                if len(last) <= VALUES and not (last and last[-1][0] == name):
                    last.append((name, cluster.rows[-1]))
            stems = self.groups.get(key)
            if stems is None:
                self.groups[key] = {cluster.stem: ([1, now], cluster)}
                self.siblings[key] = [1, now]
                continue
            _again(self.siblings[key], now)
            present = stems.get(cluster.stem)
            if present is None:
                stems[cluster.stem] = ([1, now], cluster)
            else:
                _again(present[0], now)
                present[1].add(cluster)

    @property
    def grain(self) -> str:
        """The grain that most folders have; among seasons, `2010-11` is no month."""
        if "season" in self.grains:
            return "season"
        return min(self.grains, key=lambda grain: (-self.grains[grain], grain))


def _long_value(found: list[Cluster]) -> None:
    """Count folders below `key=` to its value, which then begins with a slash: `resourceId=/SUBSCRIPTIONS/A/y=2023`."""
    kinds = {(cluster.format, cluster.stem) for cluster in found}
    if len(kinds) == 1 and all(cluster.rel and cluster.partitioned for cluster in found):
        for cluster in found:
            cluster.rel = ()


def _again(seen: list[int], now: int) -> None:
    if seen[1] != now:
        seen[0] += 1
        seen[1] = now


class Frame:
    """A folder that is open.

    Attributes:
        name: Its own name; empty for the root.
        prefix: What the paths in it begin with.
        depth: How many folders stand above it.
        parent: The folder that holds it.
        kind: What its name says.
        noisy: Whether it, or a folder above it, holds nothing that is data.
        first: Row of its first file.
        own: (format, stem, extensions) -> the files that lie directly in it.
        sniffed: Stem of files without an extension -> the format that the last ones had, and how many of them.
        piles: (kind, grain) -> partition-like folders in it.
        numbers, runs, named: The other folders in it; numbers and runs may turn out to be partitions.
        tally: What was left out, in it and below.
        marks: Tables below it that a table format has marked.
        claims: (format, place of the pattern) -> rows of the folder that holds its marker; no row when it lies here.
        globs: Markers that a file directly in it can be: (format, place, glob, whether it claims this folder).
        held: Those of `globs` that it holds for the folder above.
    """

    # Most folders need none of these: they stand in the class until they are needed.
    numbers: Kids | None = None
    runs: Kids | None = None
    named: Kids | None = None
    part: str | None = None
    piles: dict[tuple[str, str], Pile] | None = None
    tally: Tally | None = None
    sniffed: dict[str, tuple[str, int]] | None = None
    marks: list[Grouping] | None = None
    claims: dict[tuple[str, int], range] | None = None
    globs: Sequence[tuple[str, int, str, bool]] = ()
    held: tuple[tuple[str, int], ...] = ()
    _grain: str | None = None

    def __init__(self, name: str, parent: Frame | None, kind: FolderName, noisy: bool, first: int) -> None:
        self.name = name
        self.parent = parent
        self.kind = kind
        self.noisy = noisy
        self.first = first
        self.own: dict[tuple[str, str, str], Cluster] = {}
        self.prefix: str = "" if parent is None else f"{parent.prefix}{name}/"
        self.depth: int = 0 if parent is None else parent.depth + 1

    @property
    def simple(self) -> bool:
        """Whether nothing was seen but data directly in it."""
        plain = self.piles is None and self.numbers is None and self.runs is None and self.named is None
        return plain and self.marks is None and self.claims is None and not self.noisy

    def leave_out(self, kind: str, what: str, row: int) -> None:
        """Count a file that is in no dataset."""
        if self.tally is None:
            self.tally = {}
        count(self.tally, kind, what, row)

    @property
    def path(self) -> str:
        """Path below the root, without a final `/`."""
        return self.prefix[:-1]

    @property
    def grain(self) -> str:
        """Which part of a date its name is; empty when it is none."""
        if self._grain is None:
            self._grain = self._part_of_date()
        return self._grain

    def _part_of_date(self) -> str:
        if self.parent is None:
            return ""
        if self.kind.kind == "date":
            return self.kind.key
        if self.kind.kind == "hive":
            value = folder_name(self.name.partition("=")[2])
            return value.key if value.kind == "date" and value.key != "year" else self.kind.key.casefold()
        return calendar_part([self.name], self.parent.grain) if self.kind.kind == "number" else ""

    def take(self, child: Frame, found: list[Cluster], traits: dict[Trait, Trait]) -> None:
        """Take in the clusters of a folder that was closed."""
        kind = child.kind.kind
        if kind == "hive" and child.name.endswith("="):
            _long_value(found)
        if kind == "hive" or kind == "date":
            self._pile(kind, "", child.kind.key, found, child.name if kind == "hive" else "")
        elif kind == "number":
            part = calendar_part([child.name], self.grain)
            if self.numbers is None:
                self.numbers, self.part = Kids(), part
            elif self.part != part:
                self.part = ""
            self.numbers.add(child.name, found, traits)
        elif kind == "run":
            if self.runs is None:
                self.runs = Kids()
            self.runs.add(child.name, found, traits)
        elif self.grain == "year" and (grains := calendar_names([child.name], "year")):
            grain = next(iter(grains))
            self._pile("date", grain, grain, found)
        else:
            self.name_apart((child.name, found), traits)

    def name_apart(self, child: Child, traits: dict[Trait, Trait]) -> None:
        """Count a folder among those that have names of their own."""
        if self.named is None:
            self.named = Kids()
        self.named.add(child[0], child[1], traits)

    def _pile(self, kind: str, grain: str, part: str, found: list[Cluster], name: str = "") -> None:
        if self.piles is None:
            self.piles = {}
        pile = self.piles.get((kind, grain))
        if pile is None:
            pile = self.piles[kind, grain] = Pile()
        pile.add(found, part, name)
