"""Custom properties: their definitions on types, and the values in `extension`."""

from __future__ import annotations

import re
from typing import Any

from .errors import bad, unknown
from .store import Document
from .world import World

_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")


def define(world: World, identity: str, request: Document) -> Document:
    """Add a property to a type, or change the one of that name.

    Raises:
        Refusal: No such type (404), or a property type that there is not (404).
    """
    if identity not in world.store.heads:
        raise unknown("type", identity)
    world.schema.check(request, world.schema.structures["CustomProperty"], "CustomProperty")
    target = world.reference("type", request["propertyType"]["id"])
    wanted = {**request, "propertyType": target, "description": request.get("description") or ""}
    document = world.store.get(identity)
    kept = [one for one in document.get("customProperties", []) if one["name"] != request["name"]]
    document["customProperties"] = [*kept, wanted]
    head = world.store.heads[identity]
    world.store.put("type", document, "", head.since)
    return document


def defined(world: World, kind: str) -> dict[str, Document]:
    """The properties that entities of a kind may have, by name."""
    identity = world.store.find("type", kind)
    document = world.store.get(identity) if identity else {}
    return {one["name"]: one for one in document.get("customProperties", [])}


def check(world: World, kind: str, extension: Document | None) -> None:
    """Refuse values of unknown properties, and of another type than theirs.

    Raises:
        Refusal: 400.
    """
    if not extension:
        return
    known = defined(world, kind)
    for name, value in extension.items():
        if name not in known:
            raise bad(f"Unknown custom field {name}")
        kind_of_value = world.store.heads[known[name]["propertyType"]["id"]].name
        if not _fits(world, kind_of_value, value, (known[name].get("customPropertyConfig") or {}).get("config")):
            raise bad(f"Custom field {name} has invalid JSON {value!r}: it must be of type {kind_of_value}")


def _reference(world: World, value: Any) -> bool:
    return isinstance(value, dict) and "type" in value and value.get("id") in world.store.heads


def _fits(world: World, kind: str, value: Any, config: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind in ("integer", "timestamp"):
        return number and isinstance(value, int)
    if kind == "number":
        return number
    if kind == "enum":
        allowed = (config or {}).get("values") or []
        many = (config or {}).get("multiSelect") or len(value) <= 1 if isinstance(value, list) else False
        return isinstance(value, list) and many and all(one in allowed for one in value)
    if kind == "entityReference":
        return _reference(world, value)
    if kind == "entityReferenceList":
        return isinstance(value, list) and all(_reference(world, one) for one in value)
    if kind in ("timeInterval", "table-cp", "hyperlink-cp"):
        return isinstance(value, dict)
    if kind == "email":
        return isinstance(value, str) and "@" in value
    if kind == "date-cp" and config == "yyyy-MM-dd":
        return isinstance(value, str) and _DATE.match(value) is not None
    return isinstance(value, str)
