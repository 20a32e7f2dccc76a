"""The format `csv`: what a head of text says, and what odd text is answered with."""

from __future__ import annotations

import bz2
import csv as stdlib_csv
import gzip
import io
import lzma
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lumos_lake.storage import LocalStorage, StoredFile
from lumos_source_csv.config import CsvConfig
from lumos_source_csv.format import CsvFormat
from pydantic import ValidationError

from lumos_core.plugin_api import Dataset, Record, RetryableError, Stats, UnitError, decode, encode
from lumos_core.testing.context import MemoryContext

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

URN = "urn:lumos:dataset:(file,t,PROD)"


class Memory(StoredFile):
    """A file that is not on this machine's disk."""

    content: bytes = b""

    def open(self) -> io.BytesIO:
        return io.BytesIO(self.content)


def remote(content: bytes, path: str = "t.csv") -> Memory:
    return Memory(path, len(content), "etag", None, URN, content)


def inspect(content: bytes, **options: Any) -> tuple[Dataset, Stats, MemoryContext]:
    ctx = MemoryContext()
    dataset, stats = CsvFormat(CsvConfig(**options)).inspect([remote(content)], ctx)
    return dataset.value, stats.value, ctx


def columns(content: bytes, **options: Any) -> list[tuple[str, str]]:
    return [(field.path, field.type) for field in inspect(content, **options)[0].fields]


def option(content: bytes, name: str, **options: Any) -> str:
    layout = inspect(content, **options)[0].layout
    assert layout is not None
    return dict(layout.options)[name]


def codes(content: bytes, **options: Any) -> list[str]:
    return [warning.code for warning in inspect(content, **options)[2].warnings]


def test_types_are_inferred() -> None:
    text = (
        b"id,price,name,day,at,utc,ok,clock,nothing,zip,mixed\n"
        b"1,2.5,a,2024-01-31,2024-01-31 10:00:00,2024-01-31T10:00:00Z,true,10:30:00,,01234,1\n"
        b"2,3,b,2024-02-01,2024-01-31 10:00:00.5,2024-01-31T10:00:00Z,false,10:30:00,NA,99999,x\n"
    )
    assert columns(text) == [
        ("id", "int64"),
        ("price", "float64"),
        ("name", "string"),
        ("day", "date"),
        ("at", "timestamp(us)"),
        ("utc", "timestamptz(us)"),
        ("ok", "bool"),
        ("clock", "time(us)"),
        ("nothing", "unknown"),
        ("zip", "string"),
        ("mixed", "string"),
    ]
    dataset, stats, ctx = inspect(text)
    assert {(field.nullable, field.native_type) for field in dataset.fields} == {(None, None)}
    assert set(dataset.captured) == {"fields", "layout", "properties"}
    assert (stats.row_count, stats.size_bytes, stats.file_count) == (2, len(text), 1)
    assert ctx.warnings == []
    assert decode(encode(Record(URN, dataset))).value == dataset


@pytest.mark.parametrize(
    "text, delimiter, width",
    [
        (b"a,b\n1,2\n", ",", 2),
        (b"a;b\n1,5;2,5\n3,4;4,4\n", ";", 2),
        (b"a\tb c\n1\t2,3\n4\t5,6\n", "\t", 2),
        (b"a|b|c\n1|2|3\n", "|", 3),
        (b'"a;x","b;y"\n"1;2",2\n', ",", 2),
        (b'a,b\n"x\n;y\n",1\n"z;",2\n', ",", 2),
        (b"name\nx\ny\n", ",", 1),
        (b"sep=|\r\na|b\r\n1|2\r\n", "|", 2),
        (b"a;b", ";", 2),
        (b"a;b\r1;2\r3;4\r", ";", 2),
        (b'a,b\n5" pipe,1\n6" pipe,2\n', ",", 2),
    ],
)
def test_the_delimiter_is_found_out(text: bytes, delimiter: str, width: int) -> None:
    assert option(text, "delimiter") == delimiter
    assert len(columns(text)) == width


@pytest.mark.parametrize(
    "text, names",
    [
        (b"id,name\n1,x\n", ["id", "name"]),
        (b"1,x\n2,y\n", None),
        (b"2024-01-01,5\n2024-01-02,6\n", None),
        (b"country,2019,2020\nDE,1.5,2\n", ["country", "2019", "2020"]),
        (b"Alice,Berlin\nBob,Berlin\nEve,Rome\n", None),
        (b"name,city\nBob,Berlin\nname,city\nEve,Rome\n", ["name", "city"]),
        (b"first,last\nAda,Lovelace\n", ["first", "last"]),
        (b"id,1\n2,3\n", ["id", "1"]),
        (b",,\n1,2,3\n", None),
        (b"\n\nid\n1\n", ["id"]),
        (b'"first\nline",b\n1,2\n', ["first\nline", "b"]),
        (b" padded ,\xf0\x9f\x8d\x8e,\xd9\x85\n1,2,3\n", [" padded ", "🍎", "م"]),
    ],
)
def test_the_header_is_found_out(text: bytes, names: list[str] | None) -> None:
    found = [path for path, _ in columns(text)]
    assert option(text, "header") == ("false" if names is None else "true")
    assert found == (names if names is not None else [f"column_{n}" for n in range(1, len(found) + 1)])


