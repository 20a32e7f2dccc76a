"""The format `parquet`: what a footer says, and what a file without one is answered with."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lumos_lake.storage import LocalStorage, StoredFile
from lumos_source_parquet.config import ParquetConfig
from lumos_source_parquet.format import ParquetFormat

from lumos_core.plugin_api import Dataset, RetryableError, SortField, Stats, UnitError
from lumos_core.testing.context import MemoryContext

URN = "urn:lumos:dataset:(file,t,PROD)"


def handle(path: Path) -> StoredFile:
    storage = LocalStorage(path.parent)
    return storage.file(storage.stat(path.name), URN)


def inspect(*paths: Path, ctx: MemoryContext | None = None, **options: Any) -> list[tuple[Dataset, Stats]]:
    records = list(
        ParquetFormat(ParquetConfig(**options)).inspect([handle(path) for path in paths], ctx or MemoryContext())
    )
    return [(records[i].value, records[i + 1].value) for i in range(0, len(records), 2)]


def write(path: Path, table: pa.Table, **options: Any) -> Path:
    pq.write_table(table, path, **options)
    return path


def test_a_footer_gives_fields_ids_layout_and_rows(tmp_path: Path) -> None:
    line = pa.struct([pa.field("sku", pa.string(), False), pa.field("price", pa.decimal128(9, 2))])
    schema = pa.schema(
        [
            pa.field("id", pa.int64(), False, {"PARQUET:field_id": "1", "comment": "Number"}),
            pa.field("at", pa.timestamp("us", "UTC")),
            pa.field("lines", pa.list_(line)),
            pa.field("tags", pa.map_(pa.string(), pa.large_string())),
        ],
        metadata={"team": "checkout"},
    )
    rows = {"id": [2, 1], "at": [None, None], "lines": [None, None], "tags": [None, None]}
    path = write(tmp_path / "orders of 🍎.parquet", pa.table(rows, schema=schema), compression="zstd")
    ((dataset, stats),) = inspect(path)
    assert [(f.path, f.type, f.nullable) for f in dataset.fields] == [
        ("id", "int64", False),
        ("at", "timestamptz(us)", True),
        ("lines", "list<struct?>", True),
        ("lines[].sku", "string", False),
        ("lines[].price", "decimal(9,2)", True),
        ("tags", "map<string,string?>", True),
    ]
    assert dataset.fields[0].id == "1"
    assert dataset.fields[0].description is not None
    assert dataset.fields[0].description.source == "Number"
    assert dataset.fields[1].native_type == "timestamp[us, tz=UTC]"
    assert dataset.fields[-1].native_type == "map<string, large_string>"
    assert dataset.layout is not None
    assert (dataset.layout.format, dataset.layout.options) == ("parquet", [("compression", "zstd")])
    assert dataset.properties == [("parquet.team", "checkout")]
    assert set(dataset.captured) >= {"fields", "fields.description", "layout", "properties"}
    assert (stats.row_count, stats.size_bytes, stats.file_count) == (2, path.stat().st_size, 1)


def test_files_without_arrow_metadata_keep_what_parquet_says(tmp_path: Path) -> None:
    table = pa.table({"id": pa.array([b"0" * 16], pa.binary(16)), "n": [1]}).append_column(
        "j", pa.array(["{}"], pa.json_())
    )
    path = write(
        *(tmp_path / "a.parquet", table), store_schema=False, sorting_columns=[pq.SortingColumn(1, descending=True)]
    )
    ((dataset, _),) = inspect(path)
    assert [f.type for f in dataset.fields] == ["fixed(16)", "int64", "json"]
    assert dataset.layout is not None
    assert dataset.layout.sort_by == [SortField(path="n", direction="desc")]


def test_each_file_has_its_own_fragment_also_where_schemas_are_shared(tmp_path: Path) -> None:
    one = write(tmp_path / "1.parquet", pa.table({"a": [1]}))
    two = write(tmp_path / "2.parquet", pa.table({"a": [1, 2]}))
    three = write(tmp_path / "3.parquet", pa.table({"a": ["x"]}))
    four = write(tmp_path / "4.parquet", pa.table({"a": [1]}))
    found = inspect(one, two, three, four)
    assert [dataset.fields[0].type for dataset, _ in found] == ["int64", "int64", "string", "int64"]
    assert [stats.row_count for _, stats in found] == [1, 2, 1, 1]


def test_comments_of_spark(tmp_path: Path) -> None:
    spark = {
        "type": "struct",
        "fields": [{"name": "a", "type": "long", "nullable": True, "metadata": {"comment": "A"}}],
    }
    table = pa.table({"a": [1], "b": [2]})
    for text, comment in ((json.dumps(spark), "A"), ('{"comment": 1}', None), ('broken "comment"', None)):
        said = table.replace_schema_metadata({"org.apache.spark.sql.parquet.row.metadata": text})
        ((dataset, _),) = inspect(write(tmp_path / "a.parquet", said))
        assert (dataset.fields[0].description and dataset.fields[0].description.source) == comment
        assert dataset.fields[1].description is None
        assert dataset.properties == []


def test_null_counts_on_demand(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", pa.table({"a": [1, None, None], "b": [{"x": 1}] * 3}), row_group_size=2)
    ((_, stats),) = inspect(path, statistics=True)
    assert stats.fields == [("a", [("null_count", 2)])]
    ((_, stats),) = inspect(path)
    assert stats.fields == []


def test_no_columns_no_rows_and_many_columns(tmp_path: Path) -> None:
    ((dataset, stats),) = inspect(write(tmp_path / "none.parquet", pa.table({})))
    assert dataset.fields == []
    assert "fields" in dataset.captured
    assert stats.row_count == 0
    wide = pa.schema([(f"c{n}", pa.int32()) for n in range(2_000)]).empty_table()
    ((dataset, _),) = inspect(write(tmp_path / "wide.parquet", wide))
    assert len(dataset.fields) == 2_000


def test_properties_leave_out_what_is_long_binary_or_not_wanted(tmp_path: Path) -> None:
    said = {"ok": "yes", "long": "x" * 1000, b"\xff": b"a", "bytes": b"\xff"}
    path = write(tmp_path / "a.parquet", pa.table({"a": [1]}).replace_schema_metadata(said))
    assert inspect(path)[0][0].properties == [("parquet.ok", "yes")]
    dataset = inspect(path, properties=False)[0][0]
    assert dataset.properties == []
    assert "properties" not in dataset.captured


@pytest.mark.parametrize(
    "cut, why",
    [
        (lambda data: data[: len(data) // 2], "truncated"),
        (lambda data: data[:3], "first bytes"),
        (lambda data: b"a,b\n1,2\n" * 9, "first bytes"),
        (lambda data: data[:-4] + b"PARE", "encrypted"),
        (lambda data: data[:-20] + b"\xff" * 12 + data[-8:], "file"),
        (lambda data: data[:4] + data[4:].replace(data[-8:], b"\xff\xff\xff\x7fPAR1"), "file"),
    ],
)
def test_a_file_that_is_no_whole_parquet(tmp_path: Path, cut: Any, why: str) -> None:
    path = write(tmp_path / "a.parquet", pa.table({"a": [1], "b": ["x"]}))
    path.write_bytes(cut(path.read_bytes()))
    with pytest.raises(UnitError, match=why) as caught:
        inspect(path)
    assert caught.value.where == "a.parquet"
    assert caught.value.why
    assert caught.value.fix


def test_an_empty_file_is_stated_and_concludes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").touch()
    ctx = MemoryContext()
    ((dataset, _),) = inspect(tmp_path / "a.parquet", ctx=ctx)
    assert "fields" not in dataset.captured
    assert [(w.code, w.where) for w in ctx.warnings] == [("empty-file", "a.parquet")]


def test_a_file_that_changed_is_tried_again_and_one_that_is_gone_is_not(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", pa.table({"a": [1]}))
    listed = handle(path)
    os.utime(path, ns=(1, 1))
    form = ParquetFormat(ParquetConfig())
    with pytest.raises(RetryableError, match="changed"):
        list(form.inspect([listed], MemoryContext()))
    path.unlink()
    with pytest.raises(UnitError, match=r"a\.parquet"):
        list(form.inspect([listed], MemoryContext()))


def test_a_remote_file_is_read_through_its_handle(tmp_path: Path) -> None:
    data = write(tmp_path / "a.parquet", pa.table({"a": [1]})).read_bytes()

    class Remote(StoredFile):
        def open(self) -> BinaryIO:
            return io.BytesIO(data)

    (dataset, _) = ParquetFormat(ParquetConfig()).inspect([Remote("x", len(data), "e", None, URN)], MemoryContext())
    assert dataset.value.fields[0].path == "a"


def test_cancelling_stops_before_the_next_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", pa.table({"a": [1]}))
    ctx = MemoryContext()
    ctx.cancelled = lambda: True
    assert inspect(path, ctx=ctx) == []
