from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lumos_core import __version__
from lumos_core.errors import ConfigError, PluginError
from lumos_core.loading.api import describe, plugins
from lumos_core.loading.registry import PluginInfo, Registry

HEALTHY = """
    from lumos_core.plugin_api import Component, hookimpl
    {extra}

    @hookimpl
    def lumos_sources():
        {body}
"""


def plugin(package: str) -> PluginInfo:
    return next(item for item in plugins() if item.name == package or item.distribution == package)


def test_a_healthy_plugin_is_ok_and_its_component_is_built(toolbox: Any, tmp_path: Path) -> None:
    package = toolbox.toy("toy")
    told = plugin(package)
    assert (told.status, told.version, told.reason) == ("ok", "1.0", "")
    assert {(kind, component.name) for kind, component in told.components} == {("source", "toy"), ("format", "toy")}
    spec = Registry.load().spec("source", {"type": "toy", "path": "data", "port": "7"}, tmp_path)
    made = spec.build()
    assert made.config.path == tmp_path / "data"
    assert made.config.port == 7
    assert (spec.kind, spec.type, spec.name) == ("source", "toy", "toy")


@pytest.mark.parametrize(
    ("extra", "body", "reason"),
    [
        ("import nothing_like_this", "return []", "it needs the module 'nothing_like_this', which is not installed"),
        ("from PACKAGE import gone", "return []", "cannot import name 'gone'"),
        ("from PACKAGE.gone import x", "return []", "there is no module 'PACKAGE.gone'"),
        ("raise SystemExit(3)", "return []", "tried to end the program"),
        ("1 / 0", "return []", "raised ZeroDivisionError: division by zero"),
        ("x = = 1", "return []", "raised SyntaxError"),
        (
            "class Odd:\n        __class__ = property(lambda self: 1 / 0)\n    lumos_odd = Odd()",
            "return []",
            "looking at it raised ZeroDivisionError",
        ),
        ("", "raise SystemExit", "its lumos_sources() raised SystemExit"),
        ("", "1 / 0", "its lumos_sources() raised ZeroDivisionError"),
        ("", "yield 1 / 0", "its lumos_sources() raised ZeroDivisionError"),
        ("", "return 5", "lumos_sources() returned an int: expected a list of Component descriptors"),
        ("", "return 'csv'", "returned a str: expected a list"),
        ("", "return ['csv']", "returned a list with a str: expected Component descriptors"),
        ("", "return [('a', 'b:C', 'b:D', '', '')]", "returned a list with a tuple"),
        ("", "return Component('a', 'b:C', 'b:D')", "returned a Component: expected a list"),
        ("", "return [Component('a b', 'b:C', 'b:D')]", "offers the name 'a b'"),
        ("", "return [Component('a', 'b.C', 'b:D')]", "gives 'a' the target 'b.C': expected 'module:Class'"),
        ("", "return [Component('a', 'b:C', None)]", "gives 'a' the config None"),
        ("", "return [Component('a', 'b:C', 'b:D')] * 2", "offers 'a' twice"),
        ("LUMOS_API = 1", "return []", "its LUMOS_API is 1"),
        (
            "@hookimpl\n    def lumos_sorces():\n        return []",
            "return []",
            "it implements lumos_sorces(), which is no hook",
        ),
        (
            "@hookimpl\n    def lumos_formats(config, path):\n        return []",
            "return []",
            "it implements lumos_formats(config, path), and the hook is lumos_formats()",
        ),
        (
            "@hookimpl\n    def lumos_stage_finished(run_id, duration):\n        pass",
            "return []",
            "lumos_stage_finished(run_id, duration), and the hook is lumos_stage_finished(run_id, stage, seconds)",
        ),
        ("def lumos_formats():\n        return []", "return []", "lumos_formats() is not marked with @hookimpl"),
    ],
)
def test_a_broken_plugin_is_reported_and_hurts_nobody(toolbox: Any, extra: str, body: str, reason: str) -> None:
    toolbox.toy("good")
    bad = toolbox.distribution(HEALTHY.format(extra=extra, body=body))
    told = plugin(bad)
    assert told.status == "broken"
    assert reason.replace("PACKAGE", bad) in told.reason
    assert told.components == ()
    assert Registry.load().find("source", "good").component.name == "good"


