from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import lumos_core
from lumos_core.cli import main
from lumos_core.diagnosis import environment, memory
from lumos_core.diagnosis.finding import Finding

SECRET = "hunter2-correct-horse"

PARTS = '''
import sys, time
from lumos_core.plugin_api import *
from pydantic import Field as Option, SecretStr

class Bad(Config):
    """Options."""
    token: SecretStr = Option(default=SecretStr(""), description="Secret.")
    how: str = Option(default="", description="What goes wrong.")

class Reader(Source[Bad]):
    def check(self, ctx):
        how, token = self.config.how, self.config.token.get_secret_value()
        if how == "refuses": raise ConfigError(f"refused {token}", why=f"not {token}", fix=f"another than {token}")
        if how == "raises": raise KeyError(token)
        if how == "exits": sys.exit(0)
        if how == "hangs": time.sleep(600)
        if how == "warns": ctx.warn("old", f"{token} is old")
        print("noise")
    def plan(self, within, ctx): return []
    def extract(self, unit, ctx): return []

class Silent(Source[Bad]):
    def plan(self, within, ctx): return []
    def extract(self, unit, ctx): return []

class Explosive(Silent):
    def __init__(self, config): raise ValueError(config.token.get_secret_value())
'''


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("LUMOS_CONFIG", raising=False)
    monkeypatch.delenv("LUMOS_DISABLE_PLUGINS", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setenv("BAD_TOKEN", SECRET)
    folder = tmp_path / "home"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "orders.csv").write_text("id,name\n1,a\n")
    monkeypatch.chdir(folder)
    (folder / "doctor_parts.py").write_text(PARTS)
    monkeypatch.delitem(sys.modules, "doctor_parts", raising=False)
    return folder


def pipeline(home: Path, *sources: Any, **keys: Any) -> Path:
    path = home / "lumos.yaml"
    path.write_text(json.dumps({"sources": [{"type": "files", "path": "data"}, *sources], **keys}))
    return path


def bad(how: str, name: str = "Reader") -> dict[str, str]:
    return {"type": f"doctor_parts:{name}", "name": how or name, "how": how, "token": "${BAD_TOKEN}"}


def lumos(*args: str) -> Any:
    return CliRunner().invoke(main, list(args), prog_name="lumos")


def found(**options: Any) -> dict[tuple[str, str], Finding]:
    told = lumos_core.doctor(**options)
    assert SECRET not in str(told)
    return {(item.area, item.about): item for item in told}


def test_all_is_well(home: Path) -> None:
    pipeline(home, name="shop")
    first = lumos("doctor")
    assert first.exit_code == 0, first.output
    assert "sqlite: nothing is recorded yet" in first.stdout
    assert not (home / ".lumos").exists(), "it writes nothing"
    assert lumos("run").exit_code == 0
    before = {path: path.stat().st_mtime_ns for path in (home / ".lumos").rglob("*") if path.suffix != ".lock"}
    answer = lumos("doctor")
    assert answer.exit_code == 0
    lines = [" ".join(line.split()) for line in answer.stdout.splitlines()]
    assert f"✓ environment lumos-core: {lumos_core.__version__} in {Path(lumos_core.__file__).parent}" in lines
    assert "✓ pipeline lumos.yaml: valid: 5 components" in lines
    assert "✓ store sqlite: nobody holds it" in lines
    assert any(line.startswith("✓ store sqlite: 3 records, read to the end, ") for line in lines)
    assert "✓ source files: reachable and permitted" in lines
    assert "✓ catalog local: reachable and permitted" in lines
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_without_a_pipeline(home: Path) -> None:
    answer = lumos("doctor")
    assert answer.exit_code == 0
    assert "there is no pipeline here" in answer.stdout
    assert "store" not in answer.stdout.replace("lumos-store", "")


def test_as_json(home: Path) -> None:
    pipeline(home, bad(""))
    answer = lumos("doctor", "--json")
    told = json.loads(answer.stdout)
    assert {tuple(item) for item in told} == {("area", "about", "status", "what", "why", "fix")}
    assert "noise" in answer.stderr


