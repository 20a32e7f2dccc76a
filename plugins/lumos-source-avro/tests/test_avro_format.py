"""The format `avro`: what a header says, and what a file without one is answered with."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lumos_lake.avro import Reader
from lumos_lake.storage import LocalStorage, StoredFile
from lumos_source_avro.config import AvroConfig
from lumos_source_avro.format import AvroFormat

from lumos_core.plugin_api import (
    Dataset,
    Default,
    Description,
    Record,
    RetryableError,
    UnitError,
    decode,
    encode,
    types,
)
from lumos_core.testing.context import MemoryContext

URN = "urn:lumos:dataset:(file,t,PROD)"


class Memory(StoredFile):
    """A file that is not on this machine's disk."""

    content: bytes = b""

    def open(self) -> io.BytesIO:
        return io.BytesIO(self.content)


def remote(content: bytes) -> Memory:
    return Memory("t.avro", len(content), "etag", None, URN, content)


def avro(schema: Any, rows: Any = (), **options: Any) -> bytes:
    out = io.BytesIO()
    fastavro.writer(out, schema, rows, **options)
    return out.getvalue()


def inspect(content: bytes, ctx: MemoryContext | None = None, **options: Any) -> Dataset:
    (record, _) = AvroFormat(AvroConfig(**options)).inspect([remote(content)], ctx or MemoryContext())
    dataset: Dataset = record.value
    return dataset


