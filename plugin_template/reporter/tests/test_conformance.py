"""The conformance kit on the reporter `acme`, and what it promises beyond that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lumos_core.plugin_api import Notice, ReportError, RunResult
from lumos_core.testing.kit import ReporterKit


class TestAcmeReporter(ReporterKit):
    name = "acme"
    markup = False

    def test_a_line_for_everything_that_happened(self, component: Any, folder: Path) -> None:
        failure = Notice(code="unit-failed", message="it is gone", where="b.csv")
        warning = Notice(code="odd", message="it is odd", where="a.csv")
        counts = {"dataset": 2, "container": 1}
        result = RunResult(run_id="r", pipeline="shop", counts=counts, failures=[failure], warnings=[warning])
        component.report(result)
        assert (folder / "out" / "acme.txt").read_text(encoding="utf-8").splitlines() == [
            "shop: unchanged",
            "1 container, 2 dataset",
            "failed: b.csv: it is gone",
            "warning: a.csv: it is odd",
        ]

    def test_a_place_that_cannot_be_written_is_named(self, component: Any, folder: Path) -> None:
        (folder / "out").write_text("a file where a folder should be", encoding="utf-8")
        with pytest.raises(ReportError, match=r"acme\.txt"):
            component.report(self.result())
