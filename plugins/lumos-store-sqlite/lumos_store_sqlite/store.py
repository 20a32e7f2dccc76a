"""The store `sqlite`: lines by digest, valid from commit to commit of a ref."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

import msgspec

from lumos_core.plugin_api import Context, Entry, Row, Scope, SqliteFile, Store, StoreError, instant

from .config import SqliteStoreConfig
from .database import STORE
from .lockfile import hold
from .ranges import ALL_KINDS, Range, prefix_range, ranges
from .writing import lay_over

_BY_ID = ("e.state = ? ORDER BY e.seq DESC", "e.run = ? ORDER BY r.name = 'head' DESC, e.seq DESC")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_BODY = "(SELECT body FROM line WHERE id = v.line)"
_DIGEST = "(SELECT digest FROM line WHERE id = v.line)"
_COMMITS = "SELECT e.seq, e.ref, r.name, e.state, e.parent, e.at, e.meta FROM entry e JOIN ref r ON r.id = e.ref"


class _Commit(NamedTuple):
    seq: int
    ref: int
    name: str
    state: str
    parent: str
    at: str
    meta: bytes

    def entry(self, digest: str = "") -> Entry:
        return Entry(
            state=self.state,
            ref=self.name,
            parent=self.parent,
            at=self.at,
            meta=msgspec.json.decode(self.meta),
            digest=digest,
        )


class SqliteStore(Store[SqliteStoreConfig]):
    """Every state, run and version in one SQLite file.

    States are immutable and readers begin by fixing theirs, so that reading never waits for a commit and
    never sees half of one. The same line is kept once, whatever refs and states hold it.
    """

    def __init__(self, config: SqliteStoreConfig) -> None:
        super().__init__(config)
        self._file = SqliteFile(STORE, config.path, config.timeout)

    def check(self, ctx: Context) -> None:
        """Prove that the file can be written, without making it.

        Raises:
            StoreError: When it cannot.
            LockedError: When another program keeps writing for longer than the timeout.
        """
        self._file.check()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def resolve(self, ref: str) -> str | None:
        """Return the id of the state that a ref names now."""
        found = self._find(ref)
        return None if found is None else found.state

    def entry(self, ref: str) -> Entry | None:
        """Return the commit that a ref names."""
        found = self._find(ref)
        return None if found is None else found.entry()

    def lines(self, ref: str, scope: Scope = Scope(), kind: str = "") -> Iterator[bytes]:
        """Return the lines of a state in byte order; the state is the one that `ref` names at the call."""
        found = self._find(ref)
        return iter(()) if found is None else self._lines(found, scope, kind)

    def get(self, ref: str, kind: str, urn: str) -> bytes | None:
        """Return one line of a state."""
        found = self._find(ref)
        if found is None:
            return None
        with self._file.reading() as connection:
            row = connection.execute(*_select(found, Range(kind, urn, urn + "\0"), now=False)).fetchone()
        return None if row is None else row[1]

    def commit(self, ref: str, expect: str | None, changed: Iterable[Row], meta: Mapping[str, Any]) -> str:
        """Apply changes to a ref, all or nothing; one commit at a time per file."""
        at = meta.get("at") or datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = msgspec.json.encode(meta, order="sorted")
        with self._file.writing() as connection:
            parent = _named(connection, ref)
            if (None if parent is None else parent.state) != expect:
                raise StoreError(
                    f"{ref} has moved since it was read",
                    why=f"expected state {expect}, found {parent.state if parent else None}",
                    fix="another run has committed meanwhile; run again",
                    where=str(self._file.path),
                )
            (seq,) = connection.execute("SELECT ifnull(max(seq), 0) + 1 FROM entry").fetchone()
            connection.execute(
                "INSERT INTO ref(name, head) VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET head = excluded.head",
                (ref, seq),
            )
            (number,) = connection.execute("SELECT id FROM ref WHERE name = ?", (ref,)).fetchone()
            effective = lay_over(connection, number, seq, changed)
            before = "" if parent is None else parent.state
            state = before if before and not effective else _state_id(seq, ref, before, at, body)
            connection.execute(
                "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (seq, number, state, before, at, _moment(at), str(meta.get("run") or ""), body),
            )
        return state

    def log(self, urn: str | None = None, ref: str = "head") -> Iterator[Entry]:
        """Return the commits of a named ref, newest first."""
        if not self._file.exists():
            return
        with self._file.reading() as connection:
            newest = _named(connection, ref)
            if newest is None:
                return
            if urn is None:
                every = f"{_COMMITS} WHERE e.ref = ? ORDER BY e.seq DESC"
                for row in connection.execute(every, (newest.ref,)):
                    yield _Commit(*row).entry()
                return
            for seq, digest in sorted(_moves(connection, newest.ref, urn).items(), reverse=True):
                row = connection.execute(f"{_COMMITS} WHERE e.seq = ?", (seq,)).fetchone()
                yield _Commit(*row).entry(digest)

    def refs(self) -> Mapping[str, str]:
        """Return every named ref with its state."""
        if not self._file.exists():
            return {}
        with self._file.reading() as connection:
            return dict(
                connection.execute("SELECT r.name, e.state FROM ref r JOIN entry e ON e.seq = r.head ORDER BY r.name")
            )

    def history(self, kind: str, prefix: str) -> Iterator[bytes]:
        """Return every line that `head` ever held whose URN starts with `prefix`, oldest first."""
        if not self._file.exists():
            return
        with self._file.reading() as connection:
            head = _named(connection, "head")
            if head is None:
                return
            where, names = _where(head.ref, prefix_range(kind, prefix))
            for (body,) in connection.execute(
                f"SELECT {_BODY} FROM (SELECT since, urn, line FROM present v WHERE {where} UNION ALL"
                f" SELECT since, urn, line FROM past v WHERE {where}) v ORDER BY since, urn",
                names,
            ):
                yield body

    def lock(self) -> AbstractContextManager[None]:
        """Hold the store for one run, by the system's lock on a file beside it."""
        return hold(self._file.path.with_name(self._file.path.name + ".lock"))

    def _lines(self, found: _Commit, scope: Scope, kind: str) -> Iterator[bytes]:
        spans = ranges(scope)
        if kind:
            whole = [Range(kind, "", None)]
            spans = whole if spans is None else [span for span in spans if span.kind == kind]
        with self._file.reading() as connection:
            newest = _named(connection, found.name)
            now = newest is not None and newest.state == found.state
            for span in [None] if spans is None else spans:
                for urn, body, _ in connection.execute(*_select(found, span, now=now)):
                    if body is None:
                        raise sqlite3.DatabaseError("malformed: a line is missing")
                    if scope.everything or scope.matches(urn):
                        yield body

    def _find(self, ref: str) -> _Commit | None:
        """Return the newest commit that a ref names, trying names, states, runs and times in this order."""
        if not self._file.exists():
            return None
        with self._file.reading() as connection:
            found = _named(connection, ref)
            for condition in _BY_ID if ref else ():
                found = found or _first(connection, condition, (ref,))
            if found is None:
                try:
                    moment = _moment(ref)
                except ValueError:
                    return None
                found = _first(connection, "r.name = 'head' AND e.moment <= ? ORDER BY e.seq DESC", (moment,))
            return found


