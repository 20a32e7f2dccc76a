"""`lumos env`: built offline from wheels, with uv and with pip; what fails leaves what was ready."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

import lumos_core
from lumos_core.cli import main
from lumos_core.environments import api, building, wheels
from lumos_core.environments.building import alone
from lumos_core.environments.environment import EnvironmentConfig, find, interpreter
from lumos_core.environments.lock import lock_path, read_lock
from lumos_core.environments.marker import read_marker
from lumos_core.errors import ConfigError, LockedError, LumosError, UsageError

_spec = importlib.util.spec_from_file_location("handmade_wheels", Path(__file__).with_name("handmade_wheels.py"))
assert _spec is not None
assert _spec.loader is not None
handmade = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(handmade)

TOY = {
    "toy_plugin/__init__.py": "",
    "toy_plugin/plugin.py": """
from lumos_core.plugin_api import Component, hookimpl

@hookimpl
def lumos_sources():
    return [Component("toy", "toy_plugin.source:Toy", "toy_plugin.source:ToyConfig", "A toy source")]
""",
    "toy_plugin/source.py": """
import acme
from lumos_core.plugin_api import Config, Covered, Dataset, Record, Source, Unit, urns

class ToyConfig(Config):
    pass

class Toy(Source[ToyConfig]):
    capabilities = frozenset()

    def plan(self, within, ctx):
        yield Unit(key="all", scope=within)

    def extract(self, unit, ctx):
        yield Record(urns.dataset("toy", f"acme-{acme.VERSION}", "PROD"), Dataset(name="acme"))
        ctx.covered(Covered(unit.scope, frozenset({"record"})))
