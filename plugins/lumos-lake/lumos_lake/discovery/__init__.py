"""Which files are one dataset: the passes of discovery over a listing of any storage.

Example:
    >>> from lumos_lake import Entry, discover
    >>> [g.name for g in discover([Entry("orders/day=1/a.csv"), Entry("orders/day=2/a.csv")])]
    ['orders']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ..storage import Entry
from .detect import Detector
from .grouping import Grouping, Known, Layout, PartitionColumn, Peek, Signature
from .markers import KNOWN_MARKERS, find, heads
from .names import KNOWN_EXTENSIONS, split_extension
from .naming import groupings
from .overrides import Overrides, compile_rule
from .partitions import value_type
from .similarity import Comparer, similarity
from .tree import Node, build

__all__ = [
    "KNOWN_EXTENSIONS",
    "KNOWN_MARKERS",
    "Grouping",
    "Layout",
    "Overrides",
    "PartitionColumn",
    "Peek",
    "Signature",
    "discover",
    "layout",
    "similarity",
]


def discover(
    listing: Iterable[Entry],
    *,
    extensions: Mapping[str, str] | None = None,
    markers: Mapping[str, Sequence[str]] | None = None,
    overrides: Overrides | None = None,
    peek: Peek | None = None,
    known: Known = lambda name: None,
    hidden: bool = False,
    sniff: Callable[[Entry], str] | None = None,
    root_name: str = "root",
) -> list[Grouping]:
    """Group the files of a listing into datasets; the order of the listing does not matter.

    Args:
        listing: Every file.
        extensions: Extension -> format of the formats to read; default: all that are known by extension.
        markers: Format -> what marks a folder as its table, beside those that are known.
        overrides: What people know better.
        peek: Reads the schema of one file, where names leave it open; without it, names alone decide.
        known: What the last run knew, so that a few odd files change nothing.
        hidden: Take names with a leading `.` or `_` for data too.
        sniff: Names the format of a file without extension from its first bytes.
        root_name: Name of the dataset that the root itself may be.

    Returns:
        The datasets, sorted by name.
    """
    found = layout(
        listing,
        extensions=extensions,
        markers=markers,
        overrides=overrides,
        peek=peek,
        known=known,
        hidden=hidden,
        sniff=sniff,
        root_name=root_name,
    )
    return found.groupings


def layout(
    listing: Iterable[Entry],
    *,
    extensions: Mapping[str, str] | None = None,
    markers: Mapping[str, Sequence[str]] | None = None,
    overrides: Overrides | None = None,
    peek: Peek | None = None,
    known: Known = lambda name: None,
    hidden: bool = False,
    sniff: Callable[[Entry], str] | None = None,
    root_name: str = "root",
) -> Layout:
    """Do what `discover` does, and also tell what was left out; the arguments are the same."""
    by_extension = dict(KNOWN_EXTENSIONS if extensions is None else extensions)
    told: list[Grouping] = []
    if overrides is not None and overrides.tables:
        told, listing = _told(listing, overrides, by_extension)
    root = build(listing)
    marked, claimed = _marked(root, {**KNOWN_MARKERS, **(markers or {})}, root_name, frozenset(markers or ()))
    comparer = Comparer(peek)
    detector = Detector(by_extension, comparer, known, hidden=hidden, sniff=sniff)
    clusters = detector.clusters(root, claimed)
    plain = groupings(clusters, root_name, comparer, known, by_extension)
    taken: dict[str, Grouping] = {}
    for grouping in [*told, *marked, *plain]:
        if grouping.name in taken:
            grouping.name = f"{grouping.name}.{grouping.format}"
        taken.setdefault(grouping.name, grouping)
    return Layout(
        groupings=[taken[name] for name in sorted(taken)],
        unread=dict(sorted(detector.unread.items())),
        unknown=detector.unknown,
        noise=detector.noise,
    )


def _marked(
    root: Node, markers: Mapping[str, Sequence[str]], root_name: str, read: frozenset[str]
) -> tuple[list[Grouping], frozenset[Node]]:
    """Return the tables that a table format has marked, and the folders that are theirs.

    Of several markers that of a format in `read` wins, then the first as `KNOWN_MARKERS` has them: Delta, whose
    writers translate their log for others (UniForm), before Iceberg, before Hudi.
    """
    found: list[Grouping] = []
    claimed: set[Node] = set()
    begins = heads(markers)
    pending = [(root, False)]
    while pending:
        node, inside = pending.pop()
        formats = find(node, markers, begins)
        holders = set(formats.values()) - {node}
        if formats:
            names = sorted(formats, key=lambda name: name not in read)
            path = node.path
            why = [f"the folder has the marker of {name}" for name in names]
            if len(names) > 1:
                why.append(
                    f"its schema is that of {names[0]}, the first of them" + " that is read" * (names[0] in read)
                )
            found.append(
                Grouping(
                    name=path or root_name,
                    root=path,
                    format=names[0],
                    also=tuple(names[1:]),
                    files=sorted(formats[names[0]].entries()),
                    evidence=tuple(why),
                    marked=True,
                )
            )
        if formats or inside:
            claimed.add(node)
        pending.extend((child, inside or bool(formats)) for child in node.dirs.values() if child not in holders)
        claimed.update(holders)
    return found, frozenset(claimed)


def _told(
    listing: Iterable[Entry], overrides: Overrides, extensions: Mapping[str, str]
) -> tuple[list[Grouping], list[Entry]]:
    """Group what the overrides name; return the rest of the listing beside it."""
    rules = [(rule, compile_rule(rule.path)) for rule in overrides.tables]
    tables: dict[tuple[str, str], tuple[list[Entry], dict[str, list[str | None]]]] = {}
    rest = []
    for entry in listing:
        for rule, match in rules:
            if (fit := match(entry)) is None:
                continue
            name = entry.path.rpartition("/")[2]
            format = rule.format or split_extension(name, extensions)[1]
            files, values = tables.setdefault((rule.name or fit[0] or entry.path, format), ([], {}))
            files.append(entry)
            row = _hive(entry.path)
            row.update((key, value) for key, value in fit[1].items())
            for key, value in row.items():
                values.setdefault(key, []).append(value)
            break
        else:
            rest.append(entry)
    found = []
    for (name, format), (files, values) in sorted(tables.items()):
        columns = tuple(
            PartitionColumn(key, value_type(seen, key), None in seen or len(seen) < len(files), True)
            for key, seen in values.items()
        )
        found.append(
            Grouping(
                name=name,
                root=name,
                format=format,
                files=sorted(files),
                partitions=columns,
                evidence=("discovery.yaml says so",),
            )
        )
    return found, rest


def _hive(path: str) -> dict[str, str | None]:
    row: dict[str, str | None] = {}
    for segment in path.split("/")[:-1]:
        key, equals, value = segment.partition("=")
        if equals and key:
            row[key] = value or None
    return row
