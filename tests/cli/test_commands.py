from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lumos_core.cli import main


@pytest.fixture(autouse=True)
def world(toolbox: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LUMOS_CONFIG", raising=False)
    toolbox.world(monkeypatch)
    toolbox.toy("toy")
    monkeypatch.chdir(tmp_path)


def run(*args: str) -> Any:
    return CliRunner().invoke(main, list(args), prog_name="lumos")


def test_validate(write: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run("validate").exit_code == 2
    path = write("lumos.yaml", "name: shop\nsources: [{type: toy, path: a}]\n")
    assert "lumos.yaml is valid: 5 components, sources: toy" in run("validate").output
    told = json.loads(run("validate", str(path), "--json").output)
    assert (told["valid"], told["pipeline"], told["components"][0]) == (
        True,
        "shop",
        {"kind": "source", "name": "toy", "type": "toy"},
    )
    other = write("other.yaml", "sources: [{type: toy, paht: a}]\n")
    monkeypatch.setenv("LUMOS_CONFIG", str(other))
    done = run("validate", "--json")
    assert done.exit_code == 2
    assert done.stdout == ""
    told = json.loads(done.stderr)
    assert [problem["where"] for problem in told["problems"]] == [f"{other}:1:11", f"{other}:1:23"]
    assert told["problems"][1]["fix"] == "did you mean 'path'?"
    assert not (tmp_path / ".lumos").exists()


def test_plugins(toolbox: Any) -> None:
    toolbox.distribution("import nothing_like_this", name="lumos-source-poor")
    text = run("plugins").output
    assert "lumos-source-poor" in text
    assert "broken" in text
    told = {item["distribution"]: item for item in json.loads(run("plugins", "--json").output)}
    assert told["lumos-core"]["status"] == "ok"
    assert {"kind": "executor", "name": "serial"}.items() <= told["lumos-core"]["components"][-1].items()
    assert "nothing_like_this" in told["lumos-source-poor"]["reason"]


def test_describe() -> None:
    text = run("describe", "source", "toy").output
    assert "A toy source" in text
    assert "required" in text
    assert "type: toy" in text
    assert "mode, interval, events, debounce, watch_tables" in text and "`lumos schema`" in text
    assert "watch" not in run("describe", "catalog", "local").output
    assert "owners   read, write; 9 owners" in run("describe", "catalogs", "local").output
    assert "No options." in run("describe", "differ", "semantic").output
    assert json.loads(run("describe", "format", "toy", "--json").output)["options"][0]["default"] == ","
    assert json.loads(run("describe", "source", "catalog:local", "--json").output)["kind"] == "source"
    done = run("describe", "sauce", "toy")
    assert done.exit_code == 2
    assert "there is no kind 'sauce'" in done.stderr
    assert "did you mean 'toy'?" in run("describe", "source", "tooy").stderr


def test_schema() -> None:
    told = json.loads(run("schema").output)
    assert "source.toy" in told["$defs"]


def test_init(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    assert json.loads(run("init", str(folder), "--json").output) == {"path": str(folder / "lumos.yaml")}
    done = run("init", str(folder))
    assert done.exit_code == 2
    assert "there is a pipeline already" in done.stderr


def test_rules(write: Any) -> None:
    assert json.loads(run("rules", "--json").output)[0]["id"] == "field-removed"
    text = run("rules").output
    assert "field-removed" in text
    assert "a, b" in text
    path = write("p.yaml", "sources: [{type: toy, path: a}]\ndiffer: nope\n")
    assert "there is no differ 'nope'" in run("rules", "--pipeline", str(path)).stderr
