"""The file: its tables, its header, the words of its errors."""

from __future__ import annotations

from lumos_core.plugin_api import CatalogError, RetryableError, SqliteKind

from .document import Document

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

CATALOG = SqliteKind(
    what="catalog",
    application_id=0x4C554D43,  # `LUMC`
    format=1,
    tables=_TABLES,
    error=CatalogError,
    busy=RetryableError,
    setting="catalogs: [{type: local, path: ...}]",
    distribution="lumos-catalog-local",
    loss="restore a copy; or move the file away and run again: what sources say is published anew, edits are lost",
    pragmas={"cache_size": -32 * 1024},
)
"""A file with a higher format was written by a newer version of this distribution."""
