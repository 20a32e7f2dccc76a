"""What a search answers."""

from __future__ import annotations

from msgspec import Struct

from lumos_core.plugin_api import Hit


class SearchHit(Hit, frozen=True, kw_only=True):
    """One search result of this catalog.

    Attributes:
        fields: `URN#path` of the fields that match, the best first.
        removed: True for a soft-deleted record.
    """

    fields: tuple[str, ...] = ()
    removed: bool = False


class FacetCount(Struct, frozen=True):
    """How many of the records found have a value."""

    value: str
    count: int


class SearchPage(Struct, frozen=True, kw_only=True):
    """One page of results.

    Attributes:
        hits: The best first.
        total: How many records match; at least so many when `more` is True.
        more: True when counting stopped at a bound.
        facets: Facet -> values with how many of the records have them, the most frequent first. Counted over the first
            1,000 records.
        suggestions: Other queries that find something: corrections ("did you mean"), or completions of the last word.
        corrected: The query that was answered instead, when nothing matched the one that was asked; else empty.
        empty: True when the catalog holds nothing at all.
    """

    hits: tuple[SearchHit, ...] = ()
    total: int = 0
    more: bool = False
    facets: dict[str, tuple[FacetCount, ...]] = {}
    suggestions: tuple[str, ...] = ()
    corrected: str = ""
    empty: bool = False
