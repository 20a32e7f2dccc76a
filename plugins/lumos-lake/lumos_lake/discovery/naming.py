"""The last pass: which cluster gets the name of its folder, and what the others are called."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from operator import gt

from .cluster import GENERIC_FOLDERS, Cluster
from .grouping import Grouping, Known
from .names import _MONTHS, _VARIABLE, is_piece, nameless, split_extension, template
from .partitions import analyse
from .similarity import Comparer, spread
from .spool import Files, Spool, without_empty

_TYPED = ("parquet", "orc", "avro")
"""Formats that say the types of their columns."""
_NONE: dict[int, str] = {}
DOMINANT = 0.8
"""A cluster that has this share of a folder keeps the folder's name when odd files join it."""

_SECTION = re.compile(r"(?:[0-9]+\.)+[A-Za-z]")
_CODE = re.compile(r"(?!(?:(?:19|20)\d\d|(?:1\d|2[0-3])[0-5]\d)$)[1-9]\d{2,4}")
"""A number that may belong to a name: no year, no time (`1830`), no small count, no shard with zeros before it."""
MANY_NAMES = 3
"""Of so many files the number must be the same."""
_EDGES = " _-.,;()[]+@~="
MOST_READ = 1000
"""Files of one folder that are read, at most, to tell tables apart whose names are alike."""


