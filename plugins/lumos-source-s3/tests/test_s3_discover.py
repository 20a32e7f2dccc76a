"""`lumos discover s3://bucket/prefix`: a pipeline that runs as it is, and why it is so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lumos_source_s3.suggesting import suggest

from lumos_core import discover, load_pipeline, run
from lumos_core.cli import main
from lumos_core.config.suggest import explain
from lumos_core.plugin_api import ConfigError


@pytest.fixture
def lake(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    server = bucket.server
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret)
    for month in (1, 2, 3):
        bucket.put(f"raw/orders/2026/0{month}/part-0.csv", "id,total\n1,2.5\n")
    bucket.put("raw/customers.json", '{"id": 1}\n')
    return bucket


def test_what_is_written_runs(lake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = discover(f"s3://{lake.name}/raw?endpoint={lake.server.endpoint}")
    text = Path(path).read_text()
    assert "Looked at 4 objects." in text and "formats: [csv, json]" in text and lake.server.secret not in text
    pipeline = load_pipeline(path)
    assert pipeline.sources[0].options["prefix"] == "raw/"
    result = run(pipeline)
    assert result.exit_code == 0, result.failures
    names = [record.value.layout.location for record in result.records if record.kind == "dataset"]
    assert names == [f"s3://{lake.name}/raw/customers.json", f"s3://{lake.name}/raw/orders"]


def test_the_written_files_give_exactly_what_is_found_without_them(
    lake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in ("2026-01-01", "2026-01-02", "__HIVE_DEFAULT_PARTITION__"):
        for table in ("visits", "orders returned"):
            lake.put(f"raw/web/{table}/day={day}/part-0.csv", "id,at\n1,2026-01-01\n")
    lake.put("raw/web/rates_2025.csv", "currency,rate\nEUR,1\n")
    lake.put("raw/web/rates_2026.csv", "currency,rate\nEUR,1\n")
    lake.put("raw/été & [co]/notes*.json", '{"note": "x"}\n')
    lake.put("raw/empty/_SUCCESS", "")
    monkeypatch.chdir(tmp_path)
    address = f"s3://{lake.name}/raw?endpoint={lake.server.endpoint}"
    path = Path(discover(address))
    assert f"name: {lake.name}\n" in path.read_text() and "overrides: discovery.yaml" in path.read_text()
    written = run(load_pipeline(path))
    (tmp_path / "plain").mkdir()
    plain = tmp_path / "plain" / "lumos.yaml"
    plain.write_text(path.read_text().replace(", overrides: discovery.yaml", ""))
    found = run(load_pipeline(plain))
    assert written.exit_code == found.exit_code == 0, (written.failures, found.failures)
    assert seen(written) == seen(found) and len(seen(found)) == 6
    evidence = {dict(one.value.properties)["lake.evidence"] for one in written.records if one.kind == "dataset"}
    assert "discovery.yaml says so" in evidence


def seen(result: Any) -> dict[str, Any]:
    """Return every dataset without how it was found."""
    return {
        record.urn: (record.value.name, record.value.subtype, record.value.fields, record.value.layout)
        for record in result.records
        if record.kind == "dataset"
    }


def test_the_environment_names_the_endpoint(lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", lake.server.endpoint)
    (entry,) = suggest(f"s3://{lake.name}?path_style=true")
    assert entry["bucket"] == lake.name and "endpoint" not in entry and "prefix" not in entry
    assert set(entry["#files"]) == {"discovery.yaml"}


def test_overrides_in_the_bucket_count(lake: Any) -> None:
    lake.put("raw/discovery.yaml", "tables: [{path: 'orders/{year}/{month}/*.csv', name: sales}]")
    (entry,) = suggest(f"s3://{lake.name}/raw/?endpoint={lake.server.endpoint}")
    assert "#files" not in entry and "overrides" not in entry


def test_the_command_says_why_it_is_so(lake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    address = f"s3://{lake.name}/raw?endpoint={lake.server.endpoint}"
    said = CliRunner().invoke(main, ["discover", "--explain", address], catch_exceptions=False)
    assert said.exit_code == 0, said.output
    assert "orders" in said.output and "customers.json" in said.output and "folders are named by date" in said.output
    assert lake.server.secret not in said.output and not list(tmp_path.iterdir())


def test_why_it_is_so(lake: Any) -> None:
    found = explain(f"s3://{lake.name}/raw?endpoint={lake.server.endpoint}")
    assert {one.name for one in found if one.kind == "dataset"} >= {"orders", "customers.json"}


def test_an_empty_bucket_is_a_pipeline_too(bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", bucket.server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", bucket.server.secret)
    monkeypatch.chdir(tmp_path)
    address = f"s3://{bucket.name}?endpoint={bucket.server.endpoint}"
    (entry,) = suggest(address)
    assert entry["#"] == "Looked at 0 objects." and entry["formats"] and "#files" not in entry
    said = CliRunner().invoke(main, ["discover", address], catch_exceptions=False)
    assert said.exit_code == 0 and load_pipeline("lumos.yaml").sources
    assert f"Nothing was found: 0 objects were listed below s3://{bucket.name}/." in said.output
    assert "?region=" in said.output and "?endpoint=" in said.output
    said = CliRunner().invoke(main, ["discover", "--explain", address], catch_exceptions=False)
    assert said.exit_code == 0 and "0 datasets" in said.output and "Nothing is there. Try another prefix" in said.output


def test_an_empty_prefix_is_told_with_what_lies_beside_it(lake: Any) -> None:
    lake.put("raw/x/\x1b[31m.csv", "a\n1\n")
    server = f"?endpoint={lake.server.endpoint}"
    (entry,) = suggest(f"s3://{lake.name}/ra{server}")
    assert f"below s3://{lake.name}/ra/." in entry["#hint"] and f"s3://{lake.name}/ holds raw/" in entry["#hint"]
    (entry,) = suggest(f"s3://{lake.name}/raw/customers.json{server}")
    assert entry["#hint"].endswith(f"s3://{lake.name}/raw/ holds orders/, x/, customers.json")
    (entry,) = suggest(f"s3://{lake.name}/raw/x/y{server}")
    assert "[31m.csv" in entry["#hint"] and "\x1b" not in entry["#hint"]
    (entry,) = suggest(f"s3://{lake.name}/raw{server}")
    assert "#hint" not in entry


def test_objects_of_no_known_format_are_told(lake: Any) -> None:
    lake.put("docs/terms.pages", "x")
    (entry,) = suggest(f"s3://{lake.name}/docs?endpoint={lake.server.endpoint}")
    assert "none of the 1 objects" in entry["#hint"] and "--explain" in entry["#hint"]
    lake.put("docs/discovery.yaml", "exclude: ['**']")
    (entry,) = suggest(f"s3://{lake.name}/docs?endpoint={lake.server.endpoint}")
    assert "discovery.yaml" in entry["#hint"] and "leaves everything out" in entry["#hint"]


@pytest.mark.parametrize("target", ["postgresql://h/db", "s3:/x", "folder", "C:\\lake", ""])
def test_what_is_no_bucket_is_left_to_others(target: str) -> None:
    assert not list(suggest(target))


def test_a_question_mark_may_be_part_of_a_key(lake: Any) -> None:
    (entry,) = suggest(f"s3://{lake.name}/what?is=this/?endpoint={lake.server.endpoint}")
    assert entry["prefix"] == "what?is=this/" and entry["endpoint"] == lake.server.endpoint


@pytest.mark.parametrize("target", ["s3://", "s3://a b/x", "s3://lake?endpoint=http://u:hush@h"])
def test_an_address_that_cannot_be_used_is_told(target: str) -> None:
    with pytest.raises(ConfigError) as caught:
        list(suggest(target))
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "target, told, fix",
    [
        ("s3://lake?endpont=http://h", "unknown option 'endpont'", "did you mean 'endpoint'?"),
        ("s3://lake/raw/?endpont=http://h", "unknown option 'endpont'", "did you mean 'endpoint'?"),
        ("s3://lake?colour=red", "unknown option 'colour'", "known options: endpoint, region"),
        ("s3://la ke", "not the name of a bucket", "s3://BUCKET/PREFIX"),
    ],
)
def test_a_mistyped_address_says_what_is_meant(target: str, told: str, fix: str) -> None:
    with pytest.raises(ConfigError) as caught:
        list(suggest(target))
    assert caught.value.why.startswith(told) and fix in caught.value.fix
