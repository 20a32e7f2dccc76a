"""Records of JSON for a profile: whole when small, evenly spaced blocks of lines, or the beginning."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

pytest.importorskip("datasketches")

from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import Scope, Stats
from lumos_core.testing.context import MemoryContext


def profile(folder: Path, profile: object = True) -> tuple[Stats, dict, dict]:
    entry = {"type": "json", "path": ".", "profile": profile}
    source, ctx = Registry.load().spec("source", entry, folder).build(), MemoryContext()
    records = [record for unit in source.plan(Scope(), ctx) for record in source.extract(unit, ctx)]
    [stats] = [record.value for record in records if record.kind == "stats"]
    return stats, {path: dict(found) for path, found in stats.fields}, dict(stats.properties)


def lines(count: int) -> list[dict]:
    return [
        {"id": n, "at": {"x": n / 2}, "tags": ["a", "b"][: n % 3], **({"o": 1} if n % 2 else {})} for n in range(count)
    ]


def test_a_small_file_is_read_whole(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(lines(100)))
    stats, found, said = profile(tmp_path)
    assert said["profile.of"] == "all rows" and stats.row_count == 100
    assert found["at.x"]["max"] == "49.5" and found["o"]["null_count"] == 50
    assert found["tags[]"]["top_values"] == '[["a",66],["b",33]]'


def test_a_large_file_of_lines_is_sampled_from_one_end_to_the_other(tmp_path):
    text = "\n".join(map(json.dumps, lines(40_000)))
    (tmp_path / "a.jsonl").write_text(text + '\n{"id": NaN}\nnot json\n\n')
    _, found, said = profile(tmp_path, {"rows": 2_000})
    assert said["profile.sample"] == "16 evenly spaced blocks of lines"
    assert found["id"]["min"] == "0" and found["id"]["max"] == "39999" and found["id"]["not_finite_count"] == 1
    assert 15_000 < float(found["id"]["average"]) < 25_000
    whole, all_of_it, said = profile(tmp_path, {"rows": "all"})
    assert whole.row_count == 40_001 and said["profile.of"] == "all rows"
    assert all_of_it["at.x"]["max"] == "19999.5"


@pytest.mark.parametrize("name", ["a.json", "a.jsonl.gz"])
def test_what_has_no_other_place_to_begin_is_read_from_its_beginning(tmp_path, name):
    made = lines(30_000)
    if name == "a.json":
        (tmp_path / name).write_text(json.dumps(made))
    else:
        (tmp_path / name).write_bytes(gzip.compress("\n".join(map(json.dumps, made)).encode()))
    _, found, said = profile(tmp_path, {"rows": 2_000})
    assert said["profile.sample"] == "the beginning of the file"
    assert found["id"]["min"] == "0" and 500 < int(found["id"]["max"]) < 6_000
