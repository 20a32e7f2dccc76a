"""The body of a request: `lumos-notice/1`, described by the JSON Schema that `schema` returns."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from inspect import cleandoc
from typing import Any, NamedTuple

import msgspec

from lumos_core.plugin_api import ChangeEvent, RunResult, SchemaField, urns

SCHEMA = "lumos-notice/1"
TYPE = "datasets.changed"
_FINDINGS = 10

_STEERING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What would steer a terminal, or the direction of reading, when somebody looks at a log; JSON has escapes for it."""

_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n {8,}.*)*)", re.M)
"""What a docstring says of an attribute."""


class Request(NamedTuple):
    """A request that is to be sent.

    Attributes:
        id: 32 hex digits over the ids of its events, in any order: the same events have the same.
        body: JSON in UTF-8.
    """

    id: str
    body: bytes


def requests(events: Iterable[ChangeEvent], result: RunResult, most: int, size: int) -> Iterator[Request]:
    """Return the requests that tell events, in order; none for no event.

    Args:
        events: The events.
        result: The run that tells them.
        most: So many events are in one.
        size: So many bytes a body has at most, unless one event that was cut is still longer.
    """
    room = size - len(_body("0" * 32, (), "", result)) - len("2026-11-21T09:30:00Z")
    batch: list[tuple[ChangeEvent, bytes]] = []
    used = 0
    for event in events:
        item = _encoded(event)
        if len(item) > room:
            shorter = msgspec.structs.replace(
                event, before=[], after=[], metadata=[], impact=[], findings=event.findings[:_FINDINGS]
            )
            item = _encoded(shorter, cut=True)
        if batch and (len(batch) == most or used + len(item) + 1 > room):
            yield _request(batch, result)
            batch, used = [], 0
        batch.append((event, item))
        used += len(item) + 1
    if batch:
        yield _request(batch, result)


def _request(batch: Sequence[tuple[ChangeEvent, bytes]], result: RunResult) -> Request:
    id = hashlib.sha256("\0".join(sorted(event.id for event, _ in batch)).encode()).hexdigest()[:32]
    seen = max(event.seen for event, _ in batch)
    return Request(id, _body(id, [item for _, item in batch], seen, result))


def _body(id: str, items: Sequence[bytes], timestamp: str, result: RunResult) -> bytes:
    data = {
        "id": id,
        "pipeline": result.pipeline,
        "run": result.run_id,
        "mode": result.mode,
        "events": [msgspec.Raw(item) for item in items],
    }
    return _bytes({"type": TYPE, "timestamp": timestamp, "schema": SCHEMA, "data": data})


def _encoded(event: ChangeEvent, cut: bool = False) -> bytes:
    named = {"name": urns.name(event.urn).encode("utf-8", "replace").decode()}
    return _bytes({**_whole(event), **named, "metadata": dict(event.metadata), "cut": cut})


def _whole(value: Any) -> Any:
    """Plain data with every key, defaults too, so that a receiver need not know them."""
    if isinstance(value, msgspec.Struct):
        return {name: _whole(getattr(value, name)) for name in value.__struct_fields__}
    return [_whole(item) for item in value] if isinstance(value, list) else value


def _bytes(value: Any) -> bytes:
    text = msgspec.json.encode(value).decode()
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a body."""
    (event, *_), parts = msgspec.json.schema_components([ChangeEvent, SchemaField], ref_template="#/$defs/{name}")
    for part in parts.values():
        part["required"] = sorted(part["properties"])
        part["description"], _, attributes = cleandoc(part["description"]).partition("\n\nAttributes:\n")
        for name, text in _ATTRIBUTE.findall(attributes):
            part["properties"][name]["description"] = " ".join(text.split())
        for key in part["properties"].values():
            key.pop("default", None)
    changed = parts["ChangeEvent"]
    text = {"type": "string"}
    changed["properties"] |= {
        "name": {**text, "description": "Name of the dataset, decoded."},
        "metadata": {
            "type": "object",
            "additionalProperties": text,
            "description": "Further facts: `size_bytes`, `sequencer`, `etag`, ...",
        },
        "cut": {
            "type": "boolean",
            "description": "It was too long: without schemas, impact and metadata, and no more than 10 findings.",
        },
    }
    changed["required"] = sorted(changed["properties"])
    data = {
        "id": {**text, "pattern": "^[0-9a-f]{32}$", "description": "The header `webhook-id`."},
        "pipeline": {**text, "description": "Name of the pipeline."},
        "run": {**text, "description": "Id of the run that tells it; the one that saw an event may be an earlier one."},
        "mode": {"enum": ["run", "dry-run", "plan", "apply", "diff"], "description": "What kind of run tells it."},
        "events": {"type": "array", "items": event, "minItems": 1},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lumos:schema:notice:1",
        "title": SCHEMA,
        "description": "What the reporter `webhook` posts. A receiver ignores keys that it does not know.",
        "type": "object",
        "required": ["data", "schema", "timestamp", "type"],
        "properties": {
            "type": {"const": TYPE},
            "timestamp": {**text, "description": "When the latest of its events was seen: RFC 3339 UTC."},
            "schema": {"const": SCHEMA},
            "data": {"type": "object", "required": sorted(data), "properties": data},
        },
        "$defs": parts,
    }
