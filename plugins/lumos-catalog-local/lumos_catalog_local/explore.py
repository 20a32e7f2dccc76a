"""One page of an answer: hits, how many there are, facets, and what else might have been meant."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import msgspec

from .cards import field_hits, hits, looked
from .document import FACETS
from .fuzzy import completions, known, near
from .page import FacetCount, SearchHit, SearchPage
from .query import Query, Term, parse
from .searching import Filters, Found, Stage, count, find, stages, total

_COUNTED = 1000
_VALUES = 10
_SUGGESTIONS = 5
_TOGETHER = 500
_facets = msgspec.json.Decoder(list[tuple[str, str]]).decode


class Asked:
    """A query, and what it was understood as: as typed or, when that finds nothing, corrected.

    Attributes:
        ways: The stages that answer it.
        instead: Term -> the words that were taken in its place.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        text: str,
        *,
        filters: Filters | None = None,
        include_removed: bool = False,
        fields: bool | None = None,
    ) -> None:
        self.query: Query = parse(text)
        self.fields = self.query.about_fields if fields is None else fields
        self.instead: dict[Term, list[str]] = {}
        self._connection = connection
        self._filters = filters or {}
        self._removed = include_removed
        self._list: list[Found] = []
        self.ways = self._stages()
        if self.query.wanted and not self._any(self.ways):
            self.instead = self._corrections()
            if self.instead:
                self.ways = self._stages()
        self._rest = find(connection, self.ways)

    def first(self, number: int) -> list[Found]:
        """Return the best so many records; what was found once is not looked for again."""
        self._list.extend(islice(self._rest, max(number - len(self._list), 0)))
        return self._list[:number]

    def _stages(self) -> list[Stage]:
        return stages(
            self._connection,
            self.query,
            filters=self._filters,
            include_removed=self._removed,
            fields_only=self.fields,
            instead=self.instead,
        )

    def _any(self, ways: list[Stage]) -> bool:
        return any(count(self._connection, way.whole, 0) for way in ways)

    def _corrections(self) -> dict[Term, list[str]]:
        """Return what may have been meant by the terms that no record holds."""
        found: dict[Term, list[str]] = {}
        for term in self.query.wanted:
            choices = [
                [word] if known(self._connection, word) else [item.word for item in near(self._connection, word)]
                for word in term.words
            ]
            if choices == [[word] for word in term.words] or not all(choices):
                continue
            others = choices[0] if len(choices) == 1 else [" ".join(choice[0] for choice in choices)]
            found[term] = others
        return found

    def hits(self, limit: int, offset: int = 0) -> Iterator[SearchHit]:
        """Return results: records, or fields when those were asked for."""
        sought = looked(self.query.wanted, self.instead)
        if self.fields:
            every = field_hits(self._connection, find(self._connection, self.ways), sought)
            return islice(every, offset, offset + limit)
        return hits(self._connection, self.first(offset + limit)[offset:], sought)

    def facets(self) -> dict[str, tuple[FacetCount, ...]]:
        """Return how many of the records found have which values."""
        counts: dict[str, Counter[str]] = {facet: Counter() for facet in FACETS}
        keys = [found.key for found in self.first(_COUNTED)]
        for start in range(0, len(keys), _TOGETHER):
            part = keys[start : start + _TOGETHER]
            query = f"SELECT facets FROM record WHERE id IN ({','.join('?' * len(part))})"
            for (text,) in self._connection.execute(query, part):
                for facet, value in _facets(text):
                    counts[facet][value] += 1
        return {
            facet: tuple(FacetCount(value, number) for value, number in _top(values))
            for facet, values in counts.items()
            if values
        }

    def corrected(self) -> str:
        """Return the query that was answered instead; empty when it was the one that was asked."""
        return self.query.replaced({term: _typed(term, texts[0]) for term, texts in self.instead.items()})

    def suggestions(self) -> tuple[str, ...]:
        """Return other queries that find something."""
        found: list[str] = []
        if self.instead and self._any(self.ways):
            found.append(self.corrected())
            for term, texts in self.instead.items():
                first_of = {other: _typed(other, words[0]) for other, words in self.instead.items()}
                found += [self.query.replaced({**first_of, term: _typed(term, text)}) for text in texts[1:]]
        elif self.query.wanted and self._any(self.ways):
            found += self._completed()
        else:
            found += self._shortened()
        return tuple(dict.fromkeys(text for text in found if text != self.query.text))[:_SUGGESTIONS]

    def _completed(self) -> list[str]:
        last = self.query.terms[-1]
        if not last.open:
            return []
        *before, begun = last.words
        longer = completions(self._connection, begun, _SUGGESTIONS)
        return [self.query.replaced({last: _typed(last, " ".join([*before, word]))}) for word in longer]

    def _shortened(self) -> list[str]:
        """Return the query without one of its terms, where that finds something."""
        found: list[str] = []
        terms = self.query.terms
        for term in terms if len(terms) > 1 else ():
            text = self.query.replaced({term: ""})
            query = parse(text)
            ways = stages(
                self._connection,
                query,
                filters=self._filters,
                include_removed=self._removed,
                fields_only=self.fields,
            )
            if query.wanted and self._any(ways):
                found.append(text)
        return found


def _typed(term: Term, text: str) -> str:
    """Return a term as it would be typed, with other words."""
    key = next((name for name, columns in _KEYS.items() if columns == term.columns), "")
    quoted = f'"{text}"' if " " in text else text
    return f"{key}:{quoted}" if key else quoted


_KEYS = {"name": "name", "field": "fields", "tag": "tags", "owner": "owners", "description": "description details"}


def _top(values: Counter[str]) -> list[tuple[str, int]]:
    return sorted(values.items(), key=lambda item: (-item[1], item[0]))[:_VALUES]


def explore(
    connection: sqlite3.Connection,
    query: str,
    *,
    limit: int,
    offset: int,
    filters: Filters,
    include_removed: bool,
    fields: bool | None,
) -> SearchPage:
    """Answer a query with one page."""
    asked = Asked(connection, query, filters=filters, include_removed=include_removed, fields=fields)
    number, more = total(connection, asked.ways)
    return SearchPage(
        hits=tuple(asked.hits(limit, offset)),
        total=number,
        more=more,
        facets=asked.facets(),
        suggestions=asked.suggestions(),
        corrected=asked.corrected() if asked.instead and number else "",
        empty=number == 0 and connection.execute("SELECT 1 FROM document LIMIT 1").fetchone() is None,
    )
