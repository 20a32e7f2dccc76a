"""Tables that pyiceberg made (`generate_iceberg_tables.py`), and what that library itself says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lumos_format_iceberg.config import IcebergConfig
from lumos_format_iceberg.format import IcebergFormat
from lumos_format_iceberg.metadata import SchemaSaid
from lumos_format_iceberg.schema import Schema
from lumos_lake.testing import URN, read_table

DATA = Path(__file__).parent / "data"
EXPECTED = json.loads((DATA / "expected.json").read_text())


def read(root: Path) -> tuple[Any, Any, Any]:
    """Return what the table is, its last operation (None for none) and its size."""
    records = {record.urn: record.value for record in read_table(IcebergFormat(IcebergConfig()), root)}
    operation = next((value for urn, value in records.items() if "#operation@" in urn), None)
    return records[URN], operation, next(value for urn, value in records.items() if "#profile@" in urn)


def compare(root: Path, expected: dict[str, Any]) -> None:
    table, operation, profile = read(root)
    said = expected["schema"]
    schema = Schema(SchemaSaid(fields=said["fields"]))
    assert table.fields == schema.fields
    assert sorted(column for key in table.keys for column in key.columns) == expected["keys"]
    parts = [
        [part.path, part.transform, json.loads(dict(part.extra)["iceberg/name"])] for part in table.layout.partition_by
    ]
    assert parts == expected["partitions"]
    order = []
    for sort in table.layout.sort_by:
        extra = {key: json.loads(value) for key, value in sort.extra}
        usual = "nulls-first" if sort.direction == "asc" else "nulls-last"
        nulls = extra.get("iceberg/null_order", usual).replace("-", " ").upper()
        order.append([sort.path, extra.get("iceberg/transform", "identity"), sort.direction.upper(), nulls])
    assert order == expected["order"]
    comment = {"comment": table.description.source} if table.description else {}
    assert {**dict(table.properties), **comment} == expected["properties"]
    assert table.aliases == [("iceberg", expected["id"])]
    assert table.layout.options == [("format-version", str(expected["version"]))]
    rows, size, files = expected["size"]
    assert profile.row_count in (rows, None)
    assert profile.row_count == rows or profile.metrics
    if not profile.metrics:
        assert (profile.size_bytes, profile.file_count) == (size, files)
    if operation is None:
        assert expected["snapshot"] is None
        return
    history = dict(operation.properties)
    assert (history["snapshot_id"], history["operation"]) == (expected["snapshot"], expected["operation"])
    tags = sorted(name for name, kind in expected["refs"].items() if kind == "tag")
    assert history.get("tags", "") == ", ".join(tags)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_table_reads_as_its_maker_reads_it(name):
    compare(DATA / name, EXPECTED[name])


def test_every_type_and_word():
    table, _, _ = read(DATA / "types")
    rows = {field.path: field for field in table.fields}
    assert [rows[f"a{n}"].type for n in range(1, 15)] == [
        *("bool", "int32", "int64", "float32", "float64", "decimal(12,3)", "date", "time(us)"),
        *("timestamp(us)", "timestamptz(us)", "string", "uuid", "fixed(16)", "bytes"),
    ]
    assert rows["home.city"].description.source == "Where" and rows["past[].`zip.code`"].type == "int64"
    assert rows["by"].type == "map<string,list<date>?>" and rows["a2"].nullable is False


def test_a_renamed_column_keeps_its_id():
    rows = {field.id: field.path for field in read(DATA / "evolved")[0].fields}
    assert rows["2"] == "title"
