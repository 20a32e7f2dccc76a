"""Tables that delta-rs made (`generate_delta_tables.py`), and what that library itself says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lumos_format_delta.config import DeltaConfig
from lumos_format_delta.format import DeltaFormat
from lumos_format_delta.schema import Schema
from lumos_lake.testing import URN, read_table

from lumos_core.plugin_api import paths

DATA = Path(__file__).parent / "data"
EXPECTED = json.loads((DATA / "expected.json").read_text())


def read(root: Path) -> tuple[Any, Any, Any]:
    """Return what the table is, its last operation and its size."""
    records = {record.urn: record.value for record in read_table(DeltaFormat(DeltaConfig()), root)}
    operation = next(value for urn, value in records.items() if "#operation@" in urn)
    return records[URN], operation, next(value for urn, value in records.items() if "#profile@" in urn)


def compare(root: Path, expected: dict[str, Any]) -> None:
    table, operation, profile = read(root)
    assert table.fields == Schema(json.dumps(expected["schema"]), mapped=False).fields
    assert [part.path for part in table.layout.partition_by] == [paths.quote(name) for name in expected["partitions"]]
    checks = {f"delta.constraints.{key.name}": key.expression for key in table.keys}
    assert {**dict(table.properties), **checks}.items() >= expected["configuration"].items()
    assert table.aliases == [("delta", expected["id"])]
    assert [profile.row_count, profile.size_bytes, profile.file_count] == expected["size"]
    said = dict(operation.properties)
    assert (said["operation"], said["version"]) == (expected["operation"], str(expected["version"]))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_table_reads_as_its_maker_reads_it(name):
    compare(DATA / name, EXPECTED[name])


def test_the_words_of_a_schema_are_kept():
    table, _, _ = read(DATA / "types")
    assert table.description.source == "Every type"
    rows = {field.path: field for field in table.fields}
    assert rows["home.city"].description.source == "Where" and rows["home.city"].nullable is False
    assert rows["past[].`zip.code`"].type == "int64" and rows["by"].type == "map<string,list<date?>?>"
