"""Tables that Apache Hudi made (`generate_hudi_tables.py`), and what it says of them itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lumos_format_hudi.config import HudiConfig
from lumos_format_hudi.format import HudiFormat
from lumos_lake.avro import Reader
from lumos_lake.testing import URN, read_table

from lumos_core.plugin_api import paths
from lumos_core.testing.context import MemoryContext

DATA = Path(__file__).parent / "data"
EXPECTED = {
    f"{path.stem.removeprefix('expected-')}/{name}": said
    for path in sorted(DATA.glob("expected-*.json"))
    for name, said in json.loads(path.read_text()).items()
}


def read(root: Path, ctx: MemoryContext | None = None, **options: Any) -> tuple[Any, Any, Any]:
    """Return what the table is, its last operation and its size; None for what is not told."""
    records = {record.urn: record.value for record in read_table(HudiFormat(HudiConfig(**options)), root, ctx)}
    operation = next((value for urn, value in records.items() if "#operation@" in urn), None)
    return records[URN], operation, next((value for urn, value in records.items() if "#profile@" in urn), None)


def compare(root: Path, expected: dict[str, Any]) -> None:
    table, operation, profile = read(root)
    ours = [(field.path, field.type, field.nullable) for field in table.fields]
    assert ours == [(field.path, field.type, field.nullable) for field in Reader().read(expected["avro"])]
    spark = {column["name"]: column for column in expected["spark"]["fields"]}
    assert sorted(spark) == sorted(field.path for field in table.fields if "." not in field.path)
    assert [column for key in table.keys for column in key.columns] == expected["keys"]
    assert [part.path for part in table.layout.partition_by] == [paths.quote(name) for name in expected["partitions"]]
    options = dict(table.layout.options)
    assert (options["table-type"], options["format-version"]) == (expected["type"], str(expected["version"]))
    assert dict(table.properties)["hoodie.table.name"] == expected["name"]
    if expected["last"] is None:
        assert operation is None
    else:
        assert dict(operation.properties)["instant"] == expected["last"]
    if profile is not None:
        assert profile.row_count is None or expected["rows"] in (profile.row_count, None)
        sizes = expected["files"]
        assert (profile.file_count, profile.size_bytes) == (len(sizes), sum(sizes.values()))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_table_reads_as_its_maker_reads_it(name):
    compare(DATA / name, EXPECTED[name])