def test_a_misspelt_hook_gets_a_hint(toolbox: Any) -> None:
    extra = "@hookimpl\n    def lumos_reporter():\n        return []"
    bad = toolbox.distribution(HEALTHY.format(extra=extra, body="return []"))
    assert plugin(bad).fix == "did you mean lumos_reporters?"


def test_what_a_manifest_prints_does_not_reach_stdout(toolbox: Any, capsys: pytest.CaptureFixture[str]) -> None:
    package = toolbox.distribution(HEALTHY.format(extra="print('hello')", body="print('again'); return []"))
    assert plugin(package).status == "ok"
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.split() == ["hello", "again"]


def test_a_newer_plugin_is_incompatible_and_never_imported(toolbox: Any) -> None:
    package = toolbox.distribution("raise RuntimeError('imported')", requires=("lumos-core>=99", "other"))
    told = plugin(package)
    assert told.status == "incompatible"
    assert told.reason == f"it needs lumos-core >=99, and this is lumos-core {__version__}"
    assert told.fix.startswith(f"pip install --upgrade {told.distribution}")


@pytest.mark.parametrize(
    ("requires", "status"),
    [
        ((), "ok"),
        (("Lumos_Core >=0.1,<0.2",), "ok"),
        (('lumos-core>=99; extra == "x"',), "ok"),
        (('lumos-core>=99; python_version < "3"',), "ok"),
        (("lumos-core (>=99",), "incompatible"),
        (("!!! not a requirement",), "ok"),
    ],
)
def test_only_the_own_range_decides(toolbox: Any, requires: tuple[str, ...], status: str) -> None:
    package = toolbox.distribution(HEALTHY.format(extra="", body="return []"), requires=requires)
    assert plugin(package).status == status


@pytest.mark.parametrize(("api", "status"), [("1.0", "ok"), ("1.9", "incompatible"), ("2.0", "incompatible")])
def test_the_api_has_a_version_of_its_own(toolbox: Any, api: str, status: str) -> None:
    package = toolbox.distribution(HEALTHY.format(extra=f"LUMOS_API = '{api}'", body="return []"))
    told = plugin(package)
    assert told.status == status
    if status != "ok":
        assert f"plugin API {api}, and this kernel speaks 1.0" in told.reason


def test_metadata_without_a_name_is_broken(toolbox: Any) -> None:
    toolbox.distribution(HEALTHY.format(extra="", body="return []"), name="nameless", metadata="Version: 1\n")
    told = next(item for item in plugins() if "nameless" in item.distribution)
    assert told.status == "broken"
    assert "metadata cannot be read" in told.reason


def test_an_entry_point_with_a_colon_is_broken(toolbox: Any) -> None:
    toolbox.distribution(None, name="colon", points="[lumos.plugins]\ncolon = PACKAGE:thing\n")
    assert "expected the manifest module alone" in plugin("colon").reason


