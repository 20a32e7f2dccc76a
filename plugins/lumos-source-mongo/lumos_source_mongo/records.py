"""The records of a server: databases, collections and views, and the statistics of what was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from msgspec import Struct

from lumos_core.plugin_api import (
    AnyRecord,
    Code,
    Container,
    Context,
    Dataset,
    Description,
    Layout,
    Lifecycle,
    Lineage,
    LineageEdge,
    NativeSchema,
    Record,
    Stats,
    paths,
)

from . import indexes as index_keys
from .declared import overlay
from .kinds import ARRAY, NULL, OBJECT
from .listing import Found
from .names import Names
from .node import Node, rows
from .settle import Rare
from .tree import Observed, Place, objects
from .views import upstreams

ASPECTS = frozenset(
    {
        *("code", "description", "fields", "fields.description", "keys", "layout", "lifecycle", "lineage"),
        *("native_schema", "properties"),
    }
)
"""What this source says of collections."""
OF_OPTIONS = frozenset({"code", "description", "layout", "lifecycle", "lineage", "native_schema", "properties"})
"""What follows from the options of a collection, which a role may not be allowed to see."""
OF_DOCUMENTS = frozenset({"fields", "fields.description"})
"""What follows from documents."""
_SUBTYPES = {"view": "view", "timeseries": "time series"}
_NOT_LAYOUT = frozenset({"viewOn", "pipeline", "validator", "validationLevel", "validationAction"})


class Seen(Struct):
    """What was read of one collection.

    Attributes:
        found: What the listing said.
        root: The settled schema; None when documents could not be read or say nothing.
        indexes: None when they could not be read.
        sizes: What `collStats` says.
        observed: The counts behind the schema.
        schema: The declared `$jsonSchema`: the present one, or the last known one where the role may not see it.
    """

    found: Found
    root: Node | None
    indexes: Sequence[Mapping[str, Any]] | None
    sizes: Mapping[str, Any]
    observed: Observed | None
    schema: Mapping[str, Any] | None = None


def container(database: str, names: Names) -> AnyRecord:
    """Make the record of a database."""
    return Record(names.container(database), Container(name=database, subtype="database"))


def dataset(seen: Seen, names: Names) -> tuple[AnyRecord, list[str]]:
    """Make the record of a collection; also return the paths where documents differ from what is declared."""
    found = seen.found
    value = Dataset(
        name=found.name, subtype=_SUBTYPES.get(found.type, "collection"), parent=names.container(found.database)
    )
    captured: set[str] = set()
    differing: list[str] = []
    root, schema = seen.root, seen.schema
    if schema is not None and root is not None:
        options = found.options or {}
        enforced = options.get("validationLevel", "strict") == "strict"
        enforced = enforced and str(options.get("validationAction", "error")).startswith("error")
        differing = overlay(root, schema, enforced=enforced)
    if found.options is not None:
        captured |= OF_OPTIONS - {"lineage", "lifecycle"}
        if found.type == "view":
            captured.add("lineage")
            _view(value, found, names)
        _options(value, found.options, schema)
        if schema is not None and isinstance(schema.get("description"), str):
            value.description = Description(source=schema["description"])
        if seen.indexes is not None:
            captured.add("lifecycle")
            if kept := index_keys.retention(seen.indexes, found.options):
                value.lifecycle = Lifecycle(retention=kept)
    if root is not None:
        captured |= OF_DOCUMENTS if found.options is not None or schema is not None else {"fields"}
        value.fields = rows(root)
    if seen.indexes is not None:
        captured.add("keys")
        value.keys = index_keys.keys(seen.indexes, root or Node())
    value.captured = sorted(captured)
    return Record(names.dataset(found.database, found.name), value), differing


def _view(value: Dataset, found: Found, names: Names) -> None:
    options = found.options or {}
    pipeline = options.get("pipeline", [])
    value.code = [
        Code(role="view", language="mongodb-aggregation", text=index_keys.to_json(pipeline)),
    ]
    value.lineage = Lineage(
        upstreams=[
            LineageEdge(names.dataset(database or found.database, name), type="transformed")
            for database, name in upstreams(str(options.get("viewOn") or ""), pipeline)
        ]
    )


def _options(value: Dataset, options: Mapping[str, Any], schema: Mapping[str, Any] | None) -> None:
    validator = options.get("validator")
    if schema is not None:
        value.native_schema = [NativeSchema(format="jsonschema", text=index_keys.to_json(schema))]
    if validator and (schema is None or len(validator) > 1):
        value.code = [*value.code, Code(role="validator", language="mongodb-query", text=index_keys.to_json(validator))]
    if validator:
        value.properties = [
            (f"mongodb.{name}", str(options[name]))
            for name in ("validationAction", "validationLevel")
            if name in options
        ]
    layout = {name: _text(part) for name, part in options.items() if name not in _NOT_LAYOUT}
    if layout:
        value.layout = Layout(options=sorted(layout.items()))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else index_keys.to_json(value)


def stats(seen: Seen, urn: str, ctx: Context) -> AnyRecord | None:
    """Make the statistics of a collection: sizes, and how often each kind stands at each path."""
    value = Stats()
    sizes = seen.sizes
    value.row_count = _count(sizes, "count")
    value.size_bytes = _count(sizes, "size")
    metrics = {
        "average_document_bytes": _count(sizes, "avgObjSize"),
        "index_bytes": _count(sizes, "totalIndexSize"),
        "storage_bytes": _count(sizes, "storageSize"),
    }
    if seen.observed is not None and seen.root is not None:
        metrics["documents_read"] = seen.observed.documents
        value.fields = [(path, sorted(found.items())) for path, found in _metrics(seen.observed.root, seen.root, "")]
    value.metrics = sorted((name, number) for name, number in metrics.items() if number is not None)
    if value == Stats():
        return None
    return Record(f"{urn}#profile@{run_time(ctx)}", value)


def run_time(ctx: Context) -> str:
    """Return when the run began, from its id; the present where an id does not say."""
    stamp = ctx.run_id[:16]
    try:
        at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")
    except ValueError:
        at = datetime.now(timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _count(sizes: Mapping[str, Any], name: str) -> int | None:
    number = sizes.get(name)
    return int(number) if isinstance(number, (int, float)) and number >= 0 else None


def _metrics(place: Place, node: Node, path: str, depth: int = 0) -> Iterator[tuple[str, dict[str, int]]]:
    """Return counts by path, rare kinds included, for everything that the schema holds."""
    if node.value is not None and OBJECT in place.kinds:
        value = place.entries(root=not path)
        yield from _one(value, node.value, paths.map_value(path) if path else "{value}", 0, depth)
    for name, member in node.members.items():
        inner = place.members.get(name)
        if inner is not None:
            missing = objects(place) - inner.docs + inner.partial
            yield from _one(inner, member, paths.child(path, name), missing, depth)
    if node.element is not None and place.element is not None:
        yield from _one(place.element, node.element, paths.element(path), 0, depth)


def _one(place: Place, node: Node, path: str, missing: int, depth: int) -> Iterator[tuple[str, dict[str, int]]]:
    found = {"documents": place.docs}
    if missing:
        found["missing"] = missing
    if place.kinds.get(NULL):
        found["null"] = place.kinds[NULL]
    kinds = {kind: count for kind, count in place.kinds.items() if kind != NULL}
    if len(kinds) > 1:
        found.update({f"type.{kind}": count for kind, count in kinds.items()})
    if ARRAY in kinds:
        found.update({f"length.{size}": count for size, count in place.sizes.items()})
    yield path, found
    if depth < 100:
        yield from _metrics(place, node, path, depth + 1)


def rare_text(rare: Sequence[Rare], documents: int) -> str:
    """Say in one sentence what was seen too rarely to be part of the schema."""
    shown = sorted(rare, key=lambda item: (-item.docs, item.where, item.kind))[:5]
    parts = [f"{_path(item)} ({item.kind} in {item.docs:,} of {documents:,})" for item in shown]
    more = f" and {len(rare) - len(shown):,} more" if len(rare) > len(shown) else ""
    return f"seen in fewer than one document in a hundred, and left out of the schema: {', '.join(parts)}{more}"


def _path(rare: Rare) -> str:
    path = ""
    for step in rare.where:
        if step[0] == "name":
            path = paths.child(path, step[1])
        else:
            path = paths.element(path) if step[0] == "[]" else (paths.map_value(path) if path else "{value}")
    return path or "the document"
