"""The routes of relationships and lineage."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from lumos_core.testing.servers.http import Request, route

from . import search
from .edges import Edge, edges, entity_type
from .proposals import Rejected
from .service import Service, as_json, flag, number


class Relationships(Service):
    """Routes that answer from the graph."""

    @route("GET", "/openapi/relationships/v1")
    @route("GET", "/openapi/relationships/v1/")
    def related(self, request: Request) -> Any:
        """List what is related to one entity."""
        urn, types = request.argument("urn"), set(request.query.get("relationshipTypes", []))
        self.engine.urn(urn)
        incoming = request.argument("direction") == "INCOMING"
        start, count = number(request.argument("start", "0")), number(request.argument("count", "200"))
        found = [
            {"relationshipType": edge.type, "urn": edge.source if incoming else edge.destination}
            for edge in edges(self.registry, self.store)
            if edge.type in types and (edge.destination if incoming else edge.source) == urn
        ]
        page = found[start : start + count]
        return {"start": start, "count": len(page), "total": len(found), "entities": page}

    @route("POST", "/openapi/v3/relationship/scroll")
    def relationships(self, request: Request) -> Any:
        """List relationships page by page."""
        body = as_json(request, dict)
        types = set(request.query.get("relationshipTypes", []))
        sources, destinations = (
            set(request.query.get("sourceTypes", [])),
            set(request.query.get("destinationTypes", [])),
        )

        def wanted(edge: Edge) -> bool:
            return (
                (not types or edge.type in types)
                and (not sources or entity_type(edge.source) in sources)
                and (not destinations or entity_type(edge.destination) in destinations)
                and self._near(edge.source, body.get("sourceFilter"))
                and self._near(edge.destination, body.get("destinationFilter"))
            )

        return self._edges(request, wanted, _shown)

    @route("POST", "/openapi/v3/lineage/scroll")
    def lineage(self, request: Request) -> Any:
        """List edges of lineage that touch some entities, page by page."""
        urns, types = set(as_json(request, dict).get("urns") or []), set(request.query.get("relationshipTypes", []))
        direction = request.argument("direction")

        def wanted(edge: Edge) -> bool:
            upstream, downstream = _ends(edge)
            near = not urns or {"UPSTREAM": downstream in urns, "DOWNSTREAM": upstream in urns}.get(
                direction, upstream in urns or downstream in urns
            )
            return bool(edge.lineage) and near and (not types or edge.type in types)

        def shown(edge: Edge) -> dict[str, Any]:
            upstream, downstream = _ends(edge)
            return {**_shown(edge), "upstream": upstream, "downstream": downstream}

        return self._edges(request, wanted, shown)

    def _near(self, urn: str, criteria: Any) -> bool:
        if criteria is None:
            return True
        held = self.store.entities.get(urn)
        filters = [part.get("criteria", []) for part in criteria.get("and", [])]
        try:
            return search.fits(urn, held, bool(held and held.removed), filters)
        except search.BadQuery as error:
            raise Rejected("argument", str(error)) from None

    def _edges(
        self, request: Request, wanted: Callable[[Edge], bool], shown: Callable[[Edge], dict[str, Any]]
    ) -> dict[str, Any]:
        count, cursor = number(request.argument("count", "10")), request.argument("scrollId")
        try:
            start = int(base64.b64decode(cursor, validate=True)) if cursor else 0
        except (binascii.Error, ValueError):
            raise Rejected("argument", "Failed to parse scroll id") from None
        removed = flag(request, "includeSoftDelete")
        gone = set() if removed else {urn for urn, is_gone in self.store.listed() if is_gone}
        found = [
            edge
            for edge in edges(self.registry, self.store)
            if not {edge.source, edge.destination} & gone and wanted(edge)
        ]
        page = found[start : start + count]
        following = base64.b64encode(str(start + count).encode()).decode() if len(page) == count else None
        return {"scrollId": following, "results": [shown(edge) for edge in page]}


def _ends(edge: Edge) -> tuple[str, str]:
    """Upstream and downstream."""
    return (edge.source, edge.destination) if edge.lineage == "down" else (edge.destination, edge.source)


def _shown(edge: Edge) -> dict[str, Any]:
    return {
        "relationshipType": edge.type,
        "source": {"urn": edge.source, "entityType": entity_type(edge.source)},
        "destination": {"urn": edge.destination, "entityType": entity_type(edge.destination)},
    }
