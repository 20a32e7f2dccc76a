"""`lumos validate` reads the overrides of a lake, and nothing of the lake itself."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from lumos_core import doctor, validate
from lumos_core.cli import main
from lumos_core.plugin_api import ConfigError

WRONG = "version: 1\ntabels: []\ntables:\n  - pth: x\n"


@pytest.fixture
def pipeline(tmp_path):
    (tmp_path / "lake").mkdir()

    def write(*sources):
        path = tmp_path / "lumos.yaml"
        path.write_text(json.dumps({"sources": [{"type": "files", "path": "lake", **source} for source in sources]}))
        return path

    return write


def test_every_mistake_is_told_with_its_place(pipeline, tmp_path):
    overrides = tmp_path / "lake" / "discovery.yaml"
    overrides.write_text(WRONG)
    with pytest.raises(ConfigError) as caught:
        validate(pipeline({}))
    assert [(one.where, one.what) for one in caught.value.problems] == [
        (f"{overrides}:2:1", "tabels: unknown key 'tabels'"),
        (f"{overrides}:4:5", "tables[0]: the key 'path' is required"),
        (f"{overrides}:4:5", "tables[0].pth: unknown key 'pth'"),
    ]
    found = doctor(tmp_path / "lumos.yaml")
    assert [one.what for one in found if one.status == "fail"] == [f"{one}" for one in map(told, caught.value.problems)]


def told(problem):
    return f"{problem.where}: {problem.what}"


def test_several_files_are_told_at_once(pipeline, tmp_path):
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text("tabels: []")
    path = pipeline({"overrides": "one.yaml"}, {"overrides": "two.yaml", "name": "b"}, {"name": "c"})
    done = CliRunner().invoke(main, ["validate", str(path)])
    assert done.exit_code == 2 and "2 problems in files" in done.stderr
    assert "one.yaml:1:1" in done.stderr and "two.yaml:1:1" in done.stderr


def test_what_is_right_or_not_there_is_valid(pipeline, tmp_path):
    validate(pipeline({}))
    (tmp_path / "lake" / "discovery.yaml").write_text("tables: [{path: 'a/{table}/*.csv'}]")
    (tmp_path / "lake" / "broken.parquet").write_bytes(b"PAR1")
    validate(pipeline({}))
    validate(pipeline({"path": "nowhere"}))
    with pytest.raises(ConfigError, match=r"mine\.yaml"):
        validate(pipeline({"overrides": "mine.yaml"}))


def test_presets_check_theirs_too(pipeline, tmp_path):
    (tmp_path / "lake" / "discovery.yaml").write_text("exclude: nothing")
    with pytest.raises(ConfigError, match="exclude"):
        validate(pipeline({"type": "csv"}))
