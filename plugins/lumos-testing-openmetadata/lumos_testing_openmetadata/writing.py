"""Creating and updating entities."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from . import fqn as names
from . import labels, members, properties
from .changes import Changes, following
from .errors import bad, refuse
from .kinds import Kind
from .rules import Rules
from .store import Document, decode, encode
from .world import World

SESSION = 600.0
"""Seconds within which one person's patches share a version."""
_MOST_OWNERS = 5
_STAMPS = ("version", "updatedAt", "updatedBy", "changeDescription", "deleted")


def draft(world: World, kind: Kind, request: Document) -> tuple[Document, str]:
    """Turn a create request into an entity without id and stamps, and the id of its parent.

    Raises:
        Refusal: The request is wrong (400), or what it names is not there (404).
    """
    form = kind.form(world.family)
    world.schema.check(request, form, f"create {kind.name}")
    made: Document = {name: value for name, value in kind.defaults.items() if name in kind.fields(world.family)}
    made.update({name: value for name, value in request.items() if value is not None})
    for name in kind.dropped.split():
        made.pop(name, None)
    for name, found in kind.references(world.family).items():
        if made.get(name) is not None:
            made[name] = world.resolve(found, made[name])
    if kind.name == "query" and "name" not in made:
        made["name"] = hashlib.md5(made["query"].encode()).hexdigest()
    if kind.name == "query":
        made["checksum"] = hashlib.md5(made["query"].encode()).hexdigest()
    made["name"] = names.unquote(made["name"])
    parent = place(world, kind, made)
    finish(world, kind, made)
    return made, parent


def place(world: World, kind: Kind, made: Document) -> str:
    """Give an entity its fully qualified name and what it inherits; return the id of its parent."""
    if kind.name == "testCase":
        return _place_test(world, made)
    if kind.name == "tag" and not (made.get("classification") or made.get("parent")):
        raise bad("[classification must not be null]")
    parent = next((made[name]["id"] for name in kind.parent if made.get(name)), "")
    above = world.store.heads[parent].fqn if parent else ""
    made["fullyQualifiedName"] = names.add(f"{above}.{kind.infix}" if kind.infix else above, made["name"])
    if parent and kind.inherits:
        document = world.store.get(parent)
        made.update({name: document[name] for name in kind.inherits.split() if name in document})
    if kind.name == "testSuite":
        table = made.pop("executableEntityReference", None) or made.pop("basicEntityReference", None)
        if table:
            made["executable"] = made["basic"] = True
            made["executableEntityReference"] = table
            made["fullyQualifiedName"] = f"{world.store.heads[table['id']].fqn}.testSuite"
            return str(table["id"])
    return parent


def _place_test(world: World, made: Document) -> str:
    """A test case hangs below the table that its link names."""
    parts = made["entityLink"].removeprefix("<#E::").removesuffix(">").split("::")
    if not made["entityLink"].startswith("<#E::") or len(parts) not in (2, 4):
        raise bad(f"Entity link was not of the form <#E::type::name>: {made['entityLink']}")
    table = world.store.find(parts[0], names.normal(parts[1]))
    if table is None:
        raise refuse(404, f"{parts[0]} instance for {parts[1]} not found")
    head = world.store.heads[table]
    made["entityFQN"] = names.add(head.fqn, parts[3]) if len(parts) == 4 else head.fqn
    if len(parts) == 4 and made["entityFQN"] not in members.flat(world.store.get(table).get("columns")):
        raise bad(f"Invalid column name {parts[3]}")
    made["fullyQualifiedName"] = names.add(made["entityFQN"], made["name"])
    if "testSuite" not in made:
        made["testSuite"] = {"id": _basic_suite(world, table), "type": "testSuite"}
    return table


def _basic_suite(world: World, table: str) -> str:
    """The suite that belongs to a table; it is made when a test needs it."""
    head = world.store.heads[table]
    fqn = f"{head.fqn}.testSuite"
    found = world.store.find("testSuite", fqn)
    if found is not None:
        return found
    made = {"name": fqn, "fullyQualifiedName": fqn, "executable": True, "basic": True}
    stamp(world, {**made, "executableEntityReference": {"id": table, "type": "table"}}, "testSuite", table, "admin")
    return world.store.find("testSuite", fqn) or ""


