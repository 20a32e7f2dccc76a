"""What a hostile plugin does to who does not use it (nothing), and what it answers to who names it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from click.testing import CliRunner

from lumos_core import __version__
from lumos_core.cli import main

LUMOS = """
import site, sys
site.addsitedir({site!r})
sys.path.insert(0, {site!r})
sys.path.append({site!r} + "/older")
from lumos_core.cli import main
sys.argv[0] = "lumos"
main()
"""


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "2000")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with data and a pipeline that names nothing hostile."""
    monkeypatch.delenv("LUMOS_CONFIG", raising=False)
    folder = tmp_path / "shop"
    (folder / "data" / "raw").mkdir(parents=True)
    (folder / "data" / "orders.csv").write_text("id,name\n1,a\n")
    (folder / "data" / "events.json").write_text('{"at": 1}\n')
    (folder / "data" / "raw" / "_SUCCESS").write_text("")
    (folder / "data" / "raw" / "notes.txt").write_text("hello\n")
    write(folder, {"type": "files", "path": "data"})
    return folder


def write(folder: Path, *sources: Any) -> None:
    pipeline = {"version": 1, "name": "shop", "sources": list(sources)}
    (folder / "lumos.yaml").write_text(json.dumps(pipeline))


def lumos(folder: Path, site: Path | None, *args: str) -> subprocess.CompletedProcess[str]:
    code = LUMOS.format(site=str(site)) if site else "from lumos_core.cli import main; main()"
    env = {**os.environ, "PYTHONWARNINGS": "error", "COLUMNS": "2000", "NO_COLOR": "1"}
    return subprocess.run([sys.executable, "-c", code, *args], cwd=folder, env=env, capture_output=True, text=True)


def exact(line: str, case: Any, site: Any) -> str:
    """An expected line as a pattern: `~` stands for a number."""
    text = f"{case.version} {line}".strip().replace("SITE", str(site.folder)).replace("KERNEL", __version__)
    return re.escape(text).replace(r"\~", r"[\d.]+").replace("~", r"[\d.]+")


def test_each_has_its_line(site: Any, hostile: str, case: Any, wide: None) -> None:
    case.install(site)
    site.put_on_path()
    told = CliRunner().invoke(main, ["plugins"], prog_name="lumos")
    assert told.exit_code == 0, told.output
    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in told.stdout.splitlines() if line.strip()}
    found = lines[hostile.replace("SITE", str(site.folder))]
    assert re.fullmatch(exact(case.line, case, site), found), found
    assert lines["lumos-core"].startswith(f"{__version__} ok ")


def test_naming_it_is_a_clear_error_or_works(site: Any, case: Any, shop: Path, monkeypatch: Any) -> None:
    if not case.names:
        pytest.skip("a format, which has its own test, or nothing that has a name")
    case.install(site)
    site.put_on_path()
    write(shop, {"type": case.names}, {"type": "files", "path": "data"})
    monkeypatch.chdir(shop)
    answer = CliRunner().invoke(main, ["run"], prog_name="lumos")
    if not case.refusal:
        assert answer.exit_code == 0, answer.stderr
        assert "dataset" in CliRunner().invoke(main, ["show", "one"], prog_name="lumos").stdout
        return
    assert answer.exit_code == 2
    assert case.refusal in answer.stderr
    assert "Fix: " in answer.stderr
    assert answer.stdout == ""
    assert not (shop / ".lumos").exists(), "nothing was written"


def test_all_of_them_together_change_nothing(crowd: Any, shop: Path, tmp_path: Path) -> None:
    """The same bytes and the same exit code, with and without them: data that breaks, and data that does not."""
    told: dict[str, list[Any]] = {"alone": [], "crowd": []}
    for name in told:
        folder = tmp_path / name
        subprocess.run(["cp", "-r", str(shop), str(folder)], check=True)
        place = crowd.folder if name == "crowd" else None
        for day in range(2):
            if day:
                (folder / "data" / "orders.csv").write_text("id\n1\n")
                (folder / "data" / "broken.parquet").write_text("PAR1")
            answer = lumos(folder, place, "run", "--json")
            result = json.loads(answer.stdout)
            told[name] += [answer.returncode, contents(Path(result["snapshot"]), result)]
    assert told["alone"] == told["crowd"]
    assert [told["alone"][0], told["alone"][2]] == [0, 3]


def contents(snapshot: Path, result: Any) -> list[Any]:
    """The snapshot but for its times, and what the run says that is not a time."""
    lines = snapshot.read_text().splitlines()
    assert "exported_at" in lines[0]
    body = [re.sub(r'"sha256":"\w+"', "", line) for line in lines[1:]]
    said = {key: result[key] for key in ("verdict", "exit_code", "changes", "warnings", "failures", "counts")}
    return [*body, json.dumps(said).replace(str(snapshot), "")]


def test_json_stays_json_whatever_they_print(crowd: Any, shop: Path) -> None:
    write(shop, {"type": "prints"}, {"type": "files", "path": "data"})
    for args in (
        ("plugins", "--json"),
        ("validate", "--json"),
        ("run", "--json"),
        ("describe", "source", "prints", "--json"),
    ):
        answer = lumos(shop, crowd.folder, *args)
        assert answer.returncode == 0, answer.stderr
        json.loads(answer.stdout)
        assert "noise" in answer.stderr


