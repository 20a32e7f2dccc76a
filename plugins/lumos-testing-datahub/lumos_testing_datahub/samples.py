"""Random valid URNs and aspects, made from the models: for tests that must hold for whatever DataHub may store.

from random import Random
from lumos_testing_datahub.samples import aspect, urn

subject = urn("dataset", Random(7))  # urn:li:dataset:(urn:li:dataPlatform:...,...,PROD)
value = aspect("ownership", Random(7))
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from .registry import registry

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.- äß漢🙂'\"\\/:#%{}"
_PLAIN = "abcdefghijklmnopqrstuvwxyz0123456789_-"
_DEEPEST = 6
_OF_PROPERTIES = {"string": "string", "double": "number"}
_EXISTING = {"dataType": "urn:li:dataType:datahub.string", "entityType": "urn:li:entityType:datahub.dataset"}


def text(random: Random, longest: int = 12) -> str:
    """Return a text with letters that need care: blanks, quotes, other scripts, four-byte characters."""
    return "".join(random.choice(_LETTERS) for _ in range(random.randint(0, longest)))


def urn(entity: str, random: Random) -> str:
    """Return a URN of an entity type that the server takes."""
    if entity == "dataPlatform":
        return f"urn:li:dataPlatform:{random.choice(['postgres', 's3', 'kafka', 'snowflake'])}"
    known = registry()
    spec = known.entities[entity]
    fields = known.types[known.aspects[spec.key].type][1]
    parts = [_part(name, fields[name], random) for name in spec.parts]
    return f"urn:li:{entity}:" + (parts[0] if len(parts) == 1 else f"({','.join(parts)})")


def aspect(name: str, random: Random, full: bool = False) -> Any:
    """Return a valid value of an aspect.

    Args:
        name: Of the aspect.
        random: Decides.
        full: Give every optional field a value, and every array and map an element.
    """
    value = _Maker(random, full).of(["ref", registry().aspects[name].type], 0)
    if name in ("schemaMetadata", "editableSchemaMetadata"):  # paths are unique, and not empty
        array = "fields" if name == "schemaMetadata" else "editableSchemaFieldInfo"
        for at, field in enumerate(value.get(array, ())):
            field["fieldPath"] = f"f{at}{field['fieldPath']}"
    elif name == "propertyDefinition":
        value["qualifiedName"] = "io." + "".join(random.choice(_PLAIN) for _ in range(8))
        if "version" in value:
            value["version"] = str(random.randint(10**13, 10**14 - 1))
    elif name == "structuredProperties":
        for one in value["properties"]:
            one["propertyUrn"] = urn("structuredProperty", random)
            kind = random.choice(list(_OF_PROPERTIES))
            values = [text(random) if kind == "string" else float(at) for at in range(random.randint(0, 2))]
            one["values"] = [{kind: given} for given in values]
        value["properties"] = list({one["propertyUrn"]: one for one in value["properties"]}.values())
    return value


def needs(name: str, value: Any) -> list[tuple[str, str, Any]]:
    """Return what must be stored before an aspect is: URNs, aspects and values.

    Structured properties need their definitions.
    """
    if name != "structuredProperties":
        return []
    found = []
    for one in value["properties"]:
        kind = next((kind for given in one["values"] for kind in given), "string")
        definition = {
            "qualifiedName": one["propertyUrn"].rpartition(":")[2],
            "valueType": f"urn:li:dataType:datahub.{_OF_PROPERTIES[kind]}",
            "cardinality": "MULTIPLE",
            "entityTypes": ["urn:li:entityType:datahub.dataset"],
        }
        found.append((one["propertyUrn"], "propertyDefinition", definition))
    return found


def _part(name: str, field: list[Any], random: Random) -> str:
    kind = field[0]
    if kind[0] == "urn":
        destinations = kind[1] or [name for _, _, types, _ in _marks(field) for name in types]
        return urn(random.choice(destinations or (["dataPlatform"] if name == "platform" else ["corpuser"])), random)
    if kind[0] == "ref":
        return str(random.choice(registry().types[kind[1]][1]))
    return "".join(random.choice(_PLAIN) for _ in range(random.randint(1, 8)))


def _marks(field: list[Any]) -> list[list[Any]]:
    return field[2].get("to", []) if len(field) > 2 else []


class _Maker:
    def __init__(self, random: Random, full: bool) -> None:
        self.random = random
        self.full = full

    def of(self, kind: Any, depth: int, allowed: Sequence[str] = (), exists: bool = False) -> Any:
        random = self.random
        if isinstance(kind, str):
            return self._primitive(kind)
        if kind[0] == "urn":
            entity = random.choice(allowed or kind[1] or ["corpuser", "dataset", "tag"])
            if exists:
                return _EXISTING.get(entity) or urn(entity, random)
            return urn(entity, random) if entity in registry().entities else f"urn:li:{entity}:x"
        if kind[0] == "array":
            return [self.of(kind[1], depth + 1, allowed, exists) for _ in range(self._size(depth))]
        if kind[0] == "map":
            return {f"k{at}{text(random)}": self.of(kind[1], depth + 1) for at in range(self._size(depth))}
        if kind[0] == "union":
            name = random.choice(list(kind[1]))
            return {name: self.of(kind[1][name], depth + 1)}
        shape, content = registry().types[kind[1]]
        if shape == "enum":
            return random.choice(content)
        if shape == "one_of":
            name = random.choice(list(content))
            return {name: self.of(content[name][0], depth + 1)}
        return self._record(content, depth)

    def _record(self, fields: dict[str, Any], depth: int) -> dict[str, Any]:
        value = {}
        for name, field in fields.items():
            if field[1] or (depth < _DEEPEST and (self.full or self.random.random() < 0.4)):
                direct = [types for path, _, types, _ in _marks(field) if path in ("", "/*")]
                allowed = sorted(set.intersection(*map(set, direct))) if direct else ()
                exists = len(field) > 2 and bool(field[2].get("exists"))
                value[name] = self.of(field[0], depth + 1, allowed, exists)
                for path, _, types, _ in _marks(field):
                    if path not in ("", "/*"):
                        self._mend(value[name], path.split("/")[1:], types)
        return value

    def _mend(self, value: Any, steps: list[str], types: list[str]) -> None:
        """Let the URNs at a path name entities of the types that the relationship wants."""
        if steps[0] == "*":
            for item in value if isinstance(value, list) else ():
                self._mend(item, steps[1:], types)
        elif isinstance(value, dict) and steps[0] in value:
            if len(steps) == 1:
                value[steps[0]] = urn(self.random.choice(types), self.random)
            elif steps[1:] == ["*"]:
                value[steps[0]] = [urn(self.random.choice(types), self.random) for _ in value[steps[0]]]
            else:
                self._mend(value[steps[0]], steps[1:], types)

    def _size(self, depth: int) -> int:
        if depth >= _DEEPEST:
            return 0
        return self.random.randint(1, 2) if self.full else self.random.randint(0, 3)

    def _primitive(self, kind: str) -> Any:
        random = self.random
        if kind == "boolean":
            return random.random() < 0.5
        if kind == "int":
            return random.choice([0, 1, -1, 7, (1 << 31) - 1, -(1 << 31)])
        if kind == "long":
            return random.choice([0, 1, -1, 1_700_000_000_000, (1 << 53) + 1])
        if kind in ("float", "double"):
            return random.choice([0.0, 1.5, -2.25, 1e10])
        if kind == "null":
            return None
        return "QUJD" if kind == "bytes" else text(random)