def test_a_pipeline_that_is_not_valid(home: Path) -> None:
    path = pipeline(
        home, {"type": "fils"}, gate={"fail_on": "braking"}, catalogs=[{"type": "local", "path": "${NOPE}"}]
    )
    answer = lumos("doctor", "-p", str(path))
    assert answer.exit_code == 2
    lines = [" ".join(line.split()) for line in answer.stdout.splitlines()]
    assert sum(line.startswith(f"✗ pipeline {path}:1:") for line in lines) == 3
    assert "fix did you mean 'files'?" in lines
    assert any("the environment variable NOPE is not set" in line for line in lines)
    assert "fix export NOPE=..., or give a default: ${NOPE:-default}" in lines
    assert lines[-1].startswith("3 problems")
    assert lumos("doctor", "-p", "nowhere.yaml").exit_code == 2


def test_variables_are_named_and_never_shown(home: Path) -> None:
    pipeline(home, bad(""), state="${STATE_OF_DOCTOR:-.lumos}")
    told = [item for item in lumos_core.doctor() if item.about == "variables"]
    assert [item.what for item in told] == [
        "set: BAD_TOKEN",
        "not set, so that their defaults count: STATE_OF_DOCTOR",
    ]


def test_components_are_asked_all_at_once_and_each_for_itself(home: Path) -> None:
    pipeline(
        home,
        *map(bad, ("refuses", "raises", "exits", "hangs", "warns", "")),
        bad("", "Silent"),
        bad("made", "Explosive"),
    )
    began = time.monotonic()
    told = lumos_core.doctor(timeout=3)
    assert time.monotonic() - began < 20
    assert SECRET not in str(told)
    sources = {item.about: (item.status, item.what, item.why, item.fix) for item in told if item.area == "source"}
    assert sources["refuses"] == ("fail", "refused ***", "not ***", "another than ***")
    assert sources["raises"] == ("fail", "raised KeyError", "'***'", "tell its authors")
    assert sources["exits"][:2] == ("fail", "raised RuntimeError")
    assert sources["hangs"][:2] == ("fail", "no answer within 3 s")
    assert "--timeout" in sources["hangs"][3]
    assert sources["warns"] == ("warn", "*** is old", "", "")
    assert sources["Silent"][:2] == ("ok", "not asked: it has no `check` of its own")
    assert sources["made"][:3] == ("fail", "the source 'made' cannot be made", sources["made"][2])
    assert sources["files"][:2] == ("ok", "reachable and permitted")


def test_notifiers_are_asked_and_other_reporters_are_not(home: Path) -> None:
    mail = {"type": "email", "host": "127.0.0.1", "port": 9, "from": "a@example.org", "to": ["b@example.org"]}
    hook = {"type": "webhook", "url": "http://127.0.0.1:9/secret"}
    pipeline(home, reports=[mail, hook, {"type": "html"}])
    told = {item.about: (item.status, item.what) for item in lumos_core.doctor() if item.area == "reporter"}
    assert told == {
        "email": ("fail", "127.0.0.1:9: the mail was not sent"),
        "webhook": ("ok", "not asked: it has no `check` of its own"),
    }


def test_a_source_that_is_not_there_and_a_catalog_that_cannot_be_written(home: Path) -> None:
    pipeline(home, {"type": "files", "path": "gone", "name": "gone", "instance": "x"})
    (home / "taken").write_text("a file")
    path = home / "other.yaml"
    path.write_text("sources: [{type: files, path: data}]\ncatalogs: [{type: local, path: taken/catalog.db}]\n")
    told = found(pipeline=path)
    assert told["catalog", "local"].status == "fail"
    assert told["catalog", "local"].fix
    assert found()["source", "gone"].status == "fail"
    assert lumos("doctor").exit_code == 2


