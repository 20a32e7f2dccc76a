"""What `discovery.yaml` names: files are given to its rules before any layout is looked at."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping

from ..storage import Entry
from . import noise
from .grouping import Grouping, PartitionColumn
from .names import split_extension
from .naming import root_of
from .overrides import Overrides, Rule, compile_rule
from .partitions import Values, analyse
from .spool import Files, Spool, without_empty


class _Table:
    """What was told to be one table."""

    __slots__ = ("columns", "counts", "positional", "rows")

    def __init__(self) -> None:
        self.rows = array("Q")
        self.positional: dict[int, str] = {}
        self.columns: dict[str, Values] = {}
        self.counts: Counter[str] = Counter()


class Told:
    """Gives files to the first rule that they fit.

    Args:
        spool: The files.
        overrides: The rules.
        extensions: Extension -> format.
        hidden: Names with a leading `.` or `_` may be data.
    """

    def __init__(self, spool: Spool, overrides: Overrides, extensions: Mapping[str, str], hidden: bool) -> None:
        self._spool = spool
        self._extensions = extensions
        self._hidden = hidden
        self._rules = [(rule, compile_rule(rule.path)) for rule in overrides.tables]
        self._used = [False] * len(self._rules)
        self._tables: dict[tuple[str, str], _Table] = {}
        # Rules by the folder that all their files are in, so that a file is held against few of thousands.
        self._whole: dict[str, list[int]] = {}
        self._below: dict[str, list[int]] = {}
        for index, (rule, match) in enumerate(self._rules):
            place, key = (self._whole, rule.path) if match.literal else (self._below, match.above)
            place.setdefault(key, []).append(index)
        self._folder = "\0"
        self._here: list[int] = []

    def __call__(self, entry: Entry, row: int) -> bool:
        """Take a file that a rule fits; return whether one does."""
        path = entry.path
        folder, _, name = path.rpartition("/")
        if folder != self._folder:
            self._folder, self._here = folder, self._candidates(folder)
        exact = self._whole.get(path)
        for index in sorted((*self._here, *exact)) if exact else self._here:
            rule, match = self._rules[index]
            fit = match(entry)
            if fit is None:
                continue
            format = rule.format or split_extension(name, self._extensions)[1]
            if not match.literal and noise.noise_file(name, self._hidden, bool(format)):
                continue
            if not format:
                continue
            self._used[index] = True
            self._take(rule.name or fit[0] or path, format, match, fit[1], row)
            return True
        return False

    def _candidates(self, folder: str) -> list[int]:
        found = list(self._below.get("", ()))
        while folder:
            found += self._below.get(folder, ())
            folder = folder.rpartition("/")[0]
        return sorted(found)

    def _take(self, name: str, format: str, match: Rule, values: dict[str, str], row: int) -> None:
        table = self._tables.get((name, format))
        if table is None:
            table = self._tables[name, format] = _Table()
        table.rows.append(row)
        table.positional.update(match.positional)
        for column, value in values.items():
            if column not in table.columns:
                table.columns[column] = Values()
            table.columns[column].add(value or None)
            table.counts[column] += 1

    def taken(self, rows: range) -> set[int]:
        """Return those of some rows that a rule has taken."""
        return {row for table in self._tables.values() for row in table.rows if row in rows}

    def idle(self) -> tuple[str, ...]:
        """Return the paths of the rules that fit no file."""
        return tuple(rule.path for (rule, _), used in zip(self._rules, self._used, strict=True) if not used)

    def groupings(self) -> Iterator[Grouping]:
        """Yield what was told to be tables, by name and format."""
        for (name, format), table in sorted(self._tables.items(), key=lambda item: item[0]):
            rows, empty = without_empty(self._spool, table.rows)
            folders = self._spool.folders_of(rows)
            levels = analyse(folders, table.positional)
            counts = table.counts
            present = {column.name for column in levels.columns} | set(levels.versions)
            more = tuple(
                PartitionColumn(column, values.type(column), values.null or counts[column] < len(table.rows), True)
                for column, values in table.columns.items()
                if column not in present
            )
            yield Grouping(
                name=name,
                root=root_of(self._spool, rows, name, table.positional),
                format=format,
                files=Files(self._spool, rows),
                partitions=(*levels.columns, *more),
                evidence=("discovery.yaml says so",),
                findings=list(levels.notes),
                positional=table.positional,
                empty=Files(self._spool, empty),
            )
