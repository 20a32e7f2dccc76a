"""Records that were found, as results: name, facets, the fields that match, and where it matched."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from lumos_core.plugin_api import Description, Lifecycle, Text, urns

from .page import SearchHit
from .query import Term
from .searching import Found

FIELDS_SHOWN = 5
"""Fields named in one result."""

_SNIPPET = 160


class _Field(Struct):
    """What is shown of a field; the rest of it is skipped unread."""

    path: str
    type: str = ""
    description: Description | None = None


class _Value(Struct):
    name: str | None = None
    display_name: Text | None = None
    description: Description | None = None
    lifecycle: Lifecycle | None = None
    fields: list[_Field] = []


class _Line(Struct):
    kind: str
    urn: str
    value: _Value


_decode = msgspec.json.Decoder(_Line).decode
_facets = msgspec.json.Decoder(list[tuple[str, str]]).decode
_SELECT = "SELECT r.line, r.facets, d.fields, d.details FROM record r JOIN document d ON d.id = r.id WHERE r.id = ?"


class Looked(NamedTuple):
    """The words that were looked for, as the index holds them.

    Attributes:
        words: Texts of one or several words each.
        prefix: The last of them may be the beginning of a word.
    """

    words: tuple[str, ...]
    prefix: bool = False


def looked(terms: Sequence[Term], instead: dict[Term, list[str]]) -> Looked:
    """Return what to mark in the results of a query."""
    inside = [term for term in terms if not term.columns or "fields" in term.columns or "details" in term.columns]
    found: list[str] = []
    for term in inside:
        found += instead.get(term, [" ".join(term.words)])
    return Looked(tuple(found), bool(inside) and inside[-1].open and not instead)


def hits(connection: sqlite3.Connection, found: Sequence[Found], sought: Looked) -> Iterator[SearchHit]:
    """Return one result per record."""
    for item in found:
        line, facets, names, details = connection.execute(_SELECT, (item.key,)).fetchone()
        record = _decode(line)
        value = record.value
        matching = _matching(value.fields, names, details, sought)
        yield SearchHit(
            urn=record.urn,
            name=_title(record),
            kind=record.kind,
            score=item.score,
            snippet=_snippet(value, matching, sought),
            facets=tuple(_facets(facets)),
            fields=tuple(urns.field(record.urn, field.path) for field in matching[:FIELDS_SHOWN]),
            removed=value.lifecycle is not None and value.lifecycle.removed,
        )


def field_hits(connection: sqlite3.Connection, found: Iterator[Found], sought: Looked) -> Iterator[SearchHit]:
    """Return one result per field that matches."""
    for item in found:
        line, facets, names, details = connection.execute(_SELECT, (item.key,)).fetchone()
        record = _decode(line)
        for field in _matching(record.value.fields, names, details, sought):
            yield SearchHit(
                urn=urns.field(record.urn, field.path),
                name=f"{_title(record)}.{field.path}",
                kind=record.kind,
                score=item.score,
                snippet=_told(field),
                facets=tuple(_facets(facets)),
                removed=record.value.lifecycle is not None and record.value.lifecycle.removed,
            )


def _title(record: _Line) -> str:
    shown = record.value.display_name.shown if record.value.display_name else ""
    return shown or record.value.name or urns.name(record.urn)


def _matching(fields: list[_Field], names: str, details: str, sought: Looked) -> list[_Field]:
    """Return the fields that match, those with most of the words first, in names before descriptions."""
    weight: dict[int, int] = {}
    last = len(sought.words) - 1
    for text, worth in ((names, 3), (details, 1)):
        for number, needle in enumerate(sought.words):
            prefix = sought.prefix and number == last
            for line in set(_lines(text, needle, prefix)):
                weight[line] = weight.get(line, 0) + worth
    best = sorted(weight, key=lambda line: (-weight[line], line))
    return [fields[line] for line in best if line < len(fields)]


def _lines(text: str, needle: str, prefix: bool) -> Iterator[int]:
    """Return the numbers of the lines that hold a word or phrase."""
    line = counted = 0
    place = text.find(needle)
    while place >= 0:
        end = place + len(needle)
        whole = prefix or end == len(text) or text[end] in " \n"
        if whole and (place == 0 or text[place - 1] in " \n"):
            line += text.count("\n", counted, place)
            counted = place
            yield line
        place = text.find(needle, place + 1)


def _told(field: _Field) -> str:
    text = field.description.shown if field.description is not None else ""
    return _short(f"{field.path} {field.type}: {text}" if text else f"{field.path} {field.type}")


def _snippet(value: _Value, matching: list[_Field], sought: Looked) -> str:
    text = " ".join((value.description.shown if value.description is not None else "").split())
    place = _place(text, sought)
    if place < 0 and matching:
        return _told(matching[0])
    return _short(text, max(place, 0))


def _place(text: str, sought: Looked) -> int:
    """Return where a text holds one of the words; -1 where it holds none."""
    if not sought.words or not text:
        return -1
    single = sorted({word for words in sought.words for word in words.split()}, key=len, reverse=True)
    found = re.search(r"(?<!\w)(?:" + "|".join(map(re.escape, single)) + ")", text, re.IGNORECASE)
    return -1 if found is None else found.start()


def _short(text: str, place: int = 0) -> str:
    text = " ".join(text.split())
    if len(text) <= _SNIPPET:
        return text
    start = 0 if place < _SNIPPET // 2 else text.rfind(" ", 0, place - _SNIPPET // 4) + 1
    part = text[start : start + _SNIPPET]
    return ("…" if start else "") + part.rstrip() + ("…" if start + _SNIPPET < len(text) else "")