@pytest.mark.parametrize("value", ["{entry}", "other, {distribution}", "{DISTRIBUTION}", "*"])
def test_kill_switch(toolbox: Any, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    package = toolbox.distribution("raise RuntimeError('imported')", entry="shortname")
    distribution = package.replace("_", "-")
    text = value.format(entry="shortname", distribution=distribution, DISTRIBUTION=package.upper())
    monkeypatch.setenv("LUMOS_DISABLE_PLUGINS", text)
    told = plugin("shortname")
    assert (told.status, told.reason) == ("disabled", "LUMOS_DISABLE_PLUGINS names it")
    assert plugin("lumos-core").status == "ok"


def test_naming_a_disabled_plugin_is_an_error_with_its_cause(
    toolbox: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    toolbox.toy("toy", entry="toy")
    monkeypatch.setenv("LUMOS_DISABLE_PLUGINS", "toy")
    with pytest.raises(PluginError) as caught:
        Registry.load().find("source", "toy")
    assert "is disabled" in caught.value.what
    assert "LUMOS_DISABLE_PLUGINS" in caught.value.why


def test_naming_a_broken_plugin_is_an_error_with_its_cause(toolbox: Any) -> None:
    toolbox.distribution("import no_such_driver", entry="toy", name="lumos-source-toy", version="3.2")
    for name in ("toy", "lumos-source-toy/toy"):
        with pytest.raises(PluginError) as caught:
            Registry.load().find("source", name)
        assert "the plugin lumos-source-toy 3.2 is broken" in caught.value.what
        assert "needs the module 'no_such_driver'" in caught.value.why


def test_two_offers_of_one_name_are_an_error_only_when_it_is_used(toolbox: Any) -> None:
    toolbox.toy("twice", name="dist-one")
    toolbox.toy("twice", name="dist-two")
    toolbox.toy("once")
    registry = Registry.load()
    assert registry.find("source", "once").component.name == "once"
    with pytest.raises(PluginError) as caught:
        registry.find("source", "twice")
    assert caught.value.why == "dist-one and dist-two"
    assert "type: dist-one/twice or type: dist-two/twice" in caught.value.fix
    assert registry.find("source", "dist-two/twice").distribution == "dist-two"
    assert registry.find("source", "Dist_Two/twice").distribution == "dist-two"


def test_an_unknown_name_gets_matches_and_what_is_installed(toolbox: Any) -> None:
    toolbox.toy("shopfloor")
    with pytest.raises(PluginError) as caught:
        Registry.load().find("source", "shopflor")
    assert "shopfloor" in caught.value.why
    assert caught.value.fix == "did you mean 'shopfloor'?"
    with pytest.raises(PluginError) as caught:
        Registry.load().find("source", "elsewhere/shopfloor")
    assert caught.value.fix.endswith("/shopfloor")


def test_a_known_first_party_name_gets_its_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry([], {})
    with pytest.raises(PluginError) as caught:
        registry.find("source", "parquet")
    assert caught.value.fix == "pip install lumos-source-parquet"
    with pytest.raises(PluginError) as caught:
        registry.find("source", "parket")
    assert caught.value.fix == "did you mean 'parquet'? (pip install lumos-source-parquet)"
    assert caught.value.why == "no source is installed"


def test_a_class_works_without_packaging(toolbox: Any, write: Any, tmp_path: Path) -> None:
    code = """
        from lumos_core.plugin_api import *

        class MyConfig(Config):
            who: str

        class MySource(Source[MyConfig]):
            def plan(self, within, ctx):
                return []
            def extract(self, unit, ctx):
                return []

        class Lazy(Source[MyConfig]):
            def plan(self, within, ctx):
                return []

        class Deeper(MySource):
            pass

        class NoConfig(Source):
            def plan(self, within, ctx):
                return []
            def extract(self, unit, ctx):
                return []

        class Explosive(MySource):
            def __init__(self, config):
                raise ValueError("boom")

        value = 3
    """
    write("work/toy_plugin_local.py", code)
    registry = Registry.load()
    base = tmp_path / "work"
    for name in ("MySource", "Deeper"):
        spec = registry.spec("source", {"type": f"toy_plugin_local:{name}", "who": "me"}, base)
        assert spec.build().config.who == "me"
    for name, message in {
        "Gone": "has no 'Gone'",
        "value": "it is not a subclass of lumos_core.plugin_api.Source",
        "Lazy": "it does not implement extract",
        "NoConfig": "does not say which configuration it takes",
    }.items():
        with pytest.raises(PluginError, match=message):
            registry.classes("source", f"toy_plugin_local:{name}", base)
    with pytest.raises(PluginError, match="it is a source"):
        registry.classes("catalog", "toy_plugin_local:MySource", base)
    with pytest.raises(PluginError, match=r"cannot be made.*ValueError: boom"):
        registry.spec("source", {"type": "toy_plugin_local:Explosive", "who": "me"}, base).build()
    with pytest.raises(PluginError, match="there is no module 'toy_plugin_nowhere'"):
        registry.classes("source", "toy_plugin_nowhere:X", base)


def test_a_target_that_cannot_be_imported_says_why(toolbox: Any) -> None:
    manifest = """
        from lumos_core.plugin_api import Component, hookimpl

        @hookimpl
        def lumos_sources():
            return [
                Component("driverless", "PACKAGE.parts:Toy", "PACKAGE.parts:ToyConfig"),
                Component("missing", "PACKAGE.gone:Toy", "PACKAGE.gone:ToyConfig"),
                Component("exits", "PACKAGE.exits:Toy", "PACKAGE.exits:ToyConfig"),
            ]
    """
    package = toolbox.distribution(manifest, modules={"parts": "import no_driver_here", "exits": "raise SystemExit"})
    assert plugin(package).status == "ok"
    registry = Registry.load()
    with pytest.raises(PluginError, match="needs the module 'no_driver_here', which is not installed"):
        registry.classes("source", "driverless")
    with pytest.raises(PluginError, match=r"there is no module '.*\.gone'"):
        registry.classes("source", "missing")
    with pytest.raises(PluginError, match="tried to end the program"):
        registry.classes("source", "exits")


def test_spec_raises_with_a_problem_per_place(toolbox: Any) -> None:
    toolbox.toy("toy")
    with pytest.raises(ConfigError) as caught:
        Registry.load().spec("source", {"type": "toy", "port": 0, "mode": "slw", "formats": [{"type": "toy", "x": 1}]})
    problems = {problem.where: problem for problem in caught.value.problems}
    assert problems[""].what == "the key 'path' is required"
    assert problems["port"].what == "expected at least 1"
    assert problems["mode"].fix == "did you mean 'slow'?"
    assert problems["formats[0].x"].what == "unknown key 'x'"


def test_describe_a_component(toolbox: Any) -> None:
    toolbox.toy("toy")
    told = describe("sources", "toy")
    options = {option["name"]: option for option in told["options"]}
    assert options["path"] == {
        "name": "path",
        "type": "path",
        "required": True,
        "default": None,
        "secret": False,
        "description": "Where.",
    }
    assert options["mode"]["type"] == "one of fast, slow"
    assert options["password"]["secret"] is True
    assert options["password"]["default"] == ""
    assert options["formats"]["type"] == "list of component"
    assert [key["name"] for key in told["common"]] == ["name", "watch", "environment"]
    assert told["capabilities"] == {"fields": {"read": True}, "owners": {"read": True}}
    assert told["example"] == "sources:\n- type: toy\n  path: <path>\n"
    assert told["schema"]["properties"]["port"]["default"] == 5


def test_hooks_are_traced_on_request(
    toolbox: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LUMOS_TRACE_HOOKS", "1")
    package = toolbox.toy("toy")
    assert plugin(package).status == "ok"
    assert f"lumos: hook lumos_sources [{package}]" in capsys.readouterr().err


def test_stdout_is_put_back_when_threads_overlap() -> None:
    import sys
    import threading

    from lumos_core.loading.guarded import quiet_stdout

    before, entered, leave = sys.stdout, threading.Event(), threading.Event()

    def other() -> None:
        with quiet_stdout():
            entered.set()
            leave.wait(5)

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait(5)
    with quiet_stdout():
        assert sys.stdout is sys.stderr
        leave.set()
        thread.join()
        assert sys.stdout is sys.stderr
    assert sys.stdout is before


def test_an_exception_of_a_component_does_not_show_its_secrets(toolbox: Any, write: Any, tmp_path: Path) -> None:
    code = """
        from lumos_core.plugin_api import *
        from pydantic import SecretStr

        class Options(Config):
            password: SecretStr

        class Chatty(Source[Options]):
            def __init__(self, config):
                raise ValueError(config.password.get_secret_value())
            def plan(self, within, ctx): return []
            def extract(self, unit, ctx): return []
    """
    write("toy_plugin_chatty.py", code)
    spec = Registry.load().spec("source", {"type": "toy_plugin_chatty:Chatty", "password": "hunter22"}, tmp_path)
    with pytest.raises(PluginError, match="cannot be made") as caught:
        spec.build()
    assert "hunter22" not in str(caught.value)
    with pytest.raises(PluginError, match="there is no source 'toi'"):
        Registry.load().spec("source", "toi", tmp_path)
    with pytest.raises(ConfigError, match="expected the name of a source"):
        Registry.load().spec("source", 5, tmp_path)
