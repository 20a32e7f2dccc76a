from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from lumos_core.config.api import pipeline_schema


@pytest.fixture(scope="module")
def once() -> list[Any]:
    """The validator, when there is one: making the schema takes longer than all that is asked of it."""
    return []


@pytest.fixture
def validator(once: list[Any], request: pytest.FixtureRequest) -> Any:
    if not once:
        toolbox = request.getfixturevalue("toolbox")
        toolbox.world(request.getfixturevalue("monkeypatch"))
        toolbox.toy("toy")
        toolbox.distribution("import no_such_thing")
        schema = pipeline_schema()
        json.dumps(schema)
        jsonschema.Draft202012Validator.check_schema(schema)
        once.append(jsonschema.Draft202012Validator(schema))
    return once[0]


@pytest.mark.parametrize(
    "data",
    [
        {"sources": [{"type": "toy", "path": "a"}]},
        {"sources": ["catalog:local"]},
        {"sources": [{"type": "toy", "name": "x", "path": "a", "port": 3, "formats": ["toy", {"type": "toy"}]}]},
        {"sources": [{"type": "toy", "path": "${P}", "port": "${PORT:-5}", "mode": "${MODE}"}]},
        {"sources": [{"type": "my.module:Class", "anything": 1}, {"type": "some-dist/toy", "x": 1}]},
        {"sources": [{"type": "catalog:local", "server": "x"}]},
        {"extends": "base.yaml"},
        {"sources": [{"type": "not-here", "environment": "sdk", "anything": {"x": 1}}]},
        {
            "sources": [{"type": "toy", "environment": "${SDK}", "path": 5}],
            "catalogs": [{"type": "x", "environment": "y"}],
        },
        {"sources": ["catalog:local"], "environments": {"old-sdk": {"requirements": ["a"], "deadline": "${D}"}}},
        {
            "sources": ["catalog:local"],
            "version": 1,
            "gate": {"fail_on": "risky"},
            "run": {"retries": "${N}"},
            "catalogs": [],
        },
    ],
)
def test_right_files_fit_the_schema(validator: Any, data: Any) -> None:
    assert [error.message for error in validator.iter_errors(data)] == []


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"sources": []},
        {"sources": ["toy"]},
        {"sources": [{"type": "toy"}]},
        {"sources": [{"type": "toy", "path": "a", "prot": 3}]},
        {"sources": [{"type": "toy", "path": "a", "port": "x"}]},
        {"sources": [{"type": "toy", "path": "a", "port": 0}]},
        {"sources": [{"type": "toy", "path": "a", "formats": [{"type": "toy", "delimiter": 5}]}]},
        {"sources": [{"type": "unknown"}]},
        {"sources": [{"path": "a"}]},
        {"sources": [{"type": "catalog:local", "sever": "x"}]},
        {"sources": ["catalog:local"], "version": 2},
        {"sources": ["catalog:local"], "gate": {"fail_on": "x"}},
        {"sources": ["catalog:local"], "nmae": "x"},
        {"sources": [{"type": "not-here", "environment": "a/b"}]},
        {"sources": [{"environment": "sdk"}]},
        {"sources": ["catalog:local"], "reports": [{"type": "not-here", "environment": "sdk"}]},
        {"sources": ["catalog:local"], "environments": {"../sdk": {}}},
        {"sources": ["catalog:local"], "environments": {"sdk": {"requirement": ["a"]}}},
    ],
)
def test_wrong_files_do_not(validator: Any, data: Any) -> None:
    assert not validator.is_valid(data)


def test_every_key_is_described(validator: Any) -> None:
    def walk(schema: Any, path: str) -> list[str]:
        missing = []
        for name, inner in schema.get("properties", {}).items():
            if "description" not in inner and "const" not in inner:
                missing.append(f"{path}.{name}")
        return missing

    schema = validator.schema
    ours = {"file": schema, **{name: part for name, part in schema["$defs"].items() if name.startswith("file.")}}
    assert [name for path, part in ours.items() for name in walk(part, path)] == []
