"""Writes a lake to a folder: small files of the real formats, and logs of tables as their specifications ask."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .truth import Lake, Table

_MS = 1_700_000_000_000
_ROWS = 3
_CELLS: dict[str, Any] = {
    "number": lambda row: row + 40,
    "text": lambda row: f"word {row}",
    "wall": lambda row: f"2024-03-0{row + 1}T10:20:30",
    "bool": lambda row: row % 2 == 0,
    "instant": lambda row: f"2024-03-0{row + 1}T10:20:30Z",
}
TYPES: dict[str, dict[str, str]] = {
    "number": {"": "int64"},
    "text": {"": "string"},
    "bool": {"": "bool"},
    # What each format can say of a time: ORC counts nanoseconds, JSON has text alone.
    "wall": {"": "timestamp(us)", "orc": "timestamp(ns)", "json": "string"},
    "instant": {"": "timestamptz(us)", "orc": "timestamptz(ns)", "json": "string"},
}
"""Family -> format -> canonical type of what is written; the empty format stands for all others."""


def type_of(family: str, format: str) -> str:
    """Return the canonical type that a column of a family has in a format."""
    return TYPES[family].get(format, TYPES[family][""])


def write(lake: Lake, folder: Path) -> None:
    """Write every object of a lake, and beside the folder's content nothing else.

    Args:
        lake: One that the generator made; described lakes have no contents.
        folder: Made if need be.
    """
    for path in lake.noise:
        _put(folder / path, b"" if path.endswith(("_SUCCESS", "_$folder$")) else b"-")
    owner = {path: table for table in lake.tables for path in table.files}
    for path, columns in lake.contents.items():
        data = _file(owner[path].format, columns)
        _put(folder / path, gzip.compress(data, mtime=0) if path.endswith(".gz") else data)
    for table in lake.tables:
        if table.marked:
            _WRITERS[table.format](table, folder)


def truth_of(lake: Lake) -> dict[str, Any]:
    """Return the truth of a lake as plain values, to be kept as JSON."""
    return {
        "tables": [
            {
                "root": table.root,
                "format": table.format,
                "partitions": list(table.partitions or ()),
                "partition_types": list(table.types),
                "columns": {name: type_of(family, table.format) for name, family in table.columns.items()},
                "strata": list(table.strata),
                "files": sorted(table.files),
            }
            for table in sorted(lake.tables, key=lambda table: table.root)
        ],
        "noise": sorted(lake.noise),
    }


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _file(format: str, columns: Mapping[str, str]) -> bytes:
    rows = [{name: _CELLS[family](row) for name, family in columns.items()} for row in range(_ROWS)]
    if format == "csv":
        lines = [columns, *(row.values() for row in rows)]
        texts = (
            ",".join(str(cell).lower() if isinstance(cell, bool) else str(cell) for cell in line) for line in lines
        )
        return ("\n".join(texts) + "\n").encode()
    if format == "json":
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    if format == "avro":
        return _avro(columns)
    import pyarrow as pa
    import pyarrow.orc as po
    import pyarrow.parquet as pq

    kinds = {
        "number": pa.int64(),
        "text": pa.string(),
        "bool": pa.bool_(),
        "wall": pa.timestamp("us"),
        "instant": pa.timestamp("us", "UTC"),
    }
    table = pa.schema([(name, kinds[family]) for name, family in columns.items()]).empty_table()
    out = io.BytesIO()
    (pq if format == "parquet" else po).write_table(table, out)
    return out.getvalue()


_AVRO: dict[str, Any] = {
    "number": "long",
    "text": "string",
    "bool": "boolean",
    "wall": {"type": "long", "logicalType": "local-timestamp-micros"},
    "instant": {"type": "long", "logicalType": "timestamp-micros"},
}


def _avro_schema(name: str, columns: Mapping[str, str]) -> dict[str, Any]:
    fields = [{"name": column, "type": _AVRO[family]} for column, family in columns.items()]
    return {"type": "record", "name": name, "fields": fields}


def _avro(columns: Mapping[str, str]) -> bytes:
    import fastavro

    out = io.BytesIO()
    fastavro.writer(out, _avro_schema("row", columns), [], sync_marker=bytes(16))
    return out.getvalue()


def _delta(table: Table, folder: Path) -> None:
    """Write a log (Delta transaction protocol, sections Change Metadata and Schema Serialization Format)."""
    kinds = {
        "number": "long",
        "text": "string",
        "bool": "boolean",
        "wall": "timestamp_ntz",
        "instant": "timestamp",
    }
    fields = [
        {"name": name, "type": kinds[family], "nullable": True, "metadata": {}}
        for name, family in table.columns.items()
    ]
    protocol = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["timestampNtz"]}
    first = [
        {"protocol": {**protocol, "writerFeatures": ["timestampNtz"]}},
        {
            "metaData": {
                "id": "5fba94ed-9794-4965-ba6e-6ee3c0d22af9",
                "format": {"provider": "parquet", "options": {}},
                "schemaString": json.dumps({"type": "struct", "fields": fields}),
                "partitionColumns": [],
                "configuration": {},
                "createdTime": _MS,
            }
        },
    ]
    for number, path in enumerate(sorted(table.files)):
        said = [{"commitInfo": {"timestamp": _MS + number, "operation": "WRITE"}}, *(first if not number else [])]
        _put(folder / path, "".join(json.dumps(action) + "\n" for action in said).encode())


def _iceberg(table: Table, folder: Path) -> None:
    """Write a metadata file (Iceberg table specification, appendix C)."""
    kinds = {
        "number": "long",
        "text": "string",
        "bool": "boolean",
        "wall": "timestamp",
        "instant": "timestamptz",
    }
    fields = [
        {"id": number, "name": name, "required": False, "type": kinds[family]}
        for number, (name, family) in enumerate(table.columns.items(), 1)
    ]
    said = {
        "format-version": 2,
        "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1",
        "location": table.root,
        "last-sequence-number": 0,
        "last-updated-ms": _MS,
        "last-column-id": len(fields),
        "current-schema-id": 0,
        "schemas": [{"type": "struct", "schema-id": 0, "fields": fields}],
        "default-spec-id": 0,
        "partition-specs": [{"spec-id": 0, "fields": []}],
        "last-partition-id": 999,
        "default-sort-order-id": 0,
        "sort-orders": [{"order-id": 0, "fields": []}],
        "properties": {},
        "current-snapshot-id": None,
        "snapshots": [],
    }
    for path in table.files:
        _put(folder / path, b"1" if path.endswith("version-hint.text") else json.dumps(said).encode())


def _hudi(table: Table, folder: Path) -> None:
    """Write the properties and one commit (Hudi technical specification, sections Table Properties and Timeline)."""
    schema = json.dumps(_avro_schema("row", table.columns))
    properties = {
        "hoodie.table.name": table.root.rpartition("/")[2],
        "hoodie.table.type": "COPY_ON_WRITE",
        "hoodie.table.version": "6",
        "hoodie.timeline.layout.version": "1",
        "hoodie.populate.meta.fields": "false",
    }
    commit = {"partitionToWriteStats": {}, "extraMetadata": {"schema": schema}, "operationType": "UPSERT"}
    for path in table.files:
        said = json.dumps(commit)
        if path.endswith("hoodie.properties"):
            said = "".join(f"{key}={value}\n" for key, value in properties.items())
        _put(folder / path, said.encode())


_WRITERS = {"delta": _delta, "iceberg": _iceberg, "hudi": _hudi}