def test_plugins_that_cannot_be_used_are_warnings(toolbox: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toolbox.distribution("import nothing_like_this", name="lumos-source-poor")
    toolbox.distribution("", requires=("lumos-core>=9",), name="lumos-source-new")
    toolbox.toy("rival", name="lumos-a")
    toolbox.toy("rival", name="lumos-b")
    toolbox.distribution("", name="lumos-off")
    monkeypatch.setenv("LUMOS_DISABLE_PLUGINS", "lumos-off")
    told = found()
    assert told["plugins", "lumos-source-poor 1.0"][2:4] == ("warn", "broken")
    assert "nothing_like_this" in told["plugins", "lumos-source-poor 1.0"].why
    assert told["plugins", "lumos-source-new 1.0"].what == "incompatible"
    assert "offered by lumos-b too" in told["plugins", "lumos-a 1.0"].what
    assert told["plugins", "lumos-off 1.0"].status == "ok"
    assert lumos("doctor").exit_code == 0, "nobody names them"


def test_the_environment(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "lumos_core").mkdir()
    (home / "lumos_core" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(home))
    assert "it hides" in found()["environment", "lumos_core"].why
    monkeypatch.setattr(environment.importlib_metadata, "version", lambda name: "0.0.9")
    assert found()["environment", "lumos-core"].status == "warn"
    monkeypatch.setattr(environment, "SCARCE", 1 << 60)
    assert found()["environment", "disk"].status == "fail"
    monkeypatch.setattr(environment, "SCARCE", 0)
    monkeypatch.setattr(environment, "TIGHT", 1 << 60)
    assert found()["environment", "disk"].status == "warn"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "cannot be written" in found()["environment", "disk"].what
    code = "import lumos_core, sys; print([f for f in lumos_core.doctor() if f.about == 'output'][0].status)"
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": ""}
    monkeypatch.undo()
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.stdout == "warn\n", done.stderr


def test_a_damaged_store_and_the_store_of_another(home: Path) -> None:
    pipeline(home, name="shop")
    assert lumos("run").exit_code == 0
    pipeline(home, name="another")
    assert "history of the pipeline 'shop'" in found()["store", "sqlite"].what
    (home / ".lumos" / "store.db").write_bytes(b"garbage " * 100)
    told = found()["store", "sqlite"]
    assert told.status == "fail"
    assert str(home / ".lumos" / "store.db") in told.what
    assert told.fix


HOLD = """
import json, os, sys, time
from pathlib import Path
from lumos_core.config.api import load_pipeline
store = load_pipeline("lumos.yaml").store.build()
with store.lock():
    if sys.argv[1] == "child" and os.fork():
        os._exit(0)
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
@pytest.mark.parametrize("holder", ["parent", "child"])
def test_who_holds_the_store(home: Path, holder: str) -> None:
    pipeline(home, name="shop")
    assert lumos("run").exit_code == 0
    process = subprocess.Popen([sys.executable, "-c", HOLD, holder], stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        if holder == "child":
            process.wait(20)
        told = next(item for item in lumos_core.doctor() if item.area == "store")
        assert f"process {process.pid} on" in told.why
        assert told.status == ("warn" if holder == "parent" else "fail")
        assert ("has ended" in told.why) == (holder == "child")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert found()["store", "sqlite"].status == "ok"


def test_a_store_that_is_out_of_order(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline(home, name="shop")
    assert lumos("run").exit_code == 0
    spec = lumos_core.load_pipeline(home / "lumos.yaml").store
    store = spec.build()
    lines: Callable[..., Any] = type(store).lines
    store.close()
    monkeypatch.setattr(type(store), "lines", lambda self, ref: reversed(list(lines(self, ref))))
    assert found()["store", "sqlite"].what == "it is out of order"
    assert memory.AREA == "store"


def test_environments_of_the_pipeline(home: Path) -> None:
    pipeline(home, environments={"other": {"requirements": ["lumos-source-csv"]}})
    told = found()["environments", "other"]
    assert (told.status, told.what) == ("fail", "it is not built")
    assert "lumos env sync" in told.fix
