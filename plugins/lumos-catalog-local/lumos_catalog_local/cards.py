"""Records that were found, as results: name, facets, the fields that match, and where it matched."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from lumos_core.plugin_api import urns

from .document import Card
from .page import SearchHit
from .query import Term
from .searching import Found

FIELDS_SHOWN = 5
"""Fields named in one result."""

_SNIPPET = 160
_TOGETHER = 100
_SELECT = (
    "SELECT r.id, r.kind, r.urn, r.card, d.fields, d.details"
    " FROM record r JOIN document d ON d.id = r.id WHERE r.id IN ({})"
)


_decode_card = msgspec.json.Decoder(Card).decode


class Looked(NamedTuple):
    """The words that were looked for, as the index holds them.

    Attributes:
        words: Texts of one or several words each.
        prefix: The last of them may be the beginning of a word.
        pattern: Finds one of them in a text as it was written; None when there is nothing to find.
    """

    words: tuple[str, ...]
    prefix: bool = False
    pattern: re.Pattern[str] | None = None


def looked(terms: Sequence[Term], instead: dict[Term, list[str]]) -> Looked:
    """Return what to mark in the results of a query."""
    inside = [term for term in terms if not term.columns or "fields" in term.columns or "details" in term.columns]
    found: list[str] = []
    for term in inside:
        found += instead.get(term, [" ".join(term.words)])
    single = sorted({word for words in found for word in words.split()}, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(single)})", re.IGNORECASE) if single else None
    return Looked(tuple(found), bool(inside) and inside[-1].open and not instead, pattern)


class _Row(NamedTuple):
    """What is read of a record that was found."""

    key: int
    kind: str
    urn: str
    card: bytes
    names: str
    details: str


def hits(connection: sqlite3.Connection, found: Iterable[Found], sought: Looked) -> Iterator[SearchHit]:
    """Return one result per record."""
    for item, row in _rows(connection, iter(found), _TOGETHER):
        card = _decode_card(row.card)
        matching = _matching(card, row, sought)
        yield SearchHit(
            urn=row.urn,
            name=card.title,
            kind=row.kind,
            score=item.score,
            snippet=_snippet(card, matching, sought),
            facets=card.facets,
            fields=tuple([f"{row.urn}#{card.fields[place][0]}" for place in matching[:FIELDS_SHOWN]]),
            removed=card.removed,
        )


def field_hits(connection: sqlite3.Connection, found: Iterable[Found], sought: Looked) -> Iterator[SearchHit]:
    """Return one result per field that matches."""
    for item, row in _rows(connection, iter(found), 1):
        card = _decode_card(row.card)
        for place in _matching(card, row, sought):
            path = card.fields[place][0]
            yield SearchHit(
                urn=urns.field(row.urn, path),
                name=f"{card.title}.{path}",
                kind=row.kind,
                score=item.score,
                snippet=_told(card, place),
                facets=card.facets,
                removed=card.removed,
            )


def _rows(connection: sqlite3.Connection, found: Iterator[Found], step: int) -> Iterator[tuple[Found, _Row]]:
    while items := list(islice(found, step)):
        query = _SELECT.format(",".join("?" * len(items)))
        rows = {row[0]: _Row(*row) for row in connection.execute(query, [item.key for item in items])}
        for item in items:
            yield item, rows[item.key]


def _matching(card: Card, row: _Row, sought: Looked) -> list[int]:
    """Return the places of fields that match, those with most of the words first, in names before descriptions."""
    last = len(sought.words) - 1
    if last == 0:
        word = sought.words[0]
        best = list(dict.fromkeys(_lines(row.names, word, sought.prefix) + _lines(row.details, word, sought.prefix)))
    else:
        weight: dict[int, int] = {}
        for text, worth in ((row.names, 3), (row.details, 1)):
            for number, needle in enumerate(sought.words):
                for line in set(_lines(text, needle, sought.prefix and number == last)):
                    weight[line] = weight.get(line, 0) + worth
        best = sorted(weight, key=lambda line: (-weight[line], line))
    return [line for line in best if line < len(card.fields)]


def _lines(text: str, needle: str, prefix: bool) -> list[int]:
    """Return the numbers of the lines that hold a word or phrase."""
    found: list[int] = []
    place = text.find(needle)
    line = counted = 0
    while place >= 0:
        end = place + len(needle)
        whole = prefix or end == len(text) or text[end] in " \n"
        if whole and (place == 0 or text[place - 1] in " \n"):
            line += text.count("\n", counted, place)
            counted = place
            found.append(line)
        place = text.find(needle, end)
    return found


def _told(card: Card, place: int) -> str:
    path, kind, text = card.fields[place]
    return _short(f"{path} {kind}: {text}" if text else f"{path} {kind}")


def _snippet(card: Card, matching: list[int], sought: Looked) -> str:
    found = sought.pattern.search(card.text) if sought.pattern is not None and card.text else None
    if found is None and matching:
        return _told(card, matching[0])
    return _short(card.text, found.start() if found is not None else 0)


def _short(text: str, place: int = 0) -> str:
    if len(text) <= _SNIPPET:
        return text
    start = 0 if place < _SNIPPET // 2 else text.rfind(" ", 0, place - _SNIPPET // 4) + 1
    part = text[start : start + _SNIPPET]
    return ("…" if start else "") + part.rstrip() + ("…" if start + _SNIPPET < len(text) else "")
