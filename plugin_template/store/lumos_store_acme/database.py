"""The file of the store: its tables, its connections, and the lock beside it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from lumos_core.plugin_api import DiskError, LockedError, Row, StoreError

TABLES = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS log (
    number INTEGER PRIMARY KEY, ref TEXT, state TEXT, parent TEXT, at TEXT, run TEXT, meta TEXT
);
CREATE TABLE IF NOT EXISTS line (ref TEXT, kind TEXT, urn TEXT, line BLOB, since INTEGER, until INTEGER);
CREATE INDEX IF NOT EXISTS line_of ON line (ref, kind, urn, until);
CREATE INDEX IF NOT EXISTS urn_of ON line (ref, urn);
"""
"""A line is part of its ref from the commit `since` until the commit `until`, which is NULL while it lasts."""


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file, making it when it is not there; each use has a connection of its own, so that threads may.

    Raises:
        StoreError: When it cannot be read or written.
        DiskError: When the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
            connection.executescript(TABLES)
            yield connection
    except (sqlite3.Error, OSError) as error:
        kind = DiskError if "full" in str(error) else StoreError
        fix = "free some space, or name another file in `path`"
        raise kind("cannot use the store", why=str(error), fix=fix, where=str(path)) from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the store for one run, with a lock that ends with the process, however that ends.

    Raises:
        LockedError: When another run holds it.
    """
    lock, holder = path.with_suffix(".lock"), path.with_suffix(".holder")
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(lock, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            who = holder.read_text(encoding="utf-8") if holder.exists() else str(error)
            fix = "wait until it has finished"
            raise LockedError("another run holds the store", why=who, fix=fix, where=str(path)) from error
        holder.write_text(f"process {os.getpid()} has it", encoding="utf-8")
        yield


def apply(connection: sqlite3.Connection, ref: str, number: int, changed: Iterable[Row]) -> bool:
    """Close the lines that end with this commit, and add those that begin; tell whether any did."""
    connection.execute("CREATE TEMP TABLE seen (kind, urn, PRIMARY KEY (kind, urn))")
    before = connection.total_changes
    seen = 0
    for kind, urn, line in changed:
        connection.execute("INSERT INTO seen VALUES (?, ?)", (kind, urn))  # a key that comes twice is refused here
        seen += 1
        key = "ref = ? AND kind = ? AND urn = ? AND until IS NULL"
        held = connection.execute(f"SELECT line FROM line WHERE {key}", (ref, kind, urn)).fetchone()
        if (held[0] if held else None) != line:
            connection.execute(f"UPDATE line SET until = ? WHERE {key}", (number, ref, kind, urn))
            if line is not None:
                connection.execute("INSERT INTO line VALUES (?, ?, ?, ?, ?, NULL)", (ref, kind, urn, line, number))
    return connection.total_changes - before > seen
