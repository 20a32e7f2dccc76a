"""`lumos schema` knows every option of every installed plugin, refuses what is wrong, and runs nothing.

Editors differ in the draft of JSON Schema that they know; the verdicts are the same in 2020-12 and in draft 7.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from lumos_core.cli import main
from lumos_core.config.api import pipeline_schema
from lumos_core.loading.api import SECTIONS, describe
from lumos_core.loading.registry import Registry

CONFIGS = sorted((Path(__file__).resolve().parents[2] / "configs").glob("*.yaml"))
FILES = {"type": "files", "path": "data"}

RIGHT: list[Any] = [
    {"sources": [FILES], "gate": {"fail_on": "risky", "before": "publish"}},
    {"sources": [{"type": "csv", "path": "d", "delimiter": ";"}, {"type": "lumos-source-csv/csv", "path": "d"}]},
    {"sources": [{**FILES, "formats": ["csv", {"type": "csv", "delimiter": ";"}, "lumos-source-json/json"]}]},
    {"sources": [{"type": "catalog:local"}], "store": "sqlite", "catalogs": ["local", {"type": "local", "path": "c"}]},
    {"sources": [{"type": "catalog:lumos-catalog-local/local"}]},
    {"sources": [FILES], "reports": [{"type": "html", "path": "${OUT:-out}/report.html"}], "run": {"retries": "${N}"}},
    {"sources": [{"type": "my.module:Mine", "whatever": 1}]},
]
WRONG: list[Any] = [
    {"sources": [{"type": "files", "pat": "data"}]},
    {"sources": [{"type": "files"}]},
    {"sources": [{"type": "fils", "path": "data"}]},
    {"sources": [{"type": "csv", "path": "d", "delimiter": 5}]},
    {"sources": [{"type": "lumos-source-csv/csv", "path": "d", "delimitr": ","}]},
    {"sources": [{**FILES, "formats": [{"type": "csv", "delimitr": ";"}]}]},
    {"sources": [{**FILES, "max_files": "many"}]},
    {"sources": [FILES], "store": {"type": "sqlite", "timeout": -1}},
    {"sources": [FILES], "reports": [{"type": "htlm", "path": "x"}]},
    {"sources": [FILES], "gate": {"fail_on": "braking"}},
    {"sources": [FILES], "nmae": "x"},
    {"sources": []},
    {},
]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return pipeline_schema()


@pytest.fixture(scope="module", params=[jsonschema.Draft202012Validator, jsonschema.Draft7Validator])
def validator(request: Any, schema: dict[str, Any]) -> Any:
    jsonschema.Draft202012Validator.check_schema(schema)
    return request.param(schema)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_what_we_ship_is_right(validator: Any, path: Path) -> None:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [error.message for error in validator.iter_errors(data)] == []


def test_there_is_something_to_ship() -> None:
    assert CONFIGS


@pytest.mark.parametrize("data", RIGHT, ids=str)
def test_right(validator: Any, data: Any) -> None:
    assert [error.message for error in validator.iter_errors(data)] == []


@pytest.mark.parametrize("data", WRONG, ids=str)
def test_wrong(validator: Any, data: Any) -> None:
    assert not validator.is_valid(data)


def test_every_option_of_every_installed_plugin(schema: dict[str, Any]) -> None:
    """Both spellings of a type, every option with its description, and the section that it belongs to."""
    offers = Registry.load().components()
    assert len(offers) > 10
    for found in offers:
        key = f"{found.kind}.{found.component.name}"
        properties = schema["$defs"][key]["properties"]
        qualified = f"{found.distribution}/{found.component.name}"
        assert properties["type"]["enum"] == [found.component.name, qualified]
        told = describe(found.kind, found.component.name)
        anybody = {"type", "name", "watch"} if found.kind == "source" else {"type", "name"}
        assert {option["name"] for option in told["options"]} | anybody == set(properties)
        required = {option["name"] for option in told["options"] if option["required"]}
        assert required | {"type"} == set(schema["$defs"][key]["required"])
        for option in told["options"]:
            assert "description" in properties[option["name"]] or "$ref" in properties[option["name"]], (key, option)
        if found.kind != "format":
            assert f'"#/$defs/{found.kind}"' in json.dumps(schema["properties"][SECTIONS[found.kind][0]])


EXPLOSIVE = """
    from lumos_core.plugin_api import *
    from pydantic import Field

    class Options(Config):
        model_config = {**Config.model_config, "arbitrary_types_allowed": True}
        path: str = Field(description="Where.")
        handle: HANDLE = Field(default=None, description="How.")

    class Part(Source[Options]):
        \"\"\"Explodes when it is built.\"\"\"

        capabilities = frozenset({"fields"})

        def __init__(self, config):
            raise SystemExit("built")

        def __del__(self):
            pass

        def check(self, ctx): raise SystemExit("checked")
        def plan(self, within, ctx): raise SystemExit("planned")
        def extract(self, unit, ctx): raise SystemExit("extracted")
        def close(self): raise SystemExit("closed")
"""


@pytest.mark.parametrize("handle", ["str | None", "Iterator"], ids=["plain options", "options that are no JSON"])
def test_neither_schema_nor_describe_builds_or_runs_anything(site: Any, handle: str, manifests: Any) -> None:
    parts = EXPLOSIVE.replace("HANDLE", handle).replace(
        "Field\n", "Field\n    from collections.abc import Iterator\n", 1
    )
    site.install("lumos-explosive", manifests("explosive"), parts=parts)
    schema = json.loads(CliRunner().invoke(main, ["schema"]).stdout)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid({"sources": [{"type": "explosive", "path": "x"}]})
    assert validator.is_valid({"sources": [{"type": "explosive"}]}) == (handle == "Iterator")
    for extra in [], ["--json"]:
        answer = CliRunner().invoke(main, ["describe", "source", "explosive", *extra])
        assert answer.exit_code == 0, answer.output
        assert "Where." in answer.stdout


def test_rivals_are_told_apart_and_the_broken_left_out(crowd: Any) -> None:
    crowd.put_on_path()
    schema = pipeline_schema()
    validator = jsonschema.Draft202012Validator(schema)
    for type_ in "lumos-rival-a/rival", "lumos-rival-b/rival", "undescribed", "editable", "twice":
        assert validator.is_valid({"sources": [{"type": type_, "path": "x"}]}), type_
        assert not validator.is_valid({"sources": [{"type": type_, "pth": "x"}]}), type_
    for type_ in "rival", "needs", "exits", "late", "broken-import":
        assert not validator.is_valid({"sources": [{"type": type_}]}), type_
