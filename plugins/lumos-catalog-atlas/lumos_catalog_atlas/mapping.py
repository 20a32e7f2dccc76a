"""Records <-> entities: pure, and the inverse of each other as far as Atlas can say it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from lumos_core.plugin_api import (
    KINDS,
    AnyRecord,
    ColumnEdge,
    Entity,
    Key,
    Lineage,
    LineageEdge,
    Record,
    urns,
)

from . import models, names, relations
from .columns import from_column, to_column
from .marks import from_marks, from_terms, to_marks, to_terms
from .native import Flow, Native, without
from .texts import from_owner, from_texts, manual, owner, shown, source

_CUSTOM = re.compile(r"[A-Za-z0-9_-]{1,50}")
_DESCRIPTION = dict.fromkeys(models.GLOSSARY_TYPES, "longDescription")


def project(record: AnyRecord, cluster: str, missing: Collection[str] = ()) -> AnyRecord:
    """Return what reading gives, without the property `lumos`, once a record was written.

    Args:
        record: The record.
        cluster: Name of our cluster.
        missing: References to what the server does not have.
    """
    return from_native(without(to_native(record, cluster), missing), cluster)


def projection(cluster: str, missing: Collection[str] = ()) -> Callable[[AnyRecord], AnyRecord]:
    """Return `project` with its arguments bound, as `shadow` wants it."""
    return lambda record: project(record, cluster, missing)


def to_native(record: AnyRecord, cluster: str) -> Native:
    """Return the entity of a record, as far as Atlas can say it; its property `lumos` is not there yet."""
    value: Any = record.value
    id_ = names.native_id(record.urn, cluster)
    model, parsed = models.model_of(id_.type), urns.parse(record.urn)
    glossary = id_.type in models.GLOSSARY_TYPES
    marks, labels = to_marks(value.tags)
    text = _DESCRIPTION.get(id_.type, "description")
    attributes: dict[str, Any] = {
        "name": value.name or urns.decode(parsed.name),
        text: manual(value.description, alone=not model.comment),
    }
    if model.comment:
        attributes[model.comment] = source(value.description)
    if model.subtype:
        attributes[model.subtype] = value.subtype
    if not glossary:
        attributes["owner"] = owner(value.owners)
    if id_.type.startswith("lumos_"):
        attributes["displayName"] = shown(value.display_name)
    native = Native(id_, attributes, _custom(value), labels, marks, to_terms(value.terms), value.parent)
    if id_.type == "AtlasGlossary" or not _may_hold(id_.type, value.parent):
        native.parent = None
    if glossary:
        native.terms = []
        if id_.type == relations.TERM:
            native.ties = relations.to_ties(value.relations, record.urn, cluster)
        return native
    native.columns = [
        to_column(field, place, id_, record.urn, cluster) for place, field in enumerate(getattr(value, "fields", ()))
    ]
    if id_.type == "rdbms_table":
        _mark_primary(native, value)
    if value.lineage is not None:
        _to_lineage(native, value.lineage, models.is_process(id_.type, parsed.type), cluster)
    return native


def from_native(native: Native, cluster: str, base: str = "") -> AnyRecord:
    """Return the record of an entity, as far as Atlas says it.

    Args:
        native: The entity.
        cluster: Name of our cluster.
        base: URN type of a type that Lumos does not know.
    """
    urn = names.urn_of(native.id.type, native.id.qualified, cluster, base)
    kind, model = urns.parse(urn).kind, models.model_of(native.id.type)
    struct: Any = KINDS[kind]
    attributes = native.attributes
    text = _DESCRIPTION.get(native.id.type, "description")
    value: Any = struct(name=attributes.get("name"), parent=native.parent)
    texts = {
        "comment": attributes.get(model.comment) if model.comment else None,
        "description": attributes.get(text),
        "subtype": attributes.get(model.subtype) if model.subtype else None,
        "displayName": attributes.get("displayName"),
    }
    from_texts(value, texts)
    value.owners = from_owner(attributes.get("owner"))
    value.tags = from_marks(native.marks, native.labels)
    value.terms = from_terms(native.terms)
    value.properties = sorted((key, text) for key, text in native.custom.items() if not key.startswith("lumos"))
    value.relations = relations.from_ties(native.ties)
    value.lineage = _from_lineage(native)
    if native.columns and "fields" in struct.__struct_fields__:
        value.fields = [from_column(column) for column in native.columns]
        primary = [
            field.path
            for field, column in zip(value.fields, native.columns, strict=True)
            if column.attributes.get("isPrimaryKey")
        ]
        if primary and "keys" in struct.__struct_fields__:
            value.keys = [Key("primary", columns=primary)]
    return Record(urn, value, kind)


def _may_hold(type_: str, parent: str | None) -> bool:
    """Tell whether what stands above it can be told: assets in assets, the glossary in itself."""
    if parent is None or "#" in parent:
        return False
    parsed = urns.parse(parent)
    if type_ == "AtlasGlossaryTerm":
        return parsed.type in ("glossary", "category")
    if type_ == "AtlasGlossaryCategory":
        return parsed.type in ("glossary", "category")
    return parsed.kind not in ("tag", "term", "foreign")


def _custom(value: Entity) -> dict[str, str]:
    return {
        key: text for key, text in value.properties if _CUSTOM.fullmatch(key) and text and not key.startswith("lumos")
    }


def _mark_primary(native: Native, value: Any) -> None:
    primary = {path for key in value.keys if key.type == "primary" for path in key.columns}
    for field, column in zip(value.fields, native.columns, strict=True):
        column.attributes["isPrimaryKey"] = field.path in primary


def _to_lineage(native: Native, lineage: Lineage, process: bool, cluster: str) -> None:
    up = sorted({edge.urn for edge in lineage.upstreams})
    down = sorted({edge.urn for edge in lineage.downstreams})
    if process:
        native.inputs, native.outputs = (list(filter(_holds(cluster), side)) for side in (up, down))
        up, down = (sorted(set(side) - set(there)) for side, there in ((up, native.inputs), (down, native.outputs)))
    if up:
        native.flows.append(Flow("upstream", sources=up))
    if down:
        native.flows.append(Flow("downstream", targets=down))
    edges: dict[tuple[tuple[str, ...], tuple[str, ...]], Flow] = {}
    for edge in lineage.columns:
        sources, targets = sorted(set(edge.from_)), sorted(set(edge.to))
        edges.setdefault((tuple(sources), tuple(targets)), Flow("columns", sources, targets, edge.expression))
    native.flows += edges.values()


def _holds(cluster: str) -> Callable[[str], bool]:
    def holds(urn: str) -> bool:
        try:
            return "#" not in urn and models.holds_data(names.native_id(urn, cluster).type, urns.parse(urn).type)
        except ValueError:
            return False

    return holds


def _from_lineage(native: Native) -> Lineage | None:
    up, down = list(native.inputs), list(native.outputs)
    lineage = Lineage()
    for flow in native.flows:
        if flow.kind == "upstream":
            up += flow.sources
        elif flow.kind == "downstream":
            down += flow.targets
        else:
            lineage.columns.append(ColumnEdge(from_=flow.sources, to=flow.targets, expression=flow.expression))
    lineage.upstreams = [LineageEdge(urn) for urn in sorted(set(up))]
    lineage.downstreams = [LineageEdge(urn) for urn in sorted(set(down))]
    return lineage if lineage != Lineage() else None