def test_options_decide_before_anything_is_found_out() -> None:
    assert columns(b"a,b\n1,2\n", header=False) == [("column_1", "string"), ("column_2", "string")]
    assert columns(b"1,2\n3,4\n", header=True) == [("1", "int64"), ("2", "int64")]
    assert columns(b"a,b\n1,2\n", delimiter=";") == [("a,b", "string")]
    assert columns(b"a,b\n'1,5',2\n", quote="'") == [("a", "string"), ("b", "int64")]
    assert columns(b'a,b\n"1\\",2",2\n', escape="\\") == [("a", "string"), ("b", "int64")]
    assert columns(b'a,b\n5",2\n', quote="") == [("a", "string"), ("b", "int64")]
    assert columns(b"a,b\n-,2\n1,3\n", null_values=["-"]) == [("a", "int64"), ("b", "int64")]
    assert columns(b"# made by x\n# today\na,b\n1,2\n", skip_lines=2) == [("a", "int64"), ("b", "int64")]
    assert columns(b"a\n\xa4\n", encoding="iso-8859-15") == [("a", "string")]
    assert option(b"a\n\xa4\n", "encoding", encoding="iso8859_15") == "iso8859-15"


@pytest.mark.parametrize(
    "data, encoding, warned",
    [
        ("näme,x\nMüller,1\n".encode(), "utf-8", []),
        ("näme,x\nMüller,1\n".encode("utf-8-sig"), "utf-8", []),
        ("näme,x\nMüller,1\n".encode("utf-16"), "utf-16-le", []),
        ("näme,x\nMüller,1\n".encode("utf-32"), "utf-32-le", []),
        ("\ufeffnäme,x\nMüller,1\n".encode("utf-16-be"), "utf-16-be", []),
        ("näme,x\nMüller,1\n".encode("utf-16-le"), "utf-16-le", ["csv-encoding-guessed"]),
        ("näme,x\nMüller,1\n".encode("utf-16-be"), "utf-16-be", ["csv-encoding-guessed"]),
        ("näme,x\nMüller,1\n".encode("latin-1"), "latin-1", ["csv-encoding-guessed"]),
        ("näme,x\n“Müller” €,1\n".encode("windows-1252"), "windows-1252", ["csv-encoding-guessed"]),
    ],
)
def test_encodings(data: bytes, encoding: str, warned: list[str]) -> None:
    assert columns(data) == [("näme", "string"), ("x", "int64")]
    assert option(data, "encoding") == encoding
    assert codes(data) == warned


def test_bytes_outside_the_given_encoding_are_replaced_and_said() -> None:
    assert codes(b"a,b\n\xff,1\n", encoding="utf-8") == ["csv-undecodable-text"]
    assert codes(b"\xef\xbb\xbfa,b\n\xff,1\n") == ["csv-undecodable-text"]


def test_a_character_cut_by_the_bound_is_no_error() -> None:
    text = "a,b\n" + "ü,1\n" * 1000
    for extra in range(4):
        padded = ("x" * extra + text).encode()
        assert codes(padded, sample_bytes=1024) == []


@pytest.mark.parametrize(
    "name, compress",
    [("gzip", gzip.compress), ("bzip2", bz2.compress), ("zstd", zstd.compress), ("xz", lzma.compress)],
)
def test_compressed_heads(name: str, compress: Any) -> None:
    text = b"a,b\n" + b"1,x\n" * 40_000
    data = compress(text)
    assert columns(data) == [("a", "int64"), ("b", "string")]
    assert option(data, "compression") == name
    dataset, stats, _ = inspect(data)
    assert dataset.properties == [("csv.sampled_bytes", "65536")]
    assert stats.row_count is None
    small = compress(b"a,b\n1,x\n")
    assert inspect(small)[1].row_count == 1
    assert inspect(small + small if name != "gzip" else small + gzip.compress(b"2,y\n"))[1].row_count in (2, 3)
    with pytest.raises(UnitError, match="stream is") as caught:
        inspect(compress(os.urandom(500))[:-20])
    assert caught.value.where == "t.csv"


def test_a_sample_is_bounded_and_says_so() -> None:
    text = b"a,b\n" + b"1,x\n" * 1000 + b"late,x\n"
    dataset, stats, _ = inspect(text, sample_bytes=1024)
    assert [(f.path, f.type) for f in dataset.fields] == [("a", "int64"), ("b", "string")]
    assert dataset.properties == [("csv.sampled_bytes", "1024")]
    assert stats.row_count is None
    assert inspect(text)[0].properties == []
    assert columns(text)[0] == ("a", "string")


def test_the_bound_never_cuts_a_quoted_cell() -> None:
    text = b"a,b\n" + b'1,"x\n1,2\n3"\n' * 500
    for size in range(1024, 1040):
        assert columns(text, sample_bytes=size) == [("a", "int64"), ("b", "string")]
        assert codes(text, sample_bytes=size) == []


