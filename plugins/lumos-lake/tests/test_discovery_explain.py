"""What `explain` says about a place, and the review file that `suggest` brings."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from lumos_lake import FilesConfig, FilesSource, probe
from lumos_lake.probe import to_read

from lumos_core.config.entries import ComponentSpec
from lumos_core.errors import ConfigError, LumosError

TINY = [{"type": "lake_tiny_formats:TinyCsv"}]
FILES = {
    "shop/orders/day=1/part-0.csv": "id:int32",
    "shop/orders/day=2/part-0.csv": "id:int32",
    "shop/orders/_SUCCESS": "",
    "shop/orders/day=2/part-1.csv": "",
    "shop/stock.csv": "sku:string",
    "shop/raw/_delta_log/0.json": "{}",
    "shop/raw/part-0.parquet": "PAR1",
    "shop/notes.txt": "x",
    "shop/_hidden/x.csv": "a:string",
    "shop/export.xlsx": "PK",
    "shop/tmp/secret.csv": "a:string",
    "shop/.git/config.csv": "a:string",
}


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    for path, content in FILES.items():
        file = tmp_path / "lake" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return tmp_path / "lake"


def explain(lake: Path, path: str = "", **options):
    options = {"formats": TINY, "exclude": ["**/tmp/**"], **options}
    config = FilesConfig.model_validate({"path": lake, **options})
    return {(one.kind, one.name): one for one in FilesSource(config).explain(path)}


def test_everything_with_its_evidence_and_what_is_in_no_dataset(lake):
    found = explain(lake)
    orders = found["dataset", "shop/orders"]
    assert (orders.root, orders.files, orders.bytes, orders.partitions) == ("shop/orders", 2, 16, ("day: int64",))
    assert orders.confidence == 0.98 and orders.why == ("folders are named key=value",)
    assert orders.examples == ("shop/orders/day=1/part-0.csv", "shop/orders/day=2/part-0.csv")
    assert found["dataset", "shop/raw"].why == ("the folder has the marker of delta",)
    assert found["noise", "signal"].examples == ("shop/orders/_SUCCESS",)
    assert found["noise", "folder"].files == 1 and found["unread", "excel"].files == 1
    assert "add `excel`" in found["unread", "excel"].why[0]
    assert found["unknown", "unknown"].examples == ("shop/notes.txt",)


@pytest.mark.parametrize(
    "path, expected, why",
    [
        ("shop/orders/day=1/part-0.csv", ("dataset", "shop/orders"), "folders are named key=value"),
        ("shop/orders/day=1", ("dataset", "shop/orders"), "folders are named key=value"),
        ("shop/stock.csv", ("dataset", "shop/stock.csv"), "a file of its own"),
        ("shop/raw/part-0.parquet", ("dataset", "shop/raw"), "the log of the table says"),
        ("shop/raw/_delta_log/0.json", ("dataset", "shop/raw"), "the marker of delta"),
        ("shop/orders/_SUCCESS", ("noise", "signal"), "marker files of jobs"),
        ("shop/orders/day=2/part-1.csv", ("noise", "empty"), "it would belong to shop/orders"),
        ("shop/_hidden/x.csv", ("noise", "folder"), "begins with . or _"),
        ("shop/.git/config.csv", ("noise", "folder"), "never listed"),
        ("shop/notes.txt", ("unknown", "unknown"), "no format that is known"),
        ("shop/export.xlsx", ("unread", "excel"), "not among those that are read"),
        ("shop/tmp/secret.csv", ("excluded", "shop/tmp/secret.csv"), "`exclude`"),
        ("shop/nowhere.csv", ("gap", "shop/nowhere.csv"), "nothing of this name"),
    ],
)
def test_one_place_and_why(lake, path, expected, why):
    found = explain(lake, path)
    assert list(found) == [expected]
    assert any(why in reason for reason in found[expected].why), found


def test_a_folder_of_several_datasets(lake):
    found = explain(lake, "shop")
    assert {name for kind, name in found if kind == "dataset"} == {"shop/orders", "shop/stock.csv", "shop/raw"}
    assert ("noise", "signal") in found and explain(lake, "shop/orders")["noise", "signal"].files == 1


def test_what_the_review_file_says_is_the_evidence(lake):
    (lake / "discovery.yaml").write_text('tables: [{path: "shop/{table}.csv"}]')
    assert explain(lake)["dataset", "shop/stock"].why == ("discovery.yaml says so",)


def test_a_lake_that_is_not_there_is_an_error(lake):
    with pytest.raises(ConfigError):
        explain(lake / "gone")


def test_suggest_brings_a_review_file_unless_there_is_one(lake, monkeypatch):
    monkeypatch.setattr(probe, "_installed", {"csv"}.__contains__)
    monkeypatch.setattr(probe, "ComponentSpec", lambda kind, name: ComponentSpec(kind, TINY[0]["type"]))
    (entry,) = probe.suggest(str(lake))
    assert entry["overrides"] == "discovery.yaml" and entry["formats"] == ["csv"]
    text = entry["#files"]["discovery.yaml"]
    paths = [rule["path"] for rule in yaml.safe_load(text)["tables"]]
    assert paths == ["shop/stock.csv", "shop/tmp/secret.csv", "shop/orders/**/*.csv"]
    assert "#   shop/raw (delta)" in text
    (lake / "discovery.yaml").write_text("{}")
    (entry,) = probe.suggest(str(lake))
    assert "overrides" not in entry and "#files" not in entry


def test_how_a_format_is_read_names_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert to_read("csv") == "add `csv` to `formats`"

    def missing(_spec: object) -> None:
        raise LumosError("there is no format 'orc'", fix="pip install lumos-source-orc")

    monkeypatch.setattr("lumos_lake.probe.ComponentSpec.validated", missing)
    assert to_read("orc") == "it is not installed: pip install lumos-source-orc, then add `orc` to `formats`"
