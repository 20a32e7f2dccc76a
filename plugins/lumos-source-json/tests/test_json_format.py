"""The format `json`: what a head says, and what odd text is answered with."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lumos_lake.storage import LocalStorage, StoredFile
from lumos_source_json.config import JsonConfig
from lumos_source_json.format import JsonFormat
from lumos_source_json.infer import _by_value, infer
from lumos_source_json.records import depth

from lumos_core.plugin_api import Dataset, Record, RetryableError, Stats, UnitError, decode, encode
from lumos_core.testing.context import MemoryContext

URN = "urn:lumos:dataset:(file,t,PROD)"


class Memory(StoredFile):
    """A file that is not on this machine's disk."""

    content: bytes = b""

    def open(self) -> io.BytesIO:
        return io.BytesIO(self.content)


def remote(content: bytes) -> Memory:
    return Memory("t.json", len(content), "etag", None, URN, content)


def inspect(content: bytes, **options: Any) -> tuple[Dataset, Stats, MemoryContext]:
    ctx = MemoryContext()
    dataset, stats = JsonFormat(JsonConfig(**options)).inspect([remote(content)], ctx)
    return dataset.value, stats.value, ctx


def columns(content: bytes, **options: Any) -> list[tuple[str, str]]:
    return [(field.path, field.type) for field in inspect(content, **options)[0].fields]


def shape(content: bytes, **options: Any) -> str:
    layout = inspect(content, **options)[0].layout
    assert layout is not None
    return dict(layout.options)["records"]


def test_fields_of_lines() -> None:
    text = (
        b'{"id":1,"price":2,"at":"2024-01-31T10:00:00Z","ok":true,"who":{"mail":"x","tags":["a"]}}\n'
        b'{"id":2,"price":2.5,"lines":[{"sku":"s","day":"2024-01-01"}],"none":null,"a.b":1}\n'
    )
    dataset, stats, ctx = inspect(text)
    assert [(field.path, field.type) for field in dataset.fields] == [
        ("id", "int64"),
        ("price", "float64"),
        ("at", "string"),
        ("ok", "bool"),
        ("who", "struct"),
        ("who.mail", "string"),
        ("who.tags", "list<string?>"),
        ("lines", "list<struct?>"),
        ("lines[].sku", "string"),
        ("lines[].day", "string"),
        ("none", "unknown"),
        ("`a.b`", "int64"),
    ]
    assert {(field.nullable, field.native_type) for field in dataset.fields} == {(None, None)}
    assert set(dataset.captured) == {"fields", "layout", "properties"}
    assert (stats.row_count, stats.size_bytes, stats.file_count) == (2, len(text), 1)
    assert ctx.warnings == []
    assert decode(encode(Record(URN, dataset))).value == dataset


@pytest.mark.parametrize(
    "text, how, rows",
    [
        (b'{"a":1}\n{"a":2}\n', "lines", 2),
        (b'{"a":1}', "lines", 1),
        (b'\n\n{"a":1}\r\n\r\n{"a":2}\r\n', "lines", 2),
        (b'[{"a":1},{"a":2}]', "array", 2),
        (b'[\n  {\n    "a": 1\n  },\n  {"a": 2}\n]\n', "array", 2),
        (b'{\n  "a": 1\n}\n', "documents", 1),
        (b'{\n  "a": 1\n}\n{\n  "a": 2\n}\n', "documents", 2),
        (b'\xef\xbb\xbf{"a":1}\n', "lines", 1),
        ('{"a":1}\n'.encode("utf-16"), "lines", 1),
        ('\ufeff{"a":1}\n'.encode("utf-32-be"), "lines", 1),
    ],
)
def test_how_records_stand_is_found_out(text: bytes, how: str, rows: int) -> None:
    assert shape(text) == how
    assert columns(text) == [("a", "int64")]
    _, stats, ctx = inspect(text)
    assert stats.row_count == rows
    assert ctx.warnings == []


def test_the_option_decides() -> None:
    assert shape(b'{"a":1}\n', records="documents") == "documents"
    with pytest.raises(UnitError, match="no array"):
        inspect(b'{"a":1}\n', records="array")
    with pytest.raises(UnitError, match="line 1"):
        inspect(b'{"a":\n', records="lines")


