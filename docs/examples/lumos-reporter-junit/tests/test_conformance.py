"""The conformance kit on the reporter `junit`, and what it promises beyond that."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lumos_core.plugin_api import Change, GateResult, Many, Notice, ReportError, RunResult, StageTiming, urns
from lumos_core.testing.kit import ReporterKit

GATE = GateResult(enabled=True, passed=False, fail_on="risky", failing=2, waived=1)


def change(rule: str, severity: Any, **keys: Any) -> Change:
    return Change(rule=rule, urn=urns.dataset("file", "shop/orders"), severity=severity, path="id", **keys)


CHANGES = [
    change("field-removed", "breaking", message="`id` was removed", why="readers fail", fix="bring it back"),
    change("type-narrowed", "risky", message="`id` is smaller"),
    change("field-removed", "breaking", message="`id` was removed", waived="agreed upon"),
    change("field-added", "non-breaking", message="`id` is new"),
]


class TestJunitReporter(ReporterKit):
    name = "junit"
    markup = False

    def document(self, result: RunResult, component: Any) -> ElementTree.Element:
        component.report(result)
        return ElementTree.fromstring(self.text(result))

    def run(self, **keys: Any) -> RunResult:
        usual = {
            "pipeline": "shop",
            "changes": Many(lambda: CHANGES, len(CHANGES)),
            "gate": GATE,
            "counts": {"dataset": 2},
        }
        return RunResult(run_id="r", **{**usual, **keys})

    def outcomes(self, document: ElementTree.Element, suite: str) -> list[tuple[str, str]]:
        (found,) = (one for one in document if one.get("name") == f"shop.{suite}")
        return [(case.get("name", ""), case[0].tag) for case in found]

    def test_each_change_has_its_outcome(self, component: Any) -> None:
        document = self.document(self.run(), component)
        assert self.outcomes(document, "changes") == [
            ("field-removed id", "failure"),
            ("type-narrowed id", "failure"),
            ("field-removed id", "skipped"),
            ("field-added id", "system-out"),
        ]
        failure, skipped = document.findall(".//failure")[1], document.findall(".//skipped")[0]
        assert (failure.get("type"), failure.get("message")) == ("breaking", "`id` was removed")
        assert failure.text == "readers fail\nbring it back\nurn:lumos:dataset:(file,shop/orders,PROD)"
        assert skipped.get("message") == "agreed upon"

    def test_without_a_gate_nothing_fails(self, component: Any) -> None:
        document = self.document(self.run(gate=GateResult()), component)
        assert {tag for _, tag in self.outcomes(document, "changes")} == {"system-out"}
        assert self.outcomes(document, "run") == [("reading", "system-out")]

    def test_the_gate_is_a_case_since_what_it_judges_may_be_older_than_this_run(self, component: Any) -> None:
        document = self.document(self.run(changes=Many(list, 0)), component)
        assert self.outcomes(document, "run") == [("reading", "system-out"), ("gate", "failure")]
        passed = self.document(self.run(gate=GateResult(enabled=True, fail_on="breaking")), component)
        assert ("gate", "system-out") in self.outcomes(passed, "run")

    def test_what_could_not_be_read_is_an_error(self, component: Any) -> None:
        failure = Notice(code="unit-failed", message="denied", where="x.csv", component="source csv", fix="ask")
        warning = Notice(code="odd", message="it is odd", where="y.csv")
        document = self.document(self.run(failures=[failure], warnings=[warning]), component)
        error = document.find(".//testcase[@name='x.csv']/error")
        assert error is not None
        assert (error.get("type"), error.get("message"), error.text) == ("unit-failed", "denied", "ask")
        said = document.findtext(".//testcase[@name='reading']/system-out")
        assert said == "seen: 2 dataset\nwarning: y.csv: it is odd"

    def test_the_counts_are_those_of_the_cases(self, component: Any) -> None:
        failure = Notice(code="unit-failed", message="denied")
        document = self.document(self.run(failures=[failure], timings=[StageTiming("diff", 1.5)]), component)
        assert document.attrib == {"name": "shop", "time": "1.500", "tests": "7", "failures": "3", "errors": "1"}
        for suite in document:
            assert suite.get("tests") == str(len(suite))
            for outcome, key in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
                assert suite.get(key) == str(len(suite.findall(f".//{outcome}")))

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
    @given(name=st.text())
    def test_any_name_is_sound_xml(self, component: Any, name: str) -> None:
        odd = Change(rule="renamed", urn=urns.dataset("file", name or "x"), severity="breaking", message=name)
        document = self.document(self.run(changes=Many(lambda: [odd], 1), pipeline=name), component)
        assert len(document.findall(".//testcase")) == 3
        component.config.path.unlink()

    def test_a_place_that_cannot_be_written_is_named(self, component: Any, folder: Path) -> None:
        (folder / "out").write_text("a file where a folder should be", encoding="utf-8")
        with pytest.raises(ReportError, match=r"junit\.xml"):
            component.report(self.result())
