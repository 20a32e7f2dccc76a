"""Tags <-> types of classification: pure. The property `lumos` of a tag stands in the options of its type."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from lumos_core.plugin_api import AnyRecord, Description, Record, Tag, shadow

from . import names
from .marks import VALUE

ADDED = "lumos_added"
_TYPES = frozenset(["string", "boolean", "int", "long", "float", "double", "short", "byte", "date"])


def to_typedef(record: AnyRecord, missing: Collection[str] = ()) -> dict[str, Any]:
    """Return the type of a tag, without the property.

    Args:
        record: The tag.
        missing: Tags that the server does not have.
    """
    tag = record.value
    above = tag.parent
    known = above is not None and above not in missing and above.startswith(("urn:lumos:tag:", "urn:lumos:class"))
    attributes = {name: type_ for name, type_ in tag.attributes if name.isidentifier() and type_ in _TYPES}
    return {
        "name": names.tag_type(record.urn),
        "description": (tag.description.shown or "") if tag.description else "",
        "superTypes": [names.tag_type(above)] if known and above else [],
        "entityTypes": [],
        "attributeDefs": [attribute(name, type_) for name, type_ in sorted(attributes.items()) if name != VALUE],
    }


def from_typedef(typedef: dict[str, Any]) -> AnyRecord:
    """Return the tag of a type, as far as Atlas says it."""
    name = typedef["name"]
    urn = names.tag_urn(name)
    tag = Tag(name=name)
    text = typedef.get("description")
    if text and text != name:  # Atlas puts the name where there is no description
        tag.description = Description(manual=text)
    above = typedef.get("superTypes") or []
    tag.parent = names.tag_urn(above[0]) if above else None
    found = {item["name"]: item["typeName"] for item in typedef.get("attributeDefs") or []}
    hidden = {VALUE, *added(typedef)}
    tag.attributes = sorted((key, type_) for key, type_ in found.items() if key not in hidden and type_ in _TYPES)
    return Record(urn, tag)


def project(record: AnyRecord, missing: Collection[str] = ()) -> AnyRecord:
    """Return what reading gives, without the property, once a tag was written."""
    return from_typedef(to_typedef(record, missing))


def property_of(typedef: dict[str, Any]) -> str:
    """Return the property `lumos` of a type; empty where there is none."""
    return str((typedef.get("options") or {}).get(shadow.PROPERTY) or "")


def added(typedef: dict[str, Any]) -> set[str]:
    """Return the attributes that a type was given because a tag was put somewhere with a value for them."""
    return set(filter(None, str((typedef.get("options") or {}).get(ADDED) or "").split(",")))


def attribute(name: str, type_: str = "string") -> dict[str, Any]:
    """Return the definition of an optional attribute."""
    more = {"cardinality": "SINGLE", "isOptional": True, "isUnique": False, "isIndexable": True}
    return {"name": name, "typeName": type_, **more}


def blank(name: str) -> dict[str, Any]:
    """Return a type for a tag of which only the name is known."""
    return {"name": name, "description": "", "superTypes": [], "entityTypes": [], "attributeDefs": [attribute(VALUE)]}
