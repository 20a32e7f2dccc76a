"""Lineage of datasets, jobs, charts and dashboards, of whole things and of fields; and relations between things."""

from __future__ import annotations

from typing import Any

from lumos_core.plugin_api import ColumnEdge, Entity, Lineage, LineageEdge, Relation

from ..native import Draft, View

_UP, _IO = "upstreamLineage", "dataJobInputOutput"
_TYPES = {"COPY": "copy", "TRANSFORMED": "transformed", "VIEW": "view"}
_NATIVE_TYPES = {ours: native for native, ours in _TYPES.items()}
_TERMS = {"isRelatedTerms": "is_a", "hasRelatedTerms": "contains", "values": "value", "relatedTerms": "related"}
_INPUTS = (("inputDatasets", "inputDatasetEdges", "dataset"), ("inputDatajobs", "inputDatajobEdges", "dataJob"))
_OUTPUTS = (("outputDatasets", "outputDatasetEdges", "dataset"),)


def read(view: View, value: Entity) -> None:
    """Read lineage and relations."""
    found = Lineage()
    for held in view.aspect(_UP).get("upstreams", ()):
        if urn := view.ref(held.get("dataset")):
            found.upstreams.append(
                LineageEdge(
                    urn=urn,
                    type=_TYPES.get(held.get("type")),
                    query=view.ref(held.get("query")),
                    properties=list(held.get("properties", {}).items()),
                )
            )
    job = view.aspect(_IO)
    found.upstreams += [edge for plain, edges, _ in _INPUTS for edge in _edges(view, job, plain, edges)]
    found.downstreams = [edge for plain, edges, _ in _OUTPUTS for edge in _edges(view, job, plain, edges)]
    if view.entity == "chart":
        found.upstreams += _edges(view, view.info, "", "inputEdges")
    elif view.entity == "dashboard":
        found.upstreams += _edges(view, view.info, "datasets", "datasetEdges")
    elif view.entity in ("mlFeature", "mlPrimaryKey"):
        found.upstreams += [LineageEdge(urn=urn) for urn in view.refs(view.info.get("sources"))]
    for aspect in (_UP, _IO):
        for held in view.aspect(aspect).get("fineGrainedLineages", ()):
            if (column := _column(view, held)) is not None:
                found.columns.append(column)
    if found.upstreams or found.downstreams or found.columns:
        value.lineage = found
    value.relations = [
        Relation(type=type_, target=target, layer=layer)
        for type_, layer, targets in _related(view)
        for target in targets
    ]


def _edges(view: View, held: Any, plain: str, edges: str) -> list[LineageEdge]:
    """Edges that stand as URNs (`plain`) or as objects."""
    found = {urn: LineageEdge(urn=urn) for urn in view.refs(held.get(plain))}
    for one in held.get(edges, ()):
        if urn := view.ref(one.get("destinationUrn")):
            found[urn] = LineageEdge(urn=urn, properties=list(one.get("properties", {}).items()))
    return list(found.values())


def _column(view: View, held: Any) -> ColumnEdge | None:
    score = held.get("confidenceScore", 1.0)
    from_, to = held.get("upstreams") or [], held.get("downstreams") or []
    edge = ColumnEdge(
        from_=view.refs(from_),
        to=view.refs(to),
        query=view.ref(held.get("query")),
        expression=held.get("transformOperation"),
        confidence=None if score == 1.0 else repr(float(score)),
    )
    return edge if edge.from_ and edge.to and (len(edge.from_), len(edge.to)) == (len(from_), len(to)) else None


def _related(view: View) -> list[tuple[str, str | None, list[str]]]:
    """(type, layer, targets) of what an entity says about others."""
    entity, info = view.entity, view.info
    found: list[tuple[str, str | None, list[str]]] = []
    if entity == "glossaryTerm":
        related = view.aspect("glossaryRelatedTerms")
        found += [(type_, None, view.refs(related.get(member))) for member, type_ in _TERMS.items()]
    elif entity == "corpuser":
        found.append(("member_of", None, view.refs(view.aspect("groupMembership").get("groups"))))
        found.append(("member_of", "manual", view.refs(view.aspect("nativeGroupMembership").get("nativeGroups"))))
    elif entity == "dashboard":
        for plain, edges in (("charts", "chartEdges"), ("", "dashboards")):
            found.append(("contains", None, [edge.urn for edge in _edges(view, info, plain, edges)]))
    elif entity == "dataProduct":
        found.append(("contains", None, [edge.urn for edge in _edges(view, info, "", "assets")]))
    elif entity == "mlFeatureTable":
        found += [("contains", None, view.refs(info.get(key))) for key in ("mlFeatures", "mlPrimaryKeys")]
    elif entity == "mlModel":
        found.append(("member_of", None, view.refs(info.get("groups"))))
        found.append(("uses", None, view.refs(info.get("mlFeatures"))))
    elif entity == "dataset":
        found.append(("sibling", None, view.refs(view.aspect("siblings").get("siblings"))))
        parent = view.aspect("logicalParent").get("parent", {}).get("destinationUrn")
        found.append(("logical_parent", None, view.refs([parent] if parent else [])))
    return found


def write(value: Entity, draft: Draft) -> None:
    """Write lineage and relations."""
    lineage = value.lineage or Lineage()
    entity = draft.entity
    if entity == "dataset":
        _write_upstreams(lineage, draft)
    elif entity == "dataJob":
        _write_job(lineage, draft)
    elif entity == "chart":
        _put(draft, "inputEdges", _native_edges(lineage.upstreams, draft, "dataset", "chart"))
    elif entity == "dashboard":
        _put(draft, "datasetEdges", _native_edges(lineage.upstreams, draft, "dataset"))
    elif entity in ("mlFeature", "mlPrimaryKey"):
        _put(draft, "sources", draft.natives([edge.urn for edge in lineage.upstreams], "dataset"))
    if value.relations:
        _write_relations(value, draft)


