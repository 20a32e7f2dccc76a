"""Rows of delimited text for a profile: whole when small, evenly spaced blocks, or the beginning."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

pytest.importorskip("datasketches")

from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import Scope, Stats
from lumos_core.testing.context import MemoryContext


def profile(folder: Path, profile: object = True, **options) -> tuple[Stats, dict, dict]:
    entry = {"type": "csv", "path": ".", "profile": profile, **options}
    source, ctx = Registry.load().spec("source", entry, folder).build(), MemoryContext()
    records = [record for unit in source.plan(Scope(), ctx) for record in source.extract(unit, ctx)]
    [stats] = [record.value for record in records if record.kind == "stats"]
    assert not [notice for notice in ctx.warnings if notice.code == "cannot-profile"]
    return stats, {path: dict(found) for path, found in stats.fields}, dict(stats.properties)


def rows(count: int, note: str = "ä") -> str:
    return "id,price,day,note\n" + "".join(f"{n},{n}.5,2024-01-0{1 + n % 9},{note}\n" for n in range(count))


def test_a_small_file_is_read_whole(tmp_path):
    (tmp_path / "a.csv").write_text(rows(500), encoding="utf-8")
    stats, found, said = profile(tmp_path)
    assert said["profile.of"] == "all rows" and stats.row_count == 500
    assert (found["id"]["min"], found["id"]["max"], found["id"]["null_count"]) == ("0", "499", 0)
    assert found["price"]["average"] == "250" and found["day"]["max"] == "2024-01-09"
    assert found["note"]["top_values"] == '[["ä",500]]'


def test_rows_that_the_head_does_not_hold_are_counted_when_all_are_read(tmp_path):
    (tmp_path / "a.csv").write_text(rows(20_000), encoding="utf-8")
    stats, found, said = profile(tmp_path, {"rows": "all"})
    assert (stats.row_count, found["id"]["max"], said["profile.of"]) == (20_000, "19999", "all rows")
    assert found["id"]["average"] == "9999.5"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_a_large_file_is_sampled_from_one_end_to_the_other(tmp_path, encoding):
    (tmp_path / "a.csv").write_text(rows(60_000), encoding=encoding)
    stats, found, said = profile(tmp_path, {"rows": 2_000})
    assert said["profile.sample"] == "16 evenly spaced blocks of text" and stats.row_count is None
    assert 1_000 < dict(stats.metrics)["profiled_rows"] < 3_000
    assert found["id"]["min"] == "0" and found["id"]["max"] == "59999"
    assert 25_000 < float(found["id"]["average"]) < 35_000
    assert found["note"]["distinct_count"] == 1 and found["day"]["distinct_count"] == 9
    assert profile(tmp_path, {"rows": 2_000})[0] == stats


@pytest.mark.parametrize("made", ["gzip", "utf-16", "lines in cells"])
def test_what_has_no_other_place_to_begin_is_read_from_its_beginning(tmp_path, made):
    text = rows(60_000, note='"two\nlines"' if made == "lines in cells" else "x")
    if made == "gzip":
        (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    else:
        (tmp_path / "a.csv").write_text(text, encoding="utf-16" if made == "utf-16" else "utf-8")
    _, found, said = profile(tmp_path, {"rows": 2_000})
    assert said["profile.sample"] == "the beginning of the file"
    assert found["id"]["min"] == "0" and int(found["id"]["max"]) < 8_000
    assert found["note"]["distinct_count"] == 1


def test_line_breaks_in_cells_are_no_rows_when_all_is_read(tmp_path):
    (tmp_path / "a.csv").write_text(rows(30_000, note='"two\nlines"'), encoding="utf-8")
    stats, found, _ = profile(tmp_path, {"rows": "all"})
    assert stats.row_count == 30_000 and found["note"]["distinct_count"] == 1


def test_a_column_that_is_not_of_its_type_throughout_is_told_as_texts(tmp_path):
    text = rows(20_000) + "many,1.0,2024-01-01,x\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    _, found, _ = profile(tmp_path, {"rows": "all"})
    assert found["price"]["min"] == "0.5"
    assert "average" not in found["id"] and found["id"]["distinct_count"] > 19_000


def test_excluded_columns_are_not_even_parsed(tmp_path):
    (tmp_path / "a.csv").write_text(rows(50), encoding="utf-8")
    _, found, said = profile(tmp_path, {"exclude": ["id", "price", "day", "note"]})
    assert found == {} and said["profile.left_out"] == "day, id, note, price"


def test_a_file_without_a_header_or_rows(tmp_path):
    (tmp_path / "a.csv").write_text("1;2\n3;4\n")
    assert profile(tmp_path)[1]["column_2"]["max"] == "4"
    (tmp_path / "a.csv").write_text("a,b\n")
    assert profile(tmp_path)[1] == {}
