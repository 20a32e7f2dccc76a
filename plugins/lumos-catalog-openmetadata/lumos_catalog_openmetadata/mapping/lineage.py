"""Lineage: edges between entities, to and from the key `lineage` of a record.

An edge belongs to the record that is downstream, as the model wants it. One that another record reports (a job, or
what is upstream) names that record in a comment at the end of its description, so that it is read there again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from lumos_core.plugin_api import ColumnEdge, Lineage, LineageEdge, urns

from ..names import Names, Place
from .common import clean
from .data import column_name, column_urn

End = tuple[str, str]
_NODES = ("table", "container", "topic", "searchIndex", "pipeline", "chart", "dashboard", "mlmodel", "metric")
_MARK = re.compile(r"\n*<!-- lumos on (\[.*\]) -->\Z", re.S)


class Edge(NamedTuple):
    """An edge, as the mapping knows it.

    Attributes:
        start: What is upstream: (entity type, fully qualified name).
        end: What is downstream.
        pipeline: The job between them, by fully qualified name; empty for none.
        source: `Manual`, `QueryLineage`, ...
        query: SQL text.
        description: Words of people.
        columns: (fully qualified names of columns, that of the column they become, function).
        on: The records that report it, where it is not what is downstream.
    """

    start: End
    end: End
    pipeline: str = ""
    source: str = "Manual"
    query: str = ""
    description: str = ""
    columns: tuple[tuple[tuple[str, ...], str, str], ...] = ()
    on: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[End, End]:
        """What makes it unique on the server."""
        return self.start, self.end


def _end(names: Names, urn: str) -> tuple[End, str] | None:
    try:
        place = names.place(urn)
    except ValueError:
        return None
    return ((place.type, place.fqn), place.member) if place.type in _NODES else None


def to_edges(urn: str, lineage: Lineage | None, names: Names) -> tuple[Edge, ...]:
    """Return the edges for the lineage of a record; one for each pair, whatever jobs are between."""
    own = _end(names, urn)
    if lineage is None or own is None:
        return ()
    edges: dict[tuple[End, End], Edge] = {}
    upstream = [(edge, True) for edge in lineage.upstreams]
    for edge, up in (*upstream, *((edge, False) for edge in lineage.downstreams)):
        other = _end(names, edge.urn)
        if other is None or other[0] == own[0]:
            continue
        start, end = (other[0], own[0]) if up else (own[0], other[0])
        via = _end(names, edge.via) if edge.via else None
        pipeline = via[0][1] if via is not None and via[0][0] == "pipeline" else ""
        made = Edge(
            start=start,
            end=end,
            pipeline=pipeline,
            source="Manual" if edge.layer == "manual" else "PipelineLineage" if pipeline else "QueryLineage",
            query=edge.expression if edge.expression and clean(edge.expression) else "",
            description=edge.description if edge.description and clean(edge.description) else "",
            columns=tuple(_columns(edge, lineage, names)) if up else (),
            on=() if up and not own[1] else (urn,),
        )
        edges.setdefault(made.key, made)
    return tuple(edges[key] for key in sorted(edges))


def _columns(edge: LineageEdge, lineage: Lineage, names: Names) -> Iterable[tuple[tuple[str, ...], str, str]]:
    found = set()
    for column in lineage.columns:
        if (column.via or None) != (edge.via or None):
            continue
        origin = tuple(
            sorted({name for ref in column.from_ if urns.host(ref) == edge.urn and (name := column_name(names, ref))})
        )
        for to in column.to:
            if to.startswith("#") and origin:
                found.add((origin, to, column.expression or ""))
    return sorted(found)


def resolved(edge: Edge, urn: str, names: Names) -> Edge:
    """Return an edge whose target columns are full names: those of the record itself stand as `#path` before."""
    columns = []
    for origin, to, function in edge.columns:
        name = column_name(names, urn + to) if to.startswith("#") else to
        if name:
            columns.append((origin, name, function))
    return edge._replace(columns=tuple(columns))


def of_edges(urn: str, place: Place, edges: Iterable[Edge], names: Names) -> Lineage | None:
    """Return the lineage of a record, of the edges that the server has at its entity."""
    own = (place.type, place.fqn)
    found = Lineage()
    for edge in edges:
        if edge.on and urn not in edge.on:
            continue
        if not edge.on and (edge.end != own or place.member):
            continue
        up = edge.end == own
        other = edge.start if up else edge.end
        via = names.urn(Place("pipeline", edge.pipeline)) if edge.pipeline else None
        made = LineageEdge(
            urn=names.urn(Place(*other)),
            via=via,
            layer="manual" if edge.source == "Manual" else None,
            description=edge.description or None,
            expression=edge.query or None,
        )
        if not up:
            found.downstreams = [*found.downstreams, made]
            continue
        found.upstreams = [*found.upstreams, made]
        found.columns = [*found.columns, *_read_columns(edge, via, names)]
    return found if found.upstreams or found.downstreams or found.columns else None


def _read_columns(edge: Edge, via: str | None, names: Names) -> Iterable[ColumnEdge]:
    for origin, to, function in edge.columns:
        sources = [ref for name in origin if (ref := column_urn(names, edge.start[0], name))]
        target = column_urn(names, edge.end[0], to)
        if sources and target:
            yield ColumnEdge(
                from_=sorted(sources), to=["#" + target.partition("#")[2]], via=via, expression=function or None
            )


def details(edge: Edge, present: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return `lineageDetails` without the job; what the mapping does not know of the present ones stays.

    Args:
        edge: The edge as it shall be.
        present: The details that the server has.
    """
    kept = {key: value for key, value in (present or {}).items() if key not in _KNOWN and key not in _STAMPS}
    text = edge.description
    if edge.on:
        text += f"\n\n<!-- lumos on {msgspec.json.encode(list(edge.on)).decode()} -->"
    if text:
        kept["description"] = text.lstrip("\n") if not edge.description else text
    if edge.query:
        kept["sqlQuery"] = edge.query
    kept["source"] = edge.source
    kept["columnsLineage"] = [
        {"fromColumns": list(origin), "toColumn": to, **({"function": function} if function else {})}
        for origin, to, function in edge.columns
    ]
    return kept


_KNOWN = ("sqlQuery", "columnsLineage", "pipeline", "description", "source")
_STAMPS = ("createdAt", "createdBy", "updatedAt", "updatedBy", "assetEdges")


def of_details(start: End, end: End, found: dict[str, Any]) -> Edge:
    """Return an edge of what the server says of it."""
    text: str = found.get("description") or ""
    on: tuple[str, ...] = ()
    if marked := _MARK.search(text):
        try:
            on = tuple(msgspec.json.decode(marked[1], type=list[str]))
            text = text[: marked.start()]
        except msgspec.DecodeError:
            on = ()
    columns = [
        (tuple(sorted(one.get("fromColumns") or ())), one.get("toColumn") or "", one.get("function") or "")
        for one in found.get("columnsLineage") or ()
    ]
    return Edge(
        start=start,
        end=end,
        pipeline=(found.get("pipeline") or {}).get("fullyQualifiedName") or "",
        source=found.get("source") or "Manual",
        query=found.get("sqlQuery") or "",
        description=text,
        columns=tuple(sorted(columns)),
        on=on,
    )
