"""Views: what their pipelines read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_READERS = {"$lookup": "from", "$graphLookup": "from", "$unionWith": "coll"}


def upstreams(view_on: str, pipeline: Any) -> list[tuple[str, str]]:
    """Return (database, collection) of everything that a view reads, the database empty for its own.

    `$lookup`, `$graphLookup` and `$unionWith` are followed into their own pipelines and into `$facet`. A `from` may
    name another database (`{db, coll}`), as sharded clusters and Atlas allow.

    Args:
        view_on: What the view stands on.
        pipeline: Its stages.
    """
    found = dict.fromkeys([("", view_on)] if view_on else [])
    found.update(dict.fromkeys(_stages(pipeline)))
    return list(found)


def _stages(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for part in value:
            yield from _stages(part)
    elif isinstance(value, Mapping):
        for name, body in value.items():
            if name in _READERS:
                yield from _named(body if isinstance(body, str) else _target(body, _READERS[name]), body)
            yield from _stages(body)


def _target(body: Any, key: str) -> Any:
    return body.get(key) if isinstance(body, Mapping) else None


def _named(target: Any, body: Any) -> Iterator[tuple[str, str]]:
    if isinstance(target, str):
        database = body.get("db") if isinstance(body, Mapping) else None
        yield (database if isinstance(database, str) else "", target)
    elif isinstance(target, Mapping) and isinstance(target.get("coll"), str):
        yield (str(target.get("db") or ""), target["coll"])
