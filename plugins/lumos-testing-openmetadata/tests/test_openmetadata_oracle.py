"""The oracle without the vendor's package: what it says then, and how it asks. With it: test_openmetadata_vendor.py."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from lumos_testing_openmetadata import Oracle, judge, kinds

MODEL = """
class {name}:
    @staticmethod
    def model_validate(value):
        if "name" not in value:
            raise ValueError("no name")
"""


def test_an_interpreter_without_the_package_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="metadata"):
        Oracle(sys.executable).judge([("table", b"{}")])


def test_the_models_of_the_environment_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path.joinpath(*judge.ROOT.split("."))
    for module, name in (("entity/data/table", "Table"), ("api/data/createTable", "CreateTableRequest")):
        path = root / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(MODEL.format(name=name), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    records = [
        ("table", b'{"name":"a"}'),
        ("table", b"{}"),
        ("bulk table", b'[{"name":"a"},{}]'),
        ("create user", b"{}"),
    ]
    verdict = Oracle(sys.executable).judge([*records, ("login", b"{}")])
    assert (verdict.judged, verdict.unjudged) == (4, ["create user"])
    assert verdict.complaints == ["table None: no name", "bulk table None: no name"]


def test_there_is_a_model_to_name_for_every_kind() -> None:
    for kind in kinds.KINDS:
        assert ":" in judge.path(kind.name)
    assert judge.path("create mlmodel") == "api.data.createMlModel:CreateMlModelRequest"
