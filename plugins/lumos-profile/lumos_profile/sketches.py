"""The sketches of a field, from Apache DataSketches: distinct values, quantiles, frequent values.

Only sketches without chance are used (HyperLogLog, t-digest, frequent items): the library's KLL and REQ sketches draw
random bits that cannot be seeded, so that two runs over the same data would not agree.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import datasketches
import numpy as np

LG_K = 12
"""HyperLogLog with 4,096 registers: 4 KiB, and a relative standard error of 1.6 %."""
ERROR = 1.04 / 2 ** (LG_K / 2)
"""Relative standard error of an estimate of distinct values (also of merged ones)."""
RETAINED = 8_192
"""Up to so many numbers are kept as they are, so that the quantiles of small data are exact."""
COMPRESSION = 1_000
"""Of t-digest: quantiles are within about 0.5 % in rank, in about 20 KiB."""
FREQUENT = 11
"""The map of frequent values holds 0.75 * 2^11 of them."""
PER_BATCH = 512
"""So many different values of a batch, the most frequent ones, reach the frequent values."""
LONGEST = 100
"""Longer values are not candidates for the frequent ones."""


class Distinct:
    """An estimate of the number of different values."""

    __slots__ = ("_sketch",)

    def __init__(self) -> None:
        self._sketch: Any = datasketches.hll_sketch(LG_K)

    def add(self, values: Sequence[Any]) -> None:
        """Add values: whole numbers, numbers or texts; each once is enough."""
        deque(map(self._sketch.update, values), 0)
        if "" in values:
            self._sketch.update("\0")  # the library passes over the empty text

    def merge(self, other: Distinct) -> None:
        """Add what another part of the same data had."""
        if other._sketch.is_empty():
            return
        if self._sketch.is_empty():
            self._sketch = other._sketch
            return
        union = datasketches.hll_union(LG_K)
        union.update(self._sketch)
        union.update(other._sketch)
        self._sketch = union.get_result(datasketches.tgt_hll_type.HLL_8)

    @property
    def estimate(self) -> int:
        """How many there are, about."""
        return round(float(self._sketch.get_estimate()))


class Quantiles:
    """Ranks and quantiles of numbers: exact up to `RETAINED` of them, then by t-digest."""

    __slots__ = ("_held", "_parts", "_sketch", "count")

    def __init__(self) -> None:
        self.count = 0
        self._parts: list[np.ndarray[Any, Any]] = []
        self._held = 0
        self._sketch: Any = None

    def add(self, numbers: np.ndarray[Any, Any]) -> None:
        """Add finite numbers (1-dimensional, float64)."""
        if not len(numbers):
            return
        self.count += len(numbers)
        if self._sketch is None and self._held + len(numbers) <= RETAINED:
            self._parts.append(np.array(numbers, dtype=np.float64))
            self._held += len(numbers)
            return
        self._spill()
        self._sketch.update(np.require(numbers, np.float64, ["C", "W"]))  # the binding refuses what is read-only

    def merge(self, other: Quantiles) -> None:
        """Add what another part of the same data had; the other one is not used afterwards."""
        if other._sketch is None:
            for part in other._parts:
                self.add(part)
            return
        self._spill()
        self._sketch.merge(other._sketch)
        self.count += other.count

    def _spill(self) -> None:
        if self._sketch is None:
            self._sketch = datasketches.tdigest_double(COMPRESSION)
            for part in self._parts:
                self._sketch.update(part)
            self._parts, self._held = [], 0

    @property
    def exact(self) -> bool:
        """Whether every number is still at hand."""
        return self._sketch is None

    def quantiles(self, ranks: Sequence[float]) -> list[float]:
        """Return the number at each rank (0 to 1); exact ones are numbers that occur."""
        if not self.count:
            return []
        if self._sketch is None:
            numbers = np.concatenate(self._parts)
            return [float(value) for value in np.quantile(numbers, ranks, method="inverted_cdf")]
        return [float(self._sketch.get_quantile(rank)) for rank in ranks]

    def histogram(self, edges: Sequence[float]) -> list[int]:
        """Return how many numbers lie between each edge and the next; the last one belongs to the last bar."""
        if self._sketch is None:
            numbers = np.concatenate(self._parts) if self._parts else np.empty(0)
            # The ends are those of the values themselves; as floats these may lie beside them by a last digit.
            inside = np.clip(numbers, edges[0], edges[-1])
            return [int(count) for count in np.histogram(inside, bins=np.asarray(edges))[0]]
        if len(edges) <= 2:
            return [self.count]
        # The shares below each inner edge, and 1 for all.
        below = [round(share * self.count) for share in self._sketch.get_cdf(list(edges[1:-1]))]
        return [int(count) for count in np.diff(np.maximum.accumulate([0, *below]))]


class Frequent:
    """The most frequent values, as texts, each with a count that is at most too low by `slack`."""

    __slots__ = ("_dropped", "_sketch", "complete")

    def __init__(self) -> None:
        self._sketch: Any = datasketches.frequent_strings_sketch(FREQUENT)
        self._dropped = 0
        self.complete = True

    def add(self, values: Sequence[str], counts: Sequence[int] | np.ndarray[Any, Any], left_out: int = 0) -> None:
        """Add different values with how often each occurs.

        Args:
            values: The most frequent of a batch.
            counts: How often each occurs.
            left_out: How often the most frequent of those that were left out occurs; 0 when none was.
        """
        if left_out:
            self._dropped += left_out
            self.complete = False
        for value, count in zip(values, counts, strict=True):
            if len(value) <= LONGEST:
                self._sketch.update(value, int(count))
            else:
                self.complete = False

    def merge(self, other: Frequent) -> None:
        """Add what another part of the same data had."""
        self._sketch.merge(other._sketch)
        self._dropped += other._dropped
        self.complete = self.complete and other.complete

    def items(self) -> list[tuple[str, int]]:
        """Return (value, count), the most frequent first, equally frequent ones in order of their text."""
        rows = self._sketch.get_frequent_items(datasketches.frequent_items_error_type.NO_FALSE_NEGATIVES)
        return sorted(((value, int(lower)) for value, _, lower, _ in rows), key=lambda item: (-item[1], item[0]))

    @property
    def exact(self) -> bool:
        """Whether every value was counted, and none forgotten."""
        return self.complete and self._offset() == 0

    @property
    def distinct(self) -> int:
        """How many values are held: all there are, when `exact`."""
        return int(self._sketch.num_active_items)

    @property
    def slack(self) -> int:
        """By how much a count may be too low."""
        return self._offset() + self._dropped

    def _offset(self) -> int:
        rows = self._sketch.get_frequent_items(datasketches.frequent_items_error_type.NO_FALSE_NEGATIVES)
        return int(rows[0][3] - rows[0][2]) if rows else 0
