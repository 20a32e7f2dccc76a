"""The conformance kit, and what this reporter promises beyond it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_reporter_markdown.escape import code, plain
from markdown_it import MarkdownIt

from lumos_core.plugin_api import (
    Change,
    GateResult,
    Many,
    PublishResult,
    ReportError,
    RunResult,
    Version,
    VersionChange,
)
from lumos_core.testing.kit.reporter import ReporterKit

URN = "urn:lumos:dataset:(file,orders,PROD)"


def rendered(text):
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(text)


class TestMarkdown(ReporterKit):
    name = "markdown"
    options = {"path": "out/report.md"}

    def test_tables_keep_their_columns(self, component):
        result = self.result()
        component.report(result)
        page = rendered(self.text(result))
        rows = [row for row in page.split("<tr>") if "</td>" in row]
        assert len(rows) == len(result.changes)
        assert {row.count("<td>") for row in rows} == {6}
        assert "<script" not in page

    def test_what_matters_comes_first(self, component):
        found = [
            Change(rule="field-removed", urn=URN, severity="breaking", path="email", message="gone", impact_count=3),
            Change(rule="type-widened-lossless", urn=URN, severity="risky", path="id", before="int32", after="int64"),
            Change(rule="field-removed", urn=URN, severity="breaking", path="old", waived="agreed in SHOP-1"),
            Change(rule="description-changed", urn=URN, severity="informational"),
        ]
        version = Version(schema="2.0.0", metadata="1.0.1", release="S-2", digest="0")
        result = self.result(
            changes=Many(lambda: found, 4),
            severities={"breaking": 2, "risky": 1, "informational": 1},
            gate=GateResult(enabled=True, passed=False, fail_on="breaking", failing=1, waived=1, notes=("unused",)),
            versions=Many(lambda: [VersionChange(urn=URN, version=version, before="1.0.0")], 1),
            published=[
                PublishResult(catalog="local", applied=True, planned={"update": 1}, conflicts=[(URN, "owners", "both")])
            ],
            not_captured=[("file", "owners", 7)],
        )
        component.report(result)
        text = self.text(result)
        order = ["The gate failed", "## Breaking", "3 downstream", "## Risky", "`int32` → `int64`", "## Waived"]
        order += [r"agreed in SHOP\-1", "## Not seen", "of 7 records", "1 to update", "conflict", "Informational (1)"]
        places = [text.index(part) for part in [*order, "| 1.0.0 | **2.0.0** |"]]
        assert places == sorted(places)

    def test_a_long_report_is_cut_at_a_line(self, folder):
        found = [Change(rule="x", urn=URN, severity="non-breaking", path=f"f{n}", message="m") for n in range(5_000)]
        result = self.result(changes=Many(lambda: found, 5_000), severities={"non-breaking": 5_000})
        self.build(folder, max_size=20_000).report(result)
        text = self.text(result)
        assert 15_000 < len(text) <= 20_000
        assert "more lines are in the full result" in text
        assert text.count("<details>") == text.count("</details>")

    def test_a_place_that_cannot_be_written(self, folder):
        (folder / "out").write_text("a file where a folder should be")
        with pytest.raises(ReportError, match=r"was not written"):
            self.build(folder).report(RunResult(run_id="r", pipeline="p"))


@given(st.text(max_size=30))
def test_any_text_stays_text(text):
    page = rendered(f"| a |\n|---|\n| {plain(text)} |\n| {code(text)} |\n")
    assert page.count("<td>") == 2
    inner = page.split("<td>")[1].split("</td>")[0]
    assert "<" not in inner
