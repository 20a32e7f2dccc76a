"""The store `acme`: the history in one SQLite file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from typing import Any

from lumos_core.plugin_api import Entry, Row, Scope, Store, StoreError, digest, instant

from .config import AcmeStoreConfig
from .database import apply, locked, opened

EVERYTHING = Scope()
_ALIVE = "line.ref = ? AND since <= ? AND (until IS NULL OR until > ?)"


class AcmeStore(Store[AcmeStoreConfig]):
    """The history in one SQLite file."""

    def resolve(self, ref: str) -> str | None:
        """Return the id of the state that a ref names."""
        found = self._find(ref)
        return found[2] if found else None

    def lines(self, ref: str, scope: Scope = EVERYTHING, kind: str = "") -> Iterator[bytes]:
        """Return the lines of a state in byte order."""
        place = self._find(ref)
        query = f"SELECT urn, line FROM line WHERE {_ALIVE} AND ? IN ('', kind) ORDER BY line"
        rows = self._rows(query, place[1], place[0], place[0], kind) if place else ()
        return (line for urn, line in rows if scope.matches(urn))

    def get(self, ref: str, kind: str, urn: str) -> bytes | None:
        """Return one line of a state."""
        place = self._find(ref)
        query = f"SELECT line FROM line WHERE {_ALIVE} AND kind = ? AND urn = ?"
        rows = self._rows(query, place[1], place[0], place[0], kind, urn) if place else ()
        return next((line for (line,) in rows), None)

    def commit(self, ref: str, expect: str | None, changed: Iterable[Row], meta: Mapping[str, Any]) -> str:
        """Apply changes to a ref, all or nothing: what goes wrong ends the transaction."""
        with opened(self.config.path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            query = "SELECT state FROM log WHERE ref = ? ORDER BY number DESC LIMIT 1"
            (parent,) = connection.execute(query, (ref,)).fetchone() or (None,)
            if parent != expect:
                why = f"expected state {expect}, found {parent}"
                raise StoreError(f"{ref} has moved", why=why, fix="run again", where=str(self.config.path))
            (number,) = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM log").fetchone()
            moved = apply(connection, ref, number, changed)
            state = parent if parent and not moved else f"acme-{number}"
            at = meta.get("at") or datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            row = (number, ref, state, parent or "", at, meta.get("run"), json.dumps(meta))
            connection.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            connection.execute("COMMIT")
            return state

    def log(self, urn: str | None = None, ref: str = "head") -> Iterator[Entry]:
        """Return the commits of a ref, newest first; with `urn`, those that changed that record."""
        digests: dict[int, str] = {}
        if urn is not None:
            query = "SELECT since, until, line FROM line WHERE ref = ? AND urn = ? ORDER BY since"
            for since, until, line in self._rows(query, ref, urn):
                digests |= {since: digest(line), until: ""}  # where another line follows, its digest does too
        query = "SELECT number, ref, state, parent, at, meta FROM log WHERE ref = ? ORDER BY number DESC"
        for number, *parts, meta in self._rows(query, ref):
            if urn is None or number in digests:
                keys = dict(zip(("ref", "state", "parent", "at"), parts, strict=True))
                yield Entry(**keys, meta=json.loads(meta), digest=digests.get(number, ""))

    def refs(self) -> Mapping[str, str]:
        """Return every named ref with its state."""
        return dict(self._rows("SELECT ref, state FROM log ORDER BY number"))

    def history(self, kind: str, prefix: str) -> Iterator[bytes]:
        """Return every line that `head` ever held whose URN starts with `prefix`, oldest first."""
        query = "SELECT urn, line FROM line WHERE ref = 'head' AND kind = ? ORDER BY since, line"
        return (line for urn, line in self._rows(query, kind) if urn.startswith(prefix))

    def lock(self) -> AbstractContextManager[None]:
        """Hold the store for one run."""
        return locked(self.config.path)

    def _find(self, ref: str) -> tuple[int, str, str] | None:
        """Return the newest commit that a text names: (number, ref, state); names, states, runs and times."""
        query = "SELECT number, ref, state FROM log WHERE {} = ? ORDER BY ref <> 'head', number DESC LIMIT 1"
        for column in ("ref", "state", "run"):
            for number, name, state in self._rows(query.format(column), ref):
                return number, name, state
        try:
            moment = instant(ref)
        except ValueError:
            return None
        query = "SELECT number, ref, state, at FROM log WHERE ref = 'head' ORDER BY number DESC"
        return next((found[:3] for found in self._rows(query) if instant(found[3]) <= moment), None)

    def _rows(self, query: str, *values: object) -> Iterator[Any]:
        if self.config.path.exists():
            with opened(self.config.path) as connection:
                yield from connection.execute(query, values)
