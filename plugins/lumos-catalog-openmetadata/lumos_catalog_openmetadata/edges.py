"""Lineage on the server: read, and merged into what is there, since a PUT replaces the details of an edge."""

from __future__ import annotations

from typing import Any

from lumos_remote import Missing, segments

from .lookup import Lookup
from .mapping.lineage import Edge, details, of_details
from .names import Names, Place
from .server import Server
from .wire import Reference, _normal

Doc = dict[str, Any]


def read_edges(server: Server, type_: str, identity: str) -> tuple[Edge, ...]:
    """Return the edges at an entity, upstream and downstream."""
    query = {"upstreamDepth": 1, "downstreamDepth": 1, "includeDeleted": True}
    answer = server.client.get(f"/lineage{segments(type_, identity)}", query).value
    ends = {node["id"]: (node["type"], _normal(node["fullyQualifiedName"])) for node in _nodes(answer)}
    found = []
    for side in ("upstreamEdges", "downstreamEdges"):
        for edge in answer.get(side) or ():
            start, end = (ends.get(_id(edge[name])) for name in ("fromEntity", "toEntity"))
            if start is not None and end is not None:
                found.append(of_details(start, end, edge.get("lineageDetails") or {}))
    return tuple(sorted(found))


def _nodes(answer: Doc) -> list[Doc]:
    return [answer["entity"], *(answer.get("nodes") or ())]


def _id(end: Any) -> str:
    return str(end["id"] if isinstance(end, dict) else end)


class Edges:
    """Changes the edges of one record.

    Args:
        lookup: Ids, and a lock for each edge.
        urn: The record.
        place: Its entity.
    """

    def __init__(self, lookup: Lookup, urn: str, place: Place) -> None:
        self._lookup, self._urn, self._place = lookup, urn, place
        self._client = lookup.server.client
        self._names: Names = lookup.server.names

    def change(self, before: tuple[Edge, ...], after: tuple[Edge, ...]) -> None:
        """Make of the edges that this record reported those that it reports now.

        Args:
            before: As the server was told before.
            after: As it shall be.
        """
        was = {edge.key: edge for edge in before}
        wanted = {edge.key: edge for edge in after}
        for key in sorted({*was, *wanted}):
            if was.get(key) == wanted.get(key):
                continue
            with self._lookup.lock(key):
                self._one(key, was.get(key), wanted.get(key))

    def _one(self, key: tuple[Reference, Reference], was: Edge | None, wanted: Edge | None) -> None:
        ids = [self._lookup.identify(end) for end in key]
        present = self._present(key[0][0], ids)
        held = None if present is None else of_details(*key, present)
        others = self._others(held)
        if wanted is None:
            if held is None:
                return
            if not others:
                self._delete(key, ids)
                return
        columns = set(wanted.columns if wanted is not None else ())
        if held is not None:
            columns |= set(held.columns) - set(was.columns if was is not None else ())
        base = wanted or held
        assert base is not None
        made = base._replace(columns=tuple(sorted(columns)), on=self._on(wanted, others, key[1]))
        if held is not None and others:
            made = made._replace(
                pipeline=made.pipeline or held.pipeline,
                query=made.query or held.query,
                description=made.description or held.description,
            )
        if made == held:
            return
        body = details(made, present)
        if made.pipeline:
            body["pipeline"] = {"id": self._lookup.identify(("pipeline", made.pipeline)), "type": "pipeline"}
        start, end = ({"id": id_, "type": ref[0]} for id_, ref in zip(ids, key, strict=True))
        self._client.put("/lineage", {"edge": {"fromEntity": start, "toEntity": end, "lineageDetails": body}})

    def _others(self, held: Edge | None) -> tuple[str, ...]:
        """The other records that report an edge."""
        if held is None:
            return ()
        reporters = held.on or (self._names.urn(Place(*held.end)),)
        return tuple(urn for urn in reporters if urn != self._urn)

    def _on(self, wanted: Edge | None, others: tuple[str, ...], end: Reference) -> tuple[str, ...]:
        reporters = tuple(sorted({*others, *((self._urn,) if wanted is not None else ())}))
        downstream = self._names.urn(Place(*end))
        return (
            ()
            if reporters == (downstream,) or (reporters == (self._urn,) and not (wanted and wanted.on))
            else reporters
        )

    def _present(self, type_: str, ids: list[str]) -> Doc | None:
        answer = self._client.get(
            f"/lineage{segments(type_, ids[0])}", {"upstreamDepth": 0, "downstreamDepth": 1}
        ).value
        for edge in answer.get("downstreamEdges") or ():
            if [_id(edge["fromEntity"]), _id(edge["toEntity"])] == ids:
                found: Doc = edge.get("lineageDetails") or {}
                return found
        return None

    def _delete(self, key: tuple[Reference, Reference], ids: list[str]) -> None:
        try:
            self._client.delete(f"/lineage{segments(key[0][0], ids[0], key[1][0], ids[1])}")
        except Missing:
            return
