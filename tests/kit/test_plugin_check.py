"""`lumos plugin check`: a good plugin passes, and each defect has its verdict with the line that mends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import lumos_core
from lumos_core.cli.plugin_check import command
from lumos_core.errors import PluginError
from lumos_core.loading.component_checks import Verdict
from lumos_core.loading.purity import purity
from lumos_core.loading.registry import Registry

FIRST_PARTY = sorted(
    {info.distribution for info in Registry.load().plugins() if info.distribution.startswith("lumos-")}
)

METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: 1.0
Summary: A toy
Requires-Dist: lumos-core>=0.1,<0.2
Requires-Python: >=3.10
License-Expression: Apache-2.0

# A toy
"""

PARTS = '''
from lumos_core.plugin_api import *
from pydantic import Field, SecretStr

class ToyConfig(Config):
    """Options of the toy."""

    path: LocalPath = Field(description="Where.")
    password: SecretStr = Field(default=SecretStr(""), description="Who.")

class Toy(Source[ToyConfig]):
    """A toy."""

    capabilities = frozenset({"record", "fields"})

    def plan(self, within, ctx):
        return [Unit(key="one", scope=within)]

    def extract(self, unit, ctx):
        return []
'''

MANIFEST = """
    from lumos_core.plugin_api import Component, hookimpl

    @hookimpl
    def lumos_sources():
        return [Component("toy-to-check", "PACKAGE.parts:Toy", "PACKAGE.parts:ToyConfig", "A toy source")]
"""

Make = Callable[..., dict[str, Verdict]]


@pytest.fixture
def checked(toolbox: Any) -> Make:
    """Write a sound plugin with one thing changed, and check it; returns the verdicts that failed."""

    def make(
        parts: tuple[str, str] = ("", ""),
        manifest: tuple[str, str] = ("", ""),
        metadata: tuple[str, str] = ("", ""),
        points: str = "",
        typed: bool = True,
    ) -> dict[str, Verdict]:
        name = "toy-that-is-checked"
        text = METADATA.format(name=name)
        for old, _, whole in ((*parts, PARTS), (*manifest, MANIFEST), (*metadata, text)):
            assert old in whole, "the test changes nothing"
        package = toolbox.distribution(
            MANIFEST.replace(*manifest),
            name=name,
            metadata=text.replace(*metadata),
            modules={"parts": PARTS.replace(*parts)},
            points=points,
        )
        if typed:
            (toolbox.folder / package / "py.typed").touch()
        verdicts = lumos_core.check_plugin(name)
        for verdict in verdicts:
            assert verdict.message
            assert bool(verdict.fix) == (verdict.status == "failed")
        return {verdict.check: verdict for verdict in verdicts if verdict.status == "failed"}

    return make


@pytest.mark.parametrize("distribution", FIRST_PARTY)
def test_first_party_plugins_pass(distribution: str) -> None:
    verdicts = lumos_core.check_plugin(distribution)
    assert [verdict for verdict in verdicts if verdict.status != "ok"] == []
    assert {"entry-point", "manifest-pure", "status"} <= {verdict.check for verdict in verdicts}


def test_a_sound_plugin_passes(checked: Make) -> None:
    assert checked() == {}


CONFIG = 'class ToyConfig(Config):\n    """Options of the toy."""'


@pytest.mark.parametrize(
    ("old", "new", "check", "message", "fix"),
    [
        (
            'LocalPath = Field(description="Where.")',
            "LocalPath",
            "config-described",
            "`path` has no desc",
            "Field(desc",
        ),
        (CONFIG, CONFIG + '\n    model_config = {"extra": "allow"}', "config-closed", "ToyConfig takes", "Config`"),
        (
            'SecretStr = Field(default=SecretStr("")',
            'str = Field(default=""',
            "secrets-hidden",
            "`password` is plain text",
            "SecretStr",
        ),
        ("password: SecretStr", "api_key: str | None", "secrets-hidden", "`api_key` is plain text", "SecretStr"),
        ('    """A toy."""\n', "", "documented", "Toy has no docstring", "lumos describe"),
        (
            "def plan(self, within, ctx)",
            "def plan(self, scope)",
            "signatures",
            "Toy.plan(self, scope) does not fit Source.plan(self, within, ctx)",
            "by its names",
        ),
        (
            "def extract(self, unit, ctx)",
            "def extract(self, unit, ctx, more)",
            "signatures",
            "missing a required argument: 'more'",
            "needs a default",
        ),
        ("def extract", "async def extract", "signatures", "it is async", "contract"),
        ('frozenset({"record", "fields"})', '"fields"', "claims", "Source.capabilities is a frozenset", "ASPECTS"),
        ('"fields"})', '"feilds"})', "claims", "'feilds', which is no aspect", "ASPECTS"),
        ("class Toy(Source", "class Tox(Source", "resolves", "has no 'Toy'", "check the name"),
        ("    def extract", "    def extrakt", "resolves", "does not implement extract", "correct `target`"),
    ],
)
def test_a_defect_of_a_component_is_told(checked: Make, old: str, new: str, check: str, message: str, fix: str) -> None:
    found = checked(parts=(old, new))
    assert list(found) == [check]
    assert message in found[check].message
    assert fix in found[check].fix
    assert found[check].subject == "source toy-to-check"


