"""The last pass: which cluster gets the name of its folder, and what the others are called."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .cluster import GENERIC_FOLDERS, Cluster
from .grouping import Grouping, Known
from .names import _MONTHS, _VARIABLE, split_extension, template
from .partitions import analyse
from .similarity import Comparer, spread

DOMINANT = 0.8
"""A cluster that has this share of a folder keeps the folder's name when odd files join it."""


def groupings(
    clusters: Iterable[Cluster], root_name: str, comparer: Comparer, known: Known, extensions: dict[str, str]
) -> list[Grouping]:
    """Turn clusters into datasets with names that are unique and stay."""
    by_folder: dict[tuple[str, ...], list[Cluster]] = {}
    for cluster in clusters:
        for part in _by_schema(cluster, comparer, extensions):
            by_folder.setdefault(part.rel, []).append(part)
    found: dict[str, Grouping] = {}
    for rel, members in sorted(by_folder.items()):
        folder = "/".join(rel)
        owner = _owner(rel, members, root_name, known, extensions)
        for cluster in sorted(members, key=lambda member: (member is not owner, member.stem, member.format)):
            if cluster is owner:
                name, root = folder or root_name, folder
            else:
                name, root = _name(folder, cluster, extensions)
            if name in found:
                name = f"{name}.{cluster.format}"
            while name in found:
                name += "~"
            found[name] = _grouping(name, root, cluster)
    return [found[name] for name in sorted(found)]


def _by_schema(cluster: Cluster, comparer: Comparer, extensions: dict[str, str]) -> list[Cluster]:
    """Split files of one folder that share a template but not a schema."""
    if cluster.partitioned or len(cluster.files) < 2 or comparer.blind:
        return [cluster]
    if comparer.alike(cluster.format, spread(cluster.files, 3)):
        return [cluster]
    parts = comparer.clusters(cluster.format, cluster.files)
    if len(parts) < 2:
        return [cluster]
    split: list[Cluster] = []
    for indices in sorted(parts, key=len, reverse=True):
        files = [cluster.files[index] for index in indices]
        first = split_extension(files[0].path.rpartition("/")[2], extensions)[0]
        part = Cluster(cluster.stem if len(files) > 1 and not split else first, cluster.format, files, False)
        part.variable = cluster.variable and len(files) > 1
        part.rel = cluster.rel
        part.because("files with similar names hold different schemas", 0.8)
        split.append(part)
    return split


def _owner(
    rel: tuple[str, ...], members: list[Cluster], root_name: str, known: Known, extensions: dict[str, str]
) -> Cluster | None:
    """Return the cluster that is the folder itself."""
    folder = "/".join(rel) or root_name
    title = template(folder.rpartition("/")[2])[0]
    if len(members) == 1:
        return members[0] if _is_folder(members[0], rel, title) else None
    for pool in ([m for m in members if m.partitioned], [m for m in members if not m.stem and m.variable], members):
        if len(pool) == 1:
            return pool[0]
        if pool:
            break
    shards = [member for member in pool if not member.stem]
    if len(shards) == 1:
        return shards[0]
    ranked = sorted(pool, key=lambda m: (-len(m.files), m.stem, m.format))
    if len(shards) > 1:
        return min(shards, key=lambda m: (-len(m.files), m.format))
    named = [member for member in pool if member.stem == title]
    if len(named) == 1:
        return named[0]
    first, second = ranked[0], ranked[1]
    odd = second.folders <= (1 - DOMINANT) * first.folders
    dominant = first.partitioned or len(first.files) >= DOMINANT * sum(len(member.files) for member in members)
    before = (
        dominant
        and known(folder) == first.format
        and not any(known(_name("/".join(rel), member, extensions)[0]) for member in members)
    )
    if (pool[0].partitioned and odd) or before:
        for member in members:
            if member is not first:
                member.findings.append(("odd-files", f"does not fit the other files of {folder}"))
        return first
    return None


def _is_folder(only: Cluster, rel: tuple[str, ...], title: str) -> bool:
    """Tell whether the only cluster of a folder takes the folder's name, and not that of its files.

    It does not where the folder says nothing about the table and the files do: at the root and in `data/`, `raw/`.
    """
    if not rel and len(only.files) == 1 and not only.partitioned:
        return False  # the name of the root is not below it: a file that is moved with its folder stays what it is
    if not only.stem or only.stem == title:
        return True
    vague = not rel or rel[-1].casefold() in GENERIC_FOLDERS
    if only.partitioned:
        if only.files[0].path.split("/")[-2:-1] == list(rel[-1:]) and not only.variable:
            return False  # a named file in a named folder inside the partitions
        return not (vague and only.positional and not (only.variable and not rel))
    if len(only.files) > 1:
        return not vague
    related = set(only.stem.split("-")) <= set(title.split("-"))
    return related and only.variable and not vague


def _name(folder: str, cluster: Cluster, extensions: dict[str, str]) -> tuple[str, str]:
    if len(cluster.files) == 1 and not cluster.partitioned:
        return cluster.files[0].path, cluster.files[0].path
    bare = split_extension(cluster.files[0].path.rpartition("/")[2], extensions)[0]
    stem = (spelled(bare) if cluster.stem else "") or f"*.{cluster.format}"
    return (f"{folder}/{stem}" if folder else stem), folder


def spelled(bare: str) -> str:
    """Return what is constant in a file name, as it is spelled: `Sales_2024-01` is `Sales`."""
    words = []
    for piece in _VARIABLE.sub("\0", bare).split("\0"):
        word = piece.strip(" _-.,;()[]+@~=")
        parts = re.split(r"([_\-. ])", word)
        while parts and parts[-1].casefold() in _MONTHS and len(parts) > 1:
            parts = parts[:-2]
        if word := "".join(parts):
            words.append(word)
    return "_".join(words)


def _grouping(name: str, root: str, cluster: Cluster) -> Grouping:
    # A file without a byte says nothing; it counts only where there is no other.
    files = sorted([entry for entry in cluster.files if entry.size] or cluster.files)
    positional: dict[int, str] = {}
    count = 0
    for index, label in sorted(cluster.positional.items()):
        if label == "partition":
            label = f"partition_{count}"
            count += 1
        positional[index] = label
    findings = list(dict.fromkeys(cluster.findings))
    levels = None
    if cluster.partitioned:
        folders = {entry.path.rpartition("/")[0] for entry in files}
        levels = analyse((tuple(folder.split("/")) for folder in folders), positional)
        findings += levels.notes
        if levels.versions:
            cluster.because("folders hold copies of the whole, told apart by " + ", ".join(levels.versions), 0.85)
    elif len(files) > 1:
        cluster.because("file names differ only in numbers, dates or identifiers", 0.95)
    else:
        cluster.because("a file of its own", 0.95)
    return Grouping(
        name=name,
        root=root,
        format=cluster.format,
        files=files,
        partitions=levels.columns if levels else (),
        confidence=cluster.confidence,
        evidence=tuple(sorted(cluster.evidence)),
        findings=findings,
    )
