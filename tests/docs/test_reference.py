"""The reference is whole, and it is what the code says now."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from pydantic import BaseModel

import lumos_core
from lumos_core import hookspecs, plugin_api
from lumos_core.cli import COMMANDS
from lumos_core.cli.plugin_commands import load_plugin_command, plugin_commands
from lumos_core.config.pipeline import PipelineFile
from lumos_core.contracts.component import COMPONENT_KINDS
from lumos_core.loading.registry import Registry
from lumos_core.running.waivers import WaiverFile

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


sys.path.insert(0, str(ROOT / "docs"))

import generator  # noqa: E402
from generator.components import FIRST_PARTY  # noqa: E402
from generator.models import models  # noqa: E402


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", generator.PAGES)
def test_generated_pages_are_fresh(name: str) -> None:
    assert page(name) == generator.PAGES[name](), "stale: run `python docs/generate.py`"


def test_making_a_page_twice_gives_the_same() -> None:
    for make in generator.PAGES.values():
        assert make() == make()


def test_every_hook_has_a_heading_with_its_exact_signature() -> None:
    headings = set(re.findall(r"^### `(.+)`$", page("plugin-api.md"), re.M))
    hooks = {name: value for name, value in vars(hookspecs).items() if name.startswith("lumos_")}
    assert len(hooks) >= 13
    for name, hook in hooks.items():
        arguments = ", ".join(str(item).replace("'", "") for item in inspect.signature(hook).parameters.values())
        assert any(heading.startswith(f"{name}({arguments})") for heading in headings), name


def test_every_name_of_the_plugin_api_is_there() -> None:
    headings = re.findall(r"^#### `(\w+)", page("plugin-api.md"), re.M)
    assert sorted(set(plugin_api.__all__) - set(headings)) == []
    assert len(headings) == len(set(headings))


def test_every_public_function_is_there() -> None:
    headings = set(re.findall(r"^## (\w+)$", page("python-api.md"), re.M))
    assert headings == {name for name in lumos_core.__all__ if name != "__version__"}


def test_every_component_and_option_is_there() -> None:
    text, registry = page("components.md"), Registry.load()
    sections = dict(re.findall(r"^### ([^\n]+)\n(.*?)(?=^##|\Z)", text, re.M | re.S))
    checked = 0
    for kind in COMPONENT_KINDS:
        for found in registry.components(kind):
            if found.distribution not in FIRST_PARTY:
                continue
            section = sections[f"{kind.replace('_', ' ')} `{found.component.name}`"]
            _, config = registry.classes(kind, f"{found.distribution}/{found.component.name}")
            for name, field in config.model_fields.items():
                assert f"| `{field.alias or name}` |" in section, (kind, found.component.name, name)
            checked += 1
    assert checked >= 17


@pytest.mark.parametrize("name, root", [("pipeline.md", PipelineFile), ("waivers.md", WaiverFile)])
def test_every_key_of_a_file_is_there(name: str, root: type[BaseModel]) -> None:
    text = page(name)
    for model in models(root):
        for key, field in model.model_fields.items():
            assert f"| `{field.alias or key}` |" in text, (model.__name__, key)
            assert field.description, (model.__name__, key)


def _commands(title: str, command: click.Command) -> list[tuple[str, click.Command]]:
    inner = command.commands if isinstance(command, click.Group) else {}
    return [(title, command), *(pair for name, item in inner.items() for pair in _commands(f"{title} {name}", item))]


def _all_commands() -> list[tuple[str, click.Command]]:
    loaded = {name: importlib.import_module(module).command for name, (module, _) in COMMANDS.items()}
    loaded |= {name: load_plugin_command(name) for name in plugin_commands()}
    return [pair for name, command in loaded.items() for pair in _commands(f"lumos {name}", command)]


def test_every_command_and_option_is_there() -> None:
    sections = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", page("cli.md"), re.M | re.S))
    for title, command in _all_commands():
        for parameter in command.params:
            for option in parameter.opts if isinstance(parameter, click.Option) else ():
                assert f"`{option}`" in sections[title], (title, option)
            if isinstance(parameter, click.Option):
                assert parameter.help, (title, parameter.name)


def _mentions(text: str) -> list[str]:
    """Return every command line of `lumos` that a page shows or names."""
    fences = "\n".join(re.findall(r"^ *```[^\n]*\n(.*?)^ *```", text, re.M | re.S))
    plain = re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)
    shown = re.findall(r"^(?:\$ )?(?:\w+=\S+ )?(lumos [^\n#|]+)", fences, re.M)
    return [*shown, *re.findall(r"`(lumos [^`]+)`", plain)]


def test_no_page_speaks_of_a_command_or_option_that_does_not_exist() -> None:
    known = {title: {name for item in command.params for name in item.opts} for title, command in _all_commands()}
    # A page that makes a command of its own is run by `test_documentation`.
    own = ROOT / "docs" / "how-to" / "plugins" / "commands-and-observers.md"
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", *ROOT.glob("plugins/*/README.md")]
    pages.remove(own)
    strange, checked = [], 0
    for path in pages:
        for line in _mentions(path.read_text(encoding="utf-8")):
            words = line.split()
            title = next((found for n in (3, 2) if (found := " ".join(words[:n])) in known), None)
            options = {word.partition("=")[0] for word in words if re.fullmatch(r"--[a-z][a-z-]*(=\S*)?", word)}
            exists = words[1:] in (["lst"], ["--help"]) if title is None else options <= known[title] | {"--help"}
            if not exists:
                strange.append(f"{path.name}: {line}")
            checked += 1
    assert strange == []
    assert checked > 150


def test_the_schema_of_the_result_fits_a_real_one(tmp_path: Path) -> None:
    schema = json.loads(page("run-result.schema.json"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    pipeline = tmp_path / "lumos.yaml"
    pipeline.write_text("sources: [{type: files, path: data}]\ngate: {fail_on: breaking}\n")
    data = tmp_path / "data"
    data.mkdir()
    for content, code in (("id,name\n1,a\n", 0), ("id,name\n1,a\n", 0), ("id\n1\n", 1)):
        (data / "orders.csv").write_text(content)
        result = _json("run", pipeline, code)
        validator.validate(result)
    assert result["changes"]
    assert set(result) == set(schema["properties"])
    (data / "broken.parquet").write_bytes(b"PAR1")
    validator.validate(_json("run", pipeline, 3))
    validator.validate(_json("plan", pipeline, 3))


def _json(command: str, pipeline: Path, code: int) -> dict[str, Any]:
    line = [sys.executable, "-c", "from lumos_core.cli import main; main()", command, str(pipeline), "--json"]
    done = subprocess.run(line, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_table_of_the_result_names_every_key() -> None:
    text = page("run-result.md")
    schema = json.loads(page("run-result.schema.json"))
    keys = [*schema["properties"], *schema["$defs"]["Change"]["properties"]]
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_every_variable_of_the_environment_is_there() -> None:
    used: set[str] = set()
    for folder in ("lumos_core", *(f"plugins/{path.name}" for path in (ROOT / "plugins").iterdir() if path.is_dir())):
        for path in (ROOT / folder).rglob("*.py"):
            if "tests" not in path.parts:
                used |= set(re.findall(r"environ\S*[(\[][\"'](LUMOS_\w+|NO_COLOR)", path.read_text(encoding="utf-8")))
    assert used >= {"LUMOS_CONFIG", "LUMOS_DEBUG", "NO_COLOR"}
    assert [name for name in sorted(used) if f"`{name}`" not in page("environment.md")] == []


def test_every_exit_code_is_there() -> None:
    from lumos_core import errors

    codes = {value.exit_code for value in vars(errors).values() if hasattr(value, "exit_code")}
    assert [code for code in sorted(codes | {0, 1}) if f"| {code} |" not in page("exit-codes.md")] == []
