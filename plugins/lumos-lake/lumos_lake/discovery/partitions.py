"""The levels of partitioning of a group of files: names, order, values, types.

Rules and their sources: values are URL-decoded, `__HIVE_DEFAULT_PARTITION__` and an empty value are null (Hive, Spark);
keys differ in case only once (Hive is case-insensitive); a key that a path repeats counts once (DuckDB's fixtures
`x=2/x=1`); a path that lacks a level has null there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from .grouping import PartitionColumn
from .words import words

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
VERSION_KEYS = words(
    """
    run_id runid run v version snapshot snapshot_id batch_id batch load_id job_id attempt execution_id
    ingestion_id
    """
)
"""Keys that tell copies of the whole apart when their values are identifiers or counters: versions, not partitions."""

_INT = re.compile(r"-?(?:0|[1-9]\d{0,17}|0\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?")
_UUID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


class Levels(NamedTuple):
    """The partitioning of a group.

    Attributes:
        columns: The levels that are partitions, outermost first.
        versions: Names of levels that hold copies of the whole.
        notes: What is irregular, as (code, message).
    """

    columns: tuple[PartitionColumn, ...]
    versions: tuple[str, ...]
    notes: tuple[tuple[str, str], ...]


def analyse(folders: Iterable[tuple[str, ...]], positional: Mapping[int, str]) -> Levels:
    """Read the partitioning off the folders of a group.

    Args:
        folders: Path segments of every distinct folder that holds a file of the group, each once.
        positional: Segment index -> name, for levels that are not `key=value`.
    """
    spelling: dict[str, Counter[str]] = {}
    places: dict[str, int] = {}
    values: dict[str, Values] = {}
    orders: Counter[tuple[str, ...]] = Counter()
    repeated: set[str] = set()
    count = 0
    for folder in folders:
        count += 1
        row: dict[str, str | None] = {}
        for index, segment in enumerate(folder):
            key, value = _segment(segment)
            if key:
                name = key
            elif index in positional:
                name, value = positional[index], _value(segment)
            else:
                continue
            lower = name.casefold()
            spelled = spelling.get(lower)
            if spelled is None:
                spelling[lower] = spelled = Counter()
            spelled[name] += 1
            if lower in row:
                repeated.add(lower)
            row[lower] = value
            if places.get(lower, index) >= index:
                places[lower] = index
        for lower, found in row.items():
            if lower not in values:
                values[lower] = Values()
            values[lower].add(found)
        orders[tuple(row)] += 1
    if not values:
        return Levels((), (), ())
    order = max(orders.items(), key=lambda item: (len(item[0]), item[1], item[0]))[0]
    missing = [lower for lower in values if lower not in order]
    ordered = [*order, *sorted(missing, key=lambda lower: (places[lower], lower))]
    notes = _notes(ordered, spelling, orders, repeated)
    positions = set(positional.values())
    columns, versions = [], []
    for lower in ordered:
        name = min(spelling[lower], key=lambda text: (-spelling[lower][text], text))
        seen = values[lower]
        if _is_version(lower, seen, positions):
            versions.append(name)
        else:
            nullable = seen.null or seen.count < count
            columns.append(
                PartitionColumn(name, seen.type(name if name in positions else ""), nullable, name in positions)
            )
    return Levels(tuple(columns), tuple(versions), tuple(notes))


@lru_cache(maxsize=16384)
def _segment(segment: str) -> tuple[str, str | None]:
    key, equals, value = segment.partition("=")
    return (unquote(key), _value(value)) if equals and key else ("", None)


def _value(text: str) -> str | None:
    return None if text in ("", HIVE_NULL) else unquote(text)


def _is_version(name: str, values: Values, positional: set[str]) -> bool:
    if name == "run":
        return True
    return name in VERSION_KEYS and name not in positional and values.some and values.identifiers


def _notes(
    ordered: list[str],
    spelling: dict[str, Counter[str]],
    orders: Counter[tuple[str, ...]],
    repeated: set[str],
) -> list[tuple[str, str]]:
    notes = []
    for lower in ordered:
        if len(spelling[lower]) > 1:
            names = ", ".join(sorted(spelling[lower]))
            notes.append(("partition-key-case", f"the partition key is spelled in several ways: {names}"))
        if lower in repeated:
            notes.append(("partition-key-twice", f"the partition key {lower} stands twice in a path; it counts once"))
    present = [tuple(key for key in ordered if key in order) for order in orders]
    if any(order != expected for order, expected in zip(orders, present, strict=True)):
        notes.append(("partition-order", "the order of the partition keys differs between folders"))
    if len({frozenset(order) for order in orders}) > 1:
        notes.append(("partition-level-missing", "some folders lack a partition level; it is null there"))
    return notes


class Values:
    """What the values of one partition level have in common, told from one after the other.

    Attributes:
        count: How many there are, nulls included.
        null: Whether a null is among them.
        some: Whether another than null is among them.
        identifiers: Whether each holds a digit or is a UUID.
    """

    __slots__ = ("calendar", "count", "date", "identifiers", "int", "last", "null", "some", "stamp")

    def __init__(self) -> None:
        self.count = 0
        self.null = self.some = False
        self.int = self.date = self.stamp = self.calendar = self.identifiers = True
        self.last: str | None = None

    def add(self, value: str | None) -> None:
        """Take in one value."""
        self.count += 1
        if value is None:
            self.null = True
            return
        if value == self.last:
            return
        self.last = value
        self.some = True
        self.int = self.int and _INT.fullmatch(value) is not None
        self.calendar = self.calendar and _calendar_date(value)
        self.date = self.date and self.calendar and _DATE.fullmatch(value) is not None
        self.stamp = self.stamp and _TIMESTAMP.fullmatch(value) is not None
        self.identifiers = self.identifiers and (
            re.search(r"\d", value) is not None or _UUID.fullmatch(value) is not None
        )

    def type(self, name: str = "") -> str:
        """Infer the type: `int64`, `date`, `timestamp(us)` or `string`; `unknown` when all are null.

        A number with leading zeros beyond two digits stays text: `store=0042` is a code.
        """
        if not self.some:
            return "unknown"
        if name == "date" and self.calendar:
            return "date"
        if self.int:
            return "int64"
        if self.date:
            return "date"
        return "timestamp(us)" if self.stamp else "string"


@lru_cache(maxsize=4096)
def _calendar_date(value: str) -> bool:
    digits = re.sub(r"[-_.]", "", value)
    if len(digits) != 8 or not digits.isdigit() or not digits.isascii():
        return False
    if not re.fullmatch(r"(?:19|20)\d\d.*", digits):
        digits = digits[4:] + digits[2:4] + digits[:2]
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True