def test_values_of_several_types_are_a_union_and_said() -> None:
    text = b'{"a":1,"b":[1,"x",{"k":1}]}\n{"a":"x"}\n{"a":{"q":[true]}}\n{"a":[{"w":1}],"c":"2024-01-01"}\n'
    assert columns(text) == [
        ("a", "union<int64,string,struct,list:list<struct?>>"),
        ("a<struct>.q", "list<bool?>"),
        ("a<list>[].w", "int64"),
        ("b", "list<union<int64,string,struct>?>"),
        ("b[]<struct>.k", "int64"),
        ("c", "string"),
    ]
    _, _, ctx = inspect(text)
    assert [(w.code, w.where) for w in ctx.warnings] == [("json-mixed-types", "t.json")]
    assert "a, b" in ctx.warnings[0].message


@pytest.mark.parametrize(
    "text, found",
    [
        (b"1\n2\n", [("value", "int64")]),
        (b"[1,2]\n[3]\n", [("value", "list<int64?>")]),
        (b'1\n{"a":2}\n', [("value", "union<int64,struct>"), ("value<struct>.a", "int64")]),
        (b'[[1],["x"]]', [("value", "list<union<int64,string>?>")]),
        (b"null", []),
        (b"{}", []),
        (b'{"a":1,"a":"x"}\n', [("a", "string")]),
        (b'{"a":1e400}\n{"a":99999999999999999999}\n', [("a", "float64")]),
        (b'{"a":NaN}\n{"a":1}\n', [("a", "float64")]),
        (b'[{"a":-Infinity}]', [("a", "float64")]),
        (b'{"a":"\\ud83d\\ude00"}', [("a", "string")]),
        ('{"":1,"x[]":{"😀":1},"م":2}'.encode(),
         [("``", "int64"), ("`x[]`", "struct"), ("`x[]`.😀", "int64"), ("م", "int64")]),
        (b'{"a":[]}\n{"a":[null]}\n', [("a", "list<unknown?>")]),
        (b'{"a":{}}\n', [("a", "struct")]),
        (b'{"a":{"x":1}}\n{"a":null}\n{"a":{"y":1}}\n', [("a", "struct"), ("a.x", "int64"), ("a.y", "int64")]),
    ],
)  # fmt: skip
def test_odd_records(text: bytes, found: list[tuple[str, str]]) -> None:
    assert columns(text) == found


@pytest.mark.parametrize(
    "text, found, line",
    [
        (b'{"a":1}\n{"b":\n{"c":2}\n', ["a", "c"], "line 2"),
        (b'{"a":\n{"b":2}\n{"c":3}\n', ["b", "c"], "line 1"),
        (b'[{"a":1},\n{"a":2},\n{"b"', ["a"], "line 2"),
        (b'{\n"a":1\n}\n{\n"b":', ["a"], "line"),
        (b'{"a":1}\ngarbage\n', ["a"], "line 2"),
    ],
)
def test_broken_records_are_left_out_and_said(text: bytes, found: list[str], line: str) -> None:
    dataset, stats, ctx = inspect(text)
    assert [field.path for field in dataset.fields] == found
    assert stats.row_count is None
    assert [w.code for w in ctx.warnings] == ["json-broken-records"]
    assert line in ctx.warnings[0].message


@pytest.mark.parametrize(
    "text", [b"prose\nand more\n", b"{", b"[", b'{"a"', b'\n\n{"a":tru}', b"\x89PNG\r\n\x1a\n\0\0"]
)
def test_a_file_without_a_record_is_refused(text: bytes) -> None:
    with pytest.raises(UnitError, match="line") as caught:
        inspect(text)
    assert caught.value.where == "t.json"
    assert caught.value.fix


