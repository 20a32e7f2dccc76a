"""Which files are one dataset: the passes of discovery over a listing of any storage.

Example:
    >>> from lumos_lake import Entry, discover
    >>> [g.name for g in discover([Entry("orders/day=1/a.csv"), Entry("orders/day=2/a.csv")])]
    ['orders']
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..storage import Entry
from .detect import Detector
from .grouping import Grouping, Known, Layout, LeftOut, PartitionColumn, Peek, Signature, Sniff
from .markers import KNOWN_MARKERS
from .names import KNOWN_EXTENSIONS
from .naming import Namer
from .overrides import Overrides
from .similarity import Comparer, similarity
from .spool import Files, OutOfOrder, Spool
from .told import Told
from .walk import Walk

__all__ = [
    "KNOWN_EXTENSIONS",
    "KNOWN_MARKERS",
    "Grouping",
    "Layout",
    "LeftOut",
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
    sniff: Sniff | None = None,
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
    sniff: Sniff | None = None,
    root_name: str = "root",
) -> Layout:
    """Do what `discover` does, and also tell what was left out; the arguments are the same."""
    by_extension = dict(KNOWN_EXTENSIONS if extensions is None else extensions)
    all_markers = {**KNOWN_MARKERS, **(markers or {})}
    comparer = Comparer(peek)
    entries = iter(listing)
    while True:
        spool = Spool()
        walk = Walk(
            spool,
            Detector(spool, comparer, known),
            extensions=by_extension,
            markers=all_markers,
            read=frozenset(markers or ()),
            root_name=root_name,
            hidden=hidden,
            sniff=sniff,
        )
        told = Told(spool, overrides, by_extension, hidden) if overrides is not None and overrides.tables else None
        try:
            walk.listing(entries, told)
            break
        except OutOfOrder as error:
            entries = error.rest
    clusters, marked, tally = walk.finish()
    plain = Namer(spool, root_name, comparer, known, by_extension).groupings(clusters)
    taken: dict[str, Grouping] = {}
    for grouping in [*(told.groupings() if told is not None else ()), *marked, *plain]:
        if grouping.name in taken:
            grouping.name = f"{grouping.name}.{grouping.format}"
        taken.setdefault(grouping.name, grouping)
    left_out = [
        LeftOut(kind, what, number, tuple(map(spool.path, rows)))
        for (kind, what), (number, *rows) in sorted(tally.items())
    ]
    return Layout(
        groupings=[taken[name] for name in sorted(taken)],
        unread={left.what: left.count for left in left_out if left.kind == "unread"},
        unknown=sum(left.count for left in left_out if left.kind == "unknown"),
        noise=sum(left.count for left in left_out if left.kind == "noise"),
        left_out=left_out,
        seen=len(spool),
        idle=told.idle() if told is not None else (),
        listing=Files(spool, range(len(spool))),
    )
