"""Indexes as keys: the primary one, the unique ones, and all the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bson import json_util

from lumos_core.plugin_api import Key, paths

from .kinds import ARRAY, OBJECT, fold
from .node import Node

_OPTIONS = ("partialFilterExpression", "sparse", "expireAfterSeconds", "collation", "wildcardProjection", "hidden")


def keys(found: Iterable[Mapping[str, Any]], root: Node) -> list[Key]:
    """Return the keys that some indexes are.

    The expression says what columns cannot: directions and kinds (`-1`, `text`, `2dsphere`, `hashed`), filters,
    sparseness. A unique index with a filter is unique among what the filter lets through.

    Args:
        found: What `listIndexes` tells.
        root: The schema, which tells where a dotted name goes through an array.
    """
    return [_key(index, root) for index in found if isinstance(index.get("key"), Mapping)]


def _key(index: Mapping[str, Any], root: Node) -> Key:
    spec = dict(index["key"])
    names = [name for name in spec if not name.startswith("_fts") and "$**" not in name]
    names += [name for name in index.get("weights", ()) if "$**" not in name]
    columns = [column(name, root) for name in names]
    primary = list(spec) == ["_id"]
    unique = primary or bool(index.get("unique"))
    name = str(index.get("name", ""))
    return Key(
        type="primary" if primary else "unique" if unique else "index",
        name=None if primary else name or None,
        columns=columns,
        expression=None if primary else _expression(spec, index),
        enforced=True if unique else None,
    )


def _expression(spec: Mapping[str, Any], index: Mapping[str, Any]) -> str | None:
    said: dict[str, Any] = {}
    if any(direction != 1 for direction in spec.values()):
        said["key"] = {name: _whole(direction) for name, direction in spec.items()}
    said.update({name: _whole(index[name]) for name in _OPTIONS if index.get(name) not in (None, False)})
    return to_json(said) if said else None


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def to_json(value: Any) -> str:
    """Return a document as MongoDB's Extended JSON, relaxed."""
    return json_util.dumps(value, json_options=json_util.RELAXED_JSON_OPTIONS, ensure_ascii=False)


def column(dotted: str, root: Node) -> str:
    """Return the field path that a dotted name means in a schema: `items.sku` of an array is `items[].sku`."""
    path, node = "", root
    for name in dotted.split("."):
        path, node = _into(path, node)
        path = paths.child(path, name)
        node = node.members.get(name, Node())
    return path


def _into(path: str, node: Node) -> tuple[str, Node]:
    """Go down to where the members of a place stand."""
    kinds = fold(node.kinds)
    if OBJECT in kinds and node.value is None:
        return (paths.branch(path, "struct") if len(kinds) > 1 and path else path), node
    if ARRAY in kinds and node.element is not None and (inner := node.element).kinds:
        return _into(paths.element(paths.branch(path, "list") if len(kinds) > 1 else path), inner)
    return path, node


def retention(found: Iterable[Mapping[str, Any]], options: Mapping[str, Any]) -> str | None:
    """Return how long documents are kept, as an ISO 8601 duration: by a TTL index, or by the collection itself."""
    seconds = [index.get("expireAfterSeconds") for index in found] + [options.get("expireAfterSeconds")]
    known = [int(value) for value in seconds if isinstance(value, (int, float)) and 0 <= value < 2**53]
    return f"PT{min(known)}S" if known else None
