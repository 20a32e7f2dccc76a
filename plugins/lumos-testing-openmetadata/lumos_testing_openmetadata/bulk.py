"""Many create requests in one, of the 2.x family: answered 200 even when some fail."""

from __future__ import annotations

import json
from typing import Any

from lumos_core.testing.servers.http import Refusal

from . import writing
from .engine import Actor, Engine
from .errors import bad
from .kinds import BY_NAME, Kind
from .removing import delete
from .store import Document
from .world import World


def bulk(engine: Engine, kind: Kind, items: Any, who: Actor, override: bool) -> Document:
    """Write a list of requests.

    One whose `sourceHash` is that of the entity is skipped, unless metadata are overridden.

    Raises:
        Refusal: It is no list (400).
    """
    if not isinstance(items, list):
        raise bad("Cannot deserialize value of type `java.util.ArrayList`")
    passed: list[Document] = []
    failed: list[Document] = []
    for item in items:
        try:
            if not override and _unchanged(engine, kind, item):
                passed.append({"request": item.get("name"), "message": "skipped", "status": 200})
                continue
            result = engine.put(kind, item, who, override)
            passed.append({"request": result.document["fullyQualifiedName"], "status": result.status})
        except Refusal as refusal:
            told = json.loads(refusal.answer.body)
            name = item.get("name") if isinstance(item, dict) else None
            failed.append({"request": name, "message": told["message"], "status": refusal.answer.status})
    return _outcome(passed, failed)


def delete_stale(world: World, kind: Kind, request: Document, who: str) -> Document:
    """Soft-delete what is in a scope and was not seen.

    Raises:
        Refusal: An unknown scope (400 or 404).
    """
    if request["scopeEntityType"] not in BY_NAME:
        raise bad(f"Entity type {request['scopeEntityType']} not found")
    scope = world.identity(BY_NAME[request["scopeEntityType"]], request["scopeFqn"])
    seen = set(request["seenFqns"])
    passed: list[Document] = []
    for identity in list(world.store.descendants(scope)):
        head = world.store.heads[identity]
        if head.kind == kind.name and not head.deleted and head.fqn not in seen:
            delete(world, kind, identity, bool(request.get("recursive")), False, who)
            passed.append({"request": head.fqn, "status": 200})
    return _outcome(passed, [])


def _outcome(passed: list[Document], failed: list[Document]) -> Document:
    status = "success" if not failed else "partialSuccess" if passed else "failure"
    total = len(passed) + len(failed)
    counts = {"numberOfRowsProcessed": total, "numberOfRowsPassed": len(passed), "numberOfRowsFailed": len(failed)}
    return {"dryRun": False, "status": status, **counts, "successRequest": passed, "failedRequest": failed}


def _unchanged(engine: Engine, kind: Kind, item: Document) -> bool:
    if not isinstance(item, dict) or not item.get("sourceHash"):
        return False
    made, _ = writing.draft(engine.world, kind, item)
    found = engine.world.store.find(kind.name, made["fullyQualifiedName"])
    return found is not None and engine.world.store.get(found).get("sourceHash") == item["sourceHash"]
