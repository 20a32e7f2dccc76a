"""Which commits count, how far they are read, and what a broken one means."""

from __future__ import annotations

import io
import json

import fastavro
import pytest
from lumos_format_hudi.commit import LARGEST
from lumos_format_hudi.config import HudiConfig
from pydantic import ValidationError

from lumos_core.plugin_api import UnitError

HOLLOW = {"type": "record", "name": "hollow", "fields": []}
LIST_OF_HOLLOW = {"name": "c", "type": {"type": "array", "items": "hollow"}}
T1, T2, T3, T4 = (f"2026010{day}093000000" for day in range(1, 5))


def paths_of(table, **options):
    return [field.path for field in table.table(**options).fields if not field.path.startswith("_hoodie")]


@pytest.mark.parametrize("version", [0, 5, 6, 7, 8, 9])
def test_the_newest_complete_commit_tells_the_schema(table, version):
    table.create(version)
    table.commit(T1, schema=table.schema("id"))
    table.commit(T2, schema=table.schema("id", "b"), action="deltacommit")
    below = "timeline/" if version >= 8 else ""
    for name in (f"{T3}.commit.requested", f"{T3}.inflight", f"{T3}.commit.inflight", f"{T4}.compaction.requested"):
        table.write(below + name, "rubbish")
    for name in (f"{T3}.clean", f"{T3}.savepoint", f"{T3}.commit.crc", f".{T3}.commit", "x.commit", f"{T3}.rollback"):
        table.write(below + name, "rubbish")
    assert paths_of(table) == ["id", "b"]
    assert table.operation()[1] == {"action": "deltacommit", "instant": T2, "operation": "UPSERT"}


def test_layouts_are_not_mixed_up(table):
    table.create(8)
    table.commit(T1)
    table.write(f"{T2}.commit", "rubbish of a version before")
    table.write(f"metadata/.hoodie/timeline/{T3}_{T3}.deltacommit", "of the metadata table")
    table.write(f".aux/{T4}.commit", "rubbish")
    assert paths_of(table) == ["id"] and table.size() == (0, 0, 0)


def test_a_timeline_of_another_name(table):
    table.create(8, timeline__path="times/now", timeline__history__path="then")
    (table.folder / "timeline").mkdir()
    table.commit(T1, table.stat("a", "p/a_0_1.parquet"))
    (table.folder / "timeline").rename(table.folder / "now")
    (table.folder / "times").mkdir()
    (table.folder / "now").rename(table.folder / "times" / "now")
    assert table.size() == (10, 100, 1)
    table.write("times/now/then/manifest_1", "{}")
    assert table.size() is None and paths_of(table) == ["id"]


def test_the_order_is_that_of_the_requests(table):
    """A commit that was requested first and complete last does not tell the schema, but it is the last operation."""
    table.create(8, table__timeline__timezone="UTC")
    table.commit(T1, end=T4, schema=table.schema("id"), operation="INSERT")
    table.commit(T2, end=T3, schema=table.schema("id", "b"))
    assert paths_of(table) == ["id", "b"]
    at, said, _ = table.operation()
    assert at == "2026-01-04T09:30:00Z" and (said["instant"], said["operation"]) == (T1, "INSERT")
    assert paths_of(table, statistics=False) == ["id", "b"]


@pytest.mark.parametrize("operation", ["CLUSTER", "COMPACT", "INDEX", "LOG_COMPACT"])
def test_services_do_not_tell_the_schema(table, operation):
    table.create()
    table.commit(T1, schema=table.schema("id", "b"))
    table.commit(T2, schema=table.schema("id"), operation=operation)
    table.commit(T3, schema="")
    assert paths_of(table) == ["id", "b"]


def test_without_a_commit_the_table_is_as_it_was_created(table):
    table.create(table__create__schema=table.schema("id", "made"))
    assert paths_of(table) == ["id", "made"] and table.size() == (0, 0, 0)
    table.commit(T1, schema="", operation="DELETE_PARTITION")
    assert paths_of(table) == ["id", "made"]


@pytest.mark.parametrize("archived", [True, False])
def test_no_word_of_a_schema(table, archived):
    table.create(table__create__schema=table.schema("old") if archived else "")
    table.commit(T1, schema="", operation="DELETE_PARTITION")
    if archived:
        table.write("archived/.commits_.archive.1_1-0-1", "older ones")
    with pytest.raises(UnitError, match="not known") as caught:
        table.records()
    assert ("history" in caught.value.why) is archived and caught.value.fix and caught.value.where


@pytest.mark.parametrize("version", [6, 8])
@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", "\x89PNG", '{"extraMetadata": {"schema": 7}}', "Obj\x01", "Obj\x01rubbish" * 9, '"\udc80"'],
)
def test_a_broken_commit(table, version, content):
    table.create(version)
    table.commit(T1, schema=table.schema("id", "b"))
    path = table.commit(T2)
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(UnitError, match="cannot be read") as caught:
        table.records()
    assert caught.value.why and caught.value.fix and T2 in caught.value.where
    table.commit(T3, schema=table.schema("id", "b", "c"))
    assert paths_of(table) == ["id", "b", "c"] and table.size() is None
    assert "rows, bytes and files are not known" in table.ctx.warnings[-1].message
    assert table.operation()[1]["instant"] == T3


