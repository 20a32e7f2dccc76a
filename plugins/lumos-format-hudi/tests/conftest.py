"""Tables made by hand, file by file, as the specification describes them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro
import pytest
from lumos_format_hudi.config import HudiConfig
from lumos_format_hudi.format import HudiFormat
from lumos_format_hudi.properties import checksum
from lumos_lake.testing import URN, read_table

from lumos_core.plugin_api import AnyRecord, Dataset, Stats
from lumos_core.testing.context import MemoryContext

LONGS = ("numWrites", "numInserts", "numUpdateWrites", "numDeletes", "totalWriteBytes", "fileSizeInBytes")
_STAT = [{"name": name, "type": ["null", "string"], "default": None} for name in ("fileId", "path")]
_STAT += [{"name": name, "type": ["null", "long"], "default": None} for name in LONGS]
_STATS = {"type": "array", "items": {"type": "record", "name": "HoodieWriteStat", "fields": _STAT}}
_IDS = {"type": "array", "items": "string"}
COMMIT = {
    "type": "record",
    "name": "HoodieReplaceCommitMetadata",
    "fields": [
        {"name": "partitionToWriteStats", "type": ["null", {"type": "map", "values": _STATS}], "default": None},
        {"name": "partitionToReplaceFileIds", "type": ["null", {"type": "map", "values": _IDS}], "default": None},
        {"name": "extraMetadata", "type": ["null", {"type": "map", "values": "string"}], "default": None},
        {"name": "operationType", "type": ["null", "string"], "default": None},
    ],
}
"""The schema of a commit from version 8 on, shortened to what is read."""


class HudiTable:
    """A `.hoodie` in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root / "t"
        self.folder = self.root / ".hoodie"
        self.folder.mkdir(parents=True)
        self.ctx = MemoryContext()
        self.layout = 1

    def create(self, version: int = 6, **more: str) -> None:
        """Write the properties; `__` in a key is a dot."""
        self.layout = 2 if version >= 8 else 1
        said = {"hoodie.table.name": "t", "hoodie.table.version": str(version), "hoodie.table.type": "COPY_ON_WRITE"}
        said["hoodie.table.recordkey.fields"] = "id"
        said["hoodie.timeline.layout.version"] = str(self.layout)
        said.update({f"hoodie.{key.replace('__', '.')}": value for key, value in more.items()})
        said["hoodie.table.checksum"] = str(checksum(said))
        lines = [f"{key}={value.replace(':', chr(92) + ':')}" for key, value in said.items()]
        self.write("hoodie.properties", "\n".join(["#Updated", *lines, ""]))

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file below `.hoodie`."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    @staticmethod
    def schema(*fields: Any) -> str:
        """Return a schema; a field is a name, or as Avro has it."""
        said = [{"name": field, "type": ["null", "long"]} if isinstance(field, str) else field for field in fields]
        return json.dumps({"type": "record", "name": "t_record", "fields": said})

    @staticmethod
    def stat(id: str, path: str, rows: int | None = 10, size: int | None = 100, **more: Any) -> dict[str, Any]:
        """Return what a commit says of a file."""
        return {"fileId": id, "path": path, "numWrites": rows, "fileSizeInBytes": size, **more}

    def commit(
        self,
        instant: str,
        *stats: dict[str, Any],
        schema: str | None = None,
        operation: str = "UPSERT",
        action: str = "commit",
        end: str = "",
        replaced: list[str] | None = None,
        **extra: str,
    ) -> Path:
        """Write a commit that is complete, in the partition `p`."""
        said = self.said(*stats, schema=schema, operation=operation, replaced=replaced, **extra)
        if self.layout == 1:
            return self.write(f"{instant}.{action}", json.dumps(said))
        return self.write(f"timeline/{instant}_{end or instant}.{action}", avro(said))

    def said(
        self,
        *stats: dict[str, Any],
        schema: str | None = None,
        operation: str | None = "UPSERT",
        replaced: list[str] | None = None,
        **extra: str,
    ) -> dict[str, Any]:
        """Return the metadata of a commit."""
        words = {"schema": self.schema("id") if schema is None else schema, **extra}
        said: dict[str, Any] = {"partitionToWriteStats": {"p": list(stats)}, "compacted": False}
        said.update(extraMetadata=words, operationType=operation)
        if replaced is not None:
            said["partitionToReplaceFileIds"] = {"p": replaced}
        return said

    def records(self, **options: Any) -> list[AnyRecord]:
        """Read the table."""
        return read_table(HudiFormat(HudiConfig(**options)), self.root, self.ctx)

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

    def operation(self) -> tuple[str, dict[str, str], dict[str, int]]:
        """Read the last operation: its time, its words and its counts."""
        found = next(record for record in self.records() if "#operation@" in record.urn)
        return found.urn.removeprefix(f"{URN}#operation@"), dict(found.value.properties), dict(found.value.metrics)


def avro(said: dict[str, Any], **options: Any) -> bytes:
    """Write a commit as table versions from 8 on have it."""
    out = io.BytesIO()
    known = {field["name"]: said.get(field["name"]) for field in COMMIT["fields"]}
    fastavro.writer(out, COMMIT, [known], **options)
    return out.getvalue()


@pytest.fixture
def table(tmp_path: Path) -> HudiTable:
    return HudiTable(tmp_path)


@pytest.fixture
def new_table(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], HudiTable]:
    return lambda: HudiTable(tmp_path_factory.mktemp("hudi"))


@pytest.fixture
def as_avro() -> Callable[..., bytes]:
    return avro
