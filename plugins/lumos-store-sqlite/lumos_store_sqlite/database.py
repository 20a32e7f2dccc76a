"""The file: its tables, its header, the words of its errors."""

from __future__ import annotations

from lumos_core.plugin_api import LockedError, SqliteKind, StoreError

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

STORE = SqliteKind(
    what="store",
    application_id=0x4C554D53,  # `LUMS`
    format=1,
    tables=_TABLES,
    error=StoreError,
    busy=LockedError,
    setting="store: {type: sqlite, path: ...}",
    distribution="lumos-store-sqlite",
    loss="restore a copy; or move the file away and run again, which begins a new history",
    pragmas={
        "cache_size": -16 * 1024,
        "temp_store": "MEMORY",  # only ever one chunk of a commit
    },
)
"""A file with a higher format was written by a newer version of this distribution."""