def test_ten_thousand_columns() -> None:
    header = ",".join(f"a rather long column name {n}" for n in range(10_000))
    row = ",".join("1" if n % 2 else "x" for n in range(10_000))
    found = columns(f"{header}\n{row}\n{row}\n".encode())
    assert len(found) == 10_000
    assert found[1] == ("a rather long column name 1", "int64")


def test_a_line_above_every_bound_still_ends() -> None:
    found = columns(b"a" * 100_000, sample_bytes=1024)
    assert len(found) == 1


def test_names_that_occur_twice() -> None:
    assert columns(b"a,a,,a_2,a\n1,2,3,4,5\n") == [
        *(("a", "int64"), ("a_3", "int64"), ("column_3", "int64"), ("a_2", "int64"), ("a_4", "int64"))
    ]
    assert codes(b"a,a\n1,2\n") == ["csv-duplicate-names"]


def test_ragged_rows_are_left_out_and_said() -> None:
    dataset, stats, ctx = inspect(b"a,b\n1,2\n3\n4,5,6\n7,8\n9,10\n")
    assert [(f.path, f.type) for f in dataset.fields] == [("a", "int64"), ("b", "int64")]
    assert stats.row_count == 5
    assert [(w.code, w.where) for w in ctx.warnings] == [("csv-ragged-rows", "t.csv")]
    assert "2 of 5" in ctx.warnings[0].message


def test_rows_wider_than_the_header_get_columns_without_a_name() -> None:
    assert columns(b"a,b\n1,2,x\n3,4,y\n") == [("a", "int64"), ("b", "int64"), ("column_3", "string")]
    assert codes(b"a,b\n1,2,x\n3,4,y\n") == ["csv-missing-names"]


@pytest.mark.parametrize("text", [b"", b"\n\r\n\n", b"  \n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_stated_and_concludes_nothing(text: bytes) -> None:
    dataset, stats, ctx = inspect(text)
    assert dataset.fields == []
    assert "fields" not in dataset.captured
    assert [w.code for w in ctx.warnings] == ["empty-file"]
    assert stats.row_count == 0


def test_a_header_alone_gives_names() -> None:
    assert columns(b"a,b\n") == [("a", "unknown"), ("b", "unknown")]


@pytest.mark.parametrize("data", [bytes(range(256)) * 9, b"\0\1\2\3" * 500, os.urandom(5000) + b"\0" * 500])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(UnitError, match="no text") as caught:
        inspect(data)
    assert caught.value.fix


def test_an_unterminated_quote_and_stray_nuls_do_not_end_a_run() -> None:
    assert [path for path, _ in columns(b'a,b\n1,"never closed\n2,3\n')] == ["a", "b"]
    assert [path for path, _ in columns(b"a,b\n1,\0x\n" + b"2,y\n" * 100)] == ["a", "b"]
    assert len(columns(b'"never closed,b\n1,2\n' + b"3,4\n" * 10)) >= 1


def test_a_file_that_changed_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "a b.csv").write_bytes(b"a\n1\n")
    storage = LocalStorage(tmp_path)
    listed = storage.file(storage.stat("a b.csv"), URN)
    form = CsvFormat(CsvConfig())
    assert len(list(form.inspect([listed], MemoryContext()))) == 2
    (tmp_path / "a b.csv").write_bytes(b"a\n1\n2\n")
    with pytest.raises(RetryableError, match="changed"):
        list(form.inspect([listed], MemoryContext()))
    (tmp_path / "a b.csv").unlink()
    with pytest.raises(UnitError, match="removed"):
        list(form.inspect([listed], MemoryContext()))
    ctx = MemoryContext()
    ctx.cancelled = lambda: True
    assert list(form.inspect([listed], ctx)) == []


@pytest.mark.parametrize(
    "options",
    [
        *({"delimiter": ";;"}, {"delimiter": '"'}, {"delimiter": "é"}, {"quote": "\n"}, {"encoding": "no-such"}),
        *({"sample_bytes": 1}, {"skip_lines": -1}, {"escape": "ab"}),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CsvConfig(**options)


def test_a_tab_may_be_written_as_a_word() -> None:
    assert CsvConfig(delimiter="tab").delimiter == "\t"


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(CELLS, min_size=2, max_size=5, unique=True), st.integers(1, 5), st.sampled_from(",;|\t"))
def test_what_the_standard_library_writes_is_read(names: list[str], rows: int, delimiter: str) -> None:
    names = [f"n{name}" for name in names]
    out = io.StringIO()
    writer = stdlib_csv.writer(out, delimiter=delimiter, quoting=stdlib_csv.QUOTE_ALL)
    writer.writerow(names)
    writer.writerows([list(range(len(names)))] * rows)
    dataset, stats, ctx = inspect(out.getvalue().encode())
    assert len(dataset.fields) == len(names)
    assert {field.type for field in dataset.fields} == {"int64"}
    assert stats.row_count == rows
    assert ctx.warnings == []


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_understood_or_refused(data: bytes) -> None:
    try:
        dataset, _, _ = inspect(data)
    except UnitError:
        return
    assert len({field.path for field in dataset.fields}) == len(dataset.fields)
    assert encode(Record(URN, dataset))
