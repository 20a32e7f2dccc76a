"""The format `orc`: what a tail says, and what a file without one is answered with."""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.orc as po
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lumos_lake.arrow import fields_of
from lumos_lake.storage import LocalStorage, StoredFile
from lumos_source_orc import tail as tails
from lumos_source_orc import wire
from lumos_source_orc.config import OrcConfig
from lumos_source_orc.format import OrcFormat
from orc_tails import acid, blocks, field, footer, kind, orc, varint

from lumos_core.plugin_api import Dataset, RetryableError, Stats, UnitError
from lumos_core.testing.context import MemoryContext

URN = "urn:lumos:dataset:(file,t,PROD)"
TABLE = pa.table(
    {
        "id": pa.array([1, 2, None], pa.int64()),
        "price": pa.array([None, None, None], pa.decimal128(9, 2)),
        "at": pa.array([1, 2, 3], pa.timestamp("ns")),
        "seen": pa.array([1, 2, 3], pa.timestamp("ns", "UTC")),
        "day": pa.array([1, 2, 3], pa.date32()),
        "lines": pa.array(
            [None, [], [{"sku": "x", "n": 1}]], pa.list_(pa.struct([("sku", pa.string()), ("n", pa.int8())]))
        ),
        "tags": pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int32())),
        "a.b": pa.array([{"x y": True}] * 3),
        "raw": pa.array([b"x"] * 3, pa.binary()),
    }
)


