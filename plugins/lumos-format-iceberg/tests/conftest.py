"""Metadata files made by hand, as the specification describes them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from lumos_format_iceberg.config import IcebergConfig
from lumos_format_iceberg.format import IcebergFormat
from lumos_lake.storage import LocalStorage, StoredFile

from lumos_core.plugin_api import AnyRecord, Dataset, urns
from lumos_core.testing.context import MemoryContext

URN = urns.dataset("file", "t")
UUID = "9faafb13-1ce7-4603-93f8-197afc7394a9"


def column(id: int, name: str, type: Any = "long", required: bool = False, **more: Any) -> dict[str, Any]:
    return {"id": id, "name": name, "required": required, "type": type, **more}


def schema(*fields: dict[str, Any], id: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": "struct", "schema-id": id, "fields": list(fields), **more}


class IcebergTable:
    """A `metadata` folder."""

    column = staticmethod(column)
    schema = staticmethod(schema)
    urn = URN

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "t" / "metadata"
        self.folder.mkdir(parents=True)
        self.ctx = MemoryContext()

    def metadata(self, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Return metadata of version 2 of a table that has no snapshot yet; `None` takes a key out."""
        said = {
            "format-version": 2,
            "table-uuid": UUID,
            "location": "s3://elsewhere/t",
            "last-sequence-number": 0,
            "last-updated-ms": 1_700_000_000_000,
            "last-column-id": 9,
            "current-schema-id": 0,
            "schemas": [schema(*(fields or (column(1, "id"),)))],
            "default-spec-id": 0,
            "partition-specs": [{"spec-id": 0, "fields": []}],
            "last-partition-id": 999,
            "default-sort-order-id": 0,
            "sort-orders": [{"order-id": 0, "fields": []}],
            "properties": {},
            "current-snapshot-id": -1,
        }
        said.update((key.replace("_", "-"), value) for key, value in more.items())
        return {key: value for key, value in said.items() if value is not None}

    def snapshot(self, *, id: int = 7, **summary: Any) -> dict[str, Any]:
        """Return what metadata says of a current snapshot."""
        said = {"operation": "append", **{key.replace("_", "-"): value for key, value in summary.items()}}
        one = {"snapshot-id": id, "timestamp-ms": 1_700_000_200_000, "sequence-number": 3, "summary": said}
        return {"current_snapshot_id": id, "snapshots": [one], "refs": {"main": {"snapshot-id": id, "type": "branch"}}}

    def write(self, name: str = "v1.metadata.json", *fields: dict[str, Any], **more: Any) -> Path:
        """Write a metadata file."""
        path = self.folder / name
        data = json.dumps(self.metadata(*fields, **more)).encode()
        path.write_bytes(gzip.compress(data) if ".gz" in name else data)
        return path

    def hint(self, text: str) -> Path:
        """Write `version-hint.text`."""
        path = self.folder / "version-hint.text"
        path.write_text(text)
        return path

    def files(self) -> list[StoredFile]:
        """Return the files below `metadata` as the crawler gives them."""
        storage = LocalStorage(self.root)
        return [storage.file(entry, URN) for entry in storage.list()]

    def inspect(self, files: list[StoredFile], **options: Any) -> list[AnyRecord]:
        """Read some files."""
        return list(IcebergFormat(IcebergConfig(**options)).inspect(files, self.ctx))

    def records(self, **options: Any) -> list[AnyRecord]:
        """Read the table."""
        return self.inspect(self.files(), **options)

    def table(self) -> Dataset:
        """Read what the table is."""
        value: Dataset = self.records()[0].value
        return value


@pytest.fixture
def table(tmp_path: Path) -> IcebergTable:
    return IcebergTable(tmp_path)
