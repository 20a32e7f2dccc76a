"""Conformance of reporters."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ...contracts.reporter import GateResult, Many, Notice, Reporter, RunResult
from ...model.change import Change
from ...model.entities import Dataset, Field
from ...model.record import AnyRecord, Record
from ...model.scope import Covered, Scope
from ...model.urns import dataset
from .base import ComponentKit

NASTY = ("<script>alert(1)</script>", "[bold]x[/bold]", "a|b`c`", "\x1b[31mred\x1b[0m", "עברית\u202e", "🦉\nline")
"""Names that must be shown as they are and never acted upon."""


class ReporterKit(ComponentKit):
    """Fill in `name` and `options`; override `text` to return what the reporter wrote.

    Attributes:
        markup: False when nobody reads the output as HTML or Markdown, so that `<` is just a character.
    """

    kind = "reporter"
    markup: ClassVar[bool] = True

    def text(self, result: RunResult) -> str:
        """Return everything that the reporter wrote."""
        return "".join(Path(place).read_text(encoding="utf-8") for place in result.reports)

    def result(self, **changes: Any) -> RunResult:
        """Return a run with hostile names in every place that people see."""
        records: list[AnyRecord] = [
            Record(dataset("file", name), Dataset(name=name, captured=["fields"], fields=[Field("id", type="int64")]))
            for name in NASTY
        ]
        found = [
            Change(
                rule="field-removed",
                urn=record.urn,
                severity="breaking",
                path="e<b>mail",
                before="string",
                message=f"Field `e<b>mail` of `{name}` was removed",
                bump="major",
            )
            for name, record in zip(NASTY, records, strict=True)
        ]
        keys: dict[str, Any] = {
            "run_id": "20260115T103000Z-kit0",
            "pipeline": "shop <b>",
            "started": "2026-01-15T10:30:00Z",
            "finished": "2026-01-15T10:30:02Z",
            "exit_code": 1,
            "changed": True,
            "release": "S-7",
            "counts": {"dataset": len(records)},
            "fields": len(records),
            "severities": {"breaking": len(found)},
            "records": Many(lambda: records, len(records)),
            "changes": Many(lambda: found, len(found)),
            "gate": GateResult(enabled=True, passed=False, fail_on="breaking", failing=len(found)),
            "coverage": [Covered(Scope(platform="file"), frozenset({"record"}), "failed", "denied <b>")],
            "failures": [
                Notice(code="unit-failed", message="cannot read <b>", where="x/y.csv", component="source files")
            ],
        }
        return RunResult(**{**keys, **changes})

    def test_hostile_names_are_shown_and_harmless(self, component: Reporter[Any]) -> None:
        """Names are data: escape markup, control characters and terminal sequences."""
        result = self.result()
        component.report(result)
        text = self.text(result)
        assert text.strip()
        assert not self.markup or "<script>alert(1)" not in text
        assert "\x1b[31mred" not in text

    def test_an_empty_run_is_reported(self, component: Reporter[Any]) -> None:
        """A run that saw nothing still gets a sound report."""
        result = RunResult(run_id="20260115T103000Z-kit1", pipeline="empty")
        component.report(result)
        assert self.text(result).strip()

    def test_failures_are_shown(self, component: Reporter[Any]) -> None:
        """What could not be seen must be said: the place of a failed unit stands in the report."""
        result = self.result()
        component.report(result)
        assert "x/y.csv" in self.text(result)

    def test_a_report_can_be_made_again(self, component: Reporter[Any]) -> None:
        """A second report of the same run replaces the first; nothing is appended."""
        first, second = self.result(), self.result()
        component.report(first)
        before = self.text(first)
        component.report(second)
        assert self.text(second) == before