@pytest.mark.parametrize(
    ("old", "new", "check", "message"),
    [
        ("Summary: A toy\n", "", "summary", "no summary"),
        ("\n# A toy\n", "\n", "readme", "no README"),
        ("License-Expression: Apache-2.0\n", "", "licence", "names no licence"),
        ("Requires-Python: >=3.10\n", "", "python-range", "which Python"),
        ("Requires-Dist: lumos-core>=0.1,<0.2\n", "", "kernel-range", "does not require lumos-core"),
        ("lumos-core>=0.1,<0.2", "lumos-core>=0.1", "kernel-range", "without an upper bound"),
        ("lumos-core>=0.1,<0.2", "lumos-core<0.2", "kernel-range", "without a lowest version"),
    ],
)
def test_a_defect_of_the_metadata_is_told(checked: Make, old: str, new: str, check: str, message: str) -> None:
    found = checked(metadata=(old, new))
    assert list(found) == [check]
    assert message in found[check].message


def test_a_package_without_types_is_told(checked: Make) -> None:
    assert list(checked(typed=False)) == ["typed"]


IMPORT = "from lumos_core.plugin_api import Component, hookimpl"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("import pydantic", ", pydantic_core, pydantic,"),
        ("open('written', 'w').close()", "importing it writes written"),
        ("import socket; socket.create_server(('127.0.0.1', 0)).close()", "importing it socket.bind"),
        ("import subprocess, sys; subprocess.run([sys.executable, '-V'])", "importing it subprocess.Popen"),
        ("print('hello')", "importing it prints 'hello"),
    ],
)
def test_a_manifest_that_does_more_is_told(
    checked: Make, line: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = checked(manifest=(IMPORT, f"{IMPORT}\n    {line}"))
    assert list(found) == ["manifest-pure"]
    assert message in found["manifest-pure"].message
    assert " ms, " in found["manifest-pure"].message, "time and modules are reported"
    assert "module that `target` names" in found["manifest-pure"].fix


def test_a_slow_manifest_is_told(checked: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumos_core.loading.purity.SLOW", 0.05)
    found = checked(manifest=(IMPORT, f"{IMPORT}\n    import time; time.sleep(0.06)"))
    assert "importing it takes 0.1 s" in found["manifest-pure"].message


def test_a_plugin_that_is_not_ok_is_told(checked: Make) -> None:
    found = checked(manifest=(IMPORT, f"{IMPORT}\n    import nothing_like_this"))
    assert list(found) == ["status", "manifest-pure"]
    assert "nothing_like_this" in found["status"].message
    assert "broken" in found["status"].message


def test_a_manifest_that_is_not_there_is_told_once() -> None:
    """An entry point with a typo is no impure manifest."""
    found = purity("lumos_core.plugin_apis")
    assert found.lacks("lumos_core.plugin_apis")
    assert purity("lumos_nowhere.plugin").lacks("lumos_nowhere.plugin")
    assert not found.lacks("lumos_core.plugin_api")
    assert not found.lacks("other.plugin_apis")


def test_a_component_of_another_kind_is_told(checked: Make) -> None:
    assert list(checked(manifest=("def lumos_sources", "def lumos_formats"))) == ["resolves"]


def test_a_plugin_that_offers_nothing_is_told(checked: Make) -> None:
    offer = '[Component("toy-to-check", "PACKAGE.parts:Toy", "PACKAGE.parts:ToyConfig", "A toy source")]'
    assert list(checked(manifest=(offer, "[]"))) == ["offers"]


def test_a_name_that_is_not_installed_gets_a_hint(checked: Make) -> None:
    checked()
    with pytest.raises(PluginError, match="did you mean 'toy-that-is-checked'"):
        lumos_core.check_plugin("toy-that-is-chekced")


def test_a_name_that_another_offers_is_told(toolbox: Any, checked: Make) -> None:
    toolbox.toy("toy-to-check", name="rival")
    found = checked()
    assert list(found) == ["name"]
    assert "rival offers the same name" in found["name"].message
    assert "type: toy-that-is-checked/toy-to-check" in found["name"].fix


@pytest.mark.parametrize(
    ("target", "name", "message"),
    [
        ("PACKAGE.gone:command", "toy", "there is no module"),
        ("PACKAGE.parts:Toy", "toy", "is a type, not a click command"),
        ("click:Command", "toy", "is a type, not a click command"),
        ("lumos_core.cli.rules:command", "rules", "is a command of the kernel"),
    ],
)
def test_a_command_that_cannot_be_is_told(checked: Make, target: str, name: str, message: str) -> None:
    found = checked(points=f"[lumos.commands]\n{name} = {target}\n")
    assert list(found) == ["command"]
    assert message in found["command"].message


def test_a_distribution_that_is_no_plugin_is_told() -> None:
    found = [verdict.check for verdict in lumos_core.check_plugin("click") if verdict.status == "failed"]
    assert found == ["kernel-range", "entry-point"]


def test_the_command_prints_a_line_per_check(checked: Make) -> None:
    checked(metadata=("Summary: A toy\n", ""))
    done = CliRunner().invoke(command, ["toy-that-is-checked"])
    assert done.exit_code == 1
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    at = lines.index("✗ summary toy-that-is-checked: it has no summary")
    assert lines[at + 1].startswith("fix add `description`")
    assert "✓ licence toy-that-is-checked: Apache-2.0" in lines
    assert lines[-1].startswith("toy-that-is-checked: 1 of ")


def test_the_command_prints_json() -> None:
    done = CliRunner().invoke(command, ["lumos-core", "--json"])
    assert done.exit_code == 0
    told = json.loads(done.output)
    assert {key for verdict in told for key in verdict} == {"check", "subject", "status", "message", "fix"}
    assert {verdict["status"] for verdict in told} == {"ok"}
    assert "passed" in CliRunner().invoke(command, ["lumos-core"]).output


def test_nothing_is_left_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lumos_core.check_plugin("lumos-core")
    assert list(tmp_path.iterdir()) == []
