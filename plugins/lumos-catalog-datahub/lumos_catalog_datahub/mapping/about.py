"""What every thing has: names, texts, pages, properties, times, parent, subtype, style, lifecycle."""

from __future__ import annotations

import re
from typing import Any

from lumos_core.plugin_api import (
    Created,
    Deprecated,
    Description,
    Entity,
    Lifecycle,
    Link,
    RefValue,
    StructuredValue,
    Style,
    Text,
    shadow,
    urns,
)

from .. import names as identity
from ..escaping import name_of
from ..native import Draft, View, millis_of, of_stamp, stamp_of, time_of
from ..shapes import NOBODY

_SUBTYPES = {
    "Bucket": "bucket",
    "Catalog": "catalog",
    "Collection": "collection",
    "Database": "database",
    "Folder": "folder",
    "Materialized View": "materialized_view",
    "Project": "project",
    "Schema": "schema",
    "Sequence": "sequence",
    "Service": "service",
    "Stored Procedure": "stored_procedure",
    "Table": "table",
    "Topic": "topic",
    "View": "view",
    "Workspace": "workspace",
}
_NATIVE_SUBTYPES = {ours: native for native, ours in _SUBTYPES.items()}
_DISPLAYED = {"dataset": ("editableDatasetProperties", "name"), "corpuser": ("corpUserEditableInfo", "displayName")}
_EDITED = {"corpuser": "aboutMe"}
_COLORED = {"tag": ("tagProperties", "colorHex")}
_DATE = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d)\Z")  # the 30th and 31st: not of every month
_VERSIONED = frozenset(("dataFlow", "dataJob"))
_TAGGED = frozenset(("mlModel", "mlModelGroup", "mlFeature", "mlPrimaryKey"))


def called(native: str) -> str:
    """Return what an entity without a name is called: the end of its id."""
    parts = identity.split(native).parts
    name = parts[1] if len(parts) > 1 else parts[0]
    return name_of(name) or name


def read(view: View, value: Entity) -> None:
    """Read what every thing has."""
    shape, info = view.shape, view.info
    if shape.name:
        value.name = info.get(shape.name)
    _read_texts(view, value)
    value.properties = [(key, text) for key, text in info.get("customProperties", {}).items() if key != shadow.PROPERTY]
    if shape.url and (url := info.get(shape.url)):
        value.links = [Link(url=url, type="source")]
    value.links += [_link(view, one) for one in view.aspect("institutionalMemory").get("elements", ())]
    if typed := view.aspect("structuredProperties").get("properties"):
        value.structured = [found for one in typed if (found := _structured(view, one)) is not None]
    at, by = _read_created(view)
    if at or by:
        value.created = Created(at=at, by=by)
    if names := view.aspect("subTypes").get("typeNames"):
        value.subtype = _SUBTYPES.get(names[0], names[0]) or None
    _read_parent(view, value)
    aspect, member = _COLORED.get(view.entity, ("displayProperties", "colorHex"))
    if color := view.aspect(aspect).get(member):
        value.style = Style(color=color)
    if view.entity in _VERSIONED:
        value.version = view.aspect("versionInfo").get("version")
    elif view.entity in _TAGGED:
        value.version = info.get("version", {}).get("versionTag")
    _read_lifecycle(view, value)


def write(value: Entity, draft: Draft) -> None:
    """Write what every thing has."""
    shape = draft.shape
    _write_texts(value, draft)
    if shape.name and value.name:
        draft.info[shape.name] = value.name
    if shape.custom:
        pairs = {key: text for key, text in value.properties if key != shadow.PROPERTY}
        if pairs:
            draft.info["customProperties"] = pairs
    _write_links(value, draft)
    if draft.has("structuredProperties"):
        found = {one["propertyUrn"]: one for typed in value.structured if (one := _native_structured(typed, draft))}
        if found:
            draft.aspect("structuredProperties")["properties"] = list(found.values())
    _write_created(value, draft)
    if value.subtype and draft.has("subTypes"):
        draft.aspect("subTypes")["typeNames"] = [_NATIVE_SUBTYPES.get(value.subtype, value.subtype)]
    _write_parent(value, draft)
    if value.style is not None and value.style.color:
        aspect, member = _COLORED.get(draft.entity, ("displayProperties", "colorHex"))
        if draft.has(aspect):
            draft.aspect(aspect)[member] = value.style.color
    if value.version and draft.entity in _VERSIONED and draft.has("versionInfo"):
        draft.aspects["versionInfo"] = {"version": value.version, "versionType": ""}
    elif value.version and draft.entity in _TAGGED:
        draft.info["version"] = {"versionTag": value.version}
    _write_lifecycle(value, draft)


