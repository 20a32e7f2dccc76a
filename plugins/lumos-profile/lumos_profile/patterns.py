"""Classes of texts: `A9-999` for a code, `a+@a+.a+` where the lengths differ."""

from __future__ import annotations

import re
from collections import Counter

FEW = 8
"""Up to so many patterns are told apart by the length of their runs."""
MOST = 512
"""Patterns that are counted; beyond that their runs are no longer told apart, then the text is free."""
LONGEST = 40
_RUN = re.compile(r"([Aa9])\1+")


class _Classes(dict[int, str]):
    """Code point -> `A`, `a`, `9`, or itself; filled as characters come."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char.isdigit():
            char = "9"
        elif char.isupper():
            char = "A"
        elif char.isalpha():
            char = "a"
        elif char.isspace():
            char = " "
        elif not char.isprintable():
            char = "?"
        self[code] = char
        return char


_CLASSES = _Classes()


def pattern(text: str) -> str:
    """Return the class of a text: letters become `A` or `a`, digits `9`, spaces one kind, others stand as they are."""
    if len(text) > LONGEST:
        return text[:LONGEST].translate(_CLASSES) + "..."
    return text.translate(_CLASSES)


def general(text: str) -> str:
    """Return a pattern in which the length of a run no longer counts: `Aaaa 99` becomes `Aa+ 9+`."""
    return _RUN.sub(r"\1+", text)


class Patterns:
    """Counts of the patterns of a field, in bounded memory.

    Attributes:
        counts: By pattern.
        level: 0: as they are; 1: without the length of runs; 2: too many, the text is free.
    """

    __slots__ = ("counts", "level")

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.level = 0

    def add(self, text: str, count: int) -> None:
        """Count one value that occurs `count` times."""
        if self.level < 2:
            found = pattern(text)
            self._count(general(found) if self.level else found, count)

    def merge(self, other: Patterns) -> None:
        """Add the counts of another part of the same data."""
        while self.level < other.level:
            self._rise()
        for text, count in other.counts.items():
            if self.level < 2:
                self._count(general(text) if self.level else text, count)

    def top(self, most: int = FEW) -> list[tuple[str, int]]:
        """Return (pattern, count), the most frequent first; none for free text."""
        counts = self.counts
        if len(counts) > most and self.level == 0:
            counts = Counter()
            for text, count in self.counts.items():
                counts[general(text)] += count
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]

    def _count(self, text: str, count: int) -> None:
        self.counts[text] += count
        if len(self.counts) > MOST:
            self._rise()

    def _rise(self) -> None:
        self.level += 1
        fine, self.counts = self.counts, Counter()
        if self.level == 1:
            for text, count in fine.items():
                self.counts[general(text)] += count
            if len(self.counts) > MOST:
                self._rise()
