"""Which entities, aspects and URNs there are: `registry.json`, read once, and the rules of URNs.

The rules are those of GMS (`UrnValidationUtil`, `EntityRegistryUrnValidator`, strict mode): `urn:li:TYPE:ID` with a
registered type, as many parts as its key has fields, no blank around it, at most 512 bytes when URL-encoded
(`schemaField` apart), no `␟`, and no parenthesis or comma in a part that is no URN itself. (GMS itself takes a comma
where there is one part only; the SDK does not.)
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import msgspec

_RESERVED = frozenset("(),")
LONGEST_URN = 512
"""Bytes of a URN when it is URL-encoded; GMS counts so."""


class Urn(NamedTuple):
    """A URN that was taken apart.

    Attributes:
        entity: Its entity type.
        parts: The parts of its key, as they stand in the URN.
    """

    entity: str
    parts: tuple[str, ...]


class Entity(NamedTuple):
    """A type of entities.

    Attributes:
        name: Its name, as in URNs.
        key: Name of its key aspect.
        parts: Fields of the key, in the order of the URN's parts.
        aspects: Names of its aspects, the key among them.
    """

    name: str
    key: str
    parts: tuple[str, ...]
    aspects: frozenset[str]


class Aspect(NamedTuple):
    """A kind of aspects.

    Attributes:
        name: Its name.
        type: Full name of its record, as in JSON.
        timeseries: Whether its values are events in time, not versions.
        schema_version: The version of its schema that the server stamps; 1 when it says none.
    """

    name: str
    type: str
    timeseries: bool
    schema_version: int


class BadUrn(ValueError):
    """A text is no URN that the server takes; the message says why."""


class Registry:
    """The entities and aspects that a server knows.

    Args:
        content: What `registry.json` holds.

    Attributes:
        source: The version of the SDK that it was derived from.
        entities: By name.
        aspects: By name.
        types: Compact schemas of all named types, by full name; see `derive.py`.
        by_type: Names of aspects by the full name of their record.
    """

    def __init__(self, content: dict[str, Any]) -> None:
        self.source: str = content["source"]
        self.types: dict[str, Any] = content["types"]
        self.aspects: dict[str, Aspect] = {
            name: Aspect(name, found["type"], found["timeseries"], found.get("schema_version", 1))
            for name, found in content["aspects"].items()
        }
        self.entities: dict[str, Entity] = {
            name: Entity(name, found["key"], tuple(found["parts"]), frozenset(found["aspects"]))
            for name, found in content["entities"].items()
        }
        self.by_type = {aspect.type: name for name, aspect in self.aspects.items()}
        self._lower = {name.lower(): name for name in self.entities}
        self.parse = functools.lru_cache(maxsize=200_000)(self._parse)

    def entity(self, name: str) -> Entity | None:
        """Find an entity type; case does not matter, as in GMS."""
        return self.entities.get(name) or self.entities.get(self._lower.get(name.lower(), ""))

    def key(self, urn: Urn) -> dict[str, Any]:
        """Return the value of the key aspect that a URN implies."""
        return dict(zip(self.entities[urn.entity].parts, urn.parts, strict=True))

    def _parse(self, text: str) -> Urn:
        """Take a URN apart.

        Raises:
            BadUrn: It is none that the server takes.
        """
        urn = split(text)
        entity = self.entities.get(urn.entity)
        if entity is None:
            raise BadUrn(f"Failed to find entity with name {urn.entity} in EntityRegistry")
        if len(urn.parts) != len(entity.parts):
            raise BadUrn(
                f"Failed to convert urn to entity key: urns parts and key fields do not have same length for {text}"
            )
        if text != text.strip():
            raise BadUrn("Error: cannot provide an URN with leading or trailing whitespace")
        if urn.entity != "schemaField" and len(quote_plus(text, safe="*")) > LONGEST_URN:
            raise BadUrn(f"Error: cannot provide an URN longer than {LONGEST_URN} bytes (when URL encoded)")
        if "␟" in text:
            raise BadUrn("Error: URN cannot contain ␟ character")
        fields = self.types[self.aspects[entity.key].type][1]
        for name, part in zip(entity.parts, urn.parts, strict=True):
            kind, _, *marks = fields[name]
            allowed = [*kind[1]] if kind[0] == "urn" else []
            allowed += [entity for mark in marks for _, _, types, _ in mark.get("to", ()) for entity in types]
            if not allowed and name == "platform":  # as the SDK's classes of URNs have it
                allowed = ["dataPlatform"]
            self._part(text, kind, allowed, part)
        return urn

    def _part(self, text: str, kind: Any, allowed: list[str], part: str) -> None:
        if part.startswith("urn:li:"):
            nested = self.parse(part)
            if allowed and nested.entity not in allowed:
                raise BadUrn(f"Entity type for urn: {part} is not a valid destination in {text}")
            return
        if kind[0] == "urn":
            raise BadUrn(f"Provided urn {part} is invalid: Urn doesn't start with 'urn:'. Urn: {part} at index 0")
        if kind[0] == "ref" and self.types[kind[1]][0] == "enum" and part not in self.types[kind[1]][1]:
            raise BadUrn(f'Invalid urn: {text}\n Cause: ERROR :: "{part}" is not an enum symbol')
        if not _RESERVED.isdisjoint(part):
            raise BadUrn(f"Illegal `[(, )]` characters detected in URN {text} component(s): [{part}]")


def split(text: str) -> Urn:
    """Take a URN apart, whatever its type.

    Raises:
        BadUrn: It is no URN.
    """
    pieces = text.split(":", 3)
    if len(pieces) != 4 or pieces[:2] != ["urn", "li"] or not pieces[2] or not pieces[3]:
        raise BadUrn(f"Urn doesn't have the form urn:li:TYPE:ID. Urn: {text}")
    entity, key = pieces[2:]
    if not key.startswith("("):
        return Urn(entity, (key,))
    parts, depth, start = [], 0, 1
    for at, char in enumerate(key):
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0 and at != len(key) - 1:
                raise BadUrn(f"Mismatched paren nesting. Urn: {text}")
        elif char == "," and depth == 1:
            parts.append(key[start:at])
            start = at + 1
    parts.append(key[start:-1])
    if depth != 0:
        raise BadUrn(f"Mismatched paren nesting. Urn: {text}")
    if not all(parts):
        raise BadUrn(f"Empty part disallowed. Urn: {text}")
    return Urn(entity, tuple(parts))


@functools.cache
def registry() -> Registry:
    """Return the registry that comes with this package."""
    content = resources.files(__package__).joinpath("registry.json").read_bytes()
    return Registry(msgspec.json.decode(content))
