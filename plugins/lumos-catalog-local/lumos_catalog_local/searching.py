"""Finding the records that match a query, the best first, with bounded work whatever the query.

A query is answered in stages: what matches as typed, then what matches with the last word as the beginning of a word.
Within a stage a narrow answer is ranked as a whole (bm25 with a weight per column). A wide one, which would cost time
in proportion to the catalog and whose words tell records apart badly anyway, is answered by column: records whose name
matches, then those whose fields match, then the rest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .document import EVERY, REMOVED
from .fuzzy import completions
from .query import Query, Term, restricted
from .words import facet_word, fold

BOUND = 4000
"""Up to so many matches are ranked and counted one by one."""

_SHORT_PREFIX = 3
_EXPANSIONS = 16
_FETCHED = 20
_TIERS = ("name", "name fields tags")

Filters = Mapping[str, Sequence[str]]
"""Facet -> values, one of which must fit."""


class Found(NamedTuple):
    """A record that matches: its key in the tables, and how well it fits (higher is better)."""

    key: int
    score: float


class Stage(NamedTuple):
    """One way to match.

    Attributes:
        text: Expression of words; empty = every record.
        required: Expressions of facets that must be there.
        excluded: Expressions that must not match.
        tiered: The words are not restricted to columns, so that a wide answer can be split by column.
    """

    text: str
    required: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    tiered: bool = False

    @property
    def words(self) -> str:
        """What is ranked: words and exclusions. Facets in it would make bm25 walk through all that have them."""
        return _without(self.text or _EVERY, self.excluded)

    @property
    def whole(self) -> str:
        """Everything that must hold."""
        return _without(" AND ".join(f"({part})" for part in (self.text or _EVERY, *self.required)), self.excluded)


_EVERY = f'facets : "{EVERY}"'
_REMOVED = f'facets : "{REMOVED}"'


def _without(expression: str, excluded: Sequence[str]) -> str:
    return f"({expression}) NOT ({' OR '.join(f'({part})' for part in excluded)})" if excluded else expression


def stages(
    connection: sqlite3.Connection,
    query: Query,
    *,
    filters: Filters,
    include_removed: bool,
    fields_only: bool,
    instead: Mapping[Term, Sequence[str]] | None = None,
) -> list[Stage]:
    """Return the ways to match a query, in order; no record matches in two of them.

    Args:
        connection: To the catalog.
        query: The query.
        filters: Facet -> values, one of which must fit.
        include_removed: Find soft-deleted records too.
        fields_only: Words must stand in a field's name or description.
        instead: Term -> texts to look for in its place.
    """
    required = [term.match() for term in query.filters]
    for facet, values in filters.items():
        anyof = " OR ".join(f'facets : "{facet_word(facet, fold(value))}"' for value in values)
        required += [anyof] if anyof else []
    excluded = [term.match() for term in query.unwanted]
    if not include_removed and count(connection, _REMOVED, 0):
        excluded.append(_REMOVED)
    scope = "fields details" if fields_only else ""
    wanted = [term._replace(columns=term.columns or scope) for term in query.wanted]
    swaps = {term._replace(columns=term.columns or scope): texts for term, texts in (instead or {}).items()}

    def stage(parts: list[str]) -> Stage:
        tiered = bool(parts) and not any(term.columns for term in wanted)
        return Stage(" AND ".join(f"({part})" for part in parts), tuple(required), tuple(excluded), tiered)

    exact = [_alternatives(term, swaps.get(term, ())) for term in wanted]
    found = [stage(exact)]
    if wanted and wanted[-1].open and not instead:
        begun = _begun(connection, wanted[-1])
        if begun:
            found.append(stage([*exact[:-1], f"({begun}) NOT ({exact[-1]})"]))
    return found


def _alternatives(term: Term, texts: Sequence[str]) -> str:
    return " OR ".join(term._replace(words=tuple(text.split())).match() for text in texts) or term.match()


def _begun(connection: sqlite3.Connection, term: Term) -> str:
    """Return what matches words that begin with the last one; a short beginning fits too many to try them all."""
    last = term.words[-1]
    if len(last) >= _SHORT_PREFIX:
        return term.match(prefix=True)
    more = completions(connection, last, _EXPANSIONS)
    return " OR ".join(term._replace(words=(*term.words[:-1], word)).match() for word in more)


def count(connection: sqlite3.Connection, expression: str, most: int = BOUND) -> int:
    """Return how many records match, or `most + 1`."""
    (number,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM search WHERE search MATCH ? LIMIT ?)", (expression, most + 1)
    ).fetchone()
    return int(number)


def total(connection: sqlite3.Connection, ways: Sequence[Stage]) -> tuple[int, bool]:
    """Return how many records match, and whether counting stopped at the bound."""
    number = 0
    for way in ways:
        number += count(connection, way.whole)
        if number > BOUND:
            return BOUND, True
    return number, False


def find(connection: sqlite3.Connection, ways: Sequence[Stage]) -> Iterator[Found]:
    """Return matching records, the best first, reading no further than they are asked for."""
    lowest = float("inf")
    for depth, way in enumerate(ways):
        for found in _find(connection, way):
            lowest = min(lowest, found.score / 2**depth)
            yield Found(found.key, lowest)


def _find(connection: sqlite3.Connection, way: Stage) -> Iterator[Found]:
    if not way.text:
        yield from _unranked(connection, way.whole)
    elif count(connection, way.words) <= BOUND:
        yield from _ranked(connection, way)
    else:
        yield from _by_column(connection, way)


def _ranked(connection: sqlite3.Connection, way: Stage) -> Iterator[Found]:
    allowed = None
    if way.required:
        allowed = {key for (key,) in connection.execute("SELECT rowid FROM search WHERE search MATCH ?", (way.whole,))}
        if not allowed:
            return
    query = "SELECT rowid, -rank FROM search WHERE search MATCH ? ORDER BY rank"
    rows = connection.execute(query, (way.words,))
    while some := rows.fetchmany(_FETCHED):
        for key, score in some:
            if allowed is None or key in allowed:
                yield Found(key, score)


def _by_column(connection: sqlite3.Connection, way: Stage) -> Iterator[Found]:
    done = ""
    for columns in _TIERS if way.tiered else ():
        part = restricted(columns, f"({way.text})")
        tier = way._replace(text=f"({part}) NOT ({done})" if done else part)
        done = part
        if count(connection, tier.words) <= BOUND:
            yield from _ranked(connection, tier)
        else:
            yield from _unranked(connection, tier.whole)
    yield from _unranked(connection, way._replace(text=f"({way.text}) NOT ({done})" if done else way.text).whole)


def _unranked(connection: sqlite3.Connection, expression: str) -> Iterator[Found]:
    rows = connection.execute("SELECT rowid FROM search WHERE search MATCH ?", (expression,))
    return (Found(key, 0.0) for (key,) in rows)
