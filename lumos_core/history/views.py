"""One side of a comparison, one thing to look at: a state of a store, or a snapshot file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ..contracts.store import Entry, Store
from ..model.coverage import Coverage
from ..model.record import line_kind, line_urn, make_key
from ..model.scope import Covered, Scope
from ..snapshot.content import Snapshot


class View(ABC):
    """What was known at one time.

    Attributes:
        text: As the user named it.
        coverage: What was looked at.
    """

    text: str
    coverage: Coverage

    @property
    @abstractmethod
    def label(self) -> str:
        """What people read: the name, and what it turned out to be."""

    @abstractmethod
    def lines(self, scope: Scope = Scope()) -> Iterator[bytes]:
        """Return the lines in byte order, without newline."""

    @abstractmethod
    def get(self, kind: str, urn: str) -> bytes | None:
        """Return one line, or None."""


class StoreView(View):
    """A state of a store, by one of its commits."""

    def __init__(self, store: Store[Any], entry: Entry, text: str) -> None:
        self.store, self.entry, self.text = store, entry, text
        self.coverage = coverage_of(entry)

    @property
    def label(self) -> str:
        """The name, the run and its time."""
        run = self.entry.meta.get("run") or self.entry.state
        return self.text if self.text == run else f"{self.text} ({run}, {self.entry.at})"

    def lines(self, scope: Scope = Scope()) -> Iterator[bytes]:
        """Return the lines of the state."""
        return self.store.lines(self.entry.state, scope)

    def get(self, kind: str, urn: str) -> bytes | None:
        """Return one line of the state."""
        return self.store.get(self.entry.state, kind, urn)


class FileView(View):
    """A snapshot file in any form, with the stats file beside it."""

    def __init__(self, path: Path) -> None:
        self.text = str(path)
        self._snapshot = Snapshot(path)
        self.coverage = self._snapshot.coverage

    @property
    def label(self) -> str:
        """The path."""
        return self.text

    def lines(self, scope: Scope = Scope()) -> Iterator[bytes]:
        """Return the lines of the file."""
        return (line for line in self._snapshot.lines() if scope.everything or scope.matches(line_urn(line)))

    def get(self, kind: str, urn: str) -> bytes | None:
        """Return one line; reads the file up to it."""
        key = make_key(kind, urn)
        found = (line for line in self._snapshot.lines() if line.startswith(key) and line_urn(line) == urn)
        return next(found, None)


def coverage_of(entry: Entry) -> Coverage:
    """Return what the state of a commit has seen, as the run wrote it down."""
    return Coverage(msgspec.convert(entry.meta.get("coverage", []), list[Covered]))


def lines_of_kinds(view: View, kinds: frozenset[str], scope: Scope = Scope()) -> Iterator[bytes]:
    """Return the lines of some kinds; no kind means every kind but `stats` and `foreign`."""
    for line in view.lines(scope):
        kind = line_kind(line)
        if kind in kinds if kinds else kind not in ("stats", "foreign"):
            yield line