def complete(draft: Draft) -> None:
    """Add what DataHub demands of the aspects that are there, and what makes an entity exist."""
    shape = draft.shape
    if shape.unnamed or shape.required or draft.info:
        for member, default in shape.required.items():
            draft.info.setdefault(member, default)
        if shape.unnamed and shape.name:
            draft.info.setdefault(shape.name, called(draft.urn))
    if draft.has("dataPlatformInstance") and (platform := _platform(draft)):
        draft.aspect("dataPlatformInstance").setdefault("platform", platform)
    for name in [name for name, aspect in draft.aspects.items() if not aspect]:
        del draft.aspects[name]
    if not draft.has("status") and not draft.aspects:
        draft.aspects[shape.info] = {}


def _platform(draft: Draft) -> str:
    parsed = urns.parse(draft.record_urn)
    if parsed.platform in ("", identity.SYSTEM):
        return ""
    return identity.platform_of(draft.record_urn)


def _read_texts(view: View, value: Entity) -> None:
    shape, info = view.shape, view.info
    texts: dict[str, Any] = {}
    said = info.get(shape.text) if shape.text else None
    if said or (said == "" and shape.text not in shape.required):
        texts["source" if shape.editable else "manual"] = said
    if shape.editable:
        typed = view.aspect(shape.editable).get(_EDITED.get(view.entity, "description"))
        if typed is not None:
            texts["manual"] = typed
    if texts:
        value.description = Description(**texts)
    if view.entity in _DISPLAYED:
        aspect, member = _DISPLAYED[view.entity]
        shown: dict[str, Any] = {"manual": view.aspect(aspect).get(member)}
        if view.entity == "corpuser":
            shown["source"] = info.get("displayName")
        if any(text is not None for text in shown.values()):
            value.display_name = Text(**shown)


def _write_texts(value: Entity, draft: Draft) -> None:
    shape, text = draft.shape, value.description
    if text is not None:
        said = text.source if shape.editable else text.manual if text.manual is not None else text.source
        if said is not None and shape.text:
            draft.info[shape.text] = said
        if shape.editable and text.manual is not None and draft.has(shape.editable):
            draft.aspect(shape.editable)[_EDITED.get(draft.entity, "description")] = text.manual
    shown = value.display_name
    if shown is not None and draft.entity in _DISPLAYED:
        aspect, member = _DISPLAYED[draft.entity]
        if shown.manual is not None:
            draft.aspect(aspect)[member] = shown.manual
        if shown.source is not None and draft.entity == "corpuser":
            draft.info["displayName"] = shown.source


def _link(view: View, one: Any) -> Link:
    at, by = of_stamp(view, one.get("createStamp"))
    return Link(url=one["url"], label=one.get("description") or None, at=at, by=by)


def _write_links(value: Entity, draft: Draft) -> None:
    shape = draft.shape
    elements: dict[str, Any] = {}
    for link in value.links:
        if link.type == "source" and shape.url and draft.info.setdefault(shape.url, link.url) == link.url:
            continue
        stamp = stamp_of(draft, link.at, link.by)
        elements.setdefault(link.url, {"url": link.url, "description": link.label or "", "createStamp": stamp})
    if elements and draft.has("institutionalMemory"):
        draft.aspect("institutionalMemory")["elements"] = list(elements.values())


def _structured(view: View, one: Any) -> StructuredValue | None:
    property_ = view.ref(one.get("propertyUrn"))
    if property_ is None:
        return None
    values: list[Any] = []
    for held in one.get("values", ()):
        if "string" in held:
            text = held["string"]
            ref = view.ref(text) if text.startswith("urn:li:") else None
            values.append(RefValue(ref) if ref else text)
        else:
            number = held.get("double", 0)
            values.append(int(number) if number == int(number) and abs(number) < 2**53 else repr(number))
    return StructuredValue(property=property_, values=values)


