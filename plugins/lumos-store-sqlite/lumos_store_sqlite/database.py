"""The file: its tables, its connections, its format version."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lumos_core.plugin_api import StoreError

from .problems import explained

APPLICATION_ID = 0x4C554D53
"""`LUMS`: says in the file's header that it is a store of Lumos."""

FORMAT = 1
"""Version of the tables; a file with a higher one was written by a newer version of this distribution."""

_TABLES = """
CREATE TABLE ref(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, head INTEGER NOT NULL);
CREATE TABLE entry(
    seq INTEGER PRIMARY KEY, ref INTEGER NOT NULL, state TEXT NOT NULL, parent TEXT NOT NULL,
    at TEXT NOT NULL, moment INTEGER NOT NULL, run TEXT NOT NULL, meta BLOB NOT NULL
);
CREATE INDEX entry_of_ref ON entry(ref, seq);
CREATE INDEX entry_of_state ON entry(state, seq);
CREATE INDEX entry_of_run ON entry(run, seq);
CREATE TABLE line(id INTEGER PRIMARY KEY, digest BLOB NOT NULL, body BLOB NOT NULL);
CREATE TABLE present(
    ref INTEGER NOT NULL, kind TEXT NOT NULL, urn TEXT NOT NULL, since INTEGER NOT NULL,
    line INTEGER NOT NULL, PRIMARY KEY(ref, kind, urn)
) WITHOUT ROWID;
CREATE TABLE past(
    ref INTEGER NOT NULL, kind TEXT NOT NULL, urn TEXT NOT NULL, since INTEGER NOT NULL,
    until INTEGER NOT NULL, line INTEGER NOT NULL, PRIMARY KEY(ref, kind, urn, since)
) WITHOUT ROWID;
"""
# There is no index by digest: who else may hold the same line holds it under the same key, so that it is found
# there, and a large commit writes every table from front to back. An index by digest is touched at random, and
# the time per line grows with the store.
# The two halves of a history are apart, so that reading the present costs the same after a thousand runs.
# Texts compare as UTF-8 bytes (collation BINARY), so that the order of a primary key is the order of lines.

_IDLE = 8
_PAUSE = 0.02
_CACHE_KIB = 16 * 1024
_WAL_BYTES = 64 * 1024 * 1024


class _Blank(Exception):
    """The file is a database without tables: whoever began to make the store has not finished."""


class Database:
    """The connections to one file; every use borrows one of its own, so that threads never share one."""

    def __init__(self, path: Path, timeout: float) -> None:
        self.path = path
        self._timeout = timeout
        self._idle: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._open = True
        self._made = False
        weakref.finalize(self, _close_all, self._idle)

    def close(self) -> None:
        """Close what is idle; what is still read is closed when its reader ends."""
        with self._guard:
            self._open = False
        _close_all(self._idle)

    def exists(self) -> bool:
        """Tell whether there is a store; an empty file counts as none."""
        if not self._made:
            with explained(self.path):
                if not self.path.exists() or self.path.stat().st_size == 0:
                    return False
            try:
                with self.reading():
                    self._made = True
            except _Blank:
                return False
        return True

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Borrow a connection; give it back with no transaction left open."""
        with self._guard:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if connection.in_transaction:
            connection.rollback()
        with self._guard:
            if self._open and len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Borrow a connection inside a transaction that is committed at the end, or undone by an exception.

        Raises:
            LockedError: When another program keeps writing for longer than the timeout.
        """
        self._create()
        with self.reading() as connection:
            with explained(self.path):
                connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                with explained(self.path):
                    connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.rollback()
                raise

    def _create(self) -> None:
        if self.exists():
            return
        with explained(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            deadline = time.monotonic() + self._timeout
            while True:
                try:
                    self._make()
                    return
                except sqlite3.OperationalError as error:
                    # changing the journal does not wait for others who do the same
                    if "locked" not in str(error) or time.monotonic() > deadline:
                        raise
                    time.sleep(_PAUSE)

    def _make(self) -> None:
        connection = sqlite3.connect(self.path, timeout=self._timeout, isolation_level=None)
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN EXCLUSIVE")
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in _TABLES.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version={FORMAT}")
            connection.execute("COMMIT")
        finally:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        with explained(self.path):
            connection = sqlite3.connect(
                f"{self.path.resolve().as_uri()}?{self._mode()}",
                uri=True,
                timeout=self._timeout,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                self._verify(connection)
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
                connection.execute(f"PRAGMA journal_size_limit={_WAL_BYTES}")
                connection.execute("PRAGMA temp_store=MEMORY")  # only ever one chunk of a commit
            except BaseException:
                connection.close()
                raise
            return connection

    def _mode(self) -> str:
        """Return how to open the file: where nothing can be written, there is no room for a log's index."""
        if os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK):
            return "mode=rw"
        log = self.path.with_name(self.path.name + "-wal")
        return "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"

    def _verify(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN")  # one look: somebody may be making the store at this moment
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        blank = application == 0 and version == 0 and not _has_tables(connection)
        connection.execute("COMMIT")
        if blank:
            raise _Blank
        if application != APPLICATION_ID:
            raise StoreError(
                "the file is not a store of Lumos",
                why="it is a SQLite database of another program",
                fix="name another file in `store: {type: sqlite, path: ...}`",
                where=str(self.path),
            )
        if version > FORMAT:
            raise StoreError(
                "the store was written by a newer version of Lumos",
                why=f"its format is {version}, this version reads up to {FORMAT}",
                fix="pip install --upgrade lumos-store-sqlite",
                where=str(self.path),
            )


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


def _close_all(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()
