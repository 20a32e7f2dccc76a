"""Relationships between entities, read off the aspects by the annotations of their schemas."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

from .checking import walk
from .registry import BadUrn, Registry, split
from .store import Store, decode


class Edge(NamedTuple):
    """A relationship.

    Attributes:
        source: URN of the entity whose aspect it stands in.
        type: Its name.
        destination: URN that it names.
        lineage: `up` when the destination is upstream, `down` when the source is, "" when it is no lineage.
    """

    source: str
    type: str
    destination: str
    lineage: str


def edges(registry: Registry, store: Store) -> Iterator[Edge]:
    """Yield all relationships, ordered by source."""
    for source, _ in store.listed():
        held = store.entities.get(source)
        for name, stored in held.aspects.items() if held else ():
            places = _places(registry, registry.aspects[name].type)
            if not places:
                continue
            value = decode(stored.value)
            seen = set()
            for steps, type_, direction in places:
                for destination in walk(value, steps):
                    edge = Edge(source, type_, destination, direction)
                    if edge not in seen:
                        seen.add(edge)
                        yield edge


def entity_type(urn: str) -> str:
    """Return the entity type of a URN."""
    try:
        return split(urn).entity
    except BadUrn:
        return ""


@functools.cache
def _places(registry: Registry, type_name: str) -> tuple[tuple[tuple[str, ...], str, str], ...]:
    """Where relationships stand in a record: path, name, direction."""
    return tuple(_below(registry, ["ref", type_name], (), ()))


def _below(
    registry: Registry, kind: Any, path: tuple[str, ...], within: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    if isinstance(kind, str) or kind[0] in ("urn", "map"):
        return
    if kind[0] == "array":
        yield from _below(registry, kind[1], (*path, "*"), within)
    elif kind[0] == "union":
        for name, member in kind[1].items():
            yield from _below(registry, member, (*path, name), within)
    elif kind[1] not in within and registry.types[kind[1]][0] == "record":
        for name, field in registry.types[kind[1]][1].items():
            for below, type_, _, direction in field[2].get("to", ()) if len(field) > 2 else ():
                yield (*path, name, *below.split("/")[1:]), type_, direction
            yield from _below(registry, field[0], (*path, name), (*within, kind[1]))