def _native_structured(typed: StructuredValue, draft: Draft) -> dict[str, Any] | None:
    property_ = draft.native(typed.property, "structuredProperty")
    values: list[Any] = []
    for one in typed.values:
        if isinstance(one, bool):
            values.append({"string": "true" if one else "false"})
        elif isinstance(one, int):
            values.append({"double": one})
        elif isinstance(one, RefValue):
            native = draft.native(one.ref)
            if native is not None:
                values.append({"string": native})
        else:
            values.append({"string": one})
    if not property_ or not values or not _accepts(draft, property_, values):
        return None
    return {"propertyUrn": property_, "values": values}


def _accepts(draft: Draft, property_: str, values: list[dict[str, Any]]) -> bool:
    """Tell whether the server takes values: a property must be defined, and fit."""
    if draft.definitions is None:
        return True
    definition = draft.definitions.get(property_)
    if definition is None:
        return False
    if definition.get("cardinality", "SINGLE") == "SINGLE" and len(values) > 1:
        return False
    entities = [urn.rpartition(".")[2].lower() for urn in definition.get("entityTypes", ())]
    allowed = [one.get("value") for one in definition.get("allowedValues") or ()]
    kind = definition.get("valueType", "").rpartition(".")[2]
    return draft.entity.lower() in entities and all(
        _fits(kind, value) and (not allowed or value in allowed) for value in values
    )


def _fits(kind: str, value: dict[str, Any]) -> bool:
    if kind == "number":
        return "double" in value
    text = value.get("string")
    if not isinstance(text, str):
        return False
    if kind == "date":
        return _DATE.match(text) is not None
    return kind != "urn" or bool(identity.entity_of(text))


def _read_created(view: View) -> tuple[str | None, str | None]:
    if not view.shape.created:
        return None, None
    place = view.info.get("lastModified", {}) if view.shape.created == "change" else view.info
    return of_stamp(view, place.get("created"))


def _write_created(value: Entity, draft: Draft) -> None:
    kind, created = draft.shape.created, value.created
    if created is None or not kind:
        return
    stamp = stamp_of(draft, created.at, created.by)
    if stamp == {"time": 0, "actor": NOBODY}:
        return
    if kind == "stamp" and stamp["actor"] == NOBODY:
        del stamp["actor"]
    if kind == "change":
        draft.info["lastModified"] = {"created": stamp}
    else:
        draft.info["created"] = stamp


def _read_parent(view: View, value: Entity) -> None:
    member, _ = view.shape.parent
    native = view.aspect("container").get("container") or (view.info.get(member) if member else None)
    native = native or view.aspect("dataPlatformInstance").get("instance")
    if native is not None:
        value.parent = view.ref(native)


def _write_parent(value: Entity, draft: Draft) -> None:
    if value.parent is None or "#" in value.parent:
        return
    member, entity = draft.shape.parent
    if member and (native := draft.native(value.parent, entity)):
        draft.info[member] = native
    elif draft.has("container") and (native := draft.native(value.parent, "container")):
        draft.aspect("container")["container"] = native
    elif draft.has("dataPlatformInstance") and (native := draft.native(value.parent, "dataPlatformInstance")):
        draft.aspects["dataPlatformInstance"] = {"platform": identity.split(native).parts[0], "instance": native}


def _read_lifecycle(view: View, value: Entity) -> None:
    removed = view.aspect("status").get("removed") is True
    held = view.aspect("deprecation")
    deprecated = None
    if held.get("deprecated") is True:
        actor = held.get("actor")
        deprecated = Deprecated(
            at=time_of(held.get("decommissionTime")),
            note=held.get("note") or None,
            by=None if actor == NOBODY else view.ref(actor),
            replacement=view.ref(held.get("replacement")),
        )
    if removed or deprecated is not None:
        value.lifecycle = Lifecycle(removed=removed, deprecated=deprecated)


def _write_lifecycle(value: Entity, draft: Draft) -> None:
    lifecycle = value.lifecycle or Lifecycle()
    if draft.has("status"):
        draft.aspects["status"] = {"removed": lifecycle.removed}
    if lifecycle.deprecated is not None and draft.has("deprecation"):
        said = lifecycle.deprecated
        held: dict[str, Any] = {
            "deprecated": True,
            "note": said.note or "",
            "actor": draft.native(said.by, "corpuser", "corpGroup") or NOBODY,
        }
        if millis := millis_of(said.at):
            held["decommissionTime"] = millis
        if replacement := draft.native(said.replacement):
            held["replacement"] = replacement
        draft.aspects["deprecation"] = held