class Namer:
    """Turns clusters into datasets with names that are unique and stay.

    Args:
        spool: The files.
        root_name: Name of the dataset that the root itself may be.
        comparer: Compares schemas of files.
        known: What the last run knew.
        extensions: Extension -> format.
    """

    def __init__(
        self, spool: Spool, root_name: str, comparer: Comparer, known: Known, extensions: Mapping[str, str]
    ) -> None:
        self._spool = spool
        self._root_name = root_name
        self._comparer = comparer
        self._known = known
        self._extensions = extensions
        self._shared: dict[tuple[str, ...], tuple[str, ...]] = {}

    def groupings(self, clusters: list[Cluster]) -> list[Grouping]:
        """Return the datasets, sorted by name; the list of clusters is emptied."""
        by_folder: dict[tuple[str, ...], list[Cluster]] = {}
        clusters.reverse()
        while clusters:
            cluster = clusters.pop()  # what is named is needed no more: there may be a million
            for part in self._by_schema(cluster):
                by_folder.setdefault(part.rel, []).append(part)
        found: dict[str, Grouping] = {}
        order = sorted(by_folder)
        for rel, after in zip(order, [*order, ()][1:], strict=True):
            members = by_folder.pop(rel)
            folder = "/".join(rel)
            owner = self._owner(rel, members, alone=after[: len(rel)] != rel)
            for cluster in sorted(members, key=lambda member: (member is not owner, member.stem, member.format)):
                if cluster is owner:
                    name, root = folder or self._root_name, folder
                else:
                    name, root = self._name(folder, cluster)
                    copies = owner is not None and cluster.stem == owner.stem and cluster.format != owner.format
                    if copies and cluster.partitioned:
                        name = f"{folder}/*.{cluster.format}" if folder else f"*.{cluster.format}"
                if name in found:
                    name = f"{name}.{cluster.format}"
                while name in found:
                    name += "~"
                found[name] = self._grouping(name, root, cluster)
        return [found[name] for name in sorted(found)]

    def _by_schema(self, cluster: Cluster) -> list[Cluster]:
        """Split files of one folder that share a template but not a schema."""
        rows = cluster.rows
        if cluster.partitioned or len(rows) < 2 or self._comparer.blind:
            return [cluster]
        if self._comparer.alike(cluster.format, [self._spool[row] for row in spread(rows, 3)]):
            return [cluster]
        if not cluster.stem and all(nameless(self._bare(row)) for row in spread(rows, 20)):
            cluster.because("the files hold several schemas, and their names tell nothing apart", 0.6)
            cluster.findings += (("mixed-schemas", "its files hold several schemas; their names tell no tables apart"),)
            return [cluster]
        if len(rows) > MOST_READ:
            cluster.because("the files hold several schemas; there are too many to read each", 0.5)
            cluster.findings += (
                ("mixed-schemas", f"its files hold several schemas; more than {MOST_READ:,} are not told apart"),
            )
            return [cluster]
        parts = self._comparer.clusters(cluster.format, Files(self._spool, rows))
        if len(parts) < 2:
            return [cluster]
        split: list[Cluster] = []
        for indices in sorted(parts, key=len, reverse=True):
            part_rows = array("Q", (rows[index] for index in indices))
            first = self._bare(part_rows[0])
            stem = cluster.stem if len(part_rows) > 1 and not split else first
            part = Cluster(stem, cluster.format, part_rows, cluster.variable and len(part_rows) > 1)
            part.rel = cluster.rel
            part.because("files with similar names hold different schemas", 0.8)
            split.append(part)
        return split

    def _bare(self, row: int) -> str:
        return split_extension(self._spool.path(row).rpartition("/")[2], self._extensions)[0]

    def _owner(self, rel: tuple[str, ...], members: list[Cluster], *, alone: bool) -> Cluster | None:
        """Return the cluster that is the folder itself; `alone` when there is nothing in named folders below it."""
        folder = "/".join(rel) or self._root_name
        title = template(folder.rpartition("/")[2])[0]
        if len(members) == 1:
            alone |= self._known(folder) == members[0].format
            whole = alone and bool(rel) and self._is_in_pieces(members[0])
            return members[0] if whole or self._is_folder(members[0], rel, title) else None
        for pool in ([m for m in members if m.partitioned], [m for m in members if not m.stem and m.variable], members):
            if len(pool) == 1:
                return pool[0]
            if pool:
                break
        formats = {member.format for member in pool}
        if len({member.stem for member in pool}) == 1 and pool[0].partitioned and len(formats) == len(pool):
            # copies in several formats
            return min(pool, key=lambda m: (-len(m.rows), m.format not in _TYPED, m.format))
        shards = [member for member in pool if not member.stem]
        if len(shards) == 1:
            return shards[0]
        ranked = sorted(pool, key=lambda m: (-len(m.rows), m.stem, m.format))
        if len(shards) > 1:
            return min(shards, key=lambda m: (-len(m.rows), m.format))
        named = [member for member in pool if member.stem == title]
        if len(named) == 1:
            return named[0]
        first, second = ranked[0], ranked[1]
        odd = second.folders <= (1 - DOMINANT) * first.folders
        dominant = first.partitioned or len(first.rows) >= DOMINANT * sum(len(member.rows) for member in members)
        before = (
            dominant
            and self._known(folder) == first.format
            and not any(self._known(self._name("/".join(rel), member)[0]) for member in members)
        )
        if (pool[0].partitioned and odd) or before:
            for member in members:
                if member is not first:
                    member.findings += (("odd-files", f"does not fit the other files of {folder}"),)
            return first
        return None

    def _is_in_pieces(self, only: Cluster) -> bool:
        """Tell whether a folder holds but numbered pieces with numbered files: `data/chunk-000/episode_0001`."""
        folders = self._spool.path(only.rows[0]).split("/")[:-1]
        levels = [folders[place] for place in only.positional if place < len(folders)]
        return only.variable and bool(levels) and all(map(is_piece, levels))

    def _is_folder(self, only: Cluster, rel: tuple[str, ...], title: str) -> bool:
        """Tell whether the only cluster of a folder takes the folder's name, and not that of its files.

        It does not where the folder says nothing about the table and the files do: at the root and in `data/`, `raw/`.
        """
        if not rel and len(only.rows) == 1 and not only.partitioned:
            return False  # the name of the root is not below it: a file that is moved with its folder stays what it is
        if not only.stem or only.stem == title:
            return True
        vague = not rel or rel[-1].casefold() in GENERIC_FOLDERS
        if only.partitioned:
            if self._spool.path(min(only.rows)).split("/")[-2:-1] == list(rel[-1:]) and not only.variable:
                return False  # a named file in a named folder inside the partitions
            return not (vague and only.positional and not (only.variable and not rel))
        if len(only.rows) > 1:
            return not vague
        related = set(only.stem.split("-")) <= set(title.split("-"))
        return related and only.variable and not vague

    def _name(self, folder: str, cluster: Cluster) -> tuple[str, str]:
        first = min(cluster.rows)
        if len(cluster.rows) == 1 and not cluster.partitioned:
            path = self._spool.path(first)
            return path, path
        stem = (self._spelled(cluster) if cluster.stem else "") or f"*.{cluster.format}"
        return (f"{folder}/{stem}" if folder else stem), folder

    def _spelled(self, cluster: Cluster) -> str:
        """Return what is constant in the names of the files, numbers too: `Sales2_2024-01` and on are `Sales2`."""
        rows = sorted(spread(cluster.rows, 20))
        bares = list(dict.fromkeys(self._bare(row) for row in rows))
        pieces = [_VARIABLE.split(bare) for bare in bares]
        first = pieces[0]
        if len(bares) == 1 and len(rows) > 1:
            return bares[0]  # the same name in every partition
        if len(bares) == 1 or any(len(one) != len(first) for one in pieces):
            return spelled(bares[0])
        if len(first) == 1 and len({spelled(bare) for bare in bares}) > 1:
            return spelled(_begins(bares))
        numbers = [_VARIABLE.findall(bare) for bare in bares]
        same = [len({one[place] for one in numbers}) == 1 for place in range(len(first) - 1)]
        made = first[0]
        kept = _sections(bares)
        for place, number in enumerate(numbers[0]):
            glued = (bool(made) and made[-1].isalpha()) or any(number in section.split(".") for section in kept)
            named = len(bares) >= MANY_NAMES and not all(same) and _CODE.fullmatch(number)
            made += (number if same[place] and (glued or named) else "\0") + first[place + 1]
        return spelled(made, kept=True)

    def _grouping(self, name: str, root: str, cluster: Cluster) -> Grouping:
        rows: Sequence[int] = cluster.rows
        if any(map(gt, rows, islice(rows, 1, None))):
            rows = array("Q", sorted(rows))
        positional: dict[int, str] = {}
        count = 0
        for index, label in sorted(cluster.positional.items()):
            if label == "partition":
                label = f"partition_{count}"
                count += 1
            positional[index] = label
        rows, empty = without_empty(self._spool, rows)
        if rows[-1] - rows[0] + 1 == len(rows):
            rows = range(rows[0], rows[-1] + 1)
        findings = list(cluster.findings)
        levels = None
        if cluster.partitioned:
            folders: Iterable[Sequence[str]] = self._spool.folders_of(rows)
            if named := {segment for segment in cluster.rel if "=" in segment}:  # values that name tables
                folders = (["" if one in named else one for one in folder] for folder in folders)
            levels = analyse(folders, positional)
            findings += levels.notes
            if levels.versions:
                cluster.because("folders hold copies of the whole, told apart by " + ", ".join(levels.versions), 0.85)
        elif len(rows) > 1:
            cluster.because("file names differ only in numbers, dates or identifiers", 0.95)
        else:
            cluster.because("a file of its own", 0.95)
        evidence = tuple(sorted(cluster.evidence))
        return Grouping(
            name=name,
            root=root_of(self._spool, rows, name, positional) if root else root,
            format=cluster.format,
            files=Files(self._spool, rows),
            partitions=levels.columns if levels else (),
            confidence=cluster.confidence,
            evidence=self._shared.setdefault(evidence, evidence),
            findings=list(dict.fromkeys(findings)),
            positional=positional or _NONE,
            empty=Files(self._spool, empty) if empty else (),
        )


