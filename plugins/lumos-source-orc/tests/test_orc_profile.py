"""Footers first, then rows: what ORC says for a profile."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.orc as po
import pytest

pytest.importorskip("datasketches")

from lumos_source_orc.profile import known_columns
from lumos_source_orc.schema import Reader
from lumos_source_orc.tail import read_tail
from orc_tails import acid, field, footer, kind, orc

from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import Scope, Stats
from lumos_core.testing.context import MemoryContext


def profile(folder, profile=True) -> tuple[Stats, dict, dict, MemoryContext]:
    entry = {"type": "orc", "path": ".", "profile": profile}
    source, ctx = Registry.load().spec("source", entry, folder).build(), MemoryContext()
    records = [record for unit in source.plan(Scope(), ctx) for record in source.extract(unit, ctx)]
    [stats] = [record.value for record in records if record.kind == "stats"]
    return stats, {path: dict(found) for path, found in stats.fields}, dict(stats.properties), ctx


def known(table: pa.Table) -> dict:
    out = io.BytesIO()
    po.write_table(table, out)
    tail = read_tail(io.BytesIO(out.getvalue()), len(out.getvalue()))
    return known_columns(tail, Reader(tail))


def test_footers_of_every_type():
    found = known(
        pa.table(
            {
                "n": [1, None, -7],
                "f": [0.5, 1.5, float("inf")],
                "d": pa.array([Decimal("1.10"), None, Decimal("2.20")]),
                "day": [dt.date(1969, 1, 1), dt.date(2024, 1, 2), None],
                "at": [dt.datetime(2024, 1, 1, 12), None, None],
                "s": ["a", "b", "c"],
                "p": [{"x.y": 1}, {"x.y": 2}, None],
                "l": [[1], [2], [3]],
                "no": pa.nulls(3, pa.int64()),
            }
        )
    )
    assert (found["n"].rows, found["n"].nulls, found["n"].minimum, found["n"].maximum) == (3, 1, -7, 1)
    assert "f" not in found  # infinity is no bound
    assert (found["d"].minimum, found["d"].maximum) == (Decimal("1.10"), Decimal("2.20"))
    assert (found["day"].minimum, found["day"].maximum) == (dt.date(1969, 1, 1), dt.date(2024, 1, 2))
    assert found["at"] == (3, 2, None, None) and found["s"] == (3, 0, None, None)
    assert found["p.`x.y`"].maximum == 2 and found["p.`x.y`"].nulls == 1 and found["p"].nulls == 1
    assert found["no"].nulls == 3 and found["l"].nulls == 0 and "l[]" not in found


def test_rows_are_profiled(tmp_path):
    table = pa.table({"n": range(50_000), "a.b": ["x"] * 50_000, "p": [{"q": 1}] * 50_000})
    po.write_table(table, tmp_path / "t.orc")
    stats, found, _, ctx = profile(tmp_path)
    assert (found["n"]["max"], found["n"]["null_count"], found["p.q"]["max"]) == ("49999", 0, "1")
    assert stats.row_count == 50_000 and ctx.warnings == []
    stats, found, said, _ = profile(tmp_path, {"rows": 800, "exclude": ["a.b"]})
    assert said["profile.sample"] == "the first rows"
    assert dict(stats.metrics)["profiled_rows"] == 800 and found["n"]["max"] == "49999"


def test_what_cannot_be_profiled_is_said(tmp_path):
    secret = field(10, field(3, field(1, 1)))
    (tmp_path / "t.orc").write_bytes(orc(footer([kind(12, [1], ["a"]), kind(3)], 1, more=secret)))
    assert ["encrypted" in str(w) for w in profile(tmp_path)[3].warnings] == [True]
    (tmp_path / "t.orc").write_bytes(acid({}))
    assert ["events of Hive" in str(w) for w in profile(tmp_path)[3].warnings] == [True]
    (tmp_path / "t.orc").write_bytes(orc(footer([kind(12, [1], ["a"]), kind(3)], 1)))
    assert [w.code for w in profile(tmp_path)[3].warnings] in ([], ["cannot-profile"])


def test_values_that_cannot_be_read_are_said(tmp_path):
    out = io.BytesIO()
    po.write_table(pa.table({"n": [n * n % 10_007 for n in range(50_000)]}), out, compression="zlib")
    data = bytearray(out.getvalue())
    data[3:2_000] = b"\xff" * 1_997
    (tmp_path / "t.orc").write_bytes(data)
    stats, found, _, ctx = profile(tmp_path)
    assert [w.code for w in ctx.warnings] == ["cannot-profile"]
    assert stats.row_count == 50_000 and int(found["n"]["max"]) > 9_000  # the footer says it
