"""The mapping: records to and from entities, without any server.

`to_native` makes of a record what the catalog can say of it; `from_native` makes a record of what the catalog says.
What is lost between the two goes into the property `lumos`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lumos_core.plugin_api import KINDS, AnyRecord, Lifecycle, Record, normalise, urns

from .. import fqn
from ..names import DEFAULT, DEFINITIONS, LUMOS, Names, Place
from ..platforms import BY_SERVICE
from . import common, data, lineage, people, values, work
from .lineage import Edge

Doc = dict[str, Any]

_TO = {
    "table": data.table_to,
    "container": data.container_to,
    "topic": data.topic_to,
    "searchIndex": data.index_to,
    "pipeline": work.pipeline_to,
    "dashboard": work.dashboard_to,
    "mlmodel": work.model_to,
    "metric": work.metric_to,
    "team": people.team_to,
    "classification": people.tag_to,
    "tag": people.tag_to,
    "glossaryTerm": people.term_to,
    "domain": people.styled_to,
    "dataProduct": people.styled_to,
}
_OF = {
    "table": data.table_of,
    "container": data.container_of,
    "topic": data.topic_of,
    "searchIndex": data.index_of,
    "pipeline": work.pipeline_of,
    "dashboard": work.dashboard_of,
    "mlmodel": work.model_of,
    "metric": work.metric_of,
    "team": people.team_of,
    "user": people.user_of,
    "classification": people.tag_of,
    "tag": people.tag_of,
    "glossaryTerm": people.term_of,
    "domain": people.styled_of,
    "dataProduct": people.styled_of,
}
_IN_PRODUCTS = frozenset(
    {"table", "container", "topic", "searchIndex", "pipeline", "dashboard", "chart", "mlmodel", "metric"}
) | {"database", "databaseSchema"}
_LABELLED = _IN_PRODUCTS | {"glossary", "glossaryTerm", *BY_SERVICE}
_OWNED = _LABELLED | {"domain", "dataProduct"}
_DOMAINED = (_LABELLED - {"glossaryTerm"}) | {"dataProduct"}
_EXTENDED = (_IN_PRODUCTS | {"glossaryTerm"}) - {"chart"}
_PAGED = _IN_PRODUCTS - {"searchIndex", "metric"}


@dataclass
class Native:
    """An entity, as the mapping knows it.

    Attributes:
        place: Which one.
        doc: Its keys, those that are empty left out; references as (entity type, fully qualified name), sorted.
        edges: Lineage at it.
        deleted: It is soft-deleted.
    """

    place: Place
    doc: Doc
    edges: tuple[Edge, ...] = ()
    deleted: bool = False


def to_native(record: AnyRecord, names: Names) -> Native:
    """Return what the catalog can say of a record.

    Raises:
        ValueError: There is no place for it.
    """
    value: Any = record.value
    place = names.place(record.urn)
    if urns.kind(record.urn) != record.kind:
        raise ValueError(f"{record.urn} is no {record.kind}")
    doc: Doc = {}
    edges = tuple(
        lineage.resolved(edge, record.urn, names) for edge in lineage.to_edges(record.urn, value.lineage, names)
    )
    if place.member:
        work.task_to(value, doc, names)
        return Native(place, doc, edges)
    type_ = place.type
    common.texts_to(value, doc)
    if type_ in _LABELLED:
        common.labels_to(value, doc, names)
    if type_ in _OWNED:
        common.owners_to(value, doc, names)
    if type_ in _DOMAINED:
        common.domains_to(value, doc, names)
    if type_ in _IN_PRODUCTS:
        common.products_to(value, doc, names)
    if type_ in _PAGED:
        common.source_to(value, doc)
    if type_ in _EXTENDED:
        values.values_to(value, doc)
    if type_ in BY_SERVICE:
        work.service_to(place, doc, names)
    elif type_ == "user":
        people.user_to(place, value, doc, names)
    elif type_ in _TO:
        _TO[type_](value, doc, names)
    if type_ == "tag":
        common.style_to(value, doc)
    removed = value.lifecycle is not None and value.lifecycle.removed
    return Native(place, doc, edges, deleted=removed and soft(type_))


def soft(type_: str) -> bool:
    """Tell whether entities of a type can be soft-deleted."""
    return type_ not in ("domain", "dataProduct")


def from_native(native: Native, names: Names) -> AnyRecord:
    """Return a record of what the catalog says.

    Raises:
        ValueError: It is no record of ours.
    """
    place, doc = native.place, native.doc
    urn = names.urn(place)
    kind = urns.kind(urn)
    value: Any = KINDS[kind]()
    value.name = fqn.decode(place.member or place.parts[-1])
    value.parent = _parent(place, names)
    if place.member:
        work.task_of(doc, value, names, place)
    else:
        common.texts_of(doc, value)
        common.labels_of(doc, value, names)
        common.owners_of(doc, value, names)
        common.domains_of(doc, value, names)
        common.products_of(doc, value, names)
        if place.type in _PAGED:
            common.source_of(doc, value)
        values.values_of(doc, value)
        if place.type == "tag":
            common.style_of(doc, value)
        if place.type in _OF:
            _OF[place.type](doc, value, names)
        if native.deleted:
            value.lifecycle = Lifecycle(removed=True)
    value.lineage = lineage.of_edges(urn, place, native.edges, names)
    return normalise(Record(urn, value, kind))


def _parent(place: Place, names: Names) -> str | None:
    """The URN of what is above: of the nearest that is not only there to hold others."""
    if place.member:
        return names.urn(place.host)
    parts = place.parts
    if place.type in ("tag", "glossaryTerm"):
        root = "classification" if place.type == "tag" else "glossary"
        if parts[0] == LUMOS and (len(parts) == 2 or parts[1] in DEFINITIONS):
            return None
        above = Place(root, fqn.join(parts[:1])) if len(parts) == 2 else Place(place.type, fqn.join(parts[:-1]))
        return names.urn(above)
    if place.type == "domain":
        return names.urn(Place("domain", fqn.join(parts[:-1]))) if len(parts) > 1 else None
    above_of = {"table": ("databaseSchema", "database"), "databaseSchema": ("database",), "container": ("container",)}
    if place.type not in above_of:
        return None
    for type_ in above_of[place.type]:
        parts = parts[:-1]
        if len(parts) > 1 and parts[-1] != DEFAULT:
            return names.urn(Place(type_, fqn.join(parts)))
    return None


def projector(names: Names) -> Callable[[AnyRecord], AnyRecord]:
    """Return the function that says what reading gives, without the property, once a record was written."""
    return lambda record: from_native(to_native(record, names), names)
