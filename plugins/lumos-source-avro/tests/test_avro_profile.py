"""Records of Avro for a profile: whole when small, else evenly spaced places that the file's own marks show."""

from __future__ import annotations

from pathlib import Path

import fastavro
import pytest

pytest.importorskip("datasketches")

from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import Scope, Stats
from lumos_core.testing.context import MemoryContext

SCHEMA = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "price", "type": ["null", "double"]},
        {"name": "key", "type": {"type": "string", "logicalType": "uuid"}},
    ],
}


def write(folder: Path, count: int, codec: str = "deflate") -> Path:
    path = folder / "a.avro"
    key = "00000000-0000-0000-0000-00000000000{}"
    rows = ({"id": n, "price": n / 2 if n % 2 else None, "key": key.format(n % 9)} for n in range(count))
    with path.open("wb") as file:
        fastavro.writer(file, SCHEMA, rows, codec=codec)
    return path


def profile(folder: Path, profile: object = True) -> tuple[Stats, dict, dict, MemoryContext]:
    entry = {"type": "avro", "path": ".", "profile": profile}
    source, ctx = Registry.load().spec("source", entry, folder).build(), MemoryContext()
    records = [record for unit in source.plan(Scope(), ctx) for record in source.extract(unit, ctx)]
    [stats] = [record.value for record in records if record.kind == "stats"]
    return stats, {path: dict(found) for path, found in stats.fields}, dict(stats.properties), ctx


def test_a_small_file_is_read_whole_so_that_its_rows_are_known(tmp_path):
    write(tmp_path, 300)
    stats, found, said, _ = profile(tmp_path)
    assert said["profile.of"] == "all rows" and stats.row_count == 300
    assert found["id"]["max"] == "299" and found["price"]["null_count"] == 150
    assert found["key"]["distinct_count"] == 9


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_a_large_file_is_sampled_from_one_end_to_the_other(tmp_path, codec):
    write(tmp_path, 80_000, codec)
    stats, found, said, _ = profile(tmp_path, {"rows": 4_000})
    assert said["profile.sample"] == "16 evenly spaced places" and stats.row_count is None
    assert 2_000 < dict(stats.metrics)["profiled_rows"] <= 4_000
    assert found["id"]["min"] == "0" and int(found["id"]["max"]) > 70_000
    assert 30_000 < float(found["id"]["average"]) < 50_000
    assert found["id"]["distinct_count"] > 0.9 * dict(stats.metrics)["profiled_rows"]
    assert profile(tmp_path, {"rows": 4_000})[0] == stats


def test_a_broken_record_is_told(tmp_path):
    path = write(tmp_path, 80_000, "null")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2_000] = b"\xff" * 2_000
    path.write_bytes(bytes(data))
    _, _, said, ctx = profile(tmp_path, {"rows": "all"})
    assert said["profile.of"] == "a sample"
    assert [notice.code for notice in ctx.warnings] == ["cannot-profile"]
