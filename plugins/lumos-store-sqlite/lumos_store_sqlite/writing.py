"""Laying changed lines over a ref, a chunk at a time: memory is that of one chunk."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from operator import itemgetter

from lumos_core.plugin_api import Row, StoreError

_CHUNK_ROWS = 4096
_CHUNK_BYTES = 4 * 1024 * 1024

_Incoming = tuple[str, str, bytes | None, bytes | None]

_FORGET = """
DELETE FROM incoming WHERE digest IS NULL AND NOT EXISTS (
    SELECT 1 FROM present p WHERE p.ref = :ref AND p.kind = incoming.kind AND p.urn = incoming.urn);
DELETE FROM incoming WHERE digest = (
    SELECT l.digest FROM present p JOIN line l ON l.id = p.line
    WHERE p.ref = :ref AND p.kind = incoming.kind AND p.urn = incoming.urn);
"""
"""Removals of what is not there, and lines that are there already, change nothing."""

_SAME = """SELECT p.line FROM ref r CROSS JOIN {} p ON p.ref = r.id AND p.kind = incoming.kind AND p.urn = incoming.urn
    CROSS JOIN line l ON l.id = p.line WHERE l.digest = incoming.digest LIMIT 1"""

_KEEP = f"""
UPDATE incoming SET line = ifnull(({_SAME.format("present")}), ifnull(({_SAME.format("past")}), :last + rank))
    WHERE digest IS NOT NULL;
INSERT INTO line(id, digest, body) SELECT line, digest, body FROM incoming WHERE line > :last ORDER BY line;
INSERT INTO past SELECT p.ref, p.kind, p.urn, p.since, :seq, p.line
    FROM incoming i CROSS JOIN present p ON p.ref = :ref AND p.kind = i.kind AND p.urn = i.urn;
DELETE FROM present WHERE ref = :ref AND (kind, urn) IN (SELECT kind, urn FROM incoming WHERE digest IS NULL);
INSERT OR REPLACE INTO present SELECT :ref, kind, urn, :seq, line FROM incoming WHERE digest IS NOT NULL
    ORDER BY kind, urn;
"""
"""In this order: a line that any ref holds or held under this key is used again, every other gets a number."""


def lay_over(connection: sqlite3.Connection, ref: int, seq: int, changed: Iterable[Row]) -> int:
    """Apply rows to a ref inside the caller's transaction and return how many changed something.

    Args:
        connection: Inside a transaction.
        ref: Id of the ref.
        seq: Number of the commit.
        changed: Read once; its own exceptions pass through.

    Raises:
        StoreError: When a key comes twice.
    """
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS incoming(kind TEXT NOT NULL, urn TEXT NOT NULL, digest BLOB,"
        " body BLOB, rank INTEGER, line INTEGER, PRIMARY KEY(kind, urn)) WITHOUT ROWID"
    )
    effective = 0
    for chunk in _chunks(changed):
        effective += _apply(connection, chunk, ref, seq)
    return effective


def _apply(connection: sqlite3.Connection, chunk: list[_Incoming], ref: int, seq: int) -> int:
    ranked = ((*row, rank) for rank, row in enumerate(sorted(chunk, key=itemgetter(0, 1)), 1))
    connection.execute("DELETE FROM incoming")
    try:
        connection.executemany("INSERT INTO incoming VALUES (?, ?, ?, ?, ?, NULL)", ranked)
    except sqlite3.IntegrityError as error:
        raise StoreError("a record came twice in one commit", why=_twice(chunk)) from error
    (last,) = connection.execute("SELECT ifnull(max(id), 0) FROM line").fetchone()
    names = {"ref": ref, "seq": seq, "last": last}
    again = connection.execute(
        "SELECT p.urn FROM incoming i CROSS JOIN present p"
        " ON p.ref = :ref AND p.kind = i.kind AND p.urn = i.urn WHERE p.since = :seq LIMIT 1",
        names,
    ).fetchone()
    if again:
        raise StoreError("a record came twice in one commit", why=again[0])
    _run(connection, _FORGET, names)
    (effective,) = connection.execute("SELECT count(*) FROM incoming").fetchone()
    if effective:
        _run(connection, _KEEP, names)
    return int(effective)


def _run(connection: sqlite3.Connection, steps: str, names: dict[str, int]) -> None:
    for step in steps.split(";"):
        if step.strip():
            connection.execute(step, names)


def _twice(chunk: list[_Incoming]) -> str:
    seen: set[tuple[str, str]] = set()
    for kind, urn, _, _ in chunk:
        if (kind, urn) in seen:
            return urn
        seen.add((kind, urn))
    return "a key without kind or URN"


def _chunks(changed: Iterable[Row]) -> Iterator[list[_Incoming]]:
    chunk: list[_Incoming] = []
    size = 0
    for kind, urn, line in changed:
        chunk.append((kind, urn, None if line is None else hashlib.sha256(line).digest(), line))
        size += len(urn) + (0 if line is None else len(line))
        if len(chunk) >= _CHUNK_ROWS or size >= _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
