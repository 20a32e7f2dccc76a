"""Logs made by hand, action by action, as the protocol describes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lumos_format_delta.config import DeltaConfig
from lumos_format_delta.format import DeltaFormat
from lumos_lake.storage import LocalStorage, StoredFile

from lumos_core.plugin_api import AnyRecord, Dataset, Stats, urns
from lumos_core.testing.context import MemoryContext

URN = urns.dataset("file", "t")
PROTOCOL = {"minReaderVersion": 1, "minWriterVersion": 2}


def column(name: str, type: Any = "long", nullable: bool = True, **metadata: Any) -> dict[str, Any]:
    return {"name": name, "type": type, "nullable": nullable, "metadata": metadata}


def struct(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "struct", "fields": list(fields)}


class DeltaLog:
    """A `_delta_log` in a folder."""

    column = staticmethod(column)
    struct = staticmethod(struct)

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "t" / "_delta_log"
        self.folder.mkdir(parents=True)
        self.ctx = MemoryContext()

    def metadata(self, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Return a `metaData` action."""
        said = {"id": "id-1", "format": {"provider": "parquet", "options": {}}, "partitionColumns": []}
        schema = json.dumps(struct(*(fields or (column("id"),))))
        return {
            "metaData": {**said, "schemaString": schema, "configuration": {}, "createdTime": 1_700_000_000_000, **more}
        }

    def create(self, *fields: dict[str, Any], protocol: dict[str, Any] | None = None, **more: Any) -> None:
        """Write version 0."""
        self.commit(0, {"protocol": protocol or PROTOCOL}, self.metadata(*fields, **more))

    def add(self, path: str, rows: int | None = 10, size: int = 100, **more: Any) -> dict[str, Any]:
        """Return an `add` action."""
        stats = {} if rows is None else {"stats": json.dumps({"numRecords": rows, "minValues": {"id": 1}})}
        said = {"path": path, "partitionValues": {}, "size": size, "modificationTime": 1_700_000_100_000}
        return {"add": {**said, "dataChange": True, **stats, **more}}

    def info(self, **more: Any) -> dict[str, Any]:
        """Return a `commitInfo` action."""
        return {"commitInfo": {"timestamp": 1_700_000_200_000, "operation": "WRITE", **more}}

    def commit(self, version: int, *actions: dict[str, Any]) -> Path:
        """Write a commit."""
        path = self.folder / f"{version:020d}.json"
        path.write_text("".join(json.dumps(action) + "\n" for action in actions))
        return path

    def checkpoint(self, name: str, *actions: dict[str, Any]) -> Path:
        """Write a Parquet file of a checkpoint as Spark does: a column for each kind of action."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        rows = []
        for action in actions:
            ((kind, said),) = action.items()
            said = dict(said)
            for key in ("configuration", "partitionValues"):
                if isinstance(said.get(key), dict):
                    said[key] = list(said[key].items())
            rows.append({kind: said})
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path)
        return path

    def files(self) -> list[StoredFile]:
        """Return the files of the log as the crawler gives them."""
        storage = LocalStorage(self.root)
        return [storage.file(entry, URN) for entry in storage.list() if "/_delta_log/" in entry.path]

    def records(self, **options: Any) -> list[AnyRecord]:
        """Read the log."""
        return list(DeltaFormat(DeltaConfig(**options)).inspect(self.files(), self.ctx))

    def table(self, **options: Any) -> Dataset:
        """Read what the table is."""
        value: Dataset = self.records(**options)[0].value
        return value

    def size(self, **options: Any) -> tuple[Any, Any, Any] | None:
        """Read rows, bytes and files; None when they are not told."""
        for record in self.records(**options):
            if isinstance(record.value, Stats) and "#profile@" in record.urn:
                return record.value.row_count, record.value.size_bytes, record.value.file_count
        return None


_MAP = pa.map_(pa.string(), pa.string())
_VECTOR = pa.struct(
    [
        ("storageType", pa.string()),
        ("pathOrInlineDv", pa.string()),
        ("offset", pa.int32()),
        ("sizeInBytes", pa.int32()),
        ("cardinality", pa.int64()),
    ]
)
SCHEMA = pa.schema(
    [
        (
            "protocol",
            pa.struct(
                [
                    ("minReaderVersion", pa.int32()),
                    ("minWriterVersion", pa.int32()),
                    ("readerFeatures", pa.list_(pa.string())),
                    ("writerFeatures", pa.list_(pa.string())),
                ]
            ),
        ),
        (
            "metaData",
            pa.struct(
                [
                    ("id", pa.string()),
                    ("name", pa.string()),
                    ("description", pa.string()),
                    ("schemaString", pa.string()),
                    ("partitionColumns", pa.list_(pa.string())),
                    ("configuration", _MAP),
                    ("createdTime", pa.int64()),
                ]
            ),
        ),
        (
            "add",
            pa.struct(
                [
                    ("path", pa.string()),
                    ("partitionValues", _MAP),
                    ("size", pa.int64()),
                    ("modificationTime", pa.int64()),
                    ("stats", pa.string()),
                    ("deletionVector", _VECTOR),
                ]
            ),
        ),
        ("remove", pa.struct([("path", pa.string()), ("deletionTimestamp", pa.int64())])),
        (
            "domainMetadata",
            pa.struct([("domain", pa.string()), ("configuration", pa.string()), ("removed", pa.bool_())]),
        ),
        ("sidecar", pa.struct([("path", pa.string()), ("sizeInBytes", pa.int64())])),
    ]
)


@pytest.fixture
def log(tmp_path: Path) -> DeltaLog:
    return DeltaLog(tmp_path)


@pytest.fixture
def new_log(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], DeltaLog]:
    return lambda: DeltaLog(tmp_path_factory.mktemp("delta"))
