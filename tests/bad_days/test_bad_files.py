"""Files and tables that are broken, endless or lie: whatever they claim, a run ends, says so, and concludes nothing."""

from __future__ import annotations

import io
import json
import resource
import struct
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet
import pytest
from lakes import Lake

import lumos_core

FORMATS = ["csv", "parquet", "orc", {"type": "delta", "max_commits": 5}, "iceberg"]
SOURCE = {"type": "files", "path": "data", "formats": FORMATS}
MOST = 1 << 20
"""KiB of memory that a process may have grown to: far less than what the bombs claim."""


def commit(columns: int = 1) -> str:
    fields = [{"name": f"c{number}", "type": "long", "nullable": True, "metadata": {}} for number in range(columns)]
    schema = json.dumps({"type": "struct", "fields": fields})
    meta = {"id": "a", "format": {"provider": "parquet"}, "schemaString": schema, "partitionColumns": []}
    actions = (
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": {**meta, "configuration": {}}},
    )
    return "\n".join(map(json.dumps, actions))


def iceberg() -> str:
    return json.dumps(
        {
            "format-version": 2,
            "table-uuid": "9faafb13-1ce7-4603-93f8-197afc7394a9",
            "location": "s3://elsewhere/t",
            "last-sequence-number": 0,
            "last-updated-ms": 1_700_000_000_000,
            "last-column-id": 1,
            "current-schema-id": 0,
            "schemas": [
                {
                    "type": "struct",
                    "schema-id": 0,
                    "fields": [{"id": 1, "name": "id", "type": "long", "required": False}],
                }
            ],
            "default-spec-id": 0,
            "partition-specs": [{"spec-id": 0, "fields": []}],
            "last-partition-id": 999,
            "default-sort-order-id": 0,
            "sort-orders": [{"order-id": 0, "fields": []}],
            "properties": {},
            "current-snapshot-id": -1,
            "snapshots": [],
        }
    )


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def parquet(columns: int, claimed: int | None = None) -> bytes:
    """A file of a footer alone, in the compact protocol of Thrift."""
    body = b"\x15\x02\x19\xfc" + varint(columns + 1 if claimed is None else claimed)
    body += b"\x48\x04root\x15" + varint(columns * 2) + b"\x00"
    names = (b"c%d" % number for number in range(columns))
    body += b"".join(b"\x15\x04\x25\x02\x18" + varint(len(name)) + name + b"\x00" for name in names)
    body += b"\x16\x00\x19\x0c\x00"
    return b"PAR1" + body + struct.pack("<I", len(body)) + b"PAR1"


def orc(tail: int) -> bytes:
    """A file whose postscript claims a footer of so many bytes."""
    postscript = b"\x08" + varint(tail) + b"\x10\x00\x18" + varint(1 << 18) + b"\x22\x02\x00\x0c\x30\x09"
    postscript += b"\x82\xf4\x03\x03ORC"
    return b"ORC" + b"\x00" * 50 + postscript + bytes([len(postscript)])


def endless_log(data: Path) -> None:
    for number in range(1, 12):
        (data / f"delta/_delta_log/{number:020}.json").write_text("{}\n" * 3)


def checkpoint(data: Path) -> None:
    log = data / "delta/_delta_log"
    (log / f"{0:020}.json").unlink()
    (log / f"{1:020}.checkpoint.parquet").write_bytes(b"PAR1" + b"\xff" * 400 + b"PAR1")
    (log / f"{2:020}.json").write_text('{"commitInfo": {}}')
    (log / "_last_checkpoint").write_text('{"version": 1, "size": 1}')


def no_metadata(data: Path) -> None:
    (data / "ice/metadata/v1.metadata.json").unlink()
    (data / "ice/metadata/version-hint.text").write_text("7")


def written(path: str, make: Callable[..., bytes], *arguments: object) -> Callable[[Path], None]:
    """Write a file when the day begins: some are large."""

    def write(data: Path) -> None:
        (data / path).write_bytes(make(*arguments))

    return write


BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "an endless log": (endless_log, "max_commits"),
    "a corrupt checkpoint": (checkpoint, "checkpoint"),
    "a pointer to nothing": (no_metadata, "metadata"),
    "a footer of gigabytes": (
        written("pq/a.parquet", bytes, b"PAR1" + b"\0" * 50 + b"\xff\xff\xff\x7fPAR1"),
        "2147483647",
    ),
    "a list of two thousand million": (written("pq/a.parquet", parquet, 1, 2**31 - 1), "limit"),
    "a list that is not there": (written("pq/a.parquet", parquet, 1, 900_000), "cannot be read"),
    "a million columns": (written("pq/a.parquet", parquet, 1_000_000), "cannot be read"),
    "too many columns": (written("pq/a.parquet", parquet, 60_000), "max_columns"),
    "an ORC footer of gigabytes": (written("orc/a.orc", orc, 2**31 - 1), "cannot be read"),
    "an ORC file of nothing": (written("orc/a.orc", bytes, b"ORC" + b"\xff" * 300), "cannot be read"),
}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    found = Lake(tmp_path, SOURCE)
    found.put("raw/orders.csv", "id,total\n1,2\n")
    found.put("delta/_delta_log/00000000000000000000.json", commit())
    found.put("ice/metadata/v1.metadata.json", iceberg())
    found.put("ice/metadata/version-hint.text", "1")
    for folder, write in ("pq/a.parquet", pyarrow.parquet.write_table), ("orc/a.orc", pyarrow.orc.write_table):
        content = io.BytesIO()
        write(pa.table({"id": [1]}), content)
        (found.data / folder).parent.mkdir()
        (found.data / folder).write_bytes(content.getvalue())
    result = lumos_core.run(found.pipeline)
    assert result.exit_code == 0 and result.counts["dataset"] == 5
    return found


def peak() -> int:
    """KiB that this process ever held; other tests may have held much before."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize("day", BAD)
def test_a_run_says_so_and_concludes_nothing(lake: Lake, day: str) -> None:
    begin, word = BAD[day]
    before, published, highest = lake.state(), lake.catalog(), peak()
    begin(lake.data)
    result = lumos_core.run(lake.pipeline)
    assert result.exit_code == 3
    (failure,) = result.failures
    assert word in f"{failure.message} {failure.fix}" and failure.fix, failure
    assert not list(result.events) and not result.changed
    assert lake.state() == before and lake.catalog() == published
    assert peak() - highest < MOST
    # The next day, other things go on beside it.
    lake.put("raw/orders.csv", "id,total,note\n1,2,x\n")
    again = lumos_core.run(lake.pipeline)
    assert again.exit_code == 3
    assert [(event.type, "orders" in event.urn) for event in again.events] == [("schema-changed", True)]
