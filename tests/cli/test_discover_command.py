"""`lumos discover`: the files that it writes, and what `--explain` shows of few and of thousands of datasets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from lumos_core.cli import main
from lumos_core.cli.explained import LISTED, shown
from lumos_core.config.api import init
from lumos_core.config.suggest import explain
from lumos_core.contracts.source import Explained
from lumos_core.errors import ConfigError

LAKE = """
from pathlib import Path
from lumos_core.plugin_api import *
from pydantic import Field

class Options(Config):
    path: LocalPath = Field(default=Path("."), description="Folder.")
    rules: str = Field(default="", description="File of rules.")
    formats: list[str] = Field(default=[], description="More than any other source reads.")

class Lake(Source[Options]):
    def plan(self, within, ctx): return []
    def extract(self, unit, ctx): return []

    def suggest(self, path):
        if Path(path).is_dir():
            files = {"rules.yaml": "a: 1\\n"}
            yield {"type": "lake", "path": ".", "formats": ["x"] * 99, "rules": "rules.yaml", "#files": files}
        elif path.startswith("lake://"):
            yield {"type": "lake", "path": "."}

    def explain(self, path):
        yield Explained(kind="dataset", name=f"in {self.config.path.name}: {path}", root=path, why=("it is so",))
        yield Explained(kind="noise", name="signal", files=2, why=("no data",), examples=("_SUCCESS",))

class Mute(Source[Options]):
    def plan(self, within, ctx): return []
    def extract(self, unit, ctx): return []
    def suggest(self, path):
        if Path(path).is_dir():
            yield {"type": "mute", "path": "elsewhere"}
"""
MANIFEST = """
    from lumos_core.plugin_api import Component, hookimpl

    @hookimpl
    def lumos_sources():
        return [Component(name.lower(), f"PACKAGE.parts:{name}", "PACKAGE.parts:Options") for name in ["Lake", "Mute"]]
