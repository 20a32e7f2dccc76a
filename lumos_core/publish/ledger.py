"""What is remembered of a catalog: what it was given, and what it was about to be given with an unknown outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, Protocol

from ..contracts.store import Row, Store
from ..model.entities import KINDS

PARTS = ("foreign", "stats")
"""Kinds whose lines belong to other records."""

_ENTITIES = sorted(set(KINDS) - set(PARTS))


class Ledger(Protocol):
    """The memory of one catalog: two sets of lines. Every move is all or nothing."""

    def published(self) -> Iterator[bytes]:
        """Return the lines that the catalog was given, in order."""

    def publishing(self) -> Iterator[bytes]:
        """Return the lines whose outcome is not known, in order."""

    def get(self, kind: str, urn: str) -> bytes | None:
        """Return one line of what the catalog was given."""

    def former(self, kind: str, urn: str) -> bytes | None:
        """Return the line that the catalog was last given of a record that was taken out since; None if unknown."""

    def sample(self, count: int) -> list[bytes]:
        """Return a few lines of what the catalog was given, of several kinds; none of kind `foreign` or `stats`."""

    def publish(self, rows: Iterable[Row]) -> None:
        """Change what the catalog was given; no rows change nothing."""

    def intend(self, rows: Iterable[Row]) -> None:
        """Change what it is about to be given; no rows change nothing."""


class StoreLedger:
    """The ledger in a store: the refs `published/NAME` and `publishing/NAME`.

    Args:
        store: Any store; nobody else moves these two refs meanwhile.
        name: Of the catalog.
        meta: What is kept with each commit (`run`, `at`, `pipeline`).
    """

    def __init__(self, store: Store[Any], name: str, meta: Mapping[str, Any]) -> None:
        self._store, self._meta = store, dict(meta)
        self.ref, self.intent_ref = f"published/{name}", f"publishing/{name}"

    def published(self) -> Iterator[bytes]:
        """Return the lines that the catalog was given."""
        return self._store.lines(self.ref)

    def publishing(self) -> Iterator[bytes]:
        """Return the lines whose outcome is not known."""
        return self._store.lines(self.intent_ref)

    def get(self, kind: str, urn: str) -> bytes | None:
        """Return one line of what the catalog was given."""
        return self._store.get(self.ref, kind, urn)

    def former(self, kind: str, urn: str) -> bytes | None:
        """Return the line as it was before the last commit that took the record out."""
        if self._store.resolve(self.ref) is None:
            return None
        last = next(iter(self._store.log(urn, ref=self.ref)), None)
        return None if last is None or last.digest or not last.parent else self._store.get(last.parent, kind, urn)

    def sample(self, count: int) -> list[bytes]:
        """Return the first lines of each kind, one of each before the second of any."""
        if self._store.resolve(self.ref) is None:
            return []
        found = [list(islice(self._store.lines(self.ref, kind=kind), count)) for kind in _ENTITIES]
        return [lines[place] for place in range(count) for lines in found if place < len(lines)][:count]

    def publish(self, rows: Iterable[Row]) -> None:
        """Commit to `published/NAME`."""
        self._commit(self.ref, rows)

    def intend(self, rows: Iterable[Row]) -> None:
        """Commit to `publishing/NAME`."""
        self._commit(self.intent_ref, rows)

    def _commit(self, ref: str, rows: Iterable[Row]) -> None:
        source = iter(rows)
        first = next(source, None)
        if first is not None:
            self._store.commit(ref, self._store.resolve(ref), chain([first], source), self._meta)
