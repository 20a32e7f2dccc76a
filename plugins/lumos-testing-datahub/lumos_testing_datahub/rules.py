"""Rules that no schema says: of structured properties and their definitions, and of the fields of a schema.

They are those of `StructuredPropertiesValidator`, `PropertyDefinitionValidator` and `FieldPathValidator` of GMS. What a
value needs to exist must be stored already: being in the same batch is not enough, as in GMS.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

from .registry import BadUrn, split
from .store import Store

_VERSION = re.compile(r"\d{14}\Z")
_FIELDS = {"schemaMetadata": "fields", "editableSchemaMetadata": "editableSchemaFieldInfo"}


def faults(store: Store, urn: str, aspect: str, value: Any) -> Iterator[str]:
    """Yield what is wrong with a value that fits its schema.

    Args:
        store: What is held.
        urn: Of the entity.
        aspect: Name of the aspect.
        value: The value.
    """
    if aspect in _FIELDS:
        yield from _field_paths(aspect, value)
    elif aspect == "structuredProperties":
        yield from _assignments(store, value)
        yield from _immutable(store, urn, value)
    elif aspect == "propertyDefinition":
        yield from _definition(store, urn, value)


def _field_paths(aspect: str, value: Any) -> Iterator[str]:
    paths = Counter(field["fieldPath"] for field in value.get(_FIELDS[aspect], ()))
    kind = aspect[0].upper() + aspect[1:]
    if "" in paths:
        yield f"{kind} aspect has empty field path"
    twice = sorted(path for path, count in paths.items() if count > 1)
    if twice:
        yield f"{kind} aspect has duplicated field paths: {twice[:3]}"


def _read(store: Store, urn: str, aspect: str) -> Any:
    held = store.entities.get(urn)
    return held.value(aspect) if held else None


def _assignments(store: Store, value: Any) -> Iterator[str]:
    seen = Counter((one["propertyUrn"], (one.get("attribution") or {}).get("source")) for one in value["properties"])
    for (property_, _), count in seen.items():
        if count > 1:
            yield f"Property: {property_} has multiple entries"
    for one in value["properties"]:
        property_, values = one["propertyUrn"], one["values"]
        entity = split(property_).entity
        if entity != "structuredProperty":
            yield f"Unexpected entity type. Expected: structuredProperty Found: {entity}"
            continue
        definition = _read(store, property_, "propertyDefinition")
        if definition is None:
            yield f"Unexpected null value found for {property_} Structured Property Definition."
            continue
        if store.entities[property_].removed:
            yield "Cannot apply a soft deleted Structured Property value"
        if definition.get("cardinality", "SINGLE") == "SINGLE" and len(values) > 1:
            yield f"Property: {property_} has cardinality 1, but multiple values were assigned: {values}"
        allowed = [one["value"] for one in definition.get("allowedValues") or ()]
        for given in values:
            wanted = _mistyped(definition, given)
            if wanted:
                yield f"Property: {property_}, value: {given} should be {wanted}"
            if allowed and given not in allowed:
                yield f"Property: {property_}, value: {given} should be one of {allowed}"


def _mistyped(definition: Any, given: dict[str, Any]) -> str:
    """What a value should be; "" when it is that."""
    kind = definition["valueType"].rpartition(".")[2]
    if kind == "number":
        return "" if "double" in given else "a number"
    if "string" not in given:
        return "a string"
    text = given["string"]
    if kind == "date":
        try:
            return "" if date.fromisoformat(text).isoformat() == text else "a date with format YYYY-MM-DD"
        except ValueError:
            return "a date with format YYYY-MM-DD"
    if kind == "urn":
        allowed = (definition.get("typeQualifier") or {}).get("allowedTypes")
        try:
            entity = split(text).entity
        except BadUrn:
            return "an urn"
        if allowed and entity.lower() not in {name.rpartition(".")[2].lower() for name in allowed}:
            return f"an urn of one of {allowed}"
    return ""


def _immutable(store: Store, urn: str, value: Any) -> Iterator[str]:
    stored = _read(store, urn, "structuredProperties") or {}
    before = {one["propertyUrn"]: one for one in stored.get("properties", ())}
    after = {one["propertyUrn"]: one for one in value["properties"]}
    for property_, held in before.items():
        if (_read(store, property_, "propertyDefinition") or {}).get("immutable"):
            if property_ not in after:
                yield f"Cannot delete an immutable property {property_}"
            elif after[property_] != held:
                yield f"Cannot mutate an immutable property: {property_}"


def _definition(store: Store, urn: str, value: Any) -> Iterator[str]:
    version = value.get("version")
    if version is not None and not _VERSION.match(version):
        yield f"Invalid version specified. Must be 14 numerical digits: {version}"
    if " " in urn:
        yield "Urn ID cannot have spaces"
    if " " in value["qualifiedName"]:
        yield "Qualified names cannot have spaces"
    before = _read(store, urn, "propertyDefinition")
    if before is None:
        return
    if store.entities[urn].removed:
        yield "Cannot mutate a soft deleted Structured Property Definition"
    if value["qualifiedName"] != before["qualifiedName"]:
        yield "Cannot change the fully qualified name of a Structured Property"
    if (version or "") > (before.get("version") or ""):  # a newer version may break with the older
        return
    if value["valueType"] != before["valueType"]:
        yield "Value type cannot be changed as this is a backwards incompatible change"
    if value.get("cardinality", "SINGLE") == "SINGLE" and before.get("cardinality") == "MULTIPLE":
        yield "Property definition cardinality cannot be changed from MULTI to SINGLE"
    if value.get("allowedValues") is not None:
        kept = [one["value"] for one in value["allowedValues"]]
        if not before.get("allowedValues") or any(one["value"] not in kept for one in before["allowedValues"]):
            yield "Cannot restrict values that were previously allowed"
