"""The search index, as far as clients lean on it; it may lag behind the store."""

from __future__ import annotations

import re
from collections.abc import Callable

from .engine import Engine
from .kinds import BY_NAME
from .store import Document, Head

_FIELD = re.compile(r'(fullyQualifiedName|name|displayName|id)(?:\.keyword)?:\s*("(?:\\.|[^"])*"|\S+)')
_WINDOW = 10_000


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1] if text.startswith('"') else text)


def _wanted(query: str) -> Callable[[str, Head], bool]:
    """Read a query: `*`, `field:value` with `*` as a wildcard, or words that a name must hold."""
    fields = [(found[1], _unquoted(found[2])) for found in _FIELD.finditer(query)]
    words = [] if fields or query.strip() in ("", "*", "**") else query.lower().replace("*", " ").split()

    def matches(identity: str, head: Head) -> bool:
        values = {"fullyQualifiedName": head.fqn, "name": head.name, "displayName": head.display, "id": identity}
        for name, value in fields:
            pattern = ".*".join(map(re.escape, value.lower().split("*")))
            if not re.fullmatch(pattern, values[name].lower()):
                return False
        text = f"{head.fqn} {head.display}".lower()
        return all(word in text for word in words)

    return matches


def search(engine: Engine, arguments: Callable[[str, str], str], lag: float) -> Document:
    """Answer `/search/query` and `/search/fieldQuery`, in the form of the index behind the server."""
    field, value = arguments("fieldName", ""), arguments("fieldValue", "")
    escaped = re.sub(r'(["\\])', r"\\\1", value)
    query = f'{field}:"{escaped}"' if field else arguments("q", "*")
    start, size = int(arguments("from", "0")), int(arguments("size", "10"))
    return find(engine, query, arguments("index", "all"), start, size, lag, arguments("deleted", "false") == "true")


def find(engine: Engine, query: str, index: str, start: int, size: int, lag: float, deleted: bool = False) -> Document:
    """Search what the index has seen by now."""
    world = engine.world
    horizon = world.clock() - lag
    matches = _wanted(query)
    singular = index.removesuffix("_search_index").replace("_", "").lower()
    kinds = [kind for name, kind in BY_NAME.items() if singular in ("all", "dataasset", "", name.lower())]
    found = []
    for kind in kinds:
        for identity in world.store.identities(kind.name):
            head = world.store.heads[identity]
            if head.deleted == deleted and head.since <= horizon and matches(identity, head):
                found.append((kind, identity))
    hits = []
    for kind, identity in found[start : min(start + size, _WINDOW)]:
        source = {**engine.shown(kind, world.store.get(identity)), "entityType": kind.name}
        hits.append({"_index": f"{kind.name.lower()}_search_index", "_id": identity, "_score": 1.0, "_source": source})
    total = {"value": min(len(found), _WINDOW), "relation": "eq" if len(found) <= _WINDOW else "gte"}
    shards = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
    return {"took": 1, "timed_out": False, "_shards": shards, "hits": {"total": total, "max_score": 1.0, "hits": hits}}