def _first(connection: sqlite3.Connection, condition: str, values: tuple[str | int, ...]) -> _Commit | None:
    row = connection.execute(f"{_COMMITS} WHERE {condition} LIMIT 1", values).fetchone()
    return None if row is None else _Commit(*row)


def _named(connection: sqlite3.Connection, name: str) -> _Commit | None:
    return _first(connection, "e.seq = (SELECT head FROM ref WHERE name = ?)", (name,))


def _where(ref: int, span: Range | None) -> tuple[str, dict[str, str | int | None]]:
    if span is None:
        return "v.ref = :ref", {"ref": ref}
    upper = "" if span.high is None else " AND v.urn < :high"
    names: dict[str, str | int | None]
    names = {"ref": ref, "kind": span.kind, "low": span.low, "high": span.high}
    return f"v.ref = :ref AND v.kind = :kind AND v.urn >= :low{upper}", names


def _select(found: _Commit, span: Range | None, *, now: bool) -> tuple[str, dict[str, str | int | None]]:
    """Return the query for (URN, line) of a state, in the order of lines; `now` = it is the present one."""
    where, names = _where(found.ref, span)
    names["seq"] = found.seq
    query = f"SELECT v.urn, {_BODY}, v.kind FROM present v WHERE {where}"
    if not now:
        query += (
            f" AND v.since <= :seq UNION ALL SELECT v.urn, {_BODY}, v.kind FROM past v"
            f" WHERE {where} AND v.since <= :seq AND v.until > :seq"
        )
    return f"{query} ORDER BY 3, 1", names


def _moves(connection: sqlite3.Connection, ref: int, urn: str) -> dict[int, str]:
    """Return commit -> digest of a record after it (empty: taken out)."""
    found: dict[int, str] = {}
    for kind in ALL_KINDS:
        values = (ref, kind, urn)
        where = "FROM {} v WHERE v.ref = ? AND v.kind = ? AND v.urn = ?"
        for since, until, digest in connection.execute(
            f"SELECT v.since, v.until, {_DIGEST} {where.format('past')} ORDER BY v.since", values
        ):
            found[since] = digest.hex()
            found.setdefault(until, "")
        for since, digest in connection.execute(f"SELECT v.since, {_DIGEST} {where.format('present')}", values):
            found[since] = digest.hex()
    return found


def _state_id(seq: int, ref: str, parent: str, at: str, meta: bytes) -> str:
    parts = [str(seq).encode(), ref.encode(), parent.encode(), at.encode(), meta]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:20]


def _moment(at: str) -> int:
    """Return microseconds since 1970."""
    return (instant(at) - _EPOCH) // timedelta(microseconds=1)
