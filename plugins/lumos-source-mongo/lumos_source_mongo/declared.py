"""The declared schema: a validator's `$jsonSchema`, laid over what was observed. Where it speaks, it decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .kinds import ARRAY, BY_CLASS, NULL, NUMBERS, OBJECT, TYPES, kind_of
from .node import Node

_JSON_TYPES = {
    "object": [OBJECT],
    "array": [ARRAY],
    "number": list(NUMBERS),
    "boolean": ["bool"],
    "string": ["string"],
    "null": [NULL],
}
_DEEPEST = 60


def json_schema(validator: Any) -> Mapping[str, Any] | None:
    """Return the `$jsonSchema` of a validator, alone or as one condition of an `$and`; None when there is none."""
    if not isinstance(validator, Mapping):
        return None
    schema = validator.get("$jsonSchema")
    if isinstance(schema, Mapping):
        return schema
    for condition in validator.get("$and") or ():
        if (found := json_schema(condition)) is not None:
            return found
    return None


def overlay(root: Node, schema: Mapping[str, Any], *, enforced: bool = True) -> list[str]:
    """Lay a declaration over the schema of a collection, in place; returns the paths where documents differ from it.

    Args:
        root: What was observed.
        schema: A `$jsonSchema`.
        enforced: MongoDB refuses what does not fit (`validationLevel: strict`, `validationAction: error`), so that
            a required field is never missing.
    """
    work = _Overlay(enforced)
    work.apply(root, schema, "", 0)
    root.nullable = False
    root.kinds = {OBJECT}
    if "_id" in root.members:
        root.members["_id"].nullable = False
    return sorted(set(work.differing))


class _Overlay:
    def __init__(self, enforced: bool) -> None:
        self.enforced = enforced
        self.differing: list[str] = []

    def apply(self, node: Node, schema: Mapping[str, Any], path: str, depth: int) -> None:
        if depth > _DEEPEST:
            return
        kinds = kinds_of(schema)
        if kinds is not None:
            self._kinds(node, kinds, path)
        if isinstance(schema.get("description"), str):
            node.description = schema["description"]
        elif isinstance(schema.get("title"), str) and not node.description:
            node.description = schema["title"]
        symbols = [value for value in _list(schema.get("enum")) if value is not None]
        if symbols and all(isinstance(value, str) for value in symbols):
            node.symbols = tuple(dict.fromkeys(symbols))
        self._object(node, schema, path, depth)
        items = schema.get("items")
        if isinstance(items, Mapping) and (not node.kinds or ARRAY in node.kinds):
            node.kinds.add(ARRAY)
            node.element = node.element or Node()
            self.apply(node.element, items, f"{path}[]", depth + 1)
        for part in _mappings(schema.get("allOf")):
            self.apply(node, part, path, depth + 1)
        for word in ("anyOf", "oneOf"):
            for part in _mappings(schema.get(word)):
                self._object(node, part, path, depth + 1, sure=False)

    def _kinds(self, node: Node, declared: set[str], path: str) -> None:
        kinds = declared - {NULL}
        numbers = kinds & set(NUMBERS)
        if len(numbers) == len(NUMBERS):
            # "number" leaves the kind open: what is there tells, else what MongoDB's shell writes.
            kinds = (kinds - numbers) | ((node.kinds & numbers) or {"double"})
        if "binData" in kinds:
            kinds = (kinds - {"binData"}) | ({kind for kind in node.kinds if kind.startswith("binData")} or {"binData"})
        if node.kinds - kinds or (node.nullable and node.kinds and NULL not in declared and not path):
            self.differing.append(path or "the document")
        node.kinds = kinds
        node.nullable = NULL in declared
        if OBJECT not in kinds:
            node.members, node.value = {}, None
        if ARRAY not in kinds:
            node.element = None

    def _object(self, node: Node, schema: Mapping[str, Any], path: str, depth: int, *, sure: bool = True) -> None:
        properties = schema.get("properties")
        required = set(_list(schema.get("required"))) if sure else set()
        others = schema.get("additionalProperties")
        if not isinstance(properties, Mapping):
            properties = {}
        if (properties or required) and (not node.kinds or OBJECT in node.kinds):
            node.kinds.add(OBJECT)
            node.value = None if path else node.value
            for name in dict.fromkeys([*properties, *sorted(required)]):
                self._member(node, str(name), properties.get(name), name in required, path, depth)
        elif isinstance(others, Mapping) and path and OBJECT in node.kinds:
            value = node.value or Node()
            node.members, node.value = {}, value
            self.apply(value, others, f"{path}{{value}}", depth + 1)

    def _member(self, node: Node, name: str, schema: Any, required: bool, path: str, depth: int) -> None:
        member = node.members.get(name)
        if member is None:
            if not isinstance(schema, Mapping) and not required:
                return
            member = node.members[name] = Node()
        place = f"{path}.{name}" if path else name
        observed = member.nullable
        speaks = isinstance(schema, Mapping) and kinds_of(schema) is not None
        if isinstance(schema, Mapping):
            self.apply(member, schema, place, depth + 1)
        if not required:
            member.nullable = True
        elif speaks and member.nullable is not True:
            if observed:
                self.differing.append(place)
            member.nullable = False if self.enforced else observed
        elif not speaks:
            member.nullable = observed


def kinds_of(schema: Mapping[str, Any], depth: int = 0) -> set[str] | None:
    """Return the kinds that a schema allows, null among them; None when it says nothing of them."""
    said: set[str] | None = None
    names = schema.get("bsonType", schema.get("type"))
    if names is not None:
        said = {kind for name in _list(names) for kind in _expand(str(name))}
    elif isinstance(schema.get("enum"), Sequence) and not isinstance(schema["enum"], str):
        said = {_kind(value) for value in schema["enum"]}
    if said is None and depth < _DEEPEST:
        for word in ("anyOf", "oneOf"):
            parts = [kinds_of(part, depth + 1) for part in _mappings(schema.get(word))]
            if parts and all(part is not None for part in parts):
                said = set().union(*(part for part in parts if part is not None))
    return said or None


def _expand(name: str) -> list[str]:
    if name in _JSON_TYPES:
        return _JSON_TYPES[name]
    return [name] if name in TYPES else ["unknown"]


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return OBJECT
    if isinstance(value, list):
        return ARRAY
    return BY_CLASS.get(type(value)) or kind_of(value)


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    return (part for part in _list(value) if isinstance(part, Mapping))
