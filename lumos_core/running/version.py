"""Version: changed datasets get their next version, the state its release, and the store all of it at once.

Versions are `stats` records, `URN#version@TIME`; the latest of each type stands in `head`, older ones stay in the
history of the store. A state that did not change gets no release.
"""

from __future__ import annotations

import getpass
import heapq
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from ..contracts.reporter import Many, VersionChange
from ..contracts.store import Row, Store
from ..errors import RetryableError, StoreError
from ..history.release import next_release
from ..history.versions import next_version, version_record, versioned_urn
from ..model.change import Change, Version
from ..model.record import STATS_START, canonical, decode, digest, line_urn, make_key
from ..model.scope import Scope
from ..model.urns import host
from ..times import utc
from .changes import ChangeFile
from .diff import Difference
from .linefile import LineFile
from .rows import Rows
from .session import Session

Meta = dict[str, Any]


class Versioned(NamedTuple):
    """What the version stage made.

    Attributes:
        rows: Everything that the next state changes, stats and versions included.
        versions: The lines of the new versions, by URN.
        release: The release of the next state; empty when nothing changed.
    """

    rows: Rows
    versions: LineFile
    release: str

    def keep(self, path: Path) -> Many[VersionChange]:
        """Copy the new versions to where they outlive the run's scratch files."""
        kept = LineFile.write(path, self.versions)
        return Many(lambda: _read(kept), len(kept))


def version(session: Session, difference: Difference, changes: ChangeFile, stats: Iterable[bytes]) -> Versioned:
    """Compute versions and all rows of the next state; nothing is committed here."""
    release = next_release(session.store, session.pipeline.release) if len(difference.rows) else ""
    at = utc(session.started)
    with session.guard_disk("write the versions"):
        new = LineFile.write(
            session.scratch / "versions.jsonl", _versions(session, difference.rows, changes, release, at)
        )
        rows = Rows.write(
            session.scratch / "all-rows",
            heapq.merge(difference.rows, _stats_rows(session.store, stats, new), key=_row_key),
        )
    return Versioned(rows, new, release)


def commit(session: Session, expect: str | None, rows: Rows, meta: Meta) -> str:
    """Move `head`, all or nothing.

    Raises:
        StoreError: When the store is full, broken, or moved under this run.
    """
    try:
        return session.store.commit("head", expect, iter(rows), meta)
    except RetryableError as error:
        raise StoreError(error.what, why=error.why, fix=error.fix, where=error.where) from error


def last_version(store: Store[Any], urn: str) -> Version | None:
    """Return the version that a dataset has in `head`, or None."""
    for line in store.lines("head", Scope(urns=frozenset({urn})), "stats"):
        if versioned_urn(line_urn(line)):
            version: Version = decode(line).value.version
            return version
    return None


def _row_key(row: Row) -> bytes:
    return make_key(row[0], row[1])


def _read(lines: LineFile) -> Iterator[VersionChange]:
    for line in lines:
        record = decode(line)
        given: Version = record.value.version
        before = dict(record.value.properties).get("before")
        yield VersionChange(urn=host(record.urn), version=given, before=before)


def _versions(session: Session, rows: Rows, changes: ChangeFile, release: str, at: str) -> Iterator[bytes]:
    """One version line per changed dataset: rows, findings and last versions are merged by URN."""
    if not len(rows):
        return
    findings = _Cursor((change.urn, change) for change in changes)
    known = _Cursor(_version_lines(session.store))
    who = _who()
    for kind, urn, line in rows:
        if kind != "dataset":
            continue
        last = [decode(text).value.version for text in known.take(urn)]
        previous: Version | None = last[-1] if last else None
        found: list[Change] = findings.take(urn)
        given = next_version(
            previous, found, release=release, digest=digest(line) if line else "", run=session.run_id, by=who
        )
        if given is None:
            continue
        record = version_record(urn, at, given)
        record.value.properties = [("before", previous.schema)] if previous else []
        yield canonical(record)


def _version_lines(store: Store[Any]) -> Iterator[tuple[str, bytes]]:
    for line in store.lines("head", kind="stats"):
        if urn := versioned_urn(line_urn(line)):
            yield urn, line


class _Cursor:
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


def _stats_rows(store: Store[Any], seen: Iterable[bytes], versions: Iterable[bytes]) -> Iterator[Row]:
    """The latest of each type stands in `head`: a new one takes the place of the old."""
    fresh = heapq.merge((line for line in seen if line.startswith(STATS_START)), versions)
    held = _Cursor((_series(line), line) for line in store.lines("head", kind="stats"))
    for series, lines in groupby(fresh, key=_series):
        *_, newest = lines
        urn = line_urn(newest)
        stale = held.take(series)
        rows: list[Row] = [("stats", old, None) for old in map(line_urn, stale) if old != urn]
        if newest not in stale:
            rows.append(("stats", urn, newest))
        yield from sorted(rows, key=_row_key)


def _series(line: bytes) -> str:
    """Host, type and id: everything before the time."""
    return line_urn(line).rpartition("@")[0] + "@"


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