def test_a_commit_that_is_cut_off_anywhere_is_refused(table, as_avro):
    table.create(8)
    whole = as_avro(table.said(table.stat("a", "p/a_0_1.parquet")))
    for end in range(0, len(whole) - 16, 7):  # the last 16 bytes only mark the end
        table.write(f"timeline/{T1}_{T1}.commit", whole[:end])
        with pytest.raises(UnitError, match="cannot be read"):
            table.records()
    text = json.dumps(table.said())
    table.create(6)
    for end in range(0, len(text), 5):
        table.write(f"{T1}.commit", text[:end])
        with pytest.raises(UnitError, match="cannot be read"):
            table.records()


def test_a_commit_that_is_compressed_is_none(table, as_avro):
    table.create(8)
    table.write(f"timeline/{T1}_{T1}.commit", as_avro(table.said(), codec="deflate"))
    with pytest.raises(UnitError) as caught:
        table.records()
    assert "compressed" in caught.value.why


def test_version_8_takes_json_too(table):
    table.create(8)
    table.write(f"timeline/{T1}_{T1}.commit", json.dumps(table.said(table.stat("a", "p/a_0_1.parquet"))))
    assert table.size() == (10, 100, 1)


def test_a_commit_that_is_too_large_is_not_read(table, monkeypatch):
    assert LARGEST == 256 * 2**20
    monkeypatch.setattr("lumos_format_hudi.commit.LARGEST", 1000)
    table.create()
    table.commit(T1, schema=table.schema("id", "b" * 2000))
    with pytest.raises(UnitError) as caught:
        table.records()
    assert "1,000 bytes" in caught.value.why


def test_an_instant_that_is_complete_twice(table):
    table.create(8)
    table.commit(T1, end=T2)
    table.commit(T1, end=T3)
    with pytest.raises(UnitError, match="twice") as caught:
        table.records()
    assert caught.value.why and caught.value.fix and caught.value.where


def test_an_endless_timeline(table):
    table.create()
    for number in range(30):
        schema = "" if number > 20 else table.schema("id")
        table.commit(f"202601010000{number:02}000", schema=schema, operation="DELETE_PARTITION")
    assert table.size(max_commits=30) == (0, 0, 0) and not table.ctx.warnings
    assert table.size(max_commits=20) is None and paths_of(table, max_commits=20) == ["id"]
    assert "max_commits" in table.ctx.warnings[-1].message
    with pytest.raises(UnitError, match="too long") as caught:
        table.records(max_commits=5)
    assert "max_commits" in caught.value.why and "archive" in caught.value.fix
    table.commit("20260102000000000", schema="", pad="x" * 2**20)
    with pytest.raises(UnitError, match="too long") as caught:
        table.records(max_log_mib=1)
    assert "max_log_mib" in caught.value.why
    table.commit("20260103000000000")
    assert table.size(max_log_mib=1) is None and paths_of(table, max_log_mib=1) == ["id"]


def test_without_statistics_reading_stops_at_the_schema(table):
    table.create()
    table.commit(T1).write_text("rubbish")
    table.commit(T2)
    assert paths_of(table, statistics=False) == ["id"] and table.size(statistics=False) is None
    assert not table.ctx.warnings and table.operation()[1]["instant"] == T2


@pytest.mark.parametrize(
    "zone, option, expected",
    [
        ("UTC", "", "2026-01-01T09:30:00Z"),
        ("UTC", "Europe/Berlin", "2026-01-01T09:30:00Z"),
        ("LOCAL", "Europe/Berlin", "2026-01-01T08:30:00Z"),
        ("LOCAL", "", "2026-01-15T10:30:00Z"),
    ],
)
def test_when_it_was(table, zone, option, expected):
    table.create(table__timeline__timezone=zone)
    table.commit(T1)
    _, operation, profile = table.records(time_zone=option)
    assert [record.urn.rpartition("@")[2] for record in (operation, profile)] == [expected] * 2
    table.commit("00000000000000010")
    assert len(table.records()) == 3


@pytest.mark.parametrize("instant", ["20261341000000000", "000", "00000000000000000"])
def test_an_instant_that_is_no_time(table, instant):
    table.create(table__timeline__timezone="UTC")
    table.commit(instant)
    assert table.operation()[0] == "2026-01-15T10:30:00Z"


def test_a_zone_that_is_none():
    assert HudiConfig(time_zone="Asia/Tokyo").time_zone == "Asia/Tokyo"
    for zone in ("Mars/Olympus", "../etc/passwd", "/etc", "\0"):
        with pytest.raises(ValidationError, match="no IANA time zone"):
            HudiConfig(time_zone=zone)


@pytest.mark.parametrize(
    "items",
    [
        "null",
        {"type": "null"},
        HOLLOW,
        {"type": "record", "name": "hollow", "fields": [{"name": "a", "type": "null"}]},
        {"type": "fixed", "name": "hollow", "size": 0},
        {"type": "map", "values": ["string", {"type": "array", "items": "null"}]},
        {"type": "record", "name": "a", "fields": [{"name": "b", "type": HOLLOW}, LIST_OF_HOLLOW]},
    ],
)
def test_an_array_of_nothing_is_never_counted_out(table, items):
    """Such an array takes no byte per element, so that a few bytes would keep a reader busy for years."""
    out = io.BytesIO()
    bomb = {"type": "record", "name": "HoodieCommitMetadata", "fields": [{"name": "x", "type": {"type": "array"}}]}
    bomb["fields"][0]["type"]["items"] = items
    fastavro.writer(out, bomb, [{"x": []}])
    table.create(8)
    table.write(f"timeline/{T1}_{T1}.commit", out.getvalue())
    with pytest.raises(UnitError) as caught:
        table.records()
    assert "array of nothing" in caught.value.why
