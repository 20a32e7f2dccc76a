"""Footers first, then rows: what Parquet says for a profile."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("datasketches")

from lumos_source_parquet.profile import known_columns

from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import Scope, Stats
from lumos_core.testing.context import MemoryContext


def profile(folder: Path, profile: object = True) -> tuple[Stats, dict, dict]:
    entry = {"type": "parquet", "path": ".", "profile": profile}
    source, ctx = Registry.load().spec("source", entry, folder).build(), MemoryContext()
    records = [record for unit in source.plan(Scope(), ctx) for record in source.extract(unit, ctx)]
    [stats] = [record.value for record in records if record.kind == "stats"]
    assert ctx.warnings == []
    return stats, {path: dict(found) for path, found in stats.fields}, dict(stats.properties)


def test_footers_of_every_type(tmp_path):
    table = pa.table(
        {
            "n": [1, None, 7],
            "f": [0.5, 1.5, float("inf")],
            "d": pa.array([Decimal("1.10"), None, Decimal("2.20")]),
            "day": [dt.date(2024, 1, 1), dt.date(2024, 1, 2), None],
            "at": [dt.datetime(2024, 1, 1, 12), None, None],
            "s": ["a", "b", "c"],
            "b": [True, False, None],
            "e.mail": [1, 2, 3],
            "p": [{"x.y": 1}, {"x.y": 2}, None],
            "l": [[1], [2], [3]],
            "no": pa.nulls(3, pa.int64()),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=2)
    known = known_columns(pq.read_metadata(tmp_path / "t.parquet"))
    assert (known["n"].rows, known["n"].nulls, known["n"].minimum, known["n"].maximum) == (3, 1, 1, 7)
    assert known["f"].minimum is None and known["f"].nulls == 0
    assert known["d"].maximum == Decimal("2.20") and known["day"].minimum == dt.date(2024, 1, 1)
    assert known["s"].minimum is None and known["b"].minimum is None
    assert known["`e.mail`"].maximum == 3 and known["no"].nulls == 3 and "l" not in known
    stats, found, _ = profile(tmp_path, {"from": "statistics"})
    assert found["day"]["max"] == "2024-01-02" and found["at"]["min"] == "2024-01-01T12:00:00"
    assert "max" not in found["`e.mail`"] and found["no"]["null_share"] == "1"
    assert dict(stats.metrics) == {}


def test_times_that_python_does_not_have(tmp_path):
    table = pa.table({"ns": pa.array([1, 1_500], pa.timestamp("ns")), "far": pa.array([2**60] * 2, pa.timestamp("us"))})
    pq.write_table(table, tmp_path / "t.parquet")
    found = profile(tmp_path)[1]
    assert found["ns"]["max"] == "1970-01-01T00:00:00.000001" and found["far"]["max"].endswith("days since 1970")


def test_a_file_without_statistics_is_read(tmp_path):
    pq.write_table(pa.table({"n": [1, 2]}), tmp_path / "t.parquet", write_statistics=False)
    assert known_columns(pq.read_metadata(tmp_path / "t.parquet")) == {}
    assert profile(tmp_path)[1]["n"]["max"] == "2"


def test_a_sample_of_row_groups_knows_the_range_of_all(tmp_path):
    pq.write_table(pa.table({"n": range(50_000), "s": ["x"] * 50_000}), tmp_path / "t.parquet", row_group_size=1_000)
    stats, found, said = profile(tmp_path, {"rows": 800})
    assert said["profile.sample"] == "the first rows of 8 of 50 row groups"
    assert dict(stats.metrics)["profiled_rows"] == 800 and stats.row_count == 50_000
    assert (found["n"]["min"], found["n"]["max"], found["n"]["null_count"]) == ("0", "49999", 0)
    assert found["n"]["of_all_rows"] == "max, min, null_count, null_share"
    assert 20_000 < float(found["n"]["average"]) < 30_000


def test_a_dot_in_a_name_and_what_is_excluded(tmp_path):
    table = pa.table({"a.b": [1, 2], "a": [{"b": 5}, {"b": 6}], "c": [1, 2]})
    pq.write_table(table, tmp_path / "t.parquet")
    found = profile(tmp_path)[1]
    assert found["`a.b`"]["max"] == "2" and found["a.b"]["max"] == "6"
    left = profile(tmp_path, {"exclude": ["a.b"]})[1]
    assert "a.b" not in left and left["c"]["max"] == "2"
