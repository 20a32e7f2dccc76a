"""What people type, as terms; any text is a query, none is a syntax error."""

from __future__ import annotations

import re
from typing import NamedTuple

from .document import FACETS
from .words import facet_word, fold, words

COLUMNS_OF = {
    "name": "name",
    "field": "fields",
    "column": "fields",
    "tag": "tags",
    "term": "tags",
    "owner": "owners",
    "description": "description details",
}
"""Qualifier -> columns of the index in which its words are looked for."""

FACET_OF = {facet: facet for facet in FACETS if facet not in COLUMNS_OF} | {"environment": "env"}
"""Qualifier -> facet whose value it must be."""

_TERM = re.compile(r'(?P<minus>-)?(?:(?P<key>[A-Za-z]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<bare>[^\s"]+))')
_MAX_TERMS = 32


class Term(NamedTuple):
    """One part of a query.

    Attributes:
        text: As typed, without its qualifier and quotes.
        words: Its words; several are a phrase. Empty for a facet.
        columns: Columns it is restricted to; empty = any.
        facet: The word of the index that stands for a facet's value; empty for words.
        negative: It must not be there.
        open: It is the last one and may still be typed: words that begin with it fit as well.
        span: Where `text` stands in the query.
    """

    text: str
    words: tuple[str, ...] = ()
    columns: str = ""
    facet: str = ""
    negative: bool = False
    open: bool = False
    span: tuple[int, int] = (0, 0)

    def match(self, *, prefix: bool = False) -> str:
        """Return the term in the index's own language; everything is quoted, so that nothing is syntax."""
        if self.facet:
            return f'facets : "{self.facet}"'
        return restricted(self.columns, f'"{" ".join(self.words)}"{" *" if prefix else ""}')


def restricted(columns: str, expression: str) -> str:
    """Return an expression of the index's language, restricted to columns."""
    return f"{{{columns}}} : {expression}" if columns else expression


class Query(NamedTuple):
    """A query, taken apart."""

    text: str
    terms: tuple[Term, ...]

    @property
    def wanted(self) -> list[Term]:
        """Words that must be there."""
        return [term for term in self.terms if term.words and not term.negative]

    @property
    def filters(self) -> list[Term]:
        """Facets that must be there."""
        return [term for term in self.terms if term.facet and not term.negative]

    @property
    def unwanted(self) -> list[Term]:
        """Words and facets that must not be there."""
        return [term for term in self.terms if term.negative]

    @property
    def about_fields(self) -> bool:
        """True when every word was asked for with `field:`, so that fields are the answer."""
        return bool(self.wanted) and all(term.columns == "fields" for term in self.wanted)

    def replaced(self, changes: dict[Term, str]) -> str:
        """Return the text of the query with other texts for some of its terms; an empty one takes its term out."""
        text = self.text
        for term in sorted(changes, key=lambda term: term.span, reverse=True):
            start, end = term.span
            text = text[:start] + changes[term] + text[end:]
        return " ".join(text.split())


def parse(text: str) -> Query:
    """Take a query apart: words, "phrases", `tag:x`, `-tag:x`; what is neither is skipped.

    Qualifiers: `name: field: tag: term: owner: description:` look for words, `kind: type: platform: env: domain:`
    must be the value. Any other `x:y` is taken as text.
    """
    terms: list[Term] = []
    for match in _TERM.finditer(text):
        if len(terms) == _MAX_TERMS:
            break
        term = _term(match)
        if term is not None:
            terms.append(term)
    if terms and text == text.rstrip():
        last = terms[-1]
        if last.words and not last.negative and text[last.span[1] - 1] != '"':
            terms[-1] = last._replace(open=True)
    return Query(text, tuple(terms))


def _term(match: re.Match[str]) -> Term | None:
    key = (match["key"] or "").lower()
    value = match["phrase"] if match["phrase"] is not None else match["bare"]
    negative = bool(match["minus"])
    if key in FACET_OF:
        word = facet_word(FACET_OF[key], fold(value))
        return Term(value, facet=word, negative=negative, span=match.span()) if value.strip() else None
    if key and key not in COLUMNS_OF:
        value = f"{match['key']} {value}"
    if value in ("AND", "&", "+") or not (found := words(value)):
        return None
    if len(found) > 1 and found[-1] == "".join(found[:-1]):
        found = found[:-1]  # the whole of a camelCase word, which would break the phrase
    return Term(value, found[:_MAX_TERMS], COLUMNS_OF.get(key, ""), negative=negative, span=match.span())
