"""Writing a batch: lines, index and vocabulary move together, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from lumos_core.plugin_api import (
    AnyRecord,
    Entity,
    Lifecycle,
    Operation,
    Outcome,
    Record,
    canonical,
    decode,
)

from .database import COLUMNS
from .document import Document, indexed
from .fuzzy import forget, learn

_FIELDS = ", ".join(COLUMNS)
_MARKS = ", ".join("?" * len(COLUMNS))
_MERGED_PAGES = 16
"""Pages of the index that are merged for each record written: its share of the work, so that no write pays for many."""

_encode = msgspec.json.Encoder().encode


class _Held(NamedTuple):
    id: int
    line: bytes


def write(connection: sqlite3.Connection, batch: Sequence[Operation]) -> list[Outcome]:
    """Apply operations inside the caller's transaction; one that is not sound fails alone."""
    words = Words()
    outcomes = [_write(connection, operation, words) for operation in batch]
    forget(connection, sorted(words.dropped))
    written = sum(outcome.status == "written" for outcome in outcomes)
    if written:
        connection.execute("INSERT INTO search(search, rank) VALUES ('merge', ?)", (written * _MERGED_PAGES,))
    return outcomes


class Words:
    """What a batch does to the vocabulary: words that are in it for sure, and words that may have to leave it."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.dropped: set[str] = set()


def rebuild(connection: sqlite3.Connection) -> int:
    """Make index and vocabulary anew from the lines, inside the caller's transaction; return how many records."""
    connection.execute("DELETE FROM document")
    connection.execute("INSERT INTO search(search) VALUES('delete-all')")
    connection.execute("DELETE FROM gram")
    connection.execute("DELETE FROM word")
    count, words = 0, Words()
    for key, line in _lines(connection):
        record = decode(line)
        if isinstance(record.value, Entity):
            document, facets, card = indexed(record)
            _index(connection, key, document, None, words)
            connection.execute(
                "UPDATE record SET facets = ?, card = ? WHERE id = ?", (_encode(facets), _encode(card), key)
            )
        count += 1
    connection.execute("INSERT INTO search(search) VALUES('optimize')")
    return count


def _lines(connection: sqlite3.Connection) -> Iterator[tuple[int, bytes]]:
    """Read in steps: a table must not be changed under an open cursor."""
    last = -1
    while rows := connection.execute(
        "SELECT id, line FROM record WHERE id > ? ORDER BY id LIMIT 500", (last,)
    ).fetchall():
        yield from rows
        last = rows[-1][0]


def _write(connection: sqlite3.Connection, operation: Operation, words: Words) -> Outcome:
    row = connection.execute(
        "SELECT id, line FROM record WHERE kind = ? AND urn = ?", (operation.kind, operation.urn)
    ).fetchone()
    held = None if row is None else _Held(*row)
    try:
        before = None if held is None else decode(held.line)
        if before is None and operation.action == "remove":
            return Outcome(operation.urn, "unchanged")
        if held is not None and operation.kind == "foreign" and operation.action == "remove":
            connection.execute("DELETE FROM record WHERE id = ?", (held.id,))
            return Outcome(operation.urn, "written")
        after = _after(operation, before)
        line = canonical(after)
        after = decode(line)
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        return Outcome(operation.urn, "failed", f"not a sound operation: {_reason(error)}")
    if held is not None and held.line == line:
        return Outcome(operation.urn, "unchanged")
    made = indexed(after) if isinstance(after.value, Entity) else None
    facets, card = (None, None) if made is None else (_encode(made.facets), _encode(made.card))
    if held is None:
        key = connection.execute(
            "INSERT INTO record(kind, urn, facets, card, line) VALUES (?, ?, ?, ?, ?)",
            (operation.kind, operation.urn, facets, card, line),
        ).lastrowid
        assert key is not None
    else:
        key = held.id
        connection.execute("UPDATE record SET facets = ?, card = ?, line = ? WHERE id = ?", (facets, card, line, key))
    if made is not None:
        _index(connection, key, made.document, None if held is None else _document(connection, key), words)
    return Outcome(operation.urn, "written")


def _reason(error: Exception) -> str:
    return f"there is no kind {error}" if isinstance(error, KeyError) else str(error)


def _after(operation: Operation, before: AnyRecord | None) -> AnyRecord:
    """Return the record after an operation; the mark of a soft delete follows from the action."""
    after = operation.apply(before)
    value = after.value
    if not isinstance(value, Entity) or operation.action not in ("remove", "restore"):
        return after
    lifecycle = msgspec.structs.replace(value.lifecycle or Lifecycle(), removed=operation.action == "remove")
    empty = lifecycle == Lifecycle()
    return Record(after.urn, msgspec.structs.replace(value, lifecycle=None if empty else lifecycle), after.kind)


def _document(connection: sqlite3.Connection, key: int) -> Document | None:
    row = connection.execute(f"SELECT {_FIELDS} FROM document WHERE id = ?", (key,)).fetchone()
    return None if row is None else Document(*row)


def _index(connection: sqlite3.Connection, key: int, after: Document, before: Document | None, words: Words) -> None:
    """Bring the index up to date with a record; `words` is told."""
    if before == after:
        return
    old: set[str] = set()
    if before is not None:
        old = before.vocabulary()
        connection.execute(
            f"INSERT INTO search(search, rowid, {_FIELDS}) VALUES ('delete', ?, {_MARKS})", (key, *before)
        )
    connection.execute(f"INSERT OR REPLACE INTO document VALUES (?, {_MARKS})", (key, *after))
    connection.execute(f"INSERT INTO search(rowid, {_FIELDS}) VALUES (?, {_MARKS})", (key, *after))
    new = after.vocabulary()
    fresh = new - old - words.held
    # In the order of the vocabulary's index, so that neighbours share pages.
    learn(connection, sorted(fresh))
    words.held |= fresh
    words.dropped |= old - new