class Memory(StoredFile):
    """A file in memory that counts what is read of it."""

    content: bytes = b""
    read: int = 0
    calls: int = 0

    def open(self) -> BinaryIO:
        owner = self

        class Counting(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                data = super().read(size)
                owner.read += len(data)
                owner.calls += 1
                return data

        return Counting(self.content)


def memory(data: bytes, path: str = "a.orc") -> Memory:
    file = Memory(path, len(data), "e", None, URN)
    file.content = data
    return file


def inspect(*files: Any, ctx: MemoryContext | None = None, **options: Any) -> list[tuple[Dataset, Stats]]:
    records = list(OrcFormat(OrcConfig(**options)).inspect(list(files), ctx or MemoryContext()))
    return [(records[i].value, records[i + 1].value) for i in range(0, len(records), 2)]


def write(table: pa.Table, **options: Any) -> bytes:
    out = io.BytesIO()
    po.write_table(table, out, **options)
    return out.getvalue()


def shape(dataset: Dataset) -> list[tuple[str, str, bool | None]]:
    return [(f.path, f.type, f.nullable) for f in dataset.fields]


def test_a_tail_gives_fields_layout_rows_and_writer() -> None:
    data = write(TABLE, compression="zstd")
    ((dataset, stats),) = inspect(memory(data))
    assert shape(dataset) == [
        ("id", "int64", True),
        ("price", "decimal(9,2)", True),
        ("at", "timestamp(ns)", True),
        ("seen", "timestamptz(ns)", True),
        ("day", "date", True),
        ("lines", "list<struct?>", True),
        ("lines[].sku", "string", True),
        ("lines[].n", "int8", True),
        ("tags", "map<string,int32?>", True),
        ("`a.b`", "struct", True),
        ("`a.b`.x y", "bool", True),
        ("raw", "bytes", True),
    ]
    natives = {f.path: f.native_type for f in dataset.fields}
    assert natives["lines"] == "array<struct>" and natives["tags"] == "map<string,int>"
    assert natives["seen"] == "timestamp with local time zone"
    assert dataset.layout is not None
    assert (dataset.layout.format, dataset.layout.options) == ("orc", [("compression", "zstd")])
    properties = dict(dataset.properties)
    assert (properties["orc.version"], properties["orc.writer"]) == ("0.12", "ORC C++")
    assert properties["orc.writer.version"]
    assert (stats.row_count, stats.size_bytes, stats.file_count) == (3, len(data), 1)


@pytest.mark.parametrize("compression", ["uncompressed", "zlib", "snappy", "lz4", "zstd"])
def test_types_are_those_that_arrow_reads(compression: str) -> None:
    wide = pa.schema([(f"column_{n:04}", pa.list_(pa.int32()) if n % 3 else pa.string()) for n in range(400)])
    for table in (TABLE, wide.empty_table()):
        data = write(table, compression=compression)
        expected = [(f.path, f.type) for f in fields_of(po.ORCFile(io.BytesIO(data)).schema)]
        ((dataset, _),) = inspect(memory(data))
        assert [(f.path, f.type) for f in dataset.fields] == expected


def test_of_a_large_file_only_the_tail_is_read() -> None:
    table = pa.table({"n": range(200_000), "text": [f"{n * 7919 % 10_007:x}" * 4 for n in range(200_000)]})
    file = memory(write(table, compression="uncompressed", stripe_size=1 << 20))
    inspect(file)
    assert len(file.content) > 2**21
    assert (file.read, file.calls) == (tails.FIRST_LOOK, 1)
    wide = memory(write(pa.schema([(f"a_rather_long_name_{n}", pa.int8()) for n in range(600)]).empty_table()))
    inspect(wide)
    assert wide.calls <= 2 and wide.read <= len(wide.content) + tails.FIRST_LOOK


def test_each_file_has_its_own_fragment_also_where_schemas_are_shared() -> None:
    tables = [pa.table({"a": [1]}), pa.table({"a": [1, 2]}), pa.table({"a": ["x"]}), pa.table({"a": [1]})]
    found = inspect(*(memory(write(table)) for table in tables))
    assert [dataset.fields[0].type for dataset, _ in found] == ["int64", "int64", "string", "int64"]
    assert [stats.row_count for _, stats in found] == [1, 2, 1, 1]


def test_null_counts_on_demand() -> None:
    data = write(pa.table({"a": [1, None, None], "b": [{"x": 1}, None, {"x": None}], "c": [[1]] * 3}))
    ((_, stats),) = inspect(memory(data), statistics=True)
    counts = {path: dict(found)["null_count"] for path, found in stats.fields}
    assert counts == {"a": 2, "b": 1, "`b`.x" if "`b`.x" in counts else "b.x": 2, "c": 0}
    assert inspect(memory(data))[0][1].fields == []


def test_what_no_library_at_hand_writes() -> None:
    kinds = [
        kind(12, [1, 2, 3, 4, 7, 8, 9], ["code", "name", "amount", "either", "old", "shape", "new"]),
        kind(17, length=3),
        kind(16, length=50, attributes={"comment": "full"}),
        kind(14, precision=40, scale=50),
        kind(13, [5, 6]),
        kind(3),
        kind(7),
        kind(14),
        kind(19, more=field(8, field(1, 0) + field(2, 1) + field(3, '{"id":{"authority":"OGC","code":"CRS84"}}'))),
        kind(77),
    ]
    ((dataset, _),) = inspect(memory(orc(footer(kinds))))
    assert [(f.path, f.type, f.native_type) for f in dataset.fields] == [
        ("code", "char(3)", "char(3)"),
        ("name", "varchar(50)", "varchar(50)"),
        ("amount", "opaque('decimal(40,50)')", "decimal(40,50)"),
        ("either", "union<`0`:int32,`1`:string>", "uniontype<int,string>"),
        ("old", "opaque('decimal')", "decimal"),
        ("shape", "geography('OGC:CRS84',spherical)", "geometry"),
        ("new", "opaque('ORC type 77')", "ORC type 77"),
    ]
    assert dataset.fields[1].properties == [("comment", "full")]


def test_what_iceberg_says_beside_a_column() -> None:
    required = {"iceberg.id": "1", "iceberg.required": "true"}
    kinds = [
        kind(12, range(1, 9), ["id", "at", "fine", "key", "hash", "clock", "items", "any"]),
        kind(4, attributes=required),
        kind(18, attributes={"iceberg.id": "2", "iceberg.required": "false"}),
        kind(9, attributes={"iceberg.id": "3", "iceberg.timestamp-unit": "NANOS"}),
        kind(8, attributes={"iceberg.id": "4", "iceberg.binary-type": "UUID"}),
        kind(8, attributes={"iceberg.id": "5", "iceberg.binary-type": "FIXED", "iceberg.length": "16"}),
        kind(4, attributes={"iceberg.id": "6", "iceberg.long-type": "TIME"}),
        kind(10, [9], attributes={"iceberg.id": "7"}),
        kind(12, [10, 11], ["metadata", "value"], attributes={"iceberg.id": "8", "iceberg.struct-type": "VARIANT"}),
        kind(7, attributes=required),
        kind(8),
        kind(8),
    ]
    ((dataset, _),) = inspect(memory(orc(footer(kinds, metadata={"iceberg.schema": b"{}", "team": b"checkout"}))))
    assert [(f.path, f.id, f.type, f.nullable) for f in dataset.fields] == [
        ("id", "1", "int64", False),
        ("at", "2", "timestamptz(us)", True),
        ("fine", "3", "timestamp(ns)", True),
        ("key", "4", "uuid", True),
        ("hash", "5", "fixed(16)", True),
        ("clock", "6", "time(us)", True),
        ("items", "7", "list<string>", True),
        ("any", "8", "variant", True),
    ]
    assert dataset.fields[0].properties == []
    assert dict(dataset.properties) == {"orc.metadata.team": "checkout", "orc.version": "0.12"}


def test_of_hives_events_the_schema_is_that_of_the_row() -> None:
    files = [
        memory(
            acid({"hive.acid.stats": b"5,0,0", "hive.acid.key.index": b"1,2,3;"}),
            "t/delta_0000001_0000001_0000/bucket_00000",
        ),
        memory(acid({"hive.acid.stats": b"3,1,1"}), "t/delta_0000002_0000002/bucket_00000"),
        memory(acid({}), "t/base_0000004/bucket_00000"),
        memory(acid({"hive.acid.stats": b"0,0,5"}), "t/delete_delta_0000003_0000003_0000/bucket_00000"),
    ]
    found = inspect(*files)
    for dataset, _ in found[:3]:
        assert shape(dataset) == [("id", "int64", True), ("name", "string", True)]
        assert dict(dataset.properties) == {"orc.acid": "true", "orc.version": "0.12"}
    assert [stats.row_count for _, stats in found] == [5, None, 5, None]
    assert "fields" not in found[3][0].captured


def test_encrypted_columns_keep_their_types_and_are_named() -> None:
    kinds = [kind(12, [1, 2], ["id", "card"]), kind(4), kind(12, [3], ["number"]), kind(7)]
    statistics = b"".join(field(7, field(1, 0)) for _ in kinds)
    secret = field(10, field(1, field(1, "nullify")) + field(3, field(1, 2) + field(2, 0)))
    file = memory(orc(footer(kinds, 3, more=statistics + secret)))
    ((dataset, stats),) = inspect(file, statistics=True)
    assert [f.path for f in dataset.fields] == ["id", "card", "card.number"]
    assert dict(dataset.properties)["orc.encrypted"] == "card, card.number"
    assert [path for path, _ in stats.fields] == ["id"]


def test_a_root_that_is_no_struct_and_names_that_come_twice() -> None:
    assert shape(inspect(memory(orc(footer([kind(10, [1]), kind(3)]))))[0][0]) == [("value", "list<int32?>", True)]
    twice = [kind(12, [1, 2], ["a", "a"]), kind(3), kind(7)]
    assert [f.path for f in inspect(memory(orc(footer(twice))))[0][0].fields] == ["a", "a_2"]


def test_too_many_and_too_deep_are_left_out_with_a_warning() -> None:
    ctx = MemoryContext()
    wide = [kind(12, range(1, 9), [f"c{n}" for n in range(8)]), *[kind(3)] * 8]
    assert len(inspect(memory(orc(footer(wide))), ctx=ctx, max_fields=5)[0][0].fields) == 5
    deep = [kind(12, [1], ["a"]), *(kind(10, [n + 2]) for n in range(200)), kind(3)]
    ((dataset, _),) = inspect(memory(orc(footer(deep))), ctx=ctx)
    assert [f.path for f in dataset.fields] == ["a"]
    assert [w.code for w in ctx.warnings] == ["orc-too-many-fields"] * 2


def test_a_type_deeper_than_a_canonical_one_may_be_is_opaque() -> None:
    deep = [kind(12, [1], ["a"]), *(kind(10, [n + 2]) for n in range(50)), kind(3)]
    ((dataset, _),) = inspect(memory(orc(footer(deep))))
    assert dataset.fields[0].type.startswith(("list<", "opaque("))
    assert dataset.fields[0].native_type == "array<" * 50 + "int" + ">" * 50


@pytest.mark.parametrize("crs, meant", [("", "geometry"), ("not json", "geometry('not json')")])
def test_shapes_on_a_plane(crs: str, meant: str) -> None:
    shape = kind(19, more=field(8, field(1, 0) + field(2, 0) + (field(3, crs) if crs else b"")))
    dataset = inspect(memory(orc(footer([kind(12, [1], ["shape"]), shape]))))[0][0]
    assert dataset.fields[0].type == meant


def test_properties_leave_out_what_is_long_binary_or_not_wanted() -> None:
    said = {"ok": b"yes", "long": b"x" * 1000, "bytes": b"\xff", "trino.time_zone": b"UTC"}
    data = orc(footer([kind(12)], metadata=said))
    assert dict(inspect(memory(data))[0][0].properties) == {"orc.metadata.ok": "yes", "orc.version": "0.12"}
    dataset = inspect(memory(data), properties=False)[0][0]
    assert dataset.properties == [] and "properties" not in dataset.captured


def test_an_old_file_says_what_it_is_only_at_its_beginning() -> None:
    data = orc(footer([kind(12, [1], ["_col0"]), kind(3)]), magic=False)
    assert inspect(memory(data))[0][0].fields[0].path == "_col0"
    with pytest.raises(UnitError, match="first bytes"):
        inspect(memory(b"..." + data[3:]))


WHOLE = write(pa.table({"a": [1], "b": ["x"]}), compression="zlib")
SMALL = footer([kind(12, [1], ["a"]), kind(3)])
BOMB = blocks(footer([kind(12)], metadata={"zeros": bytes(70 * 2**20)}), 2**23 - 1)
FIBONACCI = [kind(11, [n + 1, n + 2]) for n in range(58)]


@pytest.mark.parametrize(
    "data, why",
    [
        pytest.param(WHOLE[: len(WHOLE) // 2], "truncated", id="half"),
        pytest.param(WHOLE[:3], "truncated", id="three bytes"),
        pytest.param(b"OR", "first bytes", id="two bytes"),
        pytest.param(b"a,b\n1,2\n" * 9, "first bytes", id="text"),
        pytest.param(b"PAR1" + bytes(60) + b"PAR1", "first bytes", id="parquet"),
        pytest.param(orc(SMALL, size=0), "footer of 0 bytes", id="no footer"),
        pytest.param(orc(SMALL, size=1 << 40), "is not in its", id="footer beyond the file"),
        pytest.param(orc(SMALL, compression=9), "in a way that nobody knew", id="unknown compression"),
        pytest.param(orc(SMALL, compression=3), "compressed as lzo", id="lzo"),
        pytest.param(orc(SMALL, compression=1), "compressed block", id="no zlib"),
        pytest.param(orc(b"\x06\x00\x00abc", compression=2), "compressed block", id="no snappy"),
        pytest.param(orc(b"\x06\x00\x00\xf0\xff\xff", compression=4), "compressed block", id="no lz4"),
        pytest.param(orc(b"\x06\x00\x00abc", compression=5), "compressed block", id="no zstd"),
        pytest.param(orc(b"\xff\xff\xff", compression=1), "beyond the tail", id="block beyond the tail"),
        pytest.param(orc(b"\xff", compression=1), "header of a compressed block", id="half a header"),
        pytest.param(orc(blocks(SMALL, 1 << 18), compression=1, block=4), "holds more", id="block too large"),
        pytest.param(orc(BOMB, compression=1, block=2**30), "holds more", id="bomb"),
        pytest.param(
            orc((10 << 1).to_bytes(3, "little") + varint(1 << 34) + bytes(5), compression=2), "holds more", id="snappy"
        ),
        pytest.param(orc(footer([])), "no schema", id="no schema"),
        pytest.param(orc(footer([kind(12, [0], ["a"])])), "no tree", id="a circle"),
        pytest.param(orc(footer([kind(12, [5], ["a"])])), "no tree", id="nowhere"),
        pytest.param(orc(footer([kind(12, [1], ["a"]), *FIBONACCI, kind(3), kind(3)])), "no tree", id="shared nodes"),
        pytest.param(orc(footer([kind(12, [1], []), kind(3)])), "as many names", id="no names"),
        pytest.param(orc(footer([kind(10, [])])), "as many parts", id="list of nothing"),
        pytest.param(orc(field(4, 7)), "where bytes belong", id="number for a schema"),
        pytest.param(orc(field(6, b"x") + SMALL), "where a number belongs", id="bytes for a number"),
        pytest.param(orc(b"\x23"), "wire type", id="wire type"),
        pytest.param(orc(b"\x22\x7f"), "beyond the message", id="field beyond the message"),
        pytest.param(orc(b"\x80"), "cut short", id="number cut short"),
        pytest.param(orc(b"\xff" * 12), "64 bits", id="number too large"),
    ],
)
def test_a_file_that_is_no_whole_orc(data: bytes, why: str) -> None:
    with pytest.raises(UnitError, match=why) as caught:
        inspect(memory(data))
    assert caught.value.where == "a.orc"
    assert caught.value.fix


def test_a_footer_of_too_many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "MOST_PARTS", 3)
    with pytest.raises(UnitError, match="more than 3 parts"):
        inspect(memory(orc(footer([kind(12), *[kind(3)] * 9]))))
    monkeypatch.setattr(tails, "LARGEST", 10)
    with pytest.raises(UnitError, match="at most 10 are read"):
        inspect(memory(orc(footer([kind(12), *[kind(3)] * 9]))))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), st.integers(1, len(WHOLE)))
