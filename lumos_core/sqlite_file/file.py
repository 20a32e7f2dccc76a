"""The connections to one file: made once, borrowed by readers and writers."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from .kind import SqliteKind

_IDLE = 8
_PAUSE = 0.02
_WAL_BYTES = 64 * 1024 * 1024


class _Blank(Exception):
    """The file is a database without tables: whoever began to make it has not finished."""


class SqliteFile:
    """The connections to one file; every use borrows one of its own, so that threads never share one.

    Nothing is opened or made before it is needed: a file comes to be with the first `writing()`.

    Args:
        kind: What the file is.
        path: Where it is, or will be.
        timeout: Seconds to wait for another program that is writing.

    Examples:
        >>> file = SqliteFile(STORE, Path("store.db"), timeout=5)      # doctest: +SKIP
        >>> with file.writing() as connection:                         # doctest: +SKIP
        ...     connection.execute("INSERT INTO line VALUES (1, 'x')")
    """

    def __init__(self, kind: SqliteKind, path: Path, timeout: float) -> None:
        self.kind = kind
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
        """Tell whether there is such a file with its tables; an empty file counts as none.

        Raises:
            LumosError: When there is something else, or something that cannot be read.
        """
        if not self._made:
            with self.kind.explained(self.path):
                if not self.path.exists() or self.path.stat().st_size == 0:
                    return False
            try:
                with self.reading():
                    self._made = True
            except _Blank:
                return False
        return True

    def check(self) -> None:
        """Prove that the file can be written, without making or changing it.

        Raises:
            LumosError: When it cannot, or when another program keeps writing for longer than the timeout.
        """
        if self.exists():
            with self._borrowed("BEGIN IMMEDIATE") as connection:
                # beginning to write is not refused in a read-only file, only writing is; this is rolled back
                connection.execute(f"PRAGMA user_version={self.kind.format}")
            return
        folder = self.path.absolute().parent
        while not folder.exists():
            folder = folder.parent
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise self.kind.error(
                f"the {self.kind.what} cannot be made",
                why=f"{folder} is not a folder that can be written",
                fix=f"make it writable, or name another file in `{self.kind.setting}`",
                where=str(self.path),
            )

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """Borrow a connection that sees one state of the file until it is given back. Ask `exists()` first.

        Readers never wait for a writer, nor a writer for readers. Errors of SQLite in the block are explained as
        errors of this file; others pass as they are.

        Raises:
            LumosError: When the file cannot be opened or read, or is not one of this kind.
        """
        return self._borrowed("BEGIN")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Borrow a connection inside a transaction that is committed at the end, or undone by an exception.

        The file is made when there is none.

        Raises:
            LumosError: As for `reading`, when the file cannot be written, or when another program keeps writing for
                longer than the timeout.
            DiskError: When the disk is full.
        """
        self._create()
        with self._borrowed("BEGIN IMMEDIATE") as connection:
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def _borrowed(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._guard:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
        try:
            connection.execute(begin)
            yield connection
            if connection.in_transaction:
                connection.rollback()
        except sqlite3.Error as error:
            connection.close()
            raise self.kind.explain(error, self.path) from error
        except BaseException:  # whatever ended the block, its transaction must not reach the next borrower
            connection.close()
            raise
        with self._guard:
            if self._open and len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def _create(self) -> None:
        if self.exists():
            return
        with self.kind.explained(self.path):
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
                for statement in self.kind.tables.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id={self.kind.application_id}")
                connection.execute(f"PRAGMA user_version={self.kind.format}")
            connection.execute("COMMIT")
        finally:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        with self.kind.explained(self.path):
            connection = sqlite3.connect(
                f"{self.path.resolve().as_uri()}?{self._mode()}",
                uri=True,
                timeout=self._timeout,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                self._verify(connection)
                pragmas = {"synchronous": "FULL", "journal_size_limit": _WAL_BYTES, **self.kind.pragmas}
                for name, value in pragmas.items():
                    connection.execute(f"PRAGMA {name}={value}")
            except BaseException:  # nobody else will close it
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
        connection.execute("BEGIN")  # one look: somebody may be making the file at this moment
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        tables = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        connection.execute("COMMIT")
        if application == 0 and version == 0 and tables is None:
            raise _Blank
        if application != self.kind.application_id:
            raise self.kind.error(
                f"the file is not a {self.kind.what} of Lumos",
                why="it is a SQLite database of another program",
                fix=f"name another file in `{self.kind.setting}`",
                where=str(self.path),
            )
        if version > self.kind.format:
            raise self.kind.error(
                f"the {self.kind.what} was written by a newer version of Lumos",
                why=f"its format is {version}, this version reads up to {self.kind.format}",
                fix=f"pip install --upgrade {self.kind.distribution}",
                where=str(self.path),
            )


def _close_all(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()
