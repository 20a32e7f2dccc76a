"""Profiles through whole runs: they make no change, are remembered, obey tags, and end at their budget."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import lumos_profile.column
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import lumos_core
from lumos_core.cli import main
from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import ConfigError, Dataset, Field, Record, Scope, TagLink, urns
from lumos_core.testing.context import MemoryContext

URN = urns.dataset("file", "orders.csv")


def write(folder: Path, rows: int = 50, price: str = "1.5") -> None:
    lines = ["id,price,email,size", *(f"{n},{price},u{n}@example.com,{'LM'[n % 2]}" for n in range(rows))]
    (folder / "orders.csv").write_text("\n".join(lines) + "\n")


def read(folder: Path, profile: object = True, ctx: MemoryContext | None = None, **options):
    ctx = ctx if ctx is not None else MemoryContext()
    entry = {"type": "files", "path": ".", "profile": profile, **options}
    source = Registry.load().spec("source", entry, folder).build()
    records = [record for unit in source.plan(Scope(), ctx) for record in source.extract(unit, ctx)]
    return {r.urn.partition("@")[0]: r.value for r in records}, ctx


def metrics(stats) -> dict[str, dict]:
    return {path: dict(found) for path, found in stats.fields}


def run(folder: Path) -> dict:
    done = CliRunner().invoke(main, ["run", str(folder / "lumos.yaml"), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_other_data_of_the_same_schema_is_no_change(tmp_path):
    (tmp_path / "lumos.yaml").write_text("sources:\n  - {type: files, path: ., profile: true, include: ['*.csv']}\n")
    write(tmp_path)
    run(tmp_path)
    before = shown(tmp_path)
    write(tmp_path, rows=70, price="99.5")
    result = run(tmp_path)
    after = shown(tmp_path)
    assert result["changes"] == [] and after["digest"] == before["digest"]
    assert after["version"] == before["version"]
    assert before["stats"]["profile"] != after["stats"]["profile"]
    assert dict(dict(after["stats"]["profile"]["fields"])["price"])["max"] == "99.5"
    page = CliRunner().invoke(main, ["show", "orders", "-p", str(tmp_path / "lumos.yaml")])
    assert "Profile of all rows" in page.output and "may hold: email" in page.output
    assert "example.com" not in page.output


def shown(folder: Path) -> dict:
    done = CliRunner().invoke(main, ["show", URN, "--json", "-p", str(folder / "lumos.yaml")])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_option_off_costs_nothing(tmp_path):
    write(tmp_path)
    code = (
        "import sys, runpy\nsys.argv = ['lumos', 'run', sys.argv[1]]\n"
        "try:\n    runpy.run_module('lumos_core', run_name='__main__')\n"
        "except SystemExit:\n    pass\n"
        "print([name for name in ('datasketches', 'lumos_profile') if name in sys.modules])"
    )
    (tmp_path / "lumos.yaml").write_text("sources:\n  - {type: csv, path: ., profile: false}\n")
    file = str(tmp_path / "lumos.yaml")
    done = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=False)
    if "No module named lumos_core.__main__" in done.stderr:
        code = code.replace(
            "runpy.run_module('lumos_core', run_name='__main__')", "from lumos_core.cli import main; main()"
        )
        done = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_unchanged_files_are_not_profiled_again(tmp_path, monkeypatch):
    write(tmp_path)
    first, ctx = read(tmp_path)
    monkeypatch.setattr(lumos_profile.column.Column, "add", lambda *_: pytest.fail("it was profiled again"))
    again, _ = read(tmp_path, ctx=ctx)
    assert again == first
    with pytest.raises(pytest.fail.Exception):
        read(tmp_path, profile={"rows": 7}, ctx=ctx)


def test_a_memory_that_is_damaged_is_not_believed(tmp_path):
    write(tmp_path)
    first, ctx = read(tmp_path)
    key = next(key for key in ctx.memo if key.startswith(b"profile\0"))
    ctx.memo[key] = ctx.memo[key][:40]
    again, _ = read(tmp_path, ctx=ctx)
    assert again == first


def test_a_tag_in_the_store_turns_a_field_off(tmp_path):
    write(tmp_path)
    known = Record(URN, Dataset(fields=[Field("size", tags=[TagLink(tag="urn:lumos:tag:pii")])]))
    found, _ = read(tmp_path, ctx=MemoryContext([known]))
    stats = found[f"{URN}#profile"]
    assert "size" not in metrics(stats) and dict(stats.properties)["profile.left_out"] == "size"


def test_a_budget_that_is_spent_says_so(tmp_path):
    write(tmp_path)
    stats = read(tmp_path, profile={"budget_seconds": 1e-9})[0][f"{URN}#profile"]
    assert dict(stats.properties)["profile.stopped"].startswith("after 1e-09 s")
    assert dict(stats.properties)["profile.of"] == "a sample"


def test_statistics_alone_read_no_row(tmp_path, monkeypatch):
    pq.write_table(pa.table({"n": [3, 1, None], "s": ["a", "b", "c"]}), tmp_path / "t.parquet")
    monkeypatch.setattr(lumos_profile.column.Column, "add", lambda *_: pytest.fail("a row was read"))
    stats = read(tmp_path, profile={"from": "statistics"})[0][f"{urns.dataset('file', 't.parquet')}#profile"]
    assert metrics(stats)["n"] == {"max": "3", "min": "1", "null_count": 1, "null_share": "0.333333"}
    assert metrics(stats)["s"] == {"null_count": 0, "null_share": "0"}
    assert dict(stats.properties)["profile.of"] == "statistics"


def test_many_files_are_sampled_evenly_and_known_whole_by_their_footers(tmp_path):
    for day in range(1, 31):
        part = tmp_path / f"t/day=2026-01-{day:02d}"
        part.mkdir(parents=True)
        pq.write_table(pa.table({"n": list(range(day * 100, day * 100 + 100))}), part / "a.parquet")
    stats = read(tmp_path, profile={"rows": 2_000})[0][f"{urns.dataset('file', 't')}#profile"]
    said = metrics(stats)["n"]
    assert (said["min"], said["max"], said["null_count"]) == ("100", "3099", 0)
    assert said["of_all_rows"] == "max, min, null_count, null_share"
    assert dict(stats.metrics)["profiled_rows"] == 200 and stats.row_count == 3_000
    assert "2 of 30 files" in dict(stats.properties)["profile.sample"]


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    write(tmp_path)
    pq.write_table(pa.table({"n": list(range(1000))}), tmp_path / "t.parquet")
    data = bytearray((tmp_path / "t.parquet").read_bytes())
    data[4:400] = b"\xff" * 396
    (tmp_path / "t.parquet").write_bytes(bytes(data))
    found, ctx = read(tmp_path)
    assert "cannot-profile" in {notice.code for notice in ctx.warnings}
    assert dict(found[f"{urns.dataset('file', 't.parquet')}#profile"].properties)["profile.of"] == "a sample"
    assert metrics(found[f"{URN}#profile"])["id"]["max"] == "49"


def test_a_format_without_values_is_told(tmp_path, monkeypatch):
    from lumos_source_csv.format import CsvFormat

    write(tmp_path)
    monkeypatch.delattr(CsvFormat, "sample")
    found, ctx = read(tmp_path)
    assert [notice.code for notice in ctx.warnings] == ["profile-not-supported"]
    assert found[f"{URN}#profile"].row_count == 50


@pytest.mark.parametrize("given", [True, {"rows": 10}])
def test_without_the_library_the_configuration_is_wrong(tmp_path, monkeypatch, given):
    write(tmp_path)
    monkeypatch.setattr("lumos_core.contracts.profile.find_spec", lambda name: None)
    (tmp_path / "lumos.yaml").write_text(json.dumps({"sources": [{"type": "csv", "path": ".", "profile": given}]}))
    with pytest.raises(ConfigError, match="1 problem"):
        lumos_core.load_pipeline(tmp_path / "lumos.yaml")
    done = CliRunner().invoke(main, ["run", str(tmp_path / "lumos.yaml")])
    assert done.exit_code == 2 and "pip install lumos-profile" in done.output
    assert not (tmp_path / ".lumos").exists()


def test_a_python_without_the_sketches_is_told(tmp_path, monkeypatch):
    write(tmp_path)
    monkeypatch.setattr("lumos_profile.find_spec", lambda name: None)
    with pytest.raises(ConfigError) as error:
        Registry.load().spec("source", {"type": "csv", "path": ".", "profile": True}, tmp_path)
    assert "pip install datasketches" in str(error.value.problems)


def test_the_option_is_checked_like_every_other(tmp_path):
    (tmp_path / "lumos.yaml").write_text("sources:\n  - {type: csv, path: ., profile: {rwos: 3, quantiles: [2]}}\n")
    done = CliRunner().invoke(main, ["validate", str(tmp_path / "lumos.yaml")])
    assert done.exit_code == 2
    assert "did you mean 'rows'?" in done.output and "expected less than 1" in done.output
