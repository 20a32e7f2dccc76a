"""A table as records: what it is, and how it stands.

Source: the Apache Iceberg table specification, "Partitioning", "Sorting", "Identifier Field IDs", "Snapshots" and
appendix F, "Optional Snapshot Summary Fields".
"""

from __future__ import annotations

import json

from lumos_lake.heads import run_time
from lumos_lake.tables import hidden, public, time_of

from lumos_core.plugin_api import (
    AnyRecord,
    Context,
    Dataset,
    Description,
    File,
    Key,
    Layout,
    PartitionField,
    Record,
    SortField,
    Stats,
)

from .metadata import Malformed, Metadata, Part, Snapshot, malformed
from .schema import Schema

NAME = "iceberg"
CAPTURED = ["description", "fields", "fields.description", "fields.properties", "keys", "layout", "properties"]
_VOLATILE = frozenset({"delta-version", "delta-timestamp", "converted_delta_timestamp", "comment"})
_CHANGES = ("added-", "changed-", "deleted-", "removed-")
_DELETES = ("total-delete-files", "total-position-deletes", "total-equality-deletes")


def dataset(urn: str, metadata: Metadata, file: File) -> AnyRecord:
    """Make the record of a table.

    Args:
        urn: Of the dataset.
        metadata: Its current metadata.
        file: Where that comes from, for errors.

    Raises:
        UnitError: When the schema, the partitioning or the order is not said, or contradicts itself.
    """
    try:
        said = metadata.current_schema
        schema = Schema(said)
        properties = metadata.options
        value = Dataset(
            subtype="table",
            captured=list(CAPTURED),
            aliases=[(NAME, metadata.table_uuid)] if metadata.table_uuid else [],
            fields=schema.fields,
            keys=_keys(said.identifier_field_ids or [], schema),
            layout=Layout(
                format=NAME,
                partition_by=[_partition(part, schema) for part in metadata.current_spec if part.transform != "void"],
                sort_by=[_sort(part, schema) for part in metadata.current_order],
                options=[("format-version", str(metadata.format_version))],
            ),
            properties=public((key, text) for key, text in properties.items() if key not in _VOLATILE),
        )
    except Malformed as error:
        raise malformed(file, str(error)) from error
    if comment := properties.get("comment"):
        value.description = Description(source=comment)
    return Record(urn, value)


def _keys(ids: list[int], schema: Schema) -> list[Key]:
    """Return the identifier fields as a key; no writer is made to keep it."""
    columns = [_path(id, schema, "an identifier field") for id in ids]
    return [Key(type="primary", columns=columns, enforced=False)] if columns else []


def _path(id: int, schema: Schema, what: str) -> str:
    path = schema.path_of.get(id)
    if path is None:
        raise Malformed(f"{what} is the column of id {id}, which is not in its schema")
    return path


def _partition(part: Part, schema: Schema) -> PartitionField:
    path, *others = _paths(part, schema, "a partition")
    extra = [("iceberg/name", json.dumps(part.name, ensure_ascii=False))] if part.name else []
    if others:
        extra.append(("iceberg/sources", json.dumps(others, ensure_ascii=False)))
    return PartitionField(path=path, transform=part.transform, extra=extra)


def _sort(part: Part, schema: Schema) -> SortField:
    path, *others = _paths(part, schema, "the order")
    extra = []
    usual = "nulls-first" if part.direction == "asc" else "nulls-last"
    if part.null_order not in (None, usual):
        extra.append(("iceberg/null_order", json.dumps(part.null_order)))
    if others:
        extra.append(("iceberg/sources", json.dumps(others, ensure_ascii=False)))
    if part.transform != "identity":
        extra.append(("iceberg/transform", json.dumps(part.transform)))
    return SortField(path=path, direction=part.direction, extra=extra)


def _paths(part: Part, schema: Schema, what: str) -> list[str]:
    if not part.sources:
        raise Malformed(f"{what} has no source column")
    return [_path(id, schema, what) for id in part.sources]


def stats(urn: str, metadata: Metadata, file: File, ctx: Context) -> list[AnyRecord]:
    """Make the statistics of a table: its size, and its last operation, each at the time that the metadata gives it.

    Args:
        urn: Of the dataset.
        metadata: Its current metadata.
        file: Where that comes from, for warnings.
        ctx: Warnings; gives the time where the metadata has none.
    """
    snapshot = metadata.snapshot
    updated = time_of(metadata.last_updated_ms) or run_time(ctx)
    if metadata.empty:
        return [Record(f"{urn}#profile@{updated}", Stats(row_count=0, size_bytes=0, file_count=0))]
    if snapshot is None:
        message = (
            f"rows, bytes and files are not known: the current snapshot {metadata.current_snapshot_id} is not kept"
        )
        ctx.warn("iceberg-snapshot", message, file.path)
        return []
    at = time_of(snapshot.timestamp_ms) or updated
    summary = snapshot.said
    found: list[AnyRecord] = [Record(f"{urn}#operation@{at}", _operation(snapshot, metadata, summary))]
    size = Stats(
        row_count=_rows(summary),
        size_bytes=_number(summary.get("total-files-size")),
        file_count=_number(summary.get("total-data-files")),
        metrics=sorted((key, count) for key in _DELETES if (count := _number(summary.get(key)))),
    )
    if size != Stats():
        found.append(Record(f"{urn}#profile@{at}", size))
    return found


def _operation(snapshot: Snapshot, metadata: Metadata, summary: dict[str, str]) -> Stats:
    said = {
        "snapshot_id": str(snapshot.snapshot_id),
        "operation": summary.get("operation", ""),
        "engine": " ".join(summary[key] for key in ("engine-name", "engine-version") if key in summary),
        "branches": _refs(metadata, "branch"),
        "tags": _refs(metadata, "tag"),
    }
    metrics = [
        (key, number) for key in summary if key.startswith(_CHANGES) and (number := _number(summary[key])) is not None
    ]
    return Stats(properties=sorted((key, hidden(text)) for key, text in said.items() if text), metrics=sorted(metrics))


def _refs(metadata: Metadata, kind: str) -> str:
    return ", ".join(sorted(name for name, ref in (metadata.refs or {}).items() if ref.type == kind))


def _rows(summary: dict[str, str]) -> int | None:
    """Return the number of rows; None where files of deletes take an unknown number off it."""
    if any(_number(summary.get(key)) for key in _DELETES):
        return None
    return _number(summary.get("total-records"))


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None