def root_of(spool: Spool, rows: Sequence[int], name: str, positional: Mapping[int, str]) -> str:
    """Return the folder or file that holds some files.

    Args:
        spool: The files.
        rows: Some of them, in order of path.
        name: Of their dataset: where that is such a folder, it is the answer.
        positional: Index of a folder in the path -> partition level.
    """
    first, last = spool.path(rows[0]), spool.path(rows[-1])
    if first == last == name or (first.startswith(f"{name}/") and last.startswith(f"{name}/")):
        return name
    common = []
    for index, (one, other) in enumerate(zip(first.split("/")[:-1], last.split("/")[:-1], strict=False)):
        if one != other or index in positional or one.find("=") > 0:
            break
        common.append(one)
    return "/".join(common)


def _begins(bares: Sequence[str]) -> str:
    """Return the words with which all names begin."""
    first, last = min(bares), max(bares)
    common = next((place for place, letter in enumerate(first) if last[place : place + 1] != letter), len(first))
    return re.sub("[^-_. ]*$", "", first[:common])


def _sections(bares: Sequence[str]) -> set[str]:
    """Return what looks like the number of a section, and stands in all names: `12.1.D`."""
    return set.intersection(*({one for one in re.split(r"[\s_-]", bare) if _SECTION.fullmatch(one)} for bare in bares))


def spelled(bare: str, *, kept: bool = False) -> str:
    """Return what is constant in a file name, as it is spelled: `Sales_2024-01` is `Sales`.

    Args:
        bare: The name without extensions.
        kept: What varies stands as NUL in it; every number that is left belongs to the name.
    """
    words = []
    for piece in (bare if kept else _VARIABLE.sub("\0", bare)).split("\0"):
        word = piece.strip(_EDGES)
        parts = re.split(r"([_\-. ])", word)
        while parts and parts[-1].casefold() in _MONTHS and len(parts) > 1:
            parts = parts[:-2]
        if word := "".join(parts).rstrip(_EDGES):
            words.append(word)
    return "_".join(words)