@pytest.mark.parametrize("text", [b"", b" \n\n", b"[]", b"[ \n ]", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_a_file_that_holds_nothing_is_stated_and_concludes_nothing(text: bytes) -> None:
    dataset, stats, ctx = inspect(text)
    assert "fields" not in dataset.captured
    assert [w.code for w in ctx.warnings] == ["empty-file"]
    assert stats.row_count == 0


def test_a_sample_is_bounded_and_says_so() -> None:
    rows = [{"id": n, "n": {"x": "]}"}} for n in range(5_000)] + [{"late": 1}]
    for text, how in (
        ("\n".join(map(json.dumps, rows)), "lines"),
        (json.dumps(rows), "array"),
        (json.dumps(rows, indent=1), "array"),
        ("\n".join(json.dumps(row, indent=1) for row in rows), "documents"),
    ):
        dataset, stats, ctx = inspect(text.encode(), sample_bytes=2048)
        assert [f.path for f in dataset.fields] == ["id", "n", "n.x"]
        assert dataset.layout is not None
        assert dict(dataset.layout.options)["records"] == how
        assert dataset.properties == [("json.sampled_bytes", "2048")]
        assert stats.row_count is None
        assert ctx.warnings == []


def test_a_head_without_a_whole_record_is_enlarged_up_to_a_bound() -> None:
    long = json.dumps({"a": "x" * 5000})
    for text in (f'{long}\n{{"b":1}}\n', f'[{long},{{"b":1}}]', json.dumps({"a": ["x" * 9] * 900}, indent=1)):
        assert columns(text.encode(), sample_bytes=1024)[0][0] == "a"
    with pytest.raises(UnitError, match="no whole record"):
        inspect(json.dumps({"a": "x" * 100_000}).encode() + b"\n1\n", sample_bytes=1024)


def test_nesting_beyond_reason_is_refused_and_brackets_in_text_are_not() -> None:
    deep = b'{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    with pytest.raises(UnitError, match="deeper"):
        inspect(deep)
    assert depth(b'{"a":"' + b"[{" * 500 + b'"}') == 1
    assert columns(b'{"a":"' + b"[{" * 500 + b'"}') == [("a", "string")]
    assert len(columns(json.dumps(eval('{"a":' * 90 + "1" + "}" * 90)).encode())) == 90


def test_ten_thousand_keys() -> None:
    assert len(columns(json.dumps({f"key {n}": n for n in range(10_000)}).encode())) == 10_000


def test_bytes_that_are_no_utf8_are_replaced_and_said() -> None:
    dataset, _, ctx = inspect(b'{"\xe4":"x"}\n')
    assert [field.path for field in dataset.fields] == ["\ufffd"]
    assert [w.code for w in ctx.warnings] == ["json-undecodable-text"]


def test_half_a_surrogate_pair_never_enters_a_record() -> None:
    dataset, _, _ = inspect(b'{"a":"\\ud800","b":1}\n{"a":"x","b":2}\n')
    assert "b" in [field.path for field in dataset.fields]
    assert encode(Record(URN, dataset))


def test_compressed_heads() -> None:
    text = gzip.compress(b'{"a":1}\n' * 50_000)
    dataset, stats, _ = inspect(text)
    assert dataset.layout is not None
    assert dataset.layout.options == [("compression", "gzip"), ("records", "lines")]
    assert stats.row_count is None


def test_a_file_that_changed_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "a b.json"
    path.write_bytes(b'{"a":1}\n')
    storage = LocalStorage(tmp_path)
    listed = storage.file(storage.stat("a b.json"), URN)
    form = JsonFormat(JsonConfig())
    assert len(list(form.inspect([listed], MemoryContext()))) == 2
    path.write_bytes(b'{"a":1}\n{}\n')
    with pytest.raises(RetryableError, match="changed"):
        list(form.inspect([listed], MemoryContext()))
    path.unlink()
    with pytest.raises(UnitError, match="removed"):
        list(form.inspect([listed], MemoryContext()))
    ctx = MemoryContext()
    ctx.cancelled = lambda: True
    assert list(form.inspect([listed], ctx)) == []


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just("2024-01-01")
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
SHAPES = st.recursive(
    st.sampled_from([1, 2.5, "x", True, None, "2024-01-01"]),
    lambda inner: st.lists(inner, max_size=1) | st.dictionaries(st.text("abc.é", max_size=2), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.text("abc. ", max_size=2), SHAPES, max_size=4), st.integers(1, 3))
def test_both_ways_of_inference_agree(record: dict[str, Any], times: int) -> None:
    records = [json.dumps(record).encode()] * times
    fields, mixed = infer(records)
    assert mixed == []
    assert (fields, mixed) == _by_value(records)


@settings(max_examples=80, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=4), st.booleans())
@example([[float("inf")], None], False)
def test_whatever_python_writes_is_read(values: list[Any], pretty: bool) -> None:
    text = json.dumps(values, indent=1) if pretty else "\n".join(map(json.dumps, values))
    dataset, _, _ = inspect(text.encode())
    assert len({field.path for field in dataset.fields}) == len(dataset.fields)
    assert encode(Record(URN, dataset))


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=60) | st.text('[]{}",:1a \n', max_size=60).map(str.encode))
def test_any_bytes_are_understood_or_refused(data: bytes) -> None:
    try:
        dataset, _, _ = inspect(data)
    except UnitError:
        return
    assert encode(Record(URN, dataset))
