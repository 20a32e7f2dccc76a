"""Searching with OpenMetadata's own index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lumos_remote import Refused, each

from lumos_core.plugin_api import AnyRecord, Hit, shadow, urns

from .entities import TYPES
from .mapping import from_native, projector
from .names import Place, is_foreign
from .server import Server
from .wire import held

PAGE = 100
WINDOW = 10_000
"""Behind so many hits the index gives no more."""

_MEANT = re.compile(r'([+\-=&|><!(){}\[\]^"~*?:\\/])')
_SNIPPET = 200


def search(server: Server, query: str, limit: int) -> Iterator[Hit]:
    """Return what the index finds and the server still has, best first.

    Args:
        server: Where to search.
        query: In the query language of the index; what it does not take is searched word by word.
        limit: At most so many.
    """
    given, start = 0, 0
    while given < limit and start < WINDOW:
        rows = _page(server, query, start, min(PAGE, WINDOW - start))
        start += len(rows)
        for hit in each(lambda row: _hit(server, row), rows, server.config.workers):
            if hit is not None and given < limit:
                given += 1
                yield hit
        if not rows:
            return


def _page(server: Server, query: str, start: int, size: int) -> list[dict[str, Any]]:
    asked = {"q": query.strip() or "*", "index": "all", "from": start, "size": size, "deleted": False}
    try:
        answer = server.client.get("/search/query", asked).value
    except Refused:
        escaped = _MEANT.sub(r"\\\1", query).strip()
        answer = server.client.get("/search/query", {**asked, "q": escaped or "*"}).value
    found: list[dict[str, Any]] = ((answer or {}).get("hits") or {}).get("hits") or []
    return found


def _hit(server: Server, row: dict[str, Any]) -> Hit | None:
    """Return a hit as the record that it is; None for what is gone by now, or no record of ours."""
    source = row.get("_source") or {}
    type_ = TYPES.get(source.get("entityType", ""))
    raw = None if type_ is None else server.get(Place(type_.name, source.get("fullyQualifiedName") or ""))
    if type_ is None or raw is None or raw.get("deleted"):
        return None
    try:
        one = held(type_, raw)
        if one.implied or is_foreign(one.native.place):
            return None
        record: AnyRecord = shadow.recall(
            from_native(one.native, server.names), one.text, projector(server.names)
        ).record
    except (ValueError, KeyError):
        return None
    value: Any = record.value
    shown = (value.display_name.shown if value.display_name else "") or value.name or record.urn
    words = " ".join(((value.description.shown if value.description else "") or "").split())
    return Hit(
        urn=record.urn,
        name=shown,
        kind=record.kind,
        score=float(row.get("_score") or 0),
        snippet=words[:_SNIPPET],
        facets=tuple(_facets(value)),
    )


def _facets(value: Any) -> Iterator[tuple[str, str]]:
    if value.subtype:
        yield "type", value.subtype
    told = (
        *(("tag", link.tag) for link in value.tags),
        *(("owner", owner.owner) for owner in value.owners),
        *(("domain", domain) for domain in value.domains),
    )
    for facet, urn in told:
        yield facet, urns.decode(urns.parse(urn).name)
