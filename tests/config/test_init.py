from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lumos_core.config.api import init, load_pipeline
from lumos_core.errors import ConfigError

SUGGESTS = """
from lumos_core.plugin_api import *
from pydantic import Field

class Options(Config):
    token: str = Field(description="Required, and nobody gives it.")

class Base(Source[Options]):
    def plan(self, within, ctx): return []
    def extract(self, unit, ctx): return []

class Wider(Base):
    def suggest(self, path):
        print("noise")
        yield {"type": "wider", "path": "data", "formats": ["a", "b"]}
        yield {"type": "wider", "path": "it's $HOME: \\u00e4 #1"}

class Raises(Base):
    def suggest(self, path):
        yield {"type": "raises", "path": "kept out"}
        raise RuntimeError("boom")

class Odd(Base):
    def suggest(self, path):
        return [{"path": "no type"}, 5]
"""
MANIFEST = """
    from lumos_core.plugin_api import Component, hookimpl

    @hookimpl
    def lumos_sources():
        names = ["Wider", "Raises", "Odd", "Gone"]
        return [Component(name.lower(), f"PACKAGE.parts:{name}", "PACKAGE.parts:Options") for name in names]
"""


def test_init_asks_every_source(toolbox: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toolbox.toy("toy")
    toolbox.distribution(MANIFEST, modules={"parts": SUGGESTS})
    folder = tmp_path / "my shop's"
    folder.mkdir()
    path = Path(init(folder))
    assert path == folder / "lumos.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert data["name"] == "my-shop-s"
    # `toy` would read the same path with fewer formats; the dollar sign is no variable.
    assert data["sources"] == [
        {"type": "wider", "path": "data", "formats": ["a", "b"]},
        {"type": "wider", "path": "it's $$HOME: ä #1"},
    ]
    assert capsys.readouterr().out == ""


def test_init_never_replaces_a_file(tmp_path: Path) -> None:
    (tmp_path / "lumos.yaml").write_text("mine")
    with pytest.raises(ConfigError, match="there is a pipeline already"):
        init(tmp_path)
    assert (tmp_path / "lumos.yaml").read_text() == "mine"


def test_init_wants_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x")
    with pytest.raises(ConfigError, match="it is a file"):
        init(tmp_path / "a.csv")
    with pytest.raises(ConfigError, match="it does not exist"):
        init(tmp_path / "gone")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_what_init_writes_is_valid(toolbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toolbox.world(monkeypatch)
    toolbox.toy("a")
    real = "store-sqlite differ-semantic catalog-local reporter-html lake source-csv source-json source-parquet "
    real += "source-avro"
    monkeypatch.setenv("LUMOS_DISABLE_PLUGINS", ",".join(f"lumos-{name}" for name in real.split()))
    folder = tmp_path / "data"
    folder.mkdir()
    assert [spec.type for spec in load_pipeline(init(folder)).sources] == ["a"]
