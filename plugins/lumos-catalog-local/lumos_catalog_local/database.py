"""The file: its tables, its connections, its format version."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lumos_core.plugin_api import CatalogError

from .document import Document
from .problems import explained

APPLICATION_ID = 0x4C554D43
"""`LUMC`: says in the file's header that it is a catalog of Lumos."""

FORMAT = 1
"""Version of the tables; a file with a higher one was written by a newer version of this distribution."""

COLUMNS = Document._fields
WEIGHTS = {"name": 10.0, "fields": 4.0, "tags": 4.0, "owners": 3.0, "description": 1.5, "details": 1.0, "facets": 0.0}
"""How much a word counts in each column: a name before a field before a description."""

_RANK = f"bm25({', '.join(str(WEIGHTS[column]) for column in COLUMNS)})"
_TABLES = f"""
CREATE TABLE record(
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, urn TEXT NOT NULL, facets BLOB, card BLOB, line BLOB NOT NULL,
    UNIQUE(kind, urn)
);
CREATE TABLE document(id INTEGER PRIMARY KEY, {", ".join(f"{column} TEXT NOT NULL" for column in COLUMNS)});
CREATE VIRTUAL TABLE search USING fts5(
    {", ".join(COLUMNS)}, content='document', content_rowid='id', tokenize='ascii'
);
INSERT INTO search(search, rank) VALUES('rank', '{_RANK}');
INSERT INTO search(search, rank) VALUES('automerge', 0);
CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE gram(
    gram TEXT NOT NULL, size INTEGER NOT NULL, word INTEGER NOT NULL, PRIMARY KEY(gram, size, word)
) WITHOUT ROWID;
"""
# `facets` and `card` stand before `line`, so that counting and showing results read no long row. `search` keeps no
# texts of its own: they are in `document`, from which SQLite can verify and rebuild it. Its segments are merged by
# every batch a little (`writing.py`) instead of by some a lot.

_IDLE = 4
_CACHE_KIB = 32 * 1024
_WAL_BYTES = 64 * 1024 * 1024


class _Blank(Exception):
    """The file is a database without tables: whoever began to make the catalog has not finished."""


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
        """Tell whether there is a catalog; an empty file counts as none.

        Raises:
            CatalogError: When there is something else, or something that cannot be read.
        """
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
        """Borrow a connection that sees one state of the file until it is given back."""
        with self._guard:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
        try:
            with explained(self.path):
                connection.execute("BEGIN")
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
            RetryableError: When another program keeps writing for longer than the timeout.
        """
        self._create()
        with self.reading() as connection:
            connection.rollback()
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def _create(self) -> None:
        if self.exists():
            return
        with explained(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=self._timeout, isolation_level=None)
            try:
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
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if application == 0 and version == 0 and not _has_tables(connection):
            raise _Blank
        if application != APPLICATION_ID:
            raise CatalogError(
                "the file is not a catalog of Lumos",
                why="it is a SQLite database of another program",
                fix="name another file in `catalogs: [{type: local, path: ...}]`",
                where=str(self.path),
            )
        if version > FORMAT:
            raise CatalogError(
                "the catalog was written by a newer version of Lumos",
                why=f"its format is {version}, this version reads up to {FORMAT}",
                fix="pip install --upgrade lumos-catalog-local",
                where=str(self.path),
            )


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


def _close_all(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()