def test_help_imports_none_of_them(crowd: Any, shop: Path) -> None:
    answer = lumos(shop, crowd.folder, "--help")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "noise" not in answer.stdout


def test_a_format_is_used_only_by_name(crowd: Any, shop: Path) -> None:
    """Two formats claim every file and one of them is called `csv` as ours is."""
    formats = ["greedy"]
    write(shop, {"type": "files", "path": "data", "formats": formats})
    answer = lumos(shop, crowd.folder, "run")
    assert answer.returncode == 3
    assert "nobody named me" in answer.stdout
    write(shop, {"type": "files", "path": "data", "formats": ["csv"]})
    answer = lumos(shop, crowd.folder, "run")
    assert answer.returncode == 2
    assert "2 plugins offer the format 'csv': lumos-csv-too and lumos-source-csv" in answer.stderr
    assert "choose: type: lumos-csv-too/csv or type: lumos-source-csv/csv" in answer.stderr
    write(shop, {"type": "files", "path": "data", "formats": ["lumos-source-csv/csv"]})
    assert lumos(shop, crowd.folder, "run").returncode == 0


def test_an_import_leaves_the_process_as_it_was(crowd: Any, shop: Path) -> None:
    probe = f"""
import logging, os, signal, site, sys, warnings
site.addsitedir({str(crowd.folder)!r})
def state():
    return (os.getcwd(), dict(os.environ), [signal.getsignal(n) for n in signal.valid_signals()],
            list(warnings.filters), logging.root.level, list(logging.root.handlers), logging.root.manager.disable,
            list(sys.path), sys.excepthook, sys.stdout, sys.stderr)
before = state()
import lumos_core
assert any(p.distribution == "lumos-meddles" and "secret-value" not in str(p) for p in lumos_core.plugins())
assert state() == before
print("same")
"""
    answer = subprocess.run([sys.executable, "-c", probe], cwd=shop, capture_output=True, text=True)
    assert answer.stdout == "same\n", answer.stderr


def test_what_a_named_component_imports_may_set_variables_but_not_take_ctrl_c(site: Any, shop: Path) -> None:
    parts = """
        import os, signal
        os.environ["DRIVER_HOME"] = "set"
        os.chdir("/")
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    """
    package = site.install("lumos-driver", None, parts=dedent(parts) + "value = 1\n")
    probe = f"""
import os, signal, sys
sys.path.insert(0, {str(site.folder)!r})
from lumos_core.loading.targets import resolve
resolve("{package}.parts:value")
print(os.environ["DRIVER_HOME"], os.getcwd(), signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""
    answer = subprocess.run([sys.executable, "-c", probe], cwd=shop, capture_output=True, text=True)
    assert answer.stdout.split() == ["set", str(shop.resolve()), "True"], answer.stderr


def test_ctrl_c_during_an_import_says_whose(site: Any, shop: Path) -> None:
    site.install("lumos-stuck", "raise KeyboardInterrupt")
    answer = lumos(shop, site.folder, "plugins")
    assert answer.returncode == 130
    assert (
        "interrupted while lumos-stuck was imported; LUMOS_DISABLE_PLUGINS=lumos-stuck leaves it out" in answer.stderr
    )


def test_an_observer_that_raises_what_is_no_exception_ends_no_run(site: Any, shop: Path) -> None:
    watcher = """
        import asyncio
        from lumos_core.plugin_api import hookimpl

        @hookimpl
        def lumos_stage_finished(stage):
            raise asyncio.CancelledError

        @hookimpl
        def lumos_run_started(run_id):
            print("noise")
    """
    site.install("lumos-watcher", watcher)
    answer = lumos(shop, site.folder, "run", "--json")
    assert answer.returncode == 0, answer.stderr
    told = [told["message"] for told in json.loads(answer.stdout)["warnings"] if told["code"] == "observer-failed"]
    assert told == ["lumos_stage_finished raised RuntimeError: it raised CancelledError"]


def test_a_second_offer_of_a_default_changes_nothing(site: Any, shop: Path, manifests: Any) -> None:
    """Store, differ, catalog, executor and reporter of a pipeline that says nothing about them."""
    for kind, name in ("store", "sqlite"), ("differ", "semantic"), ("catalog", "local"), ("executor", "threads"):
        site.install(f"lumos-grabs-{kind}", manifests(name, kind), parts="raise SystemError('nobody named me')")
    site.install("lumos-grabs-terminal", manifests("terminal", "reporter"), parts="raise SystemError")
    for args in ("run",), ("list",), ("search", "orders"), ("rules",), ("diff", "head", "head"), ("doctor",):
        answer = lumos(shop, site.folder, *args)
        assert answer.returncode == 0, (args, answer.stderr)
    write(shop, {"type": "files", "path": "data"})
    pipeline = json.loads((shop / "lumos.yaml").read_text())
    (shop / "lumos.yaml").write_text(json.dumps({**pipeline, "store": "sqlite"}))
    answer = lumos(shop, site.folder, "run")
    assert answer.returncode == 2
    assert "2 plugins offer the store 'sqlite': lumos-grabs-store and lumos-store-sqlite" in answer.stderr
