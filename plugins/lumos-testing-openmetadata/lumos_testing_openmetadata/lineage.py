"""Lineage between entities, with columns."""

from __future__ import annotations

from typing import Any

from . import members
from .errors import bad, unknown
from .store import Document
from .world import World

DEEPEST = 3


def put(world: World, request: Document, who: str) -> None:
    """Set an edge; the details of one that was there are replaced as a whole.

    Raises:
        Refusal: An unknown entity (404), or a column that it does not have (400).
    """
    world.schema.check(request, world.schema.structures["AddLineage"], "AddLineage")
    edge = request["edge"]
    ends = [world.reference(edge[name]["type"], edge[name]["id"]) for name in ("fromEntity", "toEntity")]
    details: Document = {"source": "Manual", **(edge.get("lineageDetails") or {})}
    if details.get("pipeline"):
        details["pipeline"] = world.reference(details["pipeline"]["type"], details["pipeline"]["id"])
    if edge.get("description"):
        details.setdefault("description", edge["description"])
    known = [members.flat(_members(world, end["id"])) for end in ends]
    for column in details.get("columnsLineage") or ():
        for side, names in ((0, column.get("fromColumns") or []), (1, [column.get("toColumn")])):
            for name in names:
                if name not in known[side]:
                    raise bad(f"Invalid column name {name}")
    key = (ends[0]["id"], ends[1]["id"])
    if world.family == 2:
        old = world.edges.get(key) or {}
        first = {"createdAt": old.get("createdAt", world.now()), "createdBy": old.get("createdBy", who)}
        details.update({**first, "updatedAt": world.now(), "updatedBy": who})
    world.edges.put(key, details)


def _members(world: World, identity: str) -> list[Document]:
    document = world.store.get(identity)
    found: list[Document] = []
    for place in members.PLACES.get(world.store.heads[identity].kind, ()):
        found += members.get(document, place) or []
    return found


def delete(world: World, start: str, end: str) -> None:
    """Remove an edge.

    Raises:
        Refusal: There is none (404).
    """
    if world.edges.pop((start, end)) is None:
        raise unknown("lineage", f"{start} -> {end}")


def edge(world: World, start: str, end: str) -> Document:
    """Return one edge's details.

    Raises:
        Refusal: There is none (404).
    """
    if world.edges.get((start, end)) is None:
        raise unknown("lineage", f"{start} -> {end}")
    return {"edge": _details(world, (start, end))}


def _details(world: World, key: tuple[str, str]) -> Document:
    details = {name: value for name, value in (world.edges.get(key) or {}).items() if value is not None}
    if details.get("pipeline"):
        details["pipeline"] = world.expand(details["pipeline"])
    return details


def show(world: World, identity: str, up: int, down: int, deleted: bool = False) -> Document:
    """What is upstream and downstream of an entity."""
    nodes: dict[str, None] = {}
    upstream = _walk(world, identity, up, 1, nodes, deleted)
    downstream = _walk(world, identity, down, 0, nodes, deleted)
    nodes.pop(identity, None)
    head = world.store.heads[identity]
    return {
        "entity": world.expand({"id": identity, "type": head.kind}),
        "nodes": [world.expand({"id": one, "type": world.store.heads[one].kind}) for one in nodes],
        "upstreamEdges": upstream,
        "downstreamEdges": downstream,
    }


def _walk(world: World, start: str, depth: int, near: int, nodes: dict[str, None], deleted: bool) -> list[Document]:
    """Follow edges whose end `near` (0: from, 1: to) is known already."""
    found: dict[tuple[str, str], Any] = {}
    frontier = [start]
    for _ in range(depth):
        following: list[str] = []
        for key in (key for one in frontier for key in world.edges.at(one) if key[near] == one):
            far = key[1 - near]
            if key not in found and (deleted or not world.store.heads[far].deleted):
                found[key] = {"fromEntity": key[0], "toEntity": key[1], "lineageDetails": _details(world, key)}
                nodes.setdefault(far)
                following.append(far)
        frontier = following
    return list(found.values())


def read_depth(text: str) -> int:
    """Read a depth.

    Raises:
        Refusal: Not a number from 0 to 3 (400).
    """
    if not text.isdigit() or int(text) > DEEPEST:
        raise bad(f"[query param depth must be less than or equal to {DEEPEST}]")
    return int(text)
