"""The accumulator of one field: batches go in, parts of the same data merge, facts come out."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from operator import lt
from typing import Any, NamedTuple

import numpy as np

from lumos_core.plugin_api import ProfileConfig

from .facts import Facts, decimal, moment
from .patterns import Patterns
from .pii import SHARE, STRONG, suspected_value
from .sketches import ERROR, PER_BATCH, Distinct, Frequent, Quantiles

Counts = Sequence[int] | np.ndarray[Any, Any]
"""Whole numbers, one per value."""


class Values(NamedTuple):
    """A batch of values of one field, as whoever reads them hands it over.

    Attributes:
        kind: `number`, `date`, `timestamp`, `timestamptz`, `time`, `text`, `bool`, `binary` or `other`.
        rows: How many, nulls included.
        nulls: How many are null.
        unique: The different ones in order of their first occurrence; moments as microseconds, bytes as Latin-1 text.
        counts: How often each of them occurs.
        numbers: All of them that are finite numbers or moments (float64), as often as they occur.
        minimum, maximum: The least and the greatest; None where there is no order worth telling.
        total: Their sum.
        lengths: Sum, least and greatest number of characters.
        odd: How many are NaN or infinite.
    """

    kind: str
    rows: int
    nulls: int
    unique: Sequence[Any] = ()
    counts: Counts = ()
    numbers: np.ndarray[Any, Any] | None = None
    minimum: Any = None
    maximum: Any = None
    total: Any = None
    lengths: tuple[int, int, int] | None = None
    odd: int = 0


MOMENTS = frozenset({"date", "timestamp", "timestamptz", "time"})


class Column:
    """What is known so far of one field.

    Attributes:
        kind: As in `Values`; empty before the first value, `mixed` when there were several.
        rows: Values looked at, nulls included.
        nulls: Nulls among them.
    """

    def __init__(self) -> None:
        self.kind = ""
        self.rows = self.nulls = self.odd = 0
        self._numbers = 0
        self._minimum: Any = None
        self._maximum: Any = None
        self._total: Any = 0
        self._lengths: tuple[int, int, int] | None = None
        self._texts = 0
        self._distinct = Distinct()
        self._quantiles = Quantiles()
        self._frequent = Frequent()
        self._patterns = Patterns()
        self._looked_at = 0
        self._looks: dict[str, int] = {}

    def add(self, values: Values) -> None:
        """Add a batch."""
        self.rows += values.rows
        self.nulls += values.nulls
        self.odd += values.odd
        if values.rows == values.nulls:
            return
        self._become(values.kind)
        present = values.rows - values.nulls
        self._order(values.minimum, values.maximum)
        if values.total is not None:
            self._total = _sum(self._total, values.total)
            self._numbers += present - values.odd
        if values.numbers is not None and self.kind != "mixed":
            self._quantiles.add(values.numbers)
        if values.lengths is not None:
            self._lengths = _lengths(self._lengths, values.lengths)
            self._texts += present
        self._distinct.add(values.unique)
        self._add_frequent(values)

    def _add_frequent(self, values: Values) -> None:
        unique, left_out = values.unique, 0
        counts: Counts = values.counts
        if len(unique) > PER_BATCH:
            order = np.argsort(-np.asarray(counts), kind="stable")
            left_out = int(counts[order[PER_BATCH]])
            order = order[:PER_BATCH]
            unique, counts = [unique[place] for place in order], [int(counts[place]) for place in order]
        texts = unique if values.kind in ("text", "binary") else [_text(value, values.kind) for value in unique]
        self._frequent.add(texts, counts, left_out)
        if values.kind in ("text", "number", "mixed"):
            self._look(texts, counts, patterns=self.kind == "text")

    def _look(self, texts: Sequence[str], counts: Counts, *, patterns: bool) -> None:
        """Look at texts one by one: what class they are of, and whether they seem personal."""
        for text, count in zip(texts, counts, strict=True):
            if patterns:
                self._patterns.add(text, int(count))
            kind = suspected_value(text)
            self._looked_at += 1
            if kind:
                self._looks[kind] = self._looks.get(kind, 0) + 1

    def merge(self, other: Column) -> None:
        """Add what another part of the same data had; the other one is not used afterwards."""
        self.rows += other.rows
        self.nulls += other.nulls
        self.odd += other.odd
        if not other.kind:
            return
        self._become(other.kind)
        if self.kind != "mixed":
            self._order(other._minimum, other._maximum)
            self._quantiles.merge(other._quantiles)
        if self.kind == "text":
            self._patterns.merge(other._patterns)
        self._total = _sum(self._total, other._total)
        self._numbers += other._numbers
        if other._lengths is not None:
            self._lengths = _lengths(self._lengths, other._lengths)
        self._texts += other._texts
        self._distinct.merge(other._distinct)
        self._frequent.merge(other._frequent)
        self._looked_at += other._looked_at
        for kind, count in other._looks.items():
            self._looks[kind] = self._looks.get(kind, 0) + count

    def _become(self, kind: str) -> None:
        """Note the kind of some values; where kinds differ, there is no order and no average."""
        if self.kind in ("", kind):
            self.kind = kind
        elif self.kind != "mixed":
            self.kind = "mixed"
            self._minimum = self._maximum = None
            self._quantiles, self._patterns = Quantiles(), Patterns()

    def _order(self, minimum: Any, maximum: Any) -> None:
        if self.kind == "mixed" or minimum is None:
            return
        self._minimum = minimum if self._minimum is None else min(self._minimum, minimum)
        self._maximum = maximum if self._maximum is None else max(self._maximum, maximum)

    @property
    def suspected(self) -> str:
        """What the values look like (`email`, `phone`, `card`, ...); empty for nothing personal."""
        for kind, count in sorted(self._looks.items(), key=lambda item: (-item[1], item[0])):
            if kind in STRONG or count >= max(1, SHARE * self._looked_at):
                return kind
        return ""

    def facts(self, config: ProfileConfig) -> Facts:
        """Return what is known.

        Args:
            config: Which quantiles, how many bars and how many frequent values.
        """
        present = self.rows - self.nulls
        facts = Facts(rows=self.rows, nulls=self.nulls, suspected=self.suspected)
        if self.odd:
            facts.more = [("not_finite_count", self.odd)]
        if not present or self.kind == "other":
            return facts
        exact = self._frequent.exact
        facts.distinct = self._frequent.distinct if exact else min(self._distinct.estimate, present)
        facts.distinct_error = 0 if exact else ERROR
        if self._lengths is not None and self._texts and self.kind != "mixed":
            total, shortest, longest = self._lengths
            facts.lengths = decimal(round(total / self._texts, 2)), shortest, longest
        if self.kind in MOMENTS or self.kind == "number":
            self._numeric(facts, config)
        elif self._minimum is not None:
            facts.minimum, facts.maximum = _text(self._minimum, self.kind), _text(self._maximum, self.kind)
        facts.patterns = self._patterns.top()
        if config.top_values and self.kind != "binary":
            # A value that is not seen twice is no frequent one; it would only be somebody's.
            # Nor is one that could as well be another that was forgotten.
            least = max(1, self._frequent.slack)
            often = [(value, count) for value, count in self._frequent.items() if count > least]
            facts.top = often[: config.top_values]
        return facts

    def _numeric(self, facts: Facts, config: ProfileConfig) -> None:
        def show(value: Any) -> str:
            return _text(value, self.kind)

        if self._minimum is None:
            return
        facts.minimum, facts.maximum = show(self._minimum), show(self._maximum)
        if self.kind == "number" and self._numbers:
            facts.average = decimal(float(self._total / self._numbers))
        if not self._quantiles.count:
            return
        low, high = float(self._minimum), float(self._maximum)
        whole = self.kind != "number" or (isinstance(self._minimum, int) and isinstance(self._maximum, int))
        ranks = config.quantiles
        for rank, value in zip(ranks, self._quantiles.quantiles(ranks), strict=True):
            value = min(max(value, low), high)
            if not self._quantiles.exact and self.kind == "number":
                value = float(f"{value:.6g}")  # more digits would pretend to more than an estimate knows
            facts.quantiles.append((rank, show(round(value) if whole else value)))
        edges = _edges(low, high, config.histogram, whole and self.kind == "number")
        if edges:
            facts.bars = self._quantiles.histogram(edges)
            facts.edges = [show(edge) for edge in edges]


def _edges(low: float, high: float, bars: int, whole: bool) -> list[float]:
    """Return the ends of bars of equal width; whole numbers in a small range have a bar each."""
    if not bars or not low < high:
        return []
    if whole and high - low < bars:
        return [low + place for place in range(int(high - low) + 2)]
    edges = [low + (high - low) * (place / bars) for place in range(bars)] + [high]
    return edges if all(map(lt, edges, edges[1:])) else []


def _text(value: Any, kind: str) -> str:
    if kind in MOMENTS:
        return moment(value, kind)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else decimal(value)


def _sum(first: Any, second: Any) -> Any:
    if isinstance(first, float) and isinstance(second, Decimal):
        return first + float(second)
    if isinstance(first, Decimal) and isinstance(second, float):
        return float(first) + second
    return first + second


def _lengths(first: tuple[int, int, int] | None, second: tuple[int, int, int]) -> tuple[int, int, int]:
    if first is None:
        return second
    return first[0] + second[0], min(first[1], second[1]), max(first[2], second[2])
