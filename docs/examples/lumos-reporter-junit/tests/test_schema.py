"""What the reporter writes is valid by the schema of JUnit XML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xmlschema
from lumos_core.plugin_api import ComponentSpec, GateResult, Notice, RunResult, StageTiming
from lumos_core.testing.kit import ReporterKit

SCHEMA = xmlschema.XMLSchema(str(Path(__file__).with_name("junit.xsd")))


class Hostile(ReporterKit):
    """The kit's run with hostile names in every place."""

    name = "junit"


def written(folder: Path, result: RunResult) -> str:
    ComponentSpec("reporter", "junit", base=folder).build().report(result)
    return (folder / "out" / "junit.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "result",
    [
        RunResult(run_id="r", pipeline="empty"),
        RunResult(run_id="r", pipeline="p", started="2026-01-15T10:30:00Z", timings=[StageTiming("diff", 0.1)]),
        RunResult(run_id="r", pipeline="p", gate=GateResult(enabled=True, fail_on="breaking", notes=("old waiver",))),
        RunResult(run_id="r", pipeline="p", failures=[Notice(code="c", message="m")], exit_code=3),
        Hostile().result(),
    ],
    ids=["empty", "unchanged", "gate", "incomplete", "hostile"],
)
def test_it_is_valid(result: RunResult, tmp_path: Path) -> None:
    SCHEMA.validate(written(tmp_path, result))


@pytest.mark.parametrize("wrong", ['tests="many"', "<surprise/>"])
def test_the_schema_refuses_what_is_wrong(wrong: Any, tmp_path: Path) -> None:
    """The proof that the test above can fail."""
    text = written(tmp_path, RunResult(run_id="r", pipeline="p"))
    text = text.replace('tests="1"', wrong) if "=" in wrong else text.replace("</testcase>", f"{wrong}</testcase>")
    assert not SCHEMA.is_valid(text)
