"""Tables that a marker owns: what the log says is all that is said, and what it does not say is not known."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_lake import CrawlConfig, Entry, discover
from lumos_lake.source import FolderCrawler
from lumos_lake.storage import LocalStorage
from lumos_lake.tables import hidden, public, time_of, whole
from pydantic import Field as Option

from lumos_core.plugin_api import (
    Config,
    Context,
    Dataset,
    Field,
    File,
    Format,
    Layout,
    PartitionField,
    Record,
    Scope,
    Stats,
    UnitError,
    urns,
)
from lumos_core.testing.context import MemoryContext

URN = urns.dataset("file", "t")
SECRET = "hunter2hunter2"


class LogConfig(Config):
    token: str = Option(default="", description="Nothing.")


class LogFormat(Format[LogConfig]):
    """A table whose log is one JSON object of name -> type; `!` is a broken one."""

    markers = ("_delta_log/",)
    name_in_urn = "delta"
    opened: list[str] = []

    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[Record]:
        with files[-1].open() as stream:
            text = stream.read().decode()
        self.opened.append(files[-1].path)
        if text == "!":
            raise UnitError("the log is cut off", why="it ends in a !", fix="restore it", where=files[-1].path)
        ctx.warn("odd", "this log is odd", files[-1].path)
        names = json.loads(text)
        layout = Layout(partition_by=[PartitionField(path=next(iter(names)), transform="identity")])
        fields = [Field(name, type=type_) for name, type_ in names.items()]
        yield Record(files[0].urn, Dataset(captured=["fields", "layout"], fields=fields, layout=layout))
        yield Record(f"{files[0].urn}#profile@2026-01-01T00:00:00Z", Stats(row_count=7, size_bytes=9, file_count=2))
        yield Record(f"{files[0].urn}#operation@2026-01-01T00:00:00Z", Stats(properties=[("operation", "WRITE")]))


def put(root: Path, path: str, text: str = "") -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


class Lake(FolderCrawler[CrawlConfig]):
    """The crawler with that format, or with none."""

    named = True

    def formats(self, ctx: Context) -> dict[str, Format[Any]]:
        return {"delta": LogFormat(LogConfig())} if self.named else {}


def read(root: Path, memo: dict[bytes, bytes] | None = None, *, named: bool = True, known: Iterable[Record] = ()):
    ctx = MemoryContext(known)
    if memo is not None:
        ctx.memo = memo
    source = Lake(CrawlConfig(path=root))
    source.named = named
    units = list(source.plan(Scope(), ctx))
    return {record.urn: record.value for unit in units for record in source.extract(unit, ctx)}, ctx


def test_the_log_speaks_and_leftover_files_do_not(tmp_path: Path) -> None:
    put(tmp_path, "t/_delta_log/0.json", '{"a": "int64"}')
    put(tmp_path, "t/gone.csv", "x,y\n1,2\n")
    found, _ = read(tmp_path)
    assert set(found) == {URN, f"{URN}#profile@2026-01-01T00:00:00Z", f"{URN}#operation@2026-01-01T00:00:00Z"}
    assert [field.path for field in found[URN].fields] == ["a"]
    profile = found[f"{URN}#profile@2026-01-01T00:00:00Z"]
    assert (profile.row_count, profile.size_bytes, profile.file_count) == (7, 9, 2)


def test_an_unchanged_log_is_not_opened_again_and_says_the_same(tmp_path: Path) -> None:
    put(tmp_path, "t/_delta_log/0.json", '{"a": "int64"}')
    memo: dict[bytes, bytes] = {}
    first, ctx = read(tmp_path, memo)
    LogFormat.opened.clear()
    second, again = read(tmp_path, memo)
    assert (LogFormat.opened, second) == ([], first)
    assert [w.code for w in again.warnings] == [w.code for w in ctx.warnings] == ["odd"]
    put(tmp_path, "t/_delta_log/1.json", '{"b": "int64"}')
    third, _ = read(tmp_path, memo)
    assert LogFormat.opened == ["t/_delta_log/1.json"] and third[URN].fields[0].path == "b"
    memo[next(key for key in memo if key.startswith(b"table\0"))] = b"\xc1"
    assert read(tmp_path, memo)[0] == third


def test_of_a_broken_log_nothing_is_concluded_layout_included(tmp_path: Path) -> None:
    put(tmp_path, "t/_delta_log/0.json", "!")
    found, ctx = read(tmp_path)
    assert found[URN].captured == [] and found[URN].layout.format == "delta"
    assert ctx.coverage.complete(URN) and "fields" in ctx.coverage.gaps(URN)
    (covered,) = [c for c in ctx.declared if c.status == "failed"]
    assert covered.reason == "t/_delta_log/0.json: the log is cut off: it ends in a !; to mend it, restore it"
    known = Record(URN, Dataset(aliases=[("delta", "1")]))
    assert read(tmp_path, known=[known])[0][URN].aliases == [("delta", "1")]


def test_a_table_whose_format_is_not_named_concludes_nothing_either(tmp_path: Path) -> None:
    put(tmp_path, "t/_delta_log/0.json", '{"a": "int64"}')
    found, ctx = read(tmp_path, named=False)
    assert found[URN].captured == [] and [w.code for w in ctx.warnings] == ["table-format-not-read"]


@pytest.mark.parametrize(
    "named, winner, also",
    [
        ((), "delta", ("iceberg", "hudi")),
        (("iceberg",), "iceberg", ("delta", "hudi")),
        (("hudi", "iceberg"), "iceberg", ("hudi", "delta")),
        (("hudi", "iceberg", "delta"), "delta", ("iceberg", "hudi")),
    ],
)
def test_of_several_markers_the_first_that_is_read_wins(named, winner, also) -> None:
    known = {"delta": ("_delta_log/",), "iceberg": ("metadata/*.metadata.json",), "hudi": (".hoodie/",)}
    paths = ["t/_delta_log/00.json", "t/metadata/v1.metadata.json", "t/.hoodie/hoodie.properties", "t/a.parquet"]
    (table,) = discover([Entry(path) for path in paths], markers={name: known[name] for name in named})
    assert (table.name, table.format) == ("t", winner) and set(table.also) == set(also)
    assert [entry.path for entry in table.files] == [path for path in paths if known[winner][0].split("/")[0] in path]
    assert any(f"its schema is that of {winner}" in reason for reason in table.evidence)


def test_a_file_is_read_whole_or_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(b"x" * 1000))
    storage = LocalStorage(tmp_path)
    file = storage.file(storage.stat("a"), URN)
    assert whole(file, 1000) == b"x" * 1000
    with pytest.raises(UnitError, match="999 bytes") as caught:
        whole(file, 999)
    assert caught.value.where == "a"


def test_times() -> None:
    assert time_of(0) == time_of(None) == time_of(-1) == time_of(10**18) == ""
    assert time_of(1_700_000_000_999) == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize(
    "key, value, shown",
    [
        ("fs.azure.account.key", SECRET, "***"),
        ("s3.secret-access-key", SECRET, "***"),
        ("oauth2.token", SECRET, "***"),
        ("url", f"jdbc:postgresql://me:{SECRET}@host/db", "jdbc:postgresql://me:***@host/db"),
        ("url", f"https://a.blob/x?sv=1&sig={SECRET}", "https://a.blob/x?sv=1&sig=***"),
        ("conn", f"Name=a;AccountKey={SECRET};x=1", "Name=a;AccountKey=***;x=1"),
        ("location", "abfss://lake@account.dfs/t", "abfss://lake@account.dfs/t"),
        ("delta.appendOnly", "true", "true"),
        ("write.parquet.compression-codec", "zstd", "zstd"),
    ],
)
def test_properties_are_shown_without_secrets(key: str, value: str, shown: str) -> None:
    assert public({key: value}) == public([(key, value)]) == [(key, shown)]
    assert SECRET not in hidden(value) or key != "url"


_WORDS = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789+/_-.", min_size=12, max_size=40)
_SHAPES = ["https://me:{}@host/x", "s3://key:{}@b/t", "a=1;password={};b", "x?sig={}&y=1", "api_key = {}", "token={}"]


@given(
    _WORDS,
    st.sampled_from(
        ["https://me:{}@host/x", "s3://key:{}@b/t", "a=1;password={};b", "x?sig={}&y=1", "api_key = {}", "token={}"]
    ),
    st.sampled_from(["upstream", "write.location", "comment"]),
)
def test_no_secret_survives_in_a_value(secret: str, shape: str, key: str) -> None:
    ((_, value),) = public({key: shape.format(secret)})
    assert secret not in value
    assert value == shape.format("***")


@given(
    _WORDS, st.sampled_from(["password", "s3.secret-access-key", "fs.azure.account.key.x", "AUTH_TOKEN", "credential"])
)
def test_no_secret_survives_under_its_name(secret: str, key: str) -> None:
    assert public({f"a.{key}.b": secret}) == [(f"a.{key}.b", "***")]
