"""Natives <-> the JSON of Atlas: everything but guids is told by URNs, so that someone must know the guids."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import models, names
from . import relations as between
from .columns import order
from .native import Flow, Mark, Native
from .server import Json, native_id

Resolve = Callable[[str], str]
"""guid -> URN; empty when it is none that has a URN."""
_UNDERSTOOD = frozenset(["name", "description", "owner", "qualifiedName", "inputs", "outputs"])
_OTHER_SIDES = frozenset(["replicatedFrom", "replicatedTo"])
"""Relations that are shown as attributes, too."""


def _understood(type_: str) -> frozenset[str]:
    """Return the attributes that the mapping takes from a type; all others are its residue."""
    model = models.model_of(type_)
    if type_ in models.GLOSSARY_TYPES:
        return frozenset(["name", "qualifiedName", "longDescription"])
    more = {model.comment, model.subtype, "displayName" if type_.startswith("lumos_") else ""} - {""}
    return _UNDERSTOOD | _OTHER_SIDES | more


_OWN = frozenset(("lumosParent", "lumosFieldOf", "lumosLineageOf", "anchor", "parentCategory"))


def active(value: Any, gone: bool = False) -> list[Json]:
    """Return the ends of a relation that stand; `gone`: also those whose other end was deleted with it."""
    items = value if isinstance(value, list) else [value] if isinstance(value, dict) else []
    return [
        item
        for item in items
        if (item.get("relationshipStatus", "ACTIVE") == "ACTIVE" and item.get("entityStatus", "ACTIVE") == "ACTIVE")
        or (gone and item.get("entityStatus") == "DELETED")
    ]


def mentioned(entity: Json, referred: Mapping[str, Json]) -> set[str]:
    """Return the guids whose URNs `parse` will ask for."""
    found: set[str] = set()
    for item in (entity, *(referred.get(column["guid"], {}) for column in _columns(entity, referred))):
        related = item.get("relationshipAttributes") or {}
        found.update(end["guid"] for end in active(related.get("meanings")))
        found.update(mark["entityGuid"] for mark in _marks(item) if mark["entityGuid"] != item["guid"])
    found.update(end["guid"] for end in _above(entity))
    found.update(end["guid"] for _, end in between.ends(entity))
    related = entity.get("relationshipAttributes") or {}
    for side in ("inputs", "outputs"):
        found.update(end["guid"] for end in active(related.get(side), gone=True))
    return found


def parse(entity: Json, referred: Mapping[str, Json], resolve: Resolve) -> Native:
    """Return what an entity of a server says.

    Args:
        entity: The entity, with its relations.
        referred: guid -> the entities that came with it.
        resolve: Tells URNs.
    """
    native = _part(entity, resolve)
    related = entity.get("relationshipAttributes") or {}
    native.columns = sorted(
        (_part(referred.get(end["guid"], end), resolve) for end in _columns(entity, referred)), key=order
    )
    native.parent = next((urn for end in _above(entity) if (urn := resolve(end["guid"]))), None)
    for side, urns in (("inputs", native.inputs), ("outputs", native.outputs)):
        ends = active(related.get(side), gone=True)
        urns += sorted({urn for end in ends if (urn := resolve(end["guid"]))})
    for end in _children(entity, "lumosLineage", referred):
        child = referred.get(end["guid"], {})
        attributes = child.get("attributes") or {}
        kind = "columns" if child.get("typeName") == "lumos_column_lineage" else str(attributes.get("name"))
        flow = Flow(kind, attributes.get("sources") or [], attributes.get("targets") or [])  # type: ignore[arg-type]
        flow.sources, flow.targets = sorted(flow.sources), sorted(flow.targets)
        flow.expression = attributes.get("expression")
        native.flows.append(flow)
    return native


def _part(entity: Json, resolve: Resolve) -> Native:
    attributes = entity.get("attributes") or {}
    related = entity.get("relationshipAttributes") or {}
    native = Native(native_id(entity), attributes, dict(entity.get("customAttributes") or {}))
    native.labels = sorted(entity.get("labels") or [])
    for mark in _marks(entity):
        periods = mark.get("validityPeriods") or []
        found = Mark(mark["typeName"], mark.get("attributes") or {}, bool(mark.get("propagate")))
        found.until = str(periods[0].get("endTime") or "") if periods else ""
        if mark["entityGuid"] != entity["guid"]:
            found.origin = resolve(mark["entityGuid"])
            if not found.origin:
                continue
        native.marks.append(found)
    native.marks.sort(key=lambda mark: (mark.type, mark.origin))
    native.terms = sorted(urn for end in active(related.get("meanings")) if (urn := resolve(end["guid"])))
    native.guid = entity.get("guid", "")
    native.removed = entity.get("status") == "DELETED"
    native.updated = int(entity.get("updateTime") or 0)
    native.fixed = {
        name: {"guid": end["guid"]}
        for name, end in related.items()
        if isinstance(end, dict) and name not in _OWN and active(end)
    }
    skipped = _understood(native.id.type) | related.keys()
    others = {key: value for key, value in attributes.items() if key not in skipped and not _empty(value)}
    rest = {"attributes": others, "businessAttributes": entity.get("businessAttributes") or {}}
    native.residue = {key: value for key, value in rest.items() if value}
    return native


def _marks(entity: Json) -> list[Json]:
    found = entity.get("classifications") or []
    return [{"entityGuid": entity["guid"], **mark} for mark in found]


def _columns(entity: Json, referred: Mapping[str, Json]) -> list[Json]:
    model = models.model_of(entity["typeName"])
    found: dict[str, Json] = {}
    for relation in {model.columns, "lumosFields", *(model.owns if model.column == "hive_column" else ())} - {""}:
        found.update((end["guid"], end) for end in _children(entity, relation, referred))
    return list(found.values())


def _children(entity: Json, relation: str, referred: Mapping[str, Json]) -> list[Json]:
    """Return the parts of an entity; of a deleted one those that were deleted with it."""
    ends = (entity.get("relationshipAttributes") or {}).get(relation)
    if entity.get("status") != "DELETED":
        return active(ends)
    when = entity.get("updateTime") or 0
    return [end for end in active(ends, gone=True) if (referred.get(end["guid"], {}).get("updateTime") or 0) >= when]


def _above(entity: Json) -> list[Json]:
    related = entity.get("relationshipAttributes") or {}
    gone = entity.get("status") == "DELETED"
    type_ = entity["typeName"]
    if type_ == "AtlasGlossaryTerm":
        return active(related.get("categories")) or active(related.get("anchor"))
    if type_ == "AtlasGlossaryCategory":
        return active(related.get("parentCategory")) or active(related.get("anchor"))
    official = models.model_of(type_).parent
    ends = active(related.get("lumosParent"), gone)
    return ends + (active(related.get(official[0]), gone) if official else [])


def _empty(value: Any) -> bool:
    return value in (None, "", [], {}) or value == 0


# -- writing


class Paper:
    """What goes into one request: entities, and placeholders for the guids that are not known yet."""

    def __init__(self, guids: Mapping[names.NativeId, str], urns: Callable[[str], names.NativeId | None]) -> None:
        self.entities: list[Json] = []
        self._guids = guids
        self.given: dict[names.NativeId, str] = {}
        self._urns = urns

    def place(self, id_: names.NativeId) -> str:
        """Return the guid of an entity, or its placeholder in this request."""
        known = self._guids.get(id_) or self.given.get(id_)
        if known is None:
            known = self.given[id_] = f"-{len(self.given) + 1}"
        return known

    def known(self, urn: str) -> str:
        """Return the guid of what a reference leads to; empty when it is not here."""
        id_ = self._urns(urn)
        if id_ is None:
            return ""
        return self._guids.get(id_) or self.given.get(id_) or ""

    def ends(self, urns: Iterable[str]) -> list[Json]:
        """Return the references of a relation."""
        found = dict.fromkeys(guid for urn in urns if (guid := self.known(urn)))
        return [{"guid": guid} for guid in found]

    def entity(self, native: Native, **relations: Any) -> Json:
        """Add an entity."""
        written: Json = {
            "typeName": native.id.type,
            "guid": self.place(native.id),
            "attributes": {"qualifiedName": native.id.qualified, **native.attributes},
            "customAttributes": native.custom,
            "relationshipAttributes": {"meanings": self.ends(native.terms), **relations},
            "labels": native.labels,
            "classifications": [mark_json(mark) for mark in native.marks],
        }
        self.entities.append(written)
        return written


def mark_json(mark: Mark) -> Json:
    """Return a classification as it is put on an entity."""
    found: Json = {"typeName": mark.type, "attributes": mark.attributes, "propagate": mark.propagate}
    found["removePropagationsOnEntityDelete"] = False
    found["validityPeriods"] = [{"endTime": mark.until, "timeZone": "UTC"}] if mark.until else []
    return found


def write(paper: Paper, native: Native, urn: str, glossary: str, parent: str, cluster: str) -> None:
    """Add a record to a request: its entity, its columns and its lineage.

    Args:
        paper: The request.
        native: The record.
        urn: Its URN.
        glossary: guid of the glossary that it belongs to; empty for what belongs to none.
        parent: guid of what an official relation must lead to; empty without one.
        cluster: Name of our cluster.
    """
    model = models.model_of(native.id.type)
    relations: dict[str, Any] = {}
    above = paper.ends([native.parent]) if native.parent else []
    if native.id.type == "AtlasGlossaryTerm":
        category = above and not _is_glossary(native.parent)
        relations |= {"anchor": {"guid": glossary}, "categories": above if category else []}
    elif native.id.type == "AtlasGlossaryCategory":
        category = above and not _is_glossary(native.parent)
        relations |= {"anchor": {"guid": glossary}, "parentCategory": above[0] if category else None}
    elif native.id.type == "AtlasGlossary":
        pass
    else:
        relations |= native.fixed
        relations["lumosParent"] = above[0] if above else None
        if model.parent is not None and parent:
            relations[model.parent[0]] = {"guid": parent}
        relations["lumosLineage"] = [{"guid": paper.place(flow_id(flow, urn, cluster))} for flow in native.flows]
        relations[model.columns] = [{"guid": paper.place(column.id)} for column in native.columns]
    if native.id.type in models.GLOSSARY_TYPES:
        relations["meanings"] = []
    entity = paper.entity(native, **relations)
    if entity["guid"].startswith("-"):  # what must have a value, where nobody gave one yet
        entity["attributes"] |= given(native.id.type, native.attributes["name"], urn, cluster)
    if native.id.type in models.GLOSSARY_TYPES:
        del entity["relationshipAttributes"]["meanings"]
    if models.is_process(native.id.type, urn.split(":", 3)[2]):
        sides = {"inputs": paper.ends(native.inputs), "outputs": paper.ends(native.outputs)}
        ours = entity["guid"].startswith("-") or native.id.type in ("lumos_job", "spark_process")
        # A process of a hook may lead to what is no record, such as columns: a side without records stays as it is.
        entity["attributes"] |= {side: ends for side, ends in sides.items() if ends or ours}
    for column in native.columns:
        paper.entity(column, **{model.host: {"guid": paper.place(native.id)}})
    for flow in native.flows:
        _flow(paper, flow, native, urn, cluster)


def given(type_: str, name: str, urn: str, cluster: str) -> Json:
    """Return the attributes that a new entity gets because its model wants them, whatever the record says."""
    values = {"name": name, "platform": urn.split("(", 1)[-1].split(",")[0], "cluster": cluster}
    return {attribute: values[what] for attribute, what in models.model_of(type_).official}


def _is_glossary(urn: str | None) -> bool:
    return urn is not None and urn.startswith("urn:lumos:glossary:")


def flow_id(flow: Flow, urn: str, cluster: str) -> names.NativeId:
    """Return where the lineage of a record stands."""
    if flow.kind != "columns":
        return names.NativeId("lumos_lineage", f"{urn}#lineage/{flow.kind}@{cluster}")
    import hashlib

    said = json.dumps([flow.sources, flow.targets], ensure_ascii=False).encode("utf-8", "replace")
    return names.NativeId("lumos_column_lineage", f"{urn}#lineage/{hashlib.sha256(said).hexdigest()[:20]}@{cluster}")


def _flow(paper: Paper, flow: Flow, native: Native, urn: str, cluster: str) -> None:
    def full(reference: str) -> str:
        return urn + reference if reference.startswith("#") else reference

    self_ = [urn] if models.holds_data(native.id.type, urn.split(":", 3)[2]) else []
    sources = flow.sources if flow.kind != "downstream" else self_
    targets = flow.targets if flow.kind != "upstream" else self_
    attributes: dict[str, Any] = {
        "name": flow.kind,
        "sources": flow.sources,
        "targets": flow.targets,
        "inputs": paper.ends(map(full, sources)),
        "outputs": paper.ends(map(full, targets)),
    }
    if flow.kind == "columns":
        attributes["expression"] = flow.expression
    process = Native(flow_id(flow, urn, cluster), attributes)
    paper.entity(process, lumosLineageOf={"guid": paper.place(native.id)})
