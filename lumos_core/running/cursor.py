"""Taking entries out of a stream that is sorted by URN, one URN after the other."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any


class Cursor:
    """Takes all entries of one URN from a stream sorted by URN, skipping what comes before."""

    def __init__(self, entries: Iterable[tuple[str, Any]]) -> None:
        self._groups = groupby(entries, key=lambda entry: entry[0])
        self._next: tuple[str, list[Any]] | None = None
        self._advance()

    def _advance(self) -> None:
        group = next(self._groups, None)
        self._next = None if group is None else (group[0], [value for _, value in group[1]])

    def take(self, urn: str) -> list[Any]:
        """Return the entries of a URN; URNs must be asked for in order."""
        while self._next is not None and self._next[0].encode() < urn.encode():
            self._advance()
        if self._next is None or self._next[0] != urn:
            return []
        taken = self._next[1]
        self._advance()
        return taken