def _put(draft: Draft, member: str, found: list[Any]) -> None:
    if found:
        draft.info[member] = found


def _write_upstreams(lineage: Lineage, draft: Draft) -> None:
    upstreams: dict[str, Any] = {}
    for edge in lineage.upstreams:
        native = draft.native(edge.urn, "dataset")
        if native is None or native in upstreams or edge.via is not None:
            continue
        held: dict[str, Any] = {"dataset": native, "type": _NATIVE_TYPES.get(edge.type or "", "TRANSFORMED")}
        if edge.properties:
            held["properties"] = dict(edge.properties)
        if query := draft.native(edge.query):
            held["query"] = query
        upstreams[native] = held
    # An edge that runs through a job stands on the job as well; DataHub shows it there, and here without the job.
    for edge in lineage.upstreams:
        native = draft.native(edge.urn, "dataset")
        if native is not None and native not in upstreams:
            upstreams[native] = {"dataset": native, "type": _NATIVE_TYPES.get(edge.type or "", "TRANSFORMED")}
    columns = _native_columns(lineage.columns, draft)
    if upstreams or columns:
        draft.aspects[_UP] = {"upstreams": list(upstreams.values())}
    if columns:
        draft.aspects[_UP]["fineGrainedLineages"] = columns


def _write_job(lineage: Lineage, draft: Draft) -> None:
    held: dict[str, Any] = {"inputDatasets": [], "outputDatasets": []}
    for sides, edges in ((_INPUTS, lineage.upstreams), (_OUTPUTS, lineage.downstreams)):
        for _, member, entity in sides:
            if found := _native_edges(edges, draft, entity):
                held[member] = found
    if columns := _native_columns(lineage.columns, draft):
        held["fineGrainedLineages"] = columns
    if len(held) > 2:
        draft.aspects[_IO] = held


def _native_edges(edges: list[LineageEdge], draft: Draft, *entities: str) -> list[dict[str, Any]]:
    found: dict[str, Any] = {}
    for edge in edges:
        native = draft.native(edge.urn, *entities)
        if native is not None and native not in found:
            found[native] = {"destinationUrn": native}
            if edge.properties:
                found[native]["properties"] = dict(edge.properties)
    return list(found.values())


def _native_columns(edges: list[ColumnEdge], draft: Draft) -> list[dict[str, Any]]:
    found: dict[Any, Any] = {}
    for edge in edges:
        whole = not any("#" in ref for ref in edge.from_)
        from_ = draft.natives(edge.from_, "dataset" if whole else "schemaField")
        to = draft.natives(edge.to, "schemaField")
        if not from_ or not to or len(from_) != len(edge.from_) or len(to) != len(edge.to):
            continue
        held: dict[str, Any] = {
            "upstreamType": "DATASET" if whole else "FIELD_SET",
            "upstreams": from_,
            "downstreamType": "FIELD" if len(to) == 1 else "FIELD_SET",
            "downstreams": to,
        }
        if edge.expression is not None:
            held["transformOperation"] = edge.expression
        if (score := _score(edge.confidence)) is not None:
            held["confidenceScore"] = score
        if query := draft.native(edge.query):
            held["query"] = query
        found.setdefault((tuple(from_), tuple(to)), held)
    return list(found.values())


def _score(text: str | None) -> float | None:
    try:
        score = float(text or "")
    except ValueError:
        return None
    return score if repr(score) == text and 0 <= score < 1 else None


def _write_relations(value: Entity, draft: Draft) -> None:
    entity = draft.entity

    def targets(type_: str, *entities: str, layer: str | None = None) -> list[str]:
        return draft.natives(
            [one.target for one in value.relations if (one.type, one.layer) == (type_, layer)], *entities
        )

    if entity == "glossaryTerm":
        for member, type_ in _TERMS.items():
            if found := targets(type_, "glossaryTerm"):
                draft.aspect("glossaryRelatedTerms")[member] = found
    elif entity == "corpuser":
        if found := targets("member_of", "corpGroup"):
            draft.aspect("groupMembership")["groups"] = found
        if found := targets("member_of", "corpGroup", layer="manual"):
            draft.aspect("nativeGroupMembership")["nativeGroups"] = found
    elif entity == "dashboard":
        _put(draft, "chartEdges", [{"destinationUrn": urn} for urn in targets("contains", "chart")])
        _put(draft, "dashboards", [{"destinationUrn": urn} for urn in targets("contains", "dashboard")])
    elif entity == "dataProduct":
        allowed = ("dataset", "dataJob", "dataFlow", "chart", "dashboard", "notebook", "container", "mlModel")
        _put(draft, "assets", [{"destinationUrn": urn} for urn in targets("contains", *allowed)])
    elif entity == "mlFeatureTable":
        _put(draft, "mlFeatures", targets("contains", "mlFeature"))
        _put(draft, "mlPrimaryKeys", targets("contains", "mlPrimaryKey"))
    elif entity == "mlModel":
        _put(draft, "groups", targets("member_of", "mlModelGroup"))
        _put(draft, "mlFeatures", targets("uses", "mlFeature"))
    elif entity == "dataset":
        if found := targets("sibling", "dataset"):
            draft.aspects["siblings"] = {"siblings": found, "primary": False}
        if found := targets("logical_parent", "dataset"):
            draft.aspects["logicalParent"] = {"parent": {"destinationUrn": found[0]}}
