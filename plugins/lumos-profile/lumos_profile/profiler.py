"""The profile of one dataset: batches go in, and out comes a part of its `Stats` record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

import msgspec
from msgspec import Struct

from lumos_core.plugin_api import ProfileConfig, Stats

from .column import Column, Values
from .facts import Facts, Metric, metrics
from .pii import is_below, suspected_by_name, suspected_value


class Profile(Struct, kw_only=True, array_like=True):
    """What a profile says, as plain data that can be remembered between runs.

    Attributes:
        fields: (path, metrics), sorted by path.
        rows: Rows that were looked at; None when only statistics were.
        whole: Whether these are all rows.
        total: Rows that there are, where known.
        sample: Which rows were looked at, in words; empty when all.
        stopped: Why the work ended early; empty when it did not.
        left_out: Paths of which no value was looked at, since they are excluded.
    """

    fields: list[tuple[str, list[Metric]]] = []
    rows: int | None = None
    whole: bool = False
    total: int | None = None
    sample: str = ""
    stopped: str = ""
    left_out: list[str] = []

    def without(self, tags: frozenset[str]) -> Profile:
        """Return the profile without the fields that a tag calls personal; what is remembered knows no later tag.

        Args:
            tags: Paths, as `tagged` returns them.
        """
        hidden = [path for path, _ in self.fields if is_below(path, tags)]
        if not hidden:
            return self
        return msgspec.structs.replace(
            self,
            fields=[(path, found) for path, found in self.fields if path not in set(hidden)],
            left_out=sorted({*self.left_out, *hidden}),
        )

    def onto(self, stats: Stats) -> Stats:
        """Add the profile to what a `Stats` value says already, and return it."""
        known = {path: dict(found) for path, found in stats.fields}
        for path, found in self.fields:
            known[path] = {**known.get(path, {}), **dict(found)}
        stats.fields = sorted((path, sorted(found.items())) for path, found in known.items())
        stats.metrics = sorted({**dict(stats.metrics), **self._metrics()}.items())
        stats.properties = sorted({**dict(stats.properties), **self._properties()}.items())
        return stats

    def _metrics(self) -> dict[str, int | str]:
        return {} if self.rows is None else {"profiled_rows": self.rows}

    def _properties(self) -> dict[str, str]:
        seen = "statistics" if self.rows is None else "all rows" if self.whole else "a sample"
        found = {"profile.of": seen}
        if self.sample and not self.whole:
            found["profile.sample"] = self.sample
        if self.stopped:
            found["profile.stopped"] = self.stopped
        if self.left_out:
            found["profile.left_out"] = ", ".join(self.left_out)
        return found


class Profiler:
    """Collects what is known of the fields of one dataset.

    Example:
        >>> from lumos_core.plugin_api import ProfileConfig
        >>> from lumos_profile import Profiler
        >>> profiler = Profiler(ProfileConfig(top_values=2))
        >>> profiler.documents([{"size": "L"}, {"size": "M"}, {"size": "L"}, {}])
        >>> dict(profiler.profile(whole=True).fields[0][1])["top_values"]
        '[["L",2]]'

    Args:
        config: What the user asked for.
        dataset: Name of the dataset, for `exclude` of the form `DATASET#FIELD`.
        tags: Paths that a tag calls personal (`tagged`): they are left out altogether.
        wanted: Tells whether a path is a field of the record; others are not profiled. None: all are.
    """

    def __init__(
        self,
        config: ProfileConfig,
        dataset: str = "",
        tags: frozenset[str] = frozenset(),
        wanted: Callable[[str], bool] | None = None,
    ) -> None:
        self.config = config
        self.rows = 0
        self._dataset = dataset
        self._tags = tags
        self._wanted = wanted
        self._columns: dict[str, Column] = {}
        self._given: dict[str, Facts] = {}
        self._left_out: set[str] = set()
        self._judged: dict[str, bool] = {}

    def takes(self, path: str) -> bool:
        """Tell whether the values of a field may be looked at; a reader need not fetch those of others."""
        known = self._judged.get(path)
        if known is None:
            known = self._judged[path] = self._judge(path)
        return known

    def _judge(self, path: str) -> bool:
        if self._wanted is not None and not self._wanted(path):
            return False
        if is_below(path, self._tags) or any(self._fits(path, glob) for glob in self.config.exclude):
            self._left_out.add(path)
            return False
        return True

    def _fits(self, path: str, glob: str) -> bool:
        dataset, marked, field = glob.rpartition("#")
        if marked and not fnmatchcase(self._dataset, dataset):
            return False
        return fnmatchcase(path, field) or any(path.startswith(field + mark) for mark in (".", "[", "{", "<"))

    def arrow(self, batch: Any) -> None:
        """Add a record batch or table of pyarrow."""
        from .arrow import leaves, values_of

        self.rows += batch.num_rows
        for path, array in leaves(batch):
            if self.takes(path):
                self.add(path, values_of(array))

    def documents(self, documents: Iterable[Any], plain: Callable[[Any], Any] = lambda value: value) -> None:
        """Add documents: mappings of names to values, nested as they like.

        Args:
            documents: In order.
            plain: Returns a value of a driver's own type as one of Python.
        """
        from .documents import leaves, rows_of, values_of

        found, count = leaves(documents, plain)
        for path, values in found.items():
            if self.takes(path):
                column = self._column(path)
                rows = rows_of(found, path, count)
                if not column.rows and "[]" not in path:
                    # The documents before the first that has this path do not have it.
                    column.rows = column.nulls = self.rows
                self.add(path, values_of(values, rows))
        for path in self._columns:
            if path not in found and "[]" not in path:
                self.add(path, Values("other", count, count))
        self.rows += count

    def add(self, path: str, values: Values) -> None:
        """Add a batch of values of one field."""
        self._column(path).add(values)

    def _column(self, path: str) -> Column:
        column = self._columns.get(path)
        if column is None:
            column = self._columns[path] = Column()
        return column

    def give(self, path: str, facts: Facts) -> None:
        """Say what something else knows of a field, of all rows: it goes before what the values say."""
        if self.takes(path):
            self._given[path] = facts

    def merge(self, other: Profiler) -> None:
        """Add what another part of the same data had; the other one is not used afterwards."""
        for path, column in other._columns.items():
            mine = self._column(path)
            if not mine.rows and "[]" not in path:
                mine.rows = mine.nulls = self.rows if column.rows == other.rows else 0
            mine.merge(column)
        for path, column in self._columns.items():
            if path not in other._columns and "[]" not in path:
                column.rows, column.nulls = column.rows + other.rows, column.nulls + other.rows
        self.rows += other.rows
        self._left_out |= other._left_out

    def profile(
        self, *, whole: bool, total: int | None = None, sample: str = "", stopped: str = "", looked: bool = True
    ) -> Profile:
        """Return the profile.

        Args:
            whole: Whether all rows went in.
            total: Rows that there are, where known.
            sample: Which rows went in, in words.
            stopped: Why the work ended early.
            looked: Whether any values were looked at; False when only statistics were.
        """
        fields = []
        for path in sorted({*self._columns, *self._given}):
            column, given = self._columns.get(path), self._given.get(path)
            facts = column.facts(self.config) if column is not None else msgspec.structs.replace(given or Facts())
            if given is not None and column is not None:
                facts = _join(facts, given, sampled=looked and not whole)
            elif not whole and facts.nulls is not None:
                facts.null_share, facts.nulls = _share_of(facts), None
            facts.suspected = suspected_by_name(path) or facts.suspected or _by_ends(facts)
            if found := metrics(facts):
                fields.append((path, found))
        return Profile(
            fields=fields,
            rows=self.rows if looked else None,
            whole=whole,
            total=total,
            sample=sample,
            stopped=stopped,
            left_out=sorted(self._left_out),
        )


def _share_of(facts: Facts) -> str | None:
    from .facts import share

    return share(facts.nulls or 0, facts.rows) if facts.rows else None


def _join(facts: Facts, given: Facts, *, sampled: bool) -> Facts:
    """Let what is known of all rows stand before what the values that were looked at say."""
    whole = []
    if not sampled:
        joined = msgspec.structs.replace(facts)
    else:
        joined = msgspec.structs.replace(facts, null_share=_share_of(facts), nulls=None)
    for name, metric in (("minimum", "min"), ("maximum", "max")):
        value = getattr(given, name)
        if value is not None:
            setattr(joined, name, value)
            whole.append(metric)
    if given.all_nulls is not None:
        joined.all_nulls = given.all_nulls
        joined.null_share = _share_of(Facts(rows=given.rows, nulls=given.all_nulls))
        whole += ["null_count", "null_share"]
    for name in ("distinct", "average", "quantiles", "edges", "bars", "top", "lengths", "more"):
        value = getattr(given, name)
        if value and not getattr(joined, name):
            setattr(joined, name, value)
            if name == "distinct":
                joined.distinct_error = given.distinct_error
    joined.whole = whole if sampled else []
    joined.suspected = facts.suspected or given.suspected
    return joined


def _by_ends(facts: Facts) -> str:
    """Where no value was looked at, the ends of the range and the frequent values are values too."""
    shown = [facts.minimum, facts.maximum, *(value for value, _ in facts.top)]
    return next((kind for text in shown if text is not None and (kind := suspected_value(text))), "")
