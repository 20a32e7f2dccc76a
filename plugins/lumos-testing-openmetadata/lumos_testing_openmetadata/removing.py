"""Deleting softly and for good, and restoring."""

from __future__ import annotations

import re

from . import labels
from .changes import Changes, following
from .errors import bad, unhandled
from .kinds import BY_NAME, Kind
from .store import Document, encode
from .world import World

_ID = re.compile(rb'"id":"([0-9a-f-]{36})"')


def delete(world: World, kind: Kind, identity: str, recursive: bool, hard: bool, who: str) -> tuple[Document, str]:
    """Delete an entity and, when asked to, what is below it.

    Returns:
        The entity as it was left, and what happened, for the header.

    Raises:
        Refusal: Something is below it and `recursive` was not asked for (400).
    """
    document = world.store.get(identity)
    if (
        kind.name in ("classification", "tag", "glossary", "type", "role", "policy")
        and document.get("provider") == "system"
    ):
        raise bad(f"System entity [name={document['name']}, type={kind.name}] can not be deleted.")
    hard = hard or not kind.soft
    alive = [one for one in world.store.below(identity) if hard or not world.store.heads[one].deleted]
    if alive and not recursive:
        raise bad(f"{kind.name} is not empty")
    if hard:
        _forget(world, [identity, *world.store.descendants(identity)])
        return document, "entityDeleted"
    for one in [identity, *world.store.descendants(identity)]:
        below = BY_NAME[world.store.heads[one].kind]
        if below.soft and not world.store.heads[one].deleted:
            _mark(world, one, True, who)
    return world.store.get(identity), "entitySoftDeleted"


def restore(world: World, kind: Kind, identity: str, who: str) -> Document:
    """Restore a soft-deleted entity with all that is below it, deleted with it or before.

    Raises:
        Refusal: It is not deleted (500).
    """
    if not world.store.heads[identity].deleted:
        raise unhandled(f"Entity {kind.name} {identity} is not deleted")
    for one in [identity, *world.store.descendants(identity)]:
        if world.store.heads[one].deleted:
            _mark(world, one, False, who)
    return world.store.get(identity)


def revive_below(world: World, identity: str, who: str) -> None:
    """Restore what is below an entity that a PUT restores."""
    for one in world.store.descendants(identity):
        if world.store.heads[one].deleted:
            _mark(world, one, False, who)


def _mark(world: World, identity: str, deleted: bool, who: str) -> None:
    document = world.store.get(identity)
    changes = Changes()
    changes.record("deleted", not deleted, deleted)
    world.store.history.setdefault(identity, []).append(encode(document))
    version = document["version"]
    document.update({"version": following(version, False), "changeDescription": changes.describe(version)})
    document.update({"deleted": deleted, "updatedAt": world.now(), "updatedBy": who})
    head = world.store.heads[identity]
    world.store.put(head.kind, document, head.above, world.clock())


def _forget(world: World, gone: list[str]) -> None:
    """Remove entities for good, and what points at them."""
    heads = [world.store.heads[identity] for identity in gone]
    for identity in reversed(gone):
        world.store.remove(identity)
        for key in world.edges.at(identity):
            world.edges.pop(key)
        for key in [key for key in world.series if key[0] == identity]:
            del world.series[key]
    for head in heads:
        if head.kind in ("tag", "glossaryTerm"):
            labels.forget(world, "Classification" if head.kind == "tag" else "Glossary", head.fqn)
    lost = {identity.encode() for identity in gone}
    for identity, raw in list(world.store.documents.items()):
        if not lost.isdisjoint(_ID.findall(raw)):
            _unpoint(world, identity, set(gone))


def _unpoint(world: World, identity: str, gone: set[str]) -> None:
    """Take references to entities that are gone out of another."""
    document = world.store.get(identity)
    head = world.store.heads[identity]
    for name in BY_NAME[head.kind].references(world.family):
        value = document.get(name)
        if isinstance(value, list):
            document[name] = [item for item in value if item["id"] not in gone]
        elif value and value["id"] in gone:
            del document[name]
    world.store.put(head.kind, document, head.above, head.since)