""",
}


@pytest.fixture(autouse=True)
def _nobody_elses_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_", "LUMOS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "uv-cache"))
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "pip-cache"))


class Place:
    """A pipeline with a folder of wheels, one of which is a kernel that is quick to install."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wheels = folder / "wheels"
        self.file = folder / "lumos.yaml"
        self.state = folder / ".lumos"
        self.home = self.state / "environments" / "sdk"
        self.kernel = "./wheels/" + handmade.fake_kernel(self.wheels).name
        handmade.write_wheel(self.wheels, "helper")
        handmade.write_wheel(self.wheels, "acme", requires=("helper>=1",))
        self.declare("acme")

    def declare(self, *requirements: str, kernel: bool = True, **more: Any) -> None:
        lines = [*requirements, *([self.kernel] if kernel else [])]
        sdk = {"requirements": lines, "wheels": "wheels", **more}
        self.write({"sdk": sdk})

    def write(self, environments: dict[str, Any], **more: Any) -> None:
        data = {"sources": [{"type": "snapshot", "path": "x.jsonl"}], "environments": environments, **more}
        self.file.write_text(yaml.safe_dump(data))

    def sync(self, **options: Any) -> api.Synced:
        (done,) = lumos_core.env_sync(self.file, ["sdk"], offline=True, **options)
        return done

    def find(self) -> Any:
        declared = yaml.safe_load(self.file.read_text())["environments"]
        declared = {key: EnvironmentConfig.model_validate(value) for key, value in declared.items()}
        return find("sdk", declared, self.file, self.state)

    def ask(self, code: str) -> str:
        command = [str(self.find().python), "-I", "-c", code]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def info(self, name: str = "sdk") -> api.EnvironmentInfo:
        (found,) = [one for one in lumos_core.env_list(self.file) if one.name == name]
        return found

    def check(self) -> api.Checked:
        (found,) = lumos_core.env_check(self.file, ["sdk"])
        return found

    def snapshot(self) -> dict[str, bytes]:
        """The files that say what is locked and ready."""
        files = [lock_path(self.file), self.home / "lumos-environment.json"]
        return {str(path): path.read_bytes() for path in files if path.exists()}

    def folders(self) -> list[str]:
        return sorted(path.name for path in self.home.glob("env-*"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_an_environment_is_built_from_wheels_without_any_network(place: Place, tool: Any) -> None:
    steps: list[str] = []
    done = place.sync(tool=tool, progress=steps.append)
    assert (done.action, done.locked, done.packages, done.tool) == ("built", True, 3, tool)
    assert done.changes == ["+ acme 1.0", "+ helper 1.0", f"+ lumos-core {lumos_core.__version__}"]
    assert (done.lumos_core, done.python) == (lumos_core.__version__, ".".join(map(str, sys.version_info[:3])))
    assert len(steps) == 2
    assert place.ask("import acme, helper; print(acme.VERSION)") == "1.0"
    text = lock_path(place.file).read_text()
    assert str(place.folder) not in text
    assert "://" not in text
    (locked,) = read_lock(place.file).environments["sdk"].locked.values()
    by_name = {package.name: package for package in locked.packages}
    wheel = place.wheels / "acme-1.0-py3-none-any.whl"
    assert by_name["acme"].hashes == [wheels.file_hash(wheel)]
    assert by_name["lumos-core"].made_from == place.kernel

    before, folders = place.snapshot(), place.folders()
    again = place.sync(tool=tool)
    assert (again.action, again.locked, again.reason) == ("unchanged", False, "")
    assert (place.snapshot(), place.folders()) == (before, folders)
    checked = place.check()
    assert checked.problems == []
    assert checked.ok
    info = place.info()
    assert (info.state, info.declared, info.locked, info.packages) == ("ready", "pipeline", True, 3)
    assert info.bytes > 100


@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_what_the_tool_says_is_told_and_the_environment_that_was_ready_stays(place: Place, tool: Any) -> None:
    place.sync(tool=tool)
    before, python = place.snapshot(), place.find().python

    def fails(match: str, fix: str) -> None:
        with pytest.raises(ConfigError, match=match) as caught:
            place.sync(tool=tool)
        assert fix in caught.value.fix
        assert place.snapshot() == before
        place.declare("acme")
        assert place.find().python == python
        assert place.ask("import acme") == ""

    place.declare("no-such-thing")
    fails("no-such-thing", "wheels")
    handmade.write_wheel(place.wheels, "rival", requires=("helper<1",))
    place.declare("acme", "rival")
    fails("helper", "environment each")
    place.declare("acme", "./missing")
    fails("./missing is not there", "relative to the pipeline file")
    broken = place.folder / "broken"
    broken.mkdir()
    (broken / "pyproject.toml").write_text("[project]\nname = 'broken'\nversion = '1'\n")
    place.declare("acme", "./broken")
    fails("cannot build broken", "wheels")


@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_a_file_that_is_not_the_one_that_was_locked_is_not_installed(
    place: Place, tool: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place.sync(tool=tool)
    lumos_core.env_remove("sdk", place.file)
    handmade.write_wheel(place.wheels, "helper", files={"helper.py": "import evil\n"})
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "another-cache"))  # uv still has the right file in the other
    with pytest.raises(ConfigError, match=r"Hash mismatch|DO NOT MATCH") as caught:
        place.sync(tool=tool)
    assert "--upgrade" in caught.value.fix
    assert not place.home.exists()
    with pytest.raises(ConfigError, match="not built"):
        place.find()


def test_a_change_of_the_declaration_is_noticed(place: Place) -> None:
    place.sync()
    python = place.find().python
    place.declare("helper")
    with pytest.raises(ConfigError, match=rf"has changed since.*`lumos env sync {place.file} sdk`") as caught:
        place.find()
    assert "is not ready" in caught.value.what
    assert (place.info().state, place.info().reason) == ("stale", "what is declared has changed")
    assert place.check().problems[0] == "what is declared has changed"
    done = place.sync()
    assert (done.action, done.changes) == ("built", ["- acme 1.0"])
    assert place.find().python != python
    assert python.exists(), "a run that is under way keeps its files until the next sync"
    assert place.sync().action == "unchanged"
    assert not python.exists()
    assert place.check().ok


def test_an_upgrade_is_only_made_when_it_is_asked_for(place: Place) -> None:
    place.sync()
    handmade.write_wheel(place.wheels, "acme", "1.1", requires=("helper>=1",))
    assert place.sync().action == "unchanged"
    done = place.sync(upgrade=True)
    assert (done.action, done.reason, done.changes) == ("built", "an upgrade was asked for", ["acme 1.0 -> 1.1"])
    assert place.ask("import acme; print(acme.VERSION)") == "1.1"
    assert place.sync(upgrade=True).action == "unchanged"


def test_what_is_locked_is_kept_when_something_is_added(place: Place) -> None:
    place.sync(tool="uv")
    handmade.write_wheel(place.wheels, "acme", "1.1")
    handmade.write_wheel(place.wheels, "extra")
    place.declare("acme", "extra")
    assert place.sync(tool="uv").changes == ["+ extra 1.0"]


def test_another_state_folder_gets_the_same_from_the_lock(place: Place) -> None:
    place.sync()
    handmade.write_wheel(place.wheels, "acme", "1.1")
    text = place.file.read_text()
    place.file.write_text(text + "state: elsewhere\n")
    done = place.sync()
    assert (done.action, done.locked, done.reason) == ("built", False, "it was not built yet")
    home = place.folder / "elsewhere" / "environments" / "sdk"
    marker = read_marker(home)
    assert marker is not None
    command = [str(marker.python_path(home)), "-c", "import acme; print(acme.VERSION)"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1.0\n"


def test_an_environment_may_be_declared_in_the_lock_only(place: Place) -> None:
    place.write({})
    entry = {"requirements": ["./wheels/acme-1.0-py3-none-any.whl", place.kernel], "deadline": 5}
    lock_path(place.file).write_text(json.dumps({"version": 1, "environments": {"sdk": entry}}))
    handmade.write_wheel(place.wheels, "acme", "1.0")
    assert place.info().declared == "lock"
    assert place.sync().packages == 2
    assert place.find().deadline == 5
    assert place.sync().action == "unchanged"


BACKEND = """
import os, zipfile, pathlib

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "plug-0.1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, name), "w") as archive:
        archive.writestr(zipfile.ZipInfo("plug.py"), pathlib.Path("plug.py").read_bytes())
        archive.writestr(zipfile.ZipInfo("salt.txt"), os.environ.get("PLUG_SALT", ""))
        info = "plug-0.1.dist-info"
        archive.writestr(zipfile.ZipInfo(f"{info}/METADATA"), "Metadata-Version: 2.1\\nName: plug\\nVersion: 0.1\\n")
        wheel = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        archive.writestr(zipfile.ZipInfo(f"{info}/WHEEL"), wheel)
        names = ["plug.py", "salt.txt", f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD"]
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD"), "".join(f"{name},,\\n" for name in names))
    return name
"""


def write_plug(folder: Path) -> None:
    """Write a project that builds itself: a build backend from an index would need a network."""
    folder.mkdir()
    (folder / "plug.py").write_text("VERSION = 1\n")
    (folder / "own_backend.py").write_text(BACKEND)
    build = '[build-system]\nrequires = []\nbuild-backend = "own_backend"\nbackend-path = ["."]\n'
    (folder / "pyproject.toml").write_text(build + '[project]\nname = "plug"\nversion = "0.1"\n')


def test_a_build_that_is_not_reproducible_is_not_taken_for_what_was_locked(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plug(place.folder / "plug")
    place.declare("./plug")
    place.sync()
    place.file.write_text(place.file.read_text() + "state: elsewhere\n")  # as on another machine
    monkeypatch.setenv("PLUG_SALT", "2")
    monkeypatch.setenv("UV_CACHE_DIR", str(place.folder / "another-cache"))
    with pytest.raises(ConfigError, match=r"\./plug is not what was locked") as caught:
        place.sync()
    assert "--upgrade" in caught.value.fix
    assert place.sync(upgrade=True).locked


@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_a_folder_is_built_to_a_wheel_and_its_changes_are_noticed(place: Place, tool: Any) -> None:
    plug = place.folder / "plug"
    write_plug(plug)
    place.declare("./plug")
    assert place.sync(tool=tool).packages == 2
    assert place.ask("import plug; print(plug.VERSION)") == "1"
    (locked,) = read_lock(place.file).environments["sdk"].locked.values()
    assert [one.made_from for one in locked.packages if one.name == "plug"] == ["./plug"]
    assert place.sync(tool=tool).action == "unchanged"
    (plug / "__pycache__").mkdir()
    (plug / "__pycache__" / "plug.pyc").write_text("")
    assert place.sync(tool=tool).action == "unchanged"
    (plug / "plug.py").write_text("VERSION = 2\n")
    done = place.sync(tool=tool)
    assert (done.action, done.reason) == ("built", "./plug has changed")
    assert place.ask("import plug; print(plug.VERSION)") == "2"


@pytest.mark.parametrize(
    "kernel, why",
    [
        ({"lumos_core/__init__.py": "raise RuntimeError('boom')\n"}, "RuntimeError: boom"),
        ({"lumos_core/hookspecs.py": "API_VERSION = '2.0'\n"}, "speaks plugin API 2.0, and this kernel speaks 1.0"),
        ({"lumos_core/__init__.py": "import nowhere\n"}, "No module named 'nowhere'"),
    ],
)
def test_what_was_built_and_does_not_work_is_not_ready(place: Place, kernel: dict[str, str], why: str) -> None:
    place.sync()
    before = place.snapshot()
    handmade.fake_kernel(place.wheels, **kernel)
    with pytest.raises(ConfigError, match="was built and does not work") as caught:
        place.sync()
    assert why in caught.value.why
    assert place.snapshot() == before
    assert len(place.folders()) == 1


@pytest.mark.parametrize("at", ["create", "install"])
def test_an_interrupted_sync_leaves_nothing_half_done(place: Place, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"lumos_core.environments.tools.Uv.{at}", interrupt)
        with pytest.raises(KeyboardInterrupt):
            place.sync(tool="uv")
        assert place.info().state == "not built"
    place.sync()
    before = place.snapshot()
    place.declare("helper")
    with monkeypatch.context() as patch:
        patch.setattr(f"lumos_core.environments.tools.Uv.{at}", interrupt)
        with pytest.raises(KeyboardInterrupt):
            place.sync(tool="uv")
    assert place.snapshot() == before
    place.declare("acme")
    assert place.ask("import acme") == ""


def test_a_killed_sync_is_told_and_mended(place: Place) -> None:
    half = place.home / "env-0000"
    half.mkdir(parents=True)
    (place.home / building.UNFINISHED).touch()
    assert (place.info().state, place.info().reason) == ("unfinished", "its sync was interrupted")
    with pytest.raises(ConfigError, match=r"did not finish.*`lumos env sync"):
        place.find()
    assert not place.check().ok
    place.sync()
    assert not half.exists()
    assert place.info().state == "ready"


def test_two_syncs_do_not_meet(place: Place) -> None:
    with alone(place.state), pytest.raises(LockedError, match="at work"):
        place.sync()
    place.sync()


def test_a_python_that_is_not_there(place: Place) -> None:
    place.declare("acme", python="3.99")
    with pytest.raises(ConfigError, match=r"no Python 3\.99"):
        place.sync()
    place.declare("acme", python="./no/python")
    with pytest.raises(ConfigError, match="there is no Python at"):
        place.sync()
    place.declare("acme", python=".".join(map(str, sys.version_info[:2])))
    assert place.sync().action == "built"
    place.declare("acme", python=sys.executable)
    assert place.sync().action == "unchanged", "the same packages on the same kind of Python"


def test_a_folder_of_wheels_that_is_not_there(place: Place) -> None:
    place.declare("acme", wheels="nowhere")
    with pytest.raises(ConfigError, match="there is no folder"):
        place.sync()


def test_check_finds_what_was_changed_after_the_sync(place: Place) -> None:
    place.sync(tool="uv")
    folder = next((place.home / place.folders()[0]).rglob("acme.py")).parent
    (folder / "acme.py").unlink()  # the file may be a link into a cache
    (folder / "acme.py").write_text("VERSION = 'evil'\n")
    (folder / "stranger-1.0.dist-info").mkdir()
    (folder / "stranger-1.0.dist-info" / "METADATA").write_text("Name: stranger\nVersion: 1.0\n")
    helper = folder / "helper-1.0.dist-info"
    metadata = helper / "METADATA"
    text = metadata.read_text().replace("Version: 1.0", "Version: 2.0")
    metadata.unlink()
    metadata.write_text(text)
    checked = place.check()
    assert not checked.ok
    assert "stranger 1.0 is not in the lock" in checked.problems
    assert "helper is 2.0, and 1.0 is locked" in checked.problems
    assert "acme.py was altered" in checked.problems
    assert "lumos env remove sdk" in checked.fix
    result = CliRunner().invoke(main, ["env", "check", str(place.file), "sdk"])
    assert result.exit_code == 2
    assert "acme.py was altered" in result.output
    lumos_core.env_remove("sdk", place.file)
    place.sync()
    assert place.check().ok


def test_check_starts_no_environment_that_is_gone(place: Place) -> None:
    place.sync()
    python = place.find().python
    python.unlink()
    python.write_text("#!/bin/sh\necho no\nexit 3\n")
    python.chmod(0o755)
    checked = place.check()
    assert (checked.ok, checked.problems) == (False, ["it ended with code 3"])


def test_remove_takes_only_what_a_sync_made(place: Place, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not built"):
        lumos_core.env_remove("sdk", place.file)
    with pytest.raises(UsageError, match="there is no environment 'skd'"):
        lumos_core.env_remove("skd", place.file)
    place.home.mkdir(parents=True)
    (place.home / "mine.txt").touch()
    with pytest.raises(UsageError, match="no marker"):
        lumos_core.env_remove("sdk", place.file)
    with pytest.raises(ConfigError, match="was not made by"):
        place.sync()
    assert (place.home / "mine.txt").exists()
    (place.home / "mine.txt").unlink()
    place.home.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / building.UNFINISHED).touch()
    place.home.symlink_to(elsewhere)
    with pytest.raises(UsageError, match="no marker"):
        lumos_core.env_remove("sdk", place.file)
    with pytest.raises(ConfigError, match="was not made by"):
        place.sync()
    assert [path.name for path in elsewhere.iterdir()] == [building.UNFINISHED]
    place.home.unlink()

    place.sync()
    (place.home / "link").symlink_to(elsewhere)
    was = lumos_core.env_remove("sdk", place.file)
    assert (was.state, place.home.exists()) == ("ready", False)
    assert (elsewhere / building.UNFINISHED).exists(), "links are removed, not followed"
    assert place.info().locked
    lumos_core.env_remove("sdk", place.file, forget=True)
    assert not place.info().locked


def test_remove_waits_for_no_run(place: Place) -> None:
    place.sync()
    pipeline = lumos_core.load_pipeline(place.file)
    store = pipeline.store.build()
    with store.lock(), pytest.raises(LockedError):
        lumos_core.env_remove("sdk", place.file)
    store.close()
    assert place.home.exists()
    lumos_core.env_remove("sdk", place.file)
    assert not place.home.exists()


def test_what_nobody_declares_any_more_is_listed_and_can_be_removed(place: Place) -> None:
    place.sync()
    place.write({})
    lock_path(place.file).unlink()
    assert (place.info().declared, place.info().reason) == ("", "this pipeline does not declare it")
    lumos_core.env_remove("sdk", place.file)
    assert lumos_core.env_list(place.file) == []


def test_an_existing_environment_is_checked_and_left_alone(place: Place) -> None:
    place.sync()
    folder = place.find().python.parent.parent
    before = sorted(str(path) for path in folder.rglob("*"))
    place.write({"theirs": {"existing": str(folder)}, "gone": {"existing": "nowhere"}})
    (done,) = lumos_core.env_sync(place.file, ["theirs"])
    assert (done.action, done.packages, done.lumos_core) == ("checked", 3, lumos_core.__version__)
    assert [(one.name, one.ok) for one in lumos_core.env_check(place.file, ["theirs", "gone"])] == [
        ("gone", False),
        ("theirs", True),
    ]
    assert {one.name: one.state for one in lumos_core.env_list(place.file) if one.declared == "pipeline"} == {
        "gone": "missing",
        "theirs": "existing",
    }
    with pytest.raises(UsageError, match="somebody else"):
        lumos_core.env_remove("theirs", place.file)
    with pytest.raises(ConfigError, match="is not there"):
        lumos_core.env_sync(place.file, ["gone"])
    assert sorted(str(path) for path in folder.rglob("*")) == before


def test_components_that_run_there_are_known_without_their_plugins_or_variables(place: Place) -> None:
    data = yaml.safe_load(place.file.read_text())
    data["sources"] = [{"type": "alien", "name": "shop", "environment": "sdk", "token": "${NOT_SET}"}]
    data["catalogs"] = [{"type": "other", "environment": "missing"}]
    place.file.write_text(yaml.safe_dump(data))
    assert place.info().used_by == ["source shop"]
    assert (place.info("missing").declared, place.info("missing").state) == ("", "not built")
    with pytest.raises(ConfigError, match="'other' runs in the environment 'missing', which nobody declares"):
        lumos_core.env_sync(place.file)
    place.sync()
    (problem,) = place.check().problems
    assert problem.startswith("the source 'alien', which the pipeline runs there, is not installed")


def test_the_commands_say_what_the_functions_return(place: Place) -> None:
    def run(*words: str) -> Any:
        result = CliRunner().invoke(main, ["env", *words])
        assert result.exit_code == 0, result.output
        return result

    file = str(place.file)
    assert json.loads(run("sync", file, "--offline", "--json").stdout)[0]["action"] == "built"
    told = run("sync", file, "sdk", "--offline")
    assert "unchanged" in told.stdout
    assert json.loads(run("list", file, "--json").stdout)[0]["state"] == "ready"
    assert "ready" in run("list", file).stdout
    assert json.loads(run("check", file, "--json").stdout)[0]["ok"] is True
    assert "ok" in run("check", file).stdout
    assert "Removed" in run("remove", "sdk", "-p", file).stdout
    place.write({})
    lock_path(place.file).unlink()
    for command in ("sync", "list", "check"):
        assert "declares no environments" in run(command, file).stdout


def test_the_pipeline_may_be_left_out(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place.folder)
    (place.folder / "sdk").mkdir()
    result = CliRunner().invoke(main, ["env", "sync", "sdk", "--offline"])
    assert result.exit_code == 0, result.output
    assert CliRunner().invoke(main, ["env", "check", "."]).exit_code == 0
    monkeypatch.chdir(place.folder / "sdk")
    result = CliRunner().invoke(main, ["env", "list"])
    assert result.exit_code == 2
    assert "there is no pipeline" in result.output


@pytest.fixture(scope="module")
def real_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the kernel needs, put together again from what is installed here: no network."""
    folder: Path = tmp_path_factory.mktemp("real-wheels")
    for name in handmade.needed_by("lumos-core"):
        handmade.repack(name, folder)
    points = "[lumos.plugins]\ntoy = toy_plugin.plugin\n"
    handmade.write_wheel(folder, "acme")
    handmade.write_wheel(folder, "toy-plugin", requires=("lumos-core", "acme"), files=TOY, points=points)
    points = "[lumos.plugins]\nbad = bad_plugin\n"
    handmade.write_wheel(folder, "bad-plugin", files={"bad_plugin.py": "1 / 0\n"}, points=points)
    return folder


def test_the_kernel_that_runs_here_is_added_and_sees_the_plugins_there(
    place: Place, real_wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = list(wheels._kernel_files())  # the checkout may be edited while this runs
    monkeypatch.setattr(wheels, "_kernel_files", lambda: iter(files))
    place.declare("toy-plugin", kernel=False, wheels=str(real_wheels))
    data = yaml.safe_load(place.file.read_text())
    data["sources"] = [{"type": "toy", "environment": "sdk"}]
    place.file.write_text(yaml.safe_dump(data))
    assert place.sync().action == "built"
    assert place.sync().action == "unchanged"
    checked = place.check()
    assert checked.problems == []
    assert checked.ok
    offers = {plugin.distribution: plugin.components for plugin in checked.plugins}
    assert offers["toy-plugin"] == [("source", "toy")]
    result = lumos_core.run(place.file)
    assert (result.exit_code, [*result.failures]) == (0, [])
    assert [record.urn for record in result.records if record.kind == "dataset"] == [
        "urn:lumos:dataset:(toy,acme-1.0,PROD)"
    ]
    (locked,) = read_lock(place.file).environments["sdk"].locked.values()
    assert locked.versions()["lumos-core"] == lumos_core.__version__

    place.declare("bad-plugin", kernel=False, wheels=str(real_wheels))
    place.sync()
    (problem,) = place.check().problems
    assert problem.startswith("the plugin bad-plugin is broken: ")
    assert "environments.sdk.requirements" in place.check().fix


def test_the_wheel_of_the_kernel_is_the_same_every_time(tmp_path: Path) -> None:
    options, python = SimpleNamespace(), Path(sys.executable)
    first, second = wheels.KernelWheel(), wheels.KernelWheel()
    one = first.wheel(options, python, options, tmp_path / "a")  # type: ignore[arg-type]
    two = second.wheel(options, python, options, tmp_path / "b")  # type: ignore[arg-type]
    assert first.source == second.source
    assert one.read_bytes() == two.read_bytes()


def test_who_names_a_kernel_gets_that_one(place: Place) -> None:
    def kinds(*requirements: str) -> list[type]:
        return [type(one) for one in wheels.made_wheels([*requirements], place.folder)]

    assert kinds("acme") == [wheels.KernelWheel]
    assert kinds("acme", "lumos-core>=0.1") == []
    assert kinds("acme", "Lumos_Core @ https://host/lumos_core-0.1.0-py3-none-any.whl") == []
    assert kinds(place.kernel) == [wheels.MadeWheel]


def test_another_kernel_makes_a_lock_stale_for_a_sync_and_not_for_a_run(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = f"lumos_core-{lumos_core.__version__}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: lumos-core\nVersion: {lumos_core.__version__}\n"
    files = {**handmade.FAKE_KERNEL, f"{info}/METADATA": metadata}
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    monkeypatch.setattr(wheels, "_kernel_files", lambda: ((name, text.encode()) for name, text in files.items()))
    place.declare("acme", kernel=False)
    assert place.sync().action == "built"
    assert place.sync().action == "unchanged"
    files["lumos_core/more.py"] = "\n"
    assert place.info().reason == "lumos-core as it runs here has changed"
    assert place.ask("import acme, lumos_core; print(acme.VERSION)") == "1.0"
    done = place.sync()
    assert (done.action, done.changes) == ("built", [])
    assert place.ask("import lumos_core.more") == ""


def test_what_a_tool_says_tells_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    from lumos_core.environments import tools

    def told(output: str, *more: str) -> LumosError:
        code = f"print({output!r}); raise SystemExit(1)"
        with pytest.raises(LumosError) as caught:
            tools.run_tool("install", [sys.executable, "-c", code, *more])
        return caught.value

    assert "free some space" in told("OSError: [Errno 28] No space left on device").fix
    assert "network" in told("Failed to fetch https://user:secret@host/simple: dns error").fix
    assert "secret" not in str(told("Failed to fetch https://user:secret@host/simple"))
    assert "wheels" in told("No matching distribution found for x", "--no-index").fix
    assert "name and version" in told("No matching distribution found for x").fix
    assert told("a\n" * 50).why.count("a") == 15
    assert told("Collecting x\nERROR: no x\nhelp").why == "ERROR: no x\nhelp"
    with pytest.raises(ConfigError, match="cannot install"):
        tools.run_tool("install", ["/no/such/program"])


def test_uv_follows_the_configuration_of_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from lumos_core.environments.tools import pip_for_uv

    named = tmp_path / "pip.conf"
    named.write_text(
        "[global]\nindex-url = https://mirror/simple\nfind-links =\n    /a\n    /b\n[install]\nno-index = true\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(named))
    monkeypatch.setenv("PIP_TRUSTED_HOST", "one two")
    found = pip_for_uv()
    assert found["UV_DEFAULT_INDEX"] == "https://mirror/simple"
    assert (found["UV_FIND_LINKS"], found["UV_NO_INDEX"], found["UV_INSECURE_HOST"]) == ("/a,/b", "1", "one two")
    monkeypatch.setenv("PIP_INDEX_URL", "https://other/simple")
    assert pip_for_uv()["UV_DEFAULT_INDEX"] == "https://other/simple", "variables win over files"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://own/simple")
    assert "UV_DEFAULT_INDEX" not in pip_for_uv(), "what uv was told itself wins"


def test_without_uv_it_is_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    from lumos_core.environments import tools

    assert tools.choose("pip").name == "pip"
    monkeypatch.setattr(tools, "_uv", str)
    assert tools.choose().name == "pip"
    with pytest.raises(ConfigError, match="there is no uv"):
        tools.choose("uv")


@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_a_url_keeps_its_credentials_out_of_the_lock(place: Place, tool: Any) -> None:
    import functools
    import http.server
    import threading

    handler: Callable[..., Any] = functools.partial(_Silent, directory=str(place.wheels))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://user:secret@127.0.0.1:{server.server_port}/helper-1.0-py3-none-any.whl"
        place.declare(f"helper @ {url}")
        assert place.sync(tool=tool).packages == 2
        assert "secret" not in lock_path(place.file).read_text()
        (locked,) = read_lock(place.file).environments["sdk"].locked.values()
        assert locked.versions()["helper"] == "1.0"
        assert place.ask("import helper; print(helper.VERSION)") == "1.0"
        assert place.sync(tool=tool).action == "unchanged"
        lumos_core.env_remove("sdk", place.file)
        assert place.sync(tool=tool).locked is False
        place.declare("helper @ " + url.replace("helper-1.0-py3-none-any.whl", "helper"))
        with pytest.raises(ConfigError, match="cannot"):
            place.sync(tool=tool)
        server.shutdown()


def _silent() -> Any:
    import http.server

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    return Silent


_Silent = _silent()


def test_interpreter_is_where_virtual_environments_keep_it(tmp_path: Path) -> None:
    expected = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    assert interpreter(tmp_path) == tmp_path / expected
