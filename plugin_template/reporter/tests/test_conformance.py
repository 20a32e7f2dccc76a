"""The conformance kit on the reporter `acme`, and what it promises beyond that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lumos_core.plugin_api import Many, Notice, ReportError
from lumos_core.testing.kit import ReporterKit


class TestAcmeReporter(ReporterKit):
    name = "acme"
    markup = False

    def test_a_line_for_everything_that_happened(self, component: Any, folder: Path) -> None:
        warning = Notice(code="odd", message="it is odd", where="a.csv")
        result = self.result(changes=Many(list, 0), warnings=[warning])
        component.report(result)
        assert (folder / "out" / "acme.txt").read_text(encoding="utf-8").splitlines() == [
            "shop <b>: failed",
            "6 dataset",
            "failed: x/y.csv: cannot read <b>",
            "warning: a.csv: it is odd",
        ]

    def test_a_place_that_cannot_be_written_is_named(self, component: Any, folder: Path) -> None:
        (folder / "out").write_text("a file where a folder should be", encoding="utf-8")
        with pytest.raises(ReportError, match=r"acme\.txt"):
            component.report(self.result())
