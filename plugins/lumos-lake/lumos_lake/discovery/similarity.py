"""How alike two schemas are, and which of many belong together.

Not one flat share: fields that both have count whole when their types can be joined and half when not, and both the
Jaccard index and the containment of the smaller schema count, so that added columns (drift) cost little and a shared
`id` does not make one table of two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from ..storage import Entry
from .grouping import Peek, Signature

T = TypeVar("T")

ALIKE = 0.55
"""From this similarity on, two schemas are one table's. Between drift (a renamed or added column of five: above 0.7)
and strangers that share their audit columns (below 0.4)."""

THE_SAME = 0.9
"""From this similarity on, schemas differ in no more than a column that was added: where names alone would keep files
apart, less does not join them."""
TELLING = 3
"""A schema of fewer fields proves nothing: a lake may hold a hundred lookup tables of a code and a text."""


def similarity(first: Signature, second: Signature) -> float:
    """Return how alike two schemas are, 0 to 1; two empty schemas are alike."""
    if not first or not second:
        return 1.0 if first == second else 0.0
    left, right = dict(first), dict(second)
    shared = left.keys() & right.keys()
    weight = sum(1.0 if _joinable(left[path], right[path]) else 0.5 for path in shared)
    union = len(left.keys() | right.keys())
    return 0.5 * weight / union + 0.5 * weight / min(len(left), len(right))


def _joinable(first: str, second: str) -> bool:
    return first == second or "unknown" in (first, second)


class Comparer:
    """Compares files by what `peek` sees, reading each file at most once.

    Without `peek`, nothing is known and every question is answered with the `unknown` that the caller gives.
    """

    def __init__(self, peek: Peek | None) -> None:
        self._peek = peek
        self._seen: dict[str, Signature | None] = {}

    @property
    def blind(self) -> bool:
        """True when no schema can be seen."""
        return self._peek is None

    def signature(self, format: str, entry: Entry) -> Signature | None:
        """Return the schema of a file; None when it cannot be seen."""
        if self._peek is None or not entry.size:
            return None
        if entry.path not in self._seen:
            self._seen[entry.path] = self._peek(format, entry)
        return self._seen[entry.path]

    def alike(self, format: str, entries: Sequence[Entry], *, unknown: bool = True) -> bool:
        """Tell whether all of these files have one schema; `unknown` is the answer when too little can be seen."""
        found = [signature for entry in entries if (signature := self.signature(format, entry)) is not None]
        if len(found) < 2:
            return unknown
        return all(similarity(found[0], other) >= ALIKE for other in found[1:])

    def same(self, format: str, entries: Sequence[Entry], least: float, fields: int = TELLING) -> list[int]:
        """Return which files have nearly the schema that most of them have.

        None where fewer than a share have it, or where it is too small to prove anything.

        Args:
            format: Of the files.
            entries: The files.
            least: The share, 0 to 1.
            fields: A schema of fewer proves nothing.
        """
        found = [self.signature(format, entry) for entry in entries]
        seen = Counter(signature for signature in found if signature)
        if not seen:
            return []
        usual = min(seen, key=lambda signature: (-seen[signature], sorted(signature)))
        if len(usual) < fields:
            return []
        fits = [
            index for index, signature in enumerate(found) if signature and similarity(usual, signature) >= THE_SAME
        ]
        return fits if len(fits) >= least * len(found) else []

    def clusters(self, format: str, entries: Sequence[Entry]) -> list[list[int]]:
        """Return the indices of files grouped by schema; what cannot be seen joins the largest group."""
        groups: list[tuple[Signature, list[int]]] = []
        blind: list[int] = []
        for index, entry in enumerate(entries):
            signature = self.signature(format, entry)
            if signature is None:
                blind.append(index)
                continue
            best = max(groups, key=lambda group: similarity(group[0], signature), default=None)
            if best is not None and similarity(best[0], signature) >= ALIKE:
                best[1].append(index)
            else:
                groups.append((signature, [index]))
        if not groups:
            return [blind]
        max(groups, key=lambda group: len(group[1]))[1].extend(blind)
        return [sorted(indices) for _, indices in groups]


def spread(entries: Sequence[T], count: int) -> list[T]:
    """Return `count` items: the first, the last and evenly spaced ones between; nothing random."""
    if len(entries) <= count:
        return list(entries)
    if count == 1:
        return [entries[-1]]
    step = (len(entries) - 1) / (count - 1)
    return [entries[round(index * step)] for index in range(count)]