def record(*fields: Any, **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": "R", "namespace": "shop", "fields": list(fields), **more}


def rows(schema: Any) -> list[tuple[str, str, bool | None]]:
    return [(field.path, field.type, field.nullable) for field in Reader().read(schema)]


def test_a_header_says_everything() -> None:
    schema = record(
        {
            "name": "id",
            "type": "long",
            "doc": "Number",
            "default": 0,
            "aliases": ["nr"],
            "pii": True,
            "order": "ignore",
        },
        {"name": "mail", "type": ["null", "string"], "default": None},
        doc="An order",
        aliases=["old.Order"],
    )
    content = avro(schema, [{"id": 1, "mail": None}], codec="deflate", metadata={"made by": "x", "long": "y" * 999})
    dataset = inspect(content)
    first, second = dataset.fields
    assert (first.path, first.type, first.native_type, first.nullable) == ("id", "int64", "long", False)
    assert first.description == Description(source="Number")
    assert first.default == Default(initial="0")
    assert first.aliases == [("avro", "nr")]
    assert first.properties == [("avro.order", "ignore"), ("pii", "true")]
    assert (second.type, second.native_type, second.nullable) == ("string", '["null","string"]', True)
    assert second.default == Default(initial="null")
    assert dataset.description == Description(source="An order")
    assert dataset.properties == [
        ("avro.aliases", "old.Order"),
        ("avro.metadata.made by", "x"),
        ("avro.name", "shop.R"),
    ]
    assert dataset.layout is not None
    assert dataset.layout.options == [("compression", "deflate")]
    assert json.loads(dataset.native_schema[0].text)["doc"] == "An order"
    assert inspect(content, native_schema=False).native_schema == []
    assert decode(encode(Record(URN, dataset))).value == dataset


@pytest.mark.parametrize(
    "schema, canonical",
    [
        ("null", "unknown"),
        ("boolean", "bool"),
        ("int", "int32"),
        ("float", "float32"),
        ("double", "float64"),
        ("bytes", "bytes"),
        ({"type": "int", "logicalType": "date"}, "date"),
        ({"type": "int", "logicalType": "time-millis"}, "time(ms)"),
        ({"type": "long", "logicalType": "time-micros"}, "time(us)"),
        ({"type": "long", "logicalType": "timestamp-millis"}, "timestamptz(ms)"),
        ({"type": "long", "logicalType": "timestamp-nanos"}, "timestamptz(ns)"),
        ({"type": "long", "logicalType": "local-timestamp-micros"}, "timestamp(us)"),
        ({"type": "string", "logicalType": "uuid"}, "uuid"),
        ({"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}, "uuid"),
        ({"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}, "interval(month-day-nano)"),
        ({"type": "fixed", "name": "D", "size": 8, "logicalType": "duration"}, "fixed(8)"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}, "decimal(9,2)"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4}, "decimal(4,0)"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 9}, "bytes"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 99}, "opaque('decimal(99,0)')"),
        ({"type": "bytes", "logicalType": "decimal"}, "bytes"),
        ({"type": "fixed", "name": "F", "size": 8, "logicalType": "decimal", "precision": 9}, "decimal(9,0)"),
        ({"type": "string", "logicalType": "decimal"}, "string"),
        ({"type": "long", "logicalType": "no such"}, "int64"),
        ({"type": {"type": "long", "logicalType": "timestamp-micros"}}, "timestamptz(us)"),
        ({"type": "enum", "name": "E", "symbols": ["A", "B"], "default": "B"}, "enum('A','B',default 'B')"),
        ({"type": "array", "items": ["null", "int"]}, "list<int32?>"),
        ({"type": "array", "items": "null"}, "list<unknown?>"),
        ({"type": "map", "values": {"type": "array", "items": "string"}}, "map<string,list<string>>"),
        (["int", "string"], "union<int32,string>"),
        (["int", {"type": "array", "items": "int"}], "union<int32,array:list<int32>>"),
        (["int", {"type": "enum", "name": "E", "symbols": ["A"]}], "union<int32,`shop.E`:enum('A')>"),
        (["int"], "int32"),
    ],
)
def test_what_types_mean(schema: Any, canonical: str) -> None:
    ((path, found, nullable),) = rows(record({"name": "f", "type": schema}))
    assert (path, found) == ("f", canonical)
    assert nullable is (canonical == "unknown")


def test_members_are_rows_wherever_the_record_stands() -> None:
    address = {"type": "record", "name": "Address", "fields": [{"name": "zip.code", "type": "string"}]}
    found = rows(
        record(
            {"name": "home", "type": ["null", address]},
            {"name": "more", "type": {"type": "array", "items": "Address"}},
            {"name": "named", "type": {"type": "map", "values": ["null", "shop.Address"]}},
            {"name": "either", "type": ["string", "Address", "null"]},
        )
    )
    assert found == [
        ("home", "struct", True),
        ("home.`zip.code`", "string", False),
        ("more", "list<struct>", False),
        ("more[].`zip.code`", "string", False),
        ("named", "map<string,struct?>", False),
        ("named{value}.`zip.code`", "string", False),
        ("either", "union<string,`shop.Address`:struct>", True),
        ("either<`shop.Address`>.`zip.code`", "string", False),
    ]


def test_a_record_inside_itself_ends_at_its_name() -> None:
    schema = record(
        {"name": "next", "type": ["null", "R"]},
        {"name": "kids", "type": {"type": "array", "items": "shop.R"}},
        {"name": "other", "type": {"type": "record", "name": "O", "fields": [{"name": "back", "type": ["null", "R"]}]}},
    )
    dataset = inspect(avro(schema))
    assert [(f.path, f.type) for f in dataset.fields] == [
        ("next", "opaque('shop.R')"),
        ("kids", "list<opaque('shop.R')>"),
        ("other", "struct"),
        ("other.back", "opaque('shop.R')"),
    ]
    assert ("avro.recursive", "shop.R") in dataset.properties


def test_a_schema_that_would_explode_is_bounded() -> None:
    inner: Any = "int"
    for level in range(40):
        name = f"L{level}"
        both = [{"name": "a", "type": inner}, {"name": "b", "type": f"L{level - 1}" if level else "int"}]
        inner = {"type": "record", "name": name, "fields": both}
    ctx = MemoryContext()
    dataset = inspect(avro(inner), ctx, max_fields=500)
    assert 400 < len(dataset.fields) <= 500
    assert [warning.code for warning in ctx.warnings] == ["avro-too-many-fields"]


def test_lists_nested_beyond_reason() -> None:
    inner: Any = "int"
    for _ in range(150):
        inner = {"type": "array", "items": inner}
    ((_, found, _),) = rows(record({"name": "deep", "type": inner}))
    assert types.render(types.parse(found)) == found
    assert "opaque(" in found


@pytest.mark.parametrize("schema", ["int", {"type": "array", "items": "string"}, ["null", "int"]])
def test_a_file_of_values_has_one_field(schema: Any) -> None:
    dataset = inspect(avro(schema))
    assert [field.path for field in dataset.fields] == ["value"]


def test_each_file_has_a_fragment_and_a_schema_is_read_once() -> None:
    one, two = avro(record({"name": "a", "type": "int"})), avro(record({"name": "a", "type": "long"}))
    found = list(AvroFormat(AvroConfig()).inspect([remote(one), remote(one), remote(two)], MemoryContext()))
    assert [r.value.fields[0].type for r in found if r.kind == "dataset"] == ["int32", "int32", "int64"]
    assert [r.value.file_count for r in found if r.kind == "stats"] == [1, 1, 1]


WHOLE = avro(record({"name": "a", "type": "int"}), [{"a": 1}])


@pytest.mark.parametrize(
    "content, why",
    [
        (WHOLE[:3], "4 bytes"),
        (WHOLE[:40], "cut short|not valid"),
        (b"Obj\x01" + b"\x00" * 3, "cut short|not valid"),
        (b"PAR1" * 9, "first bytes"),
        (WHOLE.replace(b'"int"', b'"inx"'), "not valid"),
        (WHOLE.replace(b'"fields"', b'"fieldz"'), "not valid"),
        (WHOLE.replace(b"avro.schema", b"avro.schemb"), "not valid"),
    ],
)
def test_a_file_that_is_no_whole_avro(content: bytes, why: str) -> None:
    with pytest.raises(UnitError, match=why) as caught:
        inspect(content)
    assert caught.value.where == "t.avro"
    assert caught.value.fix


@pytest.mark.parametrize(
    "schema",
    [1, "no such", {"type": "record", "name": "R"}, {"type": "fixed", "name": "F"}, {"type": "enum"}, record(1)],
)
def test_what_is_no_schema(schema: Any) -> None:
    with pytest.raises(ValueError):
        Reader().read(schema)


def test_an_empty_file_is_stated_and_concludes_nothing() -> None:
    ctx = MemoryContext()
    dataset = inspect(b"", ctx)
    assert "fields" not in dataset.captured
    assert [w.code for w in ctx.warnings] == ["empty-file"]


def test_a_file_that_changed_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "a b.avro"
    path.write_bytes(WHOLE)
    storage = LocalStorage(tmp_path)
    listed = storage.file(storage.stat("a b.avro"), URN)
    form = AvroFormat(AvroConfig())
    assert len(list(form.inspect([listed], MemoryContext()))) == 2
    os.utime(path, ns=(1, 1))
    with pytest.raises(RetryableError, match="changed"):
        list(form.inspect([listed], MemoryContext()))
    path.unlink()
    with pytest.raises(UnitError, match="removed"):
        list(form.inspect([listed], MemoryContext()))
    ctx = MemoryContext()
    ctx.cancelled = lambda: True
    assert list(form.inspect([listed], ctx)) == []


NAMES = st.text(alphabet="abcxyz", min_size=1, max_size=4)
SCHEMAS = st.recursive(
    st.sampled_from(["null", "int", "string", {"type": "long", "logicalType": "timestamp-micros"}]),
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(lambda values: {"type": "map", "values": values}, inner),
        st.builds(lambda other: ["null", other] if not isinstance(other, list) and other != "null" else other, inner),
        st.lists(st.tuples(NAMES, inner), max_size=3, unique_by=lambda pair: pair[0]).map(
            lambda pairs: {"type": "record", "name": "?", "fields": [{"name": n, "type": s} for n, s in pairs]}
        ),
    ),
    max_leaves=8,
)


def named(schema: Any, count: list[int]) -> Any:
    """Give every record a name of its own, as Avro asks."""
    if isinstance(schema, list):
        return [named(branch, count) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: named(value, count) for key, value in schema.items()}
    if made.get("name") == "?":
        count[0] += 1
        made["name"] = f"R{count[0]}"
    return made


@settings(max_examples=80, deadline=None)
@given(SCHEMAS)
def test_any_schema_gives_canonical_rows(schema: Any) -> None:
    dataset = inspect(avro(record({"name": "f", "type": named(schema, [0])})))
    assert len({field.path for field in dataset.fields}) == len(dataset.fields)
    for field in dataset.fields:
        assert types.normalise(field.type) == field.type
