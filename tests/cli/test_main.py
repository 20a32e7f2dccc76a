from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

import lumos_core.cli as cli
from lumos_core import __version__, errors
from lumos_core.cli import main
from lumos_core.cli.plugin_commands import plugin_commands


def run(*args: str) -> Any:
    return CliRunner().invoke(main, list(args), prog_name="lumos")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, toolbox: Any) -> Any:
    """Puts a command `trouble` into the table that raises what the test gives."""

    def put(error: BaseException) -> None:
        module = f"toy_plugin_{id(error)}"
        made = type(sys)(module)

        @click.command()
        @click.option("--json", "as_json", is_flag=True)
        def trouble(as_json: bool) -> None:
            raise error

        made.command = trouble  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module, made)
        monkeypatch.setitem(cli.COMMANDS, "trouble", (module, "Trouble."))

    return put


def test_help_lists_every_command_and_imports_none() -> None:
    code = (
        "import sys\n"
        "from lumos_core.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print('LOADED', *sorted(loaded & {'pydantic', 'msgspec', 'yaml', 'rich', 'pluggy', 'importlib_metadata'}))\n"
        "print('MODULES', *sorted(name for name in sys.modules if name.startswith('lumos_')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = dict(line.partition(" ")[::2] for line in done.stdout.splitlines() if line[:1].isupper())
    assert lines["LOADED"] == ""
    assert lines["MODULES"].split() == [
        "lumos_core",
        "lumos_core.cli",
        "lumos_core.cli.guard",
        "lumos_core.cli.plugin_commands",
        "lumos_core.errors",
    ]
    for name, (_, text) in cli.COMMANDS.items():
        assert f"  {name}" in done.stdout
        assert text[:30] in done.stdout


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_of_the_table_exists_and_says_the_same(name: str) -> None:
    module, text = cli.COMMANDS[name]
    if not (Path(cli.__file__).parent / f"{module.rpartition('.')[2]}.py").exists():
        pytest.fail(f"{module} is in the table of commands and does not exist")
    done = run(name, "--help")
    assert done.exit_code == 0, done.output
    assert text


def test_version() -> None:
    assert run("--version").output == f"lumos {__version__}\n"


def test_an_unknown_command_gets_a_hint() -> None:
    done = run("vaildate")
    assert done.exit_code == 2
    assert "there is no command 'vaildate'. Did you mean 'validate'?" in done.stderr
    done = run("vaildate", "--json")
    assert json.loads(done.stderr)["error"] == "UsageError"
    assert run("qqqqqq").stderr.endswith("Run `lumos --help` for the list.\n")
    assert run("--nonsense").exit_code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigError("x"), 2),
        (errors.PluginError("x"), 2),
        (errors.LockedError("x"), 2),
        (errors.CatalogError("x"), 3),
        (errors.DiskError("x"), 3),
        (errors.Cancelled("x"), 130),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(32, "Broken pipe"), 4),
        (ValueError("x"), 4),
        (click.exceptions.Exit(1), 1),
        (SystemExit(3), 4),
    ],
)
def test_exit_codes(command: Any, error: BaseException, code: int) -> None:
    command(error)
    done = run("trouble")
    assert done.exit_code == code
    assert done.stdout == ""


def test_an_error_is_told_as_text_and_as_json(command: Any) -> None:
    problem = errors.ConfigError("too small", fix="make it bigger", where="f.yaml:1:2")
    command(errors.ConfigError("1 problem", why="because", problems=[problem]))
    assert run("trouble").stderr == "Error: 1 problem: because\n  f.yaml:1:2: too small\n  Fix: make it bigger\n"
    assert json.loads(run("trouble", "--json").stderr) == {
        "error": "ConfigError",
        "what": "1 problem",
        "why": "because",
        "exit_code": 2,
        "problems": [{"error": "ConfigError", "what": "too small", "fix": "make it bigger", "where": "f.yaml:1:2"}],
    }


def test_a_flood_of_problems_is_cut(command: Any) -> None:
    command(errors.ConfigError("many", problems=[errors.ConfigError(f"p{number}") for number in range(250)]))
    lines = run("trouble").stderr.splitlines()
    assert (len(lines), lines[-1]) == (102, "  ... and 150 more")
    assert len(json.loads(run("trouble", "--json").stderr)["problems"]) == 250


def test_an_internal_error_does_not_show_its_values(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    command(ValueError("hunter22"))
    done = run("trouble")
    assert "Internal error: ValueError at test_main.py:" in done.stderr
    assert "hunter22" not in done.stderr
    assert json.loads(run("trouble", "--json").stderr) == {
        "error": "InternalError",
        "what": "ValueError",
        "exit_code": 4,
    }
    monkeypatch.setenv("LUMOS_DEBUG", "1")
    assert "Traceback" in run("trouble").stderr


def test_errors_have_no_colours_without_a_terminal(tmp_path: Path) -> None:
    done = run("validate", str(tmp_path / "gone.yaml"))
    assert "\x1b" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end differently")
@pytest.mark.parametrize("argument", ["schema", "--help"])
def test_a_reader_that_goes_away_is_no_gate_failure(argument: str) -> None:
    code = "from lumos_core.cli import main; main(prog_name='lumos')"
    child = subprocess.Popen(
        [sys.executable, "-u", "-c", code, argument], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    stderr = child.stderr.read().decode()
    child.stderr.close()
    assert (child.wait(), stderr) == (141, "")


COMMAND = """
import click

@click.command()
def hello():
    click.echo("hello from a plugin")

not_a_command = 3
"""
POINTS = """[lumos.commands]
hello = PACKAGE.commands:hello
wrong = PACKAGE.commands:not_a_command
gone = PACKAGE.nowhere:x
run = PACKAGE.commands:hello

[console_scripts]
other = PACKAGE:x
"""


def test_commands_of_plugins(toolbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    package = toolbox.distribution(None, name="lumos-extra", points=POINTS, modules={"commands": COMMAND})
    assert plugin_commands()["hello"] == "lumos-extra"
    done = run("--help")
    assert "Commands of plugins:" in done.output
    assert re.search(r"hello +from lumos-extra", done.output)
    assert f"{package}.commands" not in sys.modules
    assert run("hello").output == "hello from a plugin\n"
    assert "Run a pipeline" in run("run", "--help").output or run("run", "--help").output != "hello from a plugin\n"
    wrong = run("wrong")
    assert wrong.exit_code == 2
    assert "is a int, not a click command" in wrong.stderr
    assert "ModuleNotFoundError" in run("gone").stderr
    for value in ("hello", "Lumos_Extra", "*"):
        monkeypatch.setenv("LUMOS_DISABLE_PLUGINS", value)
        assert "hello" not in plugin_commands()
        assert run("hello").exit_code == 2


def test_metadata_that_cannot_be_read_is_passed_over(toolbox: Any) -> None:
    info = toolbox.folder / "odd-1.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_bytes(b"[lumos.commands]\nx = \xff\xfe")
    (toolbox.folder / "empty-1.dist-info").mkdir()
    assert "x" not in plugin_commands()
    assert os.environ.get("LUMOS_DISABLE_PLUGINS") is None
