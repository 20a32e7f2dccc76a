"""Version: changed datasets get their next version, the state its release, and the store all of it at once.

Versions are `stats` records, `URN#version@TIME`; the latest of each type stands in `head`, older ones stay in the
history of the store. A state that did not change gets no release.
"""

from __future__ import annotations

import getpass
import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from ..contracts.reporter import Many, VersionChange
from ..contracts.store import Row, Store
from ..errors import RetryableError, StoreError
from ..history.release import next_release
from ..history.versions import next_version, version_record, versioned_urn
from ..model import urns
from ..model.change import Change, Version
from ..model.record import STATS_START, canonical, decode, digest, line_key, line_urn, make_key
from ..model.scope import NOTHING, Scope
from ..model.urns import host
from ..publish.engine import fact_type
from ..times import utc
from .changes import ChangeFile
from .cursor import Cursor
from .diff import FEW, Difference
from .events import EventFile, Facts, event_lines, read_events
from .linefile import LineFile
from .rows import Rows
from .session import Session

Meta = dict[str, Any]

MEASURED = frozenset({"profile", "operation"})
"""Types of volatile facts that tell of data; the others tell of its use."""


class Versioned(NamedTuple):
    """What the version stage made.

    Attributes:
        rows: Everything that the next state changes; volatile facts, versions and events included.
        versions: The lines of the new versions, by URN.
        happened: The lines that keep events, by URN; empty for a first state.
        release: The release of the next state; empty when nothing changed.
    """

    rows: Rows
    versions: LineFile
    happened: LineFile
    release: str

    def keep(self, path: Path) -> Many[VersionChange]:
        """Copy the new versions to where they outlive the run's scratch files."""
        kept = LineFile.write(path, self.versions)
        return Many(lambda: _read(kept), len(kept))

    def events(self, path: Path, scratch: Path) -> EventFile:
        """Copy the events, the worst first, to where they outlive the run's scratch files."""
        return EventFile.write(path, read_events(self.happened), scratch)


def version(
    session: Session, difference: Difference, changes: ChangeFile, stream: LineFile, *, first: bool
) -> Versioned:
    """Compute versions, events and all rows of the next state; nothing is committed here.

    Args:
        session: The run.
        difference: What changed.
        changes: What that means, by record.
        stream: What this run saw, volatile facts included.
        first: There is no state before: nothing has changed then.
    """
    store, scratch = session.store, session.scratch
    release = next_release(store, session.pipeline.release) if len(difference.rows) else ""
    at = utc(session.started)
    with session.guard_disk("write the versions"):
        lines = _versions(session, difference.rows, changes, release, at)
        new = LineFile.write(scratch / "versions.jsonl", lines)
        measured = [] if first else _differing(session, stream)
        happened = () if first else event_lines(session, difference, changes, lambda: _read(new), measured)
        events = LineFile.write(scratch / "event-lines.jsonl", happened)
        fresh = heapq.merge(_stats(stream), new, events, key=line_key)
        rows = Rows.write(
            scratch / "all-rows",
            heapq.merge(difference.rows, _stats_rows(store, _places(session, stream), fresh), key=_row_key),
        )
    return Versioned(rows, new, events, release)


def _stats(stream: LineFile) -> Iterator[bytes]:
    return (line for line in stream.starting_at(STATS_START) if line.startswith(STATS_START))


def _differing(session: Session, stream: LineFile) -> list[Facts]:
    """Datasets of which a watch heard, and whose volatile facts are not what they were; one entry each, by URN."""
    if session.touched is None:
        return []
    found: dict[str, Facts] = {}

    def note(facts: Facts) -> None:
        if urns.kind(facts.urn) == "dataset" and facts.type in MEASURED:
            known = found.setdefault(facts.urn, Facts(facts.urn, "", [], []))
            known.before.extend(facts.before)
            known.after.extend(facts.after)

    for _ in _stats_rows(session.store, _places(session, stream), _stats(stream), note):
        pass
    return [found[urn] for urn in sorted(found, key=str.encode)]


def _places(session: Session, stream: LineFile) -> Scope:
    """Where the volatile facts of what this run saw are looked for: everywhere, unless it saw little."""
    if session.asked != NOTHING and not session.asked.urns:
        return Scope()
    hosts = {host(line_urn(line)) for line in stream} | session.asked.urns
    if len(hosts) > FEW:
        return Scope()
    return Scope(urns=frozenset(hosts)) if hosts else NOTHING


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
    findings = Cursor((change.urn, change) for change in changes)
    known = Cursor(_version_lines(session.store, _changed_hosts(rows)))
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


def _changed_hosts(rows: Rows) -> Scope:
    return Scope(urns=frozenset(host(urn) for _, urn, _ in rows)) if len(rows) <= FEW else Scope()


def _version_lines(store: Store[Any], scope: Scope) -> Iterator[tuple[str, bytes]]:
    for line in store.lines("head", scope, "stats"):
        if urn := versioned_urn(line_urn(line)):
            yield urn, line


def _stats_rows(
    store: Store[Any], scope: Scope, fresh: Iterable[bytes], differing: Callable[[Facts], None] = lambda facts: None
) -> Iterator[Row]:
    """The latest of each type stands in `head`: a new one takes the place of the old.

    Args:
        store: Holds the old ones.
        scope: Where they are looked for.
        fresh: The new ones, sorted.
        differing: Told which facts say something else than before, whatever their time.
    """
    held = Cursor((_series(line), line) for line in store.lines("head", scope, "stats"))
    for series, lines in groupby(fresh, key=_series):
        *_, newest = lines
        urn = line_urn(newest)
        stale = held.take(series)
        rows: list[Row] = [("stats", old, None) for old in map(line_urn, stale) if old != urn]
        if newest not in stale:
            rows.append(("stats", urn, newest))
            said = [line[len(line_key(line)) :] for line in stale]
            if newest[len(line_key(newest)) :] not in said:
                differing(Facts(host(series), fact_type(series), said, [newest[len(line_key(newest)) :]]))
        yield from sorted(rows, key=_row_key)


def _series(line: bytes) -> str:
    """Host, type and id: everything before the time."""
    return line_urn(line).rpartition("@")[0] + "@"


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