def finish(world: World, kind: Kind, made: Document) -> None:
    """Check and complete what does not depend on an earlier state."""
    if "tags" in kind.fields(world.family):
        made["tags"] = labels.prepare(world, made.get("tags"))
    owners = made.get("owners") or []
    teams = sum(owner["type"] == "team" for owner in owners)
    if teams > 1 or (teams and len(owners) > 1):
        raise bad("Only one team or multiple users can be owners")
    if len(owners) > _MOST_OWNERS:
        raise bad(f"Only up to {_MOST_OWNERS} users can be owners")
    members.prepare(world, kind.name, made)
    properties.check(world, kind.name, made.get("extension"))


def stamp(world: World, made: Document, kind: str, parent: str, who: str) -> Document:
    """Store a new entity; returns it."""
    made = {
        **made,
        "id": str(uuid.uuid4()),
        "version": 0.1,
        "updatedAt": world.now(),
        "updatedBy": who,
        "deleted": False,
    }
    world.store.put(kind, made, parent, world.clock())
    return made


def update(world: World, kind: Kind, old: Document, new: Document, rules: Rules, who: str) -> tuple[Document, bool]:
    """Write an entity anew by the rules of the operation.

    Returns:
        The entity as it is answered, and whether anything changed. What did not change is not stored: an answer may
        then differ from what is there, in the order of columns for example.
    """
    base, previous = old, old["version"]
    if not rules.put and _consolidates(world, old, who):
        base = decode(world.store.history[old["id"]][-1])
        previous = base["version"]
    changes = Changes()
    merged = _merge(world, kind, base, new, rules, changes)
    if old.get("deleted") and kind.soft:
        changes.record("deleted", True, False)
        merged["deleted"] = False
    before = {name: value for name, value in old.items() if name not in _STAMPS}
    after = {name: value for name, value in merged.items() if name not in _STAMPS}
    if not changes and (base is old or before == after):
        return {**merged, **{name: old[name] for name in _STAMPS if name in old}}, False
    history = world.store.history.setdefault(old["id"], [])
    if base is not old:
        history.pop()
    if changes:
        history.append(encode(base))
        merged["version"] = following(previous, changes.major)
        merged["changeDescription"] = changes.describe(previous)
    else:  # all that was changed within the session was taken back
        merged["version"] = previous
        merged["changeDescription"] = base.get("changeDescription")
    merged.update({"updatedAt": world.now(), "updatedBy": who, "deleted": False})
    world.store.put(kind.name, merged, world.store.heads[old["id"]].above, world.clock())
    return merged, True


def _consolidates(world: World, old: Document, who: str) -> bool:
    recent = world.now() - old["updatedAt"] <= SESSION * 1000
    return bool(world.store.history.get(old["id"])) and recent and old["updatedBy"] == who and not old.get("deleted")


def _merge(world: World, kind: Kind, old: Document, new: Document, rules: Rules, changes: Changes) -> Document:
    merged = {**new, "id": old["id"]}
    known = kind.fields(world.family)
    places = {where.partition(".")[0] for where in members.PLACES.get(kind.name, ())}
    form = kind.form(world.family) if rules.put else known
    for name in known:
        if name in (*_STAMPS, "id", "href", "fullyQualifiedName") or name in places:
            continue
        if name not in form or (rules.put and name == "name"):  # not for this request to say
            _carry(old, merged, name)
        elif name in ("description", "displayName"):
            rules.text(old, merged, name, name, changes)
        elif name == "tags":
            rules.labels(world, old, merged, "tags", changes)
        else:
            rules.other(old, merged, name, changes)
    members.update(world, kind.name, old, merged, rules, changes)
    return {name: value for name, value in merged.items() if value is not None}


def _carry(old: Document, merged: dict[str, Any], name: str) -> None:
    if name in old:
        merged[name] = old[name]
    else:
        merged.pop(name, None)
