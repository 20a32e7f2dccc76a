from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lumos_core.config.api import init, load_pipeline
from lumos_core.config.suggest import discover
from lumos_core.errors import ConfigError, UnitError

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

class Exits(Base):
    def suggest(self, path):
        raise SystemExit(0)

class Odd(Base):
    def suggest(self, path):
        return [{"path": "no type"}, 5]
"""
MANIFEST = """
    from lumos_core.plugin_api import Component, hookimpl

    @hookimpl
    def lumos_sources():
        names = ["Wider", "Raises", "Exits", "Odd", "Gone"]
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


REACHES = """
from lumos_core.plugin_api import *
from pydantic import Field, SecretStr

class Options(Config):
    token: str = Field(description="Required, and nobody gives it.")

class Base(Source[Options]):
    def plan(self, within, ctx): return []
    def extract(self, unit, ctx): return []

class Wider(Base):
    def suggest(self, path):
        if path.startswith("shop://"):
            secret = SecretStr("s3cret$")
            yield {"#": "Two\\n things", "type": "wider", "database": "shop", "password": secret, "note": "$x"}
            yield {"type": "wider", "password": SecretStr("other"), "#enrich": [{"type": "rules", "path": "r.yaml"}]}
            yield {"type": "wider", "#enrich": [{"type": "rules", "path": "r.yaml"}, {"type": "absent"}]}

class Raises(Base):
    def suggest(self, path):
        raise RuntimeError("boom")

class Odd(Base):
    def suggest(self, path):
        if path.startswith("gone://"):
            raise UnitError("cannot connect", why="nobody is there", fix="start it")
        return []
"""


def test_discover_writes_a_variable_in_place_of_a_secret(
    toolbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toolbox.distribution(MANIFEST, modules={"parts": REACHES})
    monkeypatch.chdir(tmp_path)
    path = Path(discover("shop://user:s3cret$@host/shop"))
    text = path.read_text(encoding="utf-8")
    assert path == Path("lumos.yaml")
    data = yaml.safe_load(text)
    assert data["name"] == "shop"
    assert data["sources"] == [
        {"type": "wider", "database": "shop", "password": "${WIDER_PASSWORD}", "note": "$$x"},
        {"type": "wider", "password": "${WIDER_PASSWORD_2}"},
        {"type": "wider"},
    ]
    assert data["enrich"] == [{"type": "rules", "path": "r.yaml"}], "each once, where it is installed"
    assert "an enricher, absent: pip install absent" in text
    assert "s3cret" not in text and "other" not in text
    assert "# Set WIDER_PASSWORD before the run" in text and "# Two things" in text


def test_discover_never_replaces_a_file_and_asks_nobody_then(toolbox: Any, tmp_path: Path) -> None:
    toolbox.distribution(MANIFEST, modules={"parts": REACHES})
    (tmp_path / "mine.yaml").write_text("mine")
    with pytest.raises(ConfigError, match="there is a pipeline already"):
        discover("gone://host", tmp_path / "mine.yaml")
    assert (tmp_path / "mine.yaml").read_text() == "mine"


def test_discover_says_why_nothing_came_of_it(toolbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toolbox.world(monkeypatch)
    toolbox.distribution(MANIFEST, modules={"parts": REACHES})
    with pytest.raises(UnitError, match="nobody is there"):
        discover("gone://host", tmp_path / "a.yaml")
    with pytest.raises(ConfigError, match="no installed source reads other:// targets") as told:
        discover("other://user:s3cret@host", tmp_path / "a.yaml")
    assert "s3cret" not in str(told.value)
    with pytest.raises(ConfigError, match="no installed source knows this target"):
        discover("no such folder", tmp_path / "a.yaml")
    assert list(tmp_path.glob("*.yaml")) == []


def test_discover_of_a_folder_is_init(toolbox: Any, tmp_path: Path) -> None:
    toolbox.toy("toy")
    folder = tmp_path / "data"
    folder.mkdir()
    assert Path(discover(folder)) == folder / "lumos.yaml"
    assert Path(discover(folder, tmp_path / "other.yaml")) == tmp_path / "other.yaml"
    data = yaml.safe_load((tmp_path / "other.yaml").read_text(encoding="utf-8"))
    assert data["name"] == "data"


@pytest.mark.parametrize(
    ("out", "path"), [("data/lumos.yaml", "data"), ("other.yaml", "data/data"), ("away/lumos.yaml", "../data/data")]
)
def test_paths_start_where_the_file_is_written(toolbox: Any, tmp_path: Path, out: str, path: str) -> None:
    toolbox.toy("toy")
    (tmp_path / "data").mkdir()
    written = Path(discover(tmp_path / "data", tmp_path / out))
    entries = yaml.safe_load(written.read_text(encoding="utf-8"))["sources"]
    assert next(entry for entry in entries if entry["type"] == "toy")["path"] == path


def test_a_source_that_exits_keeps_no_other_from_being_asked(toolbox: Any, tmp_path: Path) -> None:
    toolbox.distribution(MANIFEST, modules={"parts": REACHES.replace('RuntimeError("boom")', "SystemExit(3)")})
    assert Path(discover("shop://user:s3cret$@host/shop", tmp_path / "a.yaml")).exists()
