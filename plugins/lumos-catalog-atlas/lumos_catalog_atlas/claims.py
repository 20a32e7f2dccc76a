"""What the catalog claims, aspect by aspect."""

from __future__ import annotations

from lumos_core.plugin_api import Support, aspects

_KEPT = {
    "description": "two texts at most (comment, description); columns of official models likewise",
    "display_name": "only on things that no official model describes",
    "owners": "names only: their types and layers are not shown",
    "tags": "state, reason, author and layer are not shown",
    "terms": "state, confidence and layer are not shown",
    "relations": "only those between terms, of the types that Atlas has; what is said of them is not shown",
    "properties": "keys other than letters, digits, `_` and `-` are not shown",
    "fields": "types are shown as native texts",
    "keys": "only the primary key of a relational table is shown",
    "lineage": "edges are processes; what is said of an edge is not shown",
    "lineage.columns": "edges are processes; type and subtype are not shown",
    "lifecycle": "removal is shown, but not of tags, of terms, and of containers that still hold something",
    "attributes": "types that Atlas does not have are not shown",
    "fields.description": "two texts at most",
    "fields.display_name": "only on things that no official model describes",
    "fields.owners": "names only",
    "fields.tags": "state, reason, author and layer are not shown",
    "fields.terms": "state, confidence and layer are not shown",
}
_HIDDEN = "not shown; kept in the property `lumos`"


def _support(aspect: str) -> Support:
    return Support(read=True, write=True, lossless=True, kept=_KEPT.get(aspect, _HIDDEN))


CAPABILITIES = {aspect: _support(aspect) for aspect in sorted(aspects.ASPECTS - {aspects.RECORD})}
"""Everything is read back as it was written; `kept` says what the pages of Atlas do not show."""