def test_whatever_is_broken_ends_in_a_reason(place: int, byte: int, end: int) -> None:
    for data in (WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :], WHOLE[:end], WHOLE[place:]):
        try:
            inspect(memory(data), statistics=True)
        except UnitError as error:
            if not error.why:
                raise


@given(st.lists(st.tuples(st.integers(1, 9_000), st.one_of(st.integers(0, 2**64 - 1), st.binary(max_size=40)))))
def test_messages_come_back_as_they_were_written(parts: list[tuple[int, int | bytes]]) -> None:
    assert list(wire.fields(b"".join(field(number, value) for number, value in parts))) == parts


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_packed_numbers(values: list[int]) -> None:
    assert list(wire.packed(b"".join(varint(value) for value in values))) == values


def test_an_empty_file_is_stated_and_concludes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.orc").touch()
    ctx, storage = MemoryContext(), LocalStorage(tmp_path)
    ((dataset, _),) = inspect(storage.file(storage.stat("a.orc"), URN), ctx=ctx)
    assert "fields" not in dataset.captured
    assert [(w.code, w.where) for w in ctx.warnings] == [("empty-file", "a.orc")]


def test_a_file_that_changed_is_tried_again_and_one_that_is_gone_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.orc"
    path.write_bytes(WHOLE)
    storage = LocalStorage(tmp_path)
    listed = storage.file(storage.stat("a.orc"), URN)
    os.utime(path, ns=(1, 1))
    with pytest.raises(RetryableError, match="changed"):
        inspect(listed)
    path.unlink()
    with pytest.raises(UnitError, match=r"a\.orc"):
        inspect(listed)


def test_cancelling_stops_before_the_next_file() -> None:
    ctx = MemoryContext()
    ctx.cancelled = lambda: True
    assert inspect(memory(WHOLE), ctx=ctx) == []


def test_a_file_that_shrank_since_it_was_listed() -> None:
    file = memory(WHOLE)
    file.content = WHOLE[:50]
    with pytest.raises(UnitError, match="shorter"):
        inspect(file)


def test_zlib_blocks_are_joined() -> None:
    data = footer([kind(12, range(1, 90), [f"column {n}" for n in range(89)]), *[kind(3)] * 89])
    assert zlib.decompress(blocks(data, 10**6)[3:], -15) == data
    assert len(inspect(memory(orc(blocks(data, 64), compression=1, block=64)))[0][0].fields) == 89