"""


@pytest.fixture
def lake(toolbox: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("LUMOS_CONFIG", raising=False)
    toolbox.world(monkeypatch)
    toolbox.distribution(MANIFEST, modules={"parts": LAKE})
    folder = tmp_path / "estate"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "x.csv").write_text("a")
    monkeypatch.chdir(tmp_path)
    return folder


def run(*args: str) -> Any:
    return CliRunner().invoke(main, list(args), prog_name="lumos")


def entry_of(file: Path) -> dict[str, Any]:
    sources: list[dict[str, Any]] = yaml.safe_load(file.read_text())["sources"]
    return next(one for one in sources if one["type"] == "lake")


def test_what_goes_with_a_source_is_written_beside_the_pipeline(lake: Path) -> None:
    done = run("discover", "estate")
    assert done.exit_code == 0, done.output
    assert "Wrote estate/lumos.yaml" in done.output and "Wrote estate/rules.yaml" in done.output
    assert (lake / "rules.yaml").read_text() == "a: 1\n"
    assert entry_of(lake / "lumos.yaml")["rules"] == "rules.yaml"


def test_a_file_that_is_there_is_left_alone_and_not_named(lake: Path) -> None:
    (lake / "rules.yaml").write_text("mine")
    done = run("discover", "estate", "--json")
    assert json.loads(done.output) == {"path": "estate/lumos.yaml", "files": [], "hints": []}
    assert (lake / "rules.yaml").read_text() == "mine" and "rules" not in entry_of(lake / "lumos.yaml")


def test_init_writes_the_pipeline_alone(lake: Path) -> None:
    init(lake)
    assert not (lake / "rules.yaml").exists() and "rules" not in entry_of(lake / "lumos.yaml")


def test_a_place_is_explained_from_the_folder_that_would_be_read(lake: Path) -> None:
    assert explain(lake)[0].name == "in estate: "
    assert explain(lake / "data" / "x.csv", lake)[0].name == "in estate: data/x.csv"
    assert explain(lake / "data" / "x.csv")[0].root == "estate/data/x.csv"  # from the present folder
    (lake / "discovery.yaml").write_text("{}")
    assert explain(lake / "data" / "x.csv")[0].root == "data/x.csv"
    assert explain("lake://somewhere")[0].root == ""


def test_a_place_is_explained_as_the_pipeline_reads_it(lake: Path) -> None:
    (lake / "lumos.yaml").write_text("sources: [{type: lake, path: data}, {type: mute}]")
    assert [one.name for one in explain(lake / "data" / "x.csv") if one.kind == "dataset"] == ["in data: x.csv"]
    assert explain(lake)[0].name == "in data: "


def test_what_cannot_be_explained_says_so(lake: Path) -> None:
    with pytest.raises(ConfigError, match="does not lie in"):
        explain(lake.parent, lake)
    with pytest.raises(ConfigError, match="no installed source reads other://"):
        explain("other://x")
    (lake / "lumos.yaml").write_text("sources: [{type: mute}]")
    with pytest.raises(ConfigError, match="nothing can be explained"):
        explain(lake)
    assert run("discover", "estate", "--root", "estate").exit_code == 2


def test_explain_as_text_and_as_json(lake: Path) -> None:
    done = run("discover", "--explain", "estate")
    assert done.exit_code == 0 and "because     it is so" in done.output and "_SUCCESS" in done.output
    assert not (lake / "lumos.yaml").exists()
    told = json.loads(run("discover", "--explain", "estate", "--json").output)
    assert [one["kind"] for one in told] == ["dataset", "noise"] and told[0]["why"] == ["it is so"]


def test_where_nothing_is_found_says_so_and_what_to_try(
    toolbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toolbox.world(monkeypatch)
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "letters"):
        (tmp_path / folder).mkdir()
    (tmp_path / "letters" / "to.txt").write_text("Dear")
    done = run("discover", "empty")
    assert done.exit_code == 0 and "the folder empty is empty. Try another folder" in done.output
    assert "lumos run" not in done.output and (tmp_path / "empty" / "lumos.yaml").is_file()
    told = json.loads(run("discover", "letters", "--json").output)
    assert told["files"] == [] and "no installed source recognises what is in the folder letters" in told["hints"][0]


def test_an_explanation_of_nothing_says_what_to_try() -> None:
    from rich.console import Console

    def told(target: str) -> str:
        console = Console(width=200, color_system=None)
        with console.capture() as capture:
            console.print(shown([], target))
        return capture.get()

    assert "Try another folder." in told("lake") and "region or endpoint" in told("s3://lake/ra")


def text_of(count: int, everything: bool = False) -> str:
    from rich.console import Console

    found = [
        Explained(
            kind="dataset",
            name=f"zone{n % 7}/table{n:04d}",
            root=f"zone{n % 7}/table{n:04d}",
            format="csv",
            files=n + 1,
            bytes=1 << 20,
            confidence=0.7 if n % 100 == 3 else 0.95,
            why=("a file of its own",) if n % 2 else ("folders are named key=value",),
            notes=("odd",) if n == 5 else (),
        )
        for n in range(count)
    ]
    console = Console(width=120, no_color=True)
    with console.capture() as capture:
        console.print(shown(found, "lake", everything))
    return capture.get()


def test_few_datasets_are_told_whole_and_more_on_a_line_each() -> None:
    assert text_of(3).count("because") == 3 and "lake: 3 datasets, 6 files, 3.0 MiB" in text_of(3)
    lines = text_of(LISTED).splitlines()
    assert sum("/table" in line for line in lines) == LISTED
    assert "   1  folders are named key=value" in lines and "   2  a file of its own" in lines


def test_of_thousands_the_doubtful_come_first_and_folders_are_summed_up() -> None:
    text = text_of(3000)
    assert len(text.splitlines()) < 60
    assert "30 less sure than 0.8" in text and "Look at these first" in text
    assert "zone0/" in text and "--all shows every dataset" in text
    assert text.index("table0003") < text.index("zone0/ ")
    assert sum("/table" in line for line in text_of(3000, everything=True).splitlines()) == 3000
