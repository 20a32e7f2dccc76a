"""The levels of partitioning of a group of files: names, order, values, types.

Rules and their sources: values are URL-decoded, `__HIVE_DEFAULT_PARTITION__` and an empty value are null (Hive, Spark);
keys differ in case only once (Hive is case-insensitive); a key that a path repeats counts once (DuckDB's fixtures
`x=2/x=1`); a path that lacks a level has null there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from .grouping import PartitionColumn
from .names import NEWEST
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
_DIGIT = re.compile(r"\d")
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


Shape = tuple[tuple[int, str], ...]
"""The levels of a folder: index and name of each."""


def analyse(folders: Iterable[Sequence[str]], positional: Mapping[int, str]) -> Levels:
    """Read the partitioning off the folders of a group.

    Args:
        folders: Path segments of every folder that holds a file of the group, in order of path.
        positional: Segment index -> name, for levels that are not `key=value`.
    """
    shapes: Counter[Shape] = Counter()  # which levels stand where: few, however many folders there are
    values: dict[str, Values] = {}
    before: Sequence[str] = ()
    levels: list[tuple[str, str | None]] = []
    shape: Shape = ()
    counting: set[int] = set()
    for folder in folders:
        # Folders come in order, so that most differ from the one before in nothing but the last segment.
        last = len(folder) - 1
        if folder and len(before) == len(folder) and folder[:last] == before[:last]:
            level = _level(last, folder[last], positional)
            if level[0] == levels[last][0]:
                if last in counting:
                    _values(values, level[0]).add(level[1])
                levels[last] = level
                shapes[shape] += 1
                before = folder
                continue
        shorter = min(len(before), len(folder))
        same = next((index for index in range(shorter) if before[index] != folder[index]), shorter)
        levels = [*levels[:same], *(_level(index, folder[index], positional) for index in range(same, last + 1))]
        shape = tuple((index, name) for index, (name, _) in enumerate(levels) if name)
        counting = set(
            {name.casefold(): index for index, name in shape}.values()
        )  # a key that stands twice counts once
        for index in counting:
            name, value = levels[index]
            _values(values, name).add(value)
        shapes[shape] += 1
        before = folder
    count = sum(shapes.values())
    spelling: dict[str, Counter[str]] = {}
    places: dict[str, int] = {}
    orders: Counter[tuple[str, ...]] = Counter()
    repeated: set[str] = set()
    present: Counter[str] = Counter()
    for shape, times in shapes.items():
        row: dict[str, None] = {}
        for index, name in shape:
            lower = name.casefold()
            spelling.setdefault(lower, Counter())[name] += times
            if lower in row:
                repeated.add(lower)
            row[lower] = None
            places[lower] = min(index, places.get(lower, index))
        present.update(dict.fromkeys(row, times))
        orders[tuple(row)] += times
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
            nullable = seen.null or present[lower] < count
            columns.append(
                PartitionColumn(name, seen.type(name if name in positions else ""), nullable, name in positions)
            )
    return Levels(tuple(columns), tuple(versions), tuple(notes))


def _level(index: int, segment: str, positional: Mapping[int, str]) -> tuple[str, str | None]:
    """Return the name of the level that a folder is, and its value; an empty name when it is none."""
    key, value = _segment(segment)
    if not key and index in positional:
        return positional[index], None if segment.casefold() in NEWEST else _value(segment)
    return key, value


def _values(values: dict[str, Values], name: str) -> Values:
    lower = name.casefold()
    found = values.get(lower)
    if found is None:
        found = values[lower] = Values()
    return found


@lru_cache(maxsize=4096)
def _segment(segment: str) -> tuple[str, str | None]:
    key, equals, value = segment.partition("=")
    return (unquote(key), _value(value)) if equals and key else ("", None)


def _value(text: str) -> str | None:
    return None if text in ("", HIVE_NULL) else unquote(text)


def _is_version(name: str, values: Values, positional: set[str]) -> bool:
    if name == "run":
        return True
    return name in VERSION_KEYS and name not in positional and values.identifiers


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


_IS_INT, _IS_DATE, _IS_STAMP, _IS_CALENDAR, _IS_ID = 1, 2, 4, 8, 16


class Values:
    """What the values of one partition level have in common, told from one after the other.

    Attributes:
        null: Whether a null is among them.
        some: Whether another than null is among them.
    """

    __slots__ = ("_kinds", "null", "some")

    def __init__(self) -> None:
        self.null = self.some = False
        self._kinds = _IS_INT | _IS_DATE | _IS_STAMP | _IS_CALENDAR | _IS_ID

    def add(self, value: str | None) -> None:
        """Take in one value."""
        if value is None:
            self.null = True
        else:
            self.some = True
            if self._kinds:
                self._kinds &= _kinds(value)

    @property
    def identifiers(self) -> bool:
        """Whether each value holds a digit or is a UUID."""
        return self.some and bool(self._kinds & _IS_ID)

    def type(self, name: str = "") -> str:
        """Infer the type: `int64`, `date`, `timestamp(us)` or `string`; `unknown` when all are null.

        A number with leading zeros beyond two digits stays text: `store=0042` is a code.
        """
        if not self.some:
            return "unknown"
        if name == "date" and self._kinds & _IS_CALENDAR:
            return "date"
        if self._kinds & _IS_INT:
            return "int64"
        if self._kinds & _IS_DATE:
            return "date"
        return "timestamp(us)" if self._kinds & _IS_STAMP else "string"


@lru_cache(maxsize=8192)
def _kinds(value: str) -> int:
    """Return what a value can be, as bits."""
    calendar = _IS_CALENDAR if _calendar_date(value) else 0
    found = calendar
    if calendar and _DATE.fullmatch(value):
        return found | _IS_DATE | _IS_ID
    if _INT.fullmatch(value):
        return found | _IS_INT | _IS_ID
    if _TIMESTAMP.fullmatch(value):
        return found | _IS_STAMP | _IS_ID
    if _DIGIT.search(value) or _UUID.fullmatch(value):
        found |= _IS_ID
    return found


def _calendar_date(value: str) -> bool:
    if not 8 <= len(value) <= 10:
        return False
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
