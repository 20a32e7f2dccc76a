"""What discovery answers: which files are one dataset, how sure it is, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from ..storage import Entry
from .spool import Files

Signature = frozenset[tuple[str, str]]
"""The schema of a file as a set of (field path, family of its type); the families are coarse, so that drift fits."""

Peek = Callable[[str, Entry], "Signature | None"]
"""Reads the signature of one file of a format; None when it cannot be read."""

Known = Callable[[str], "str | None"]
"""Told the name of a dataset, returns its format as the last run knew it; None when it did not know it."""


Sniff = Callable[[Entry], "str | None"]
"""Names the format of a file from its first bytes; empty for none that is known, None when it cannot be read."""


class PartitionColumn(Struct, frozen=True):
    """One level of partitioning.

    Attributes:
        name: Field name: the hive key as written, or the grain of a date folder, or `partition_N`.
        type: Canonical type text, inferred from every value.
        nullable: Whether a null or missing value was seen.
        positional: True when the name is ours, not the lake's.
    """

    name: str
    type: str = "string"
    nullable: bool = False
    positional: bool = False


class Grouping(Struct, kw_only=True):
    """One dataset of a lake.

    Attributes:
        name: Path below the root that names it: a folder, a file, or folder and common stem; never empty.
        root: The folder or file that holds it.
        format: Name of its format.
        files: Its files, in lexicographic order; for a marked folder those of its marker.
        partitions: The levels of partitioning, outermost first.
        confidence: 0 to 1, in steps that do not move with the number of files.
        evidence: Why, in sentences that stay the same as long as the layout does.
        marked: True when a table format claims the folder; its schema is in its log.
        also: Further formats that claim the same folder.
        findings: (code, message) about what is odd here, for people.
        positional: Index of a folder in the path -> name of the level that it is, for levels without a key.
        empty: Files without a byte that would be its own, left out beside those that have some.
        stored: Class of storage, bytes, files and time of the newest one of all that lies below the root of a marked
            folder, by class (`lumos_lake.stored`); empty where that was not counted.
    """

    name: str
    root: str
    format: str
    files: Sequence[Entry] = ()
    partitions: tuple[PartitionColumn, ...] = ()
    confidence: float = 1.0
    evidence: tuple[str, ...] = ()
    marked: bool = False
    also: tuple[str, ...] = ()
    findings: list[tuple[str, str]] = []
    positional: dict[int, str] = {}
    empty: Sequence[Entry] = ()
    stored: tuple[tuple[str, int, int, int], ...] = ()

    @property
    def bytes(self) -> int:
        """Total size of its files."""
        return self.files.bytes if isinstance(self.files, Files) else sum(entry.size for entry in self.files)


class LeftOut(Struct, frozen=True):
    """Files that are in no dataset, for one reason.

    Attributes:
        kind: `noise`, `unread` (of a format that nobody named), or `unknown` (of no format that is known).
        what: The rule of `noise.RULES`, or the format.
        count: How many.
        examples: Paths of the first few.
    """

    kind: str
    what: str
    count: int
    examples: tuple[str, ...] = ()


class Layout(Struct, kw_only=True):
    """Everything that was found in a listing.

    Attributes:
        groupings: The datasets, sorted by name.
        unread: Format -> number of files that belong to a format nobody named.
        unknown: Number of files whose format is not known.
        noise: Number of files that are not data.
        left_out: The same files by reason, with examples.
        seen: Number of files in the listing.
        idle: Paths of the rules of `discovery.yaml` that fit no file.
        listing: All files that were seen, in order of path; empty when nobody kept them.
    """

    groupings: list[Grouping]
    unread: dict[str, int] = {}
    unknown: int = 0
    noise: int = 0
    left_out: list[LeftOut] = []
    seen: int = 0
    idle: tuple[str, ...] = ()
    listing: Sequence[Entry] = ()
