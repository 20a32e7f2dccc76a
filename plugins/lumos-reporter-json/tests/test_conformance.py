"""The conformance kit, and what this reporter promises beyond it."""

from __future__ import annotations

import json

import pytest

from lumos_core.plugin_api import ReportError, RunResult
from lumos_core.testing.kit.reporter import NASTY, ReporterKit


class TestJson(ReporterKit):
    name = "json"
    options = {"path": "out/run.json"}
    markup = False

    def test_it_is_json_with_every_change(self, component, folder):
        component.report(self.result())
        text = (folder / "out" / "run.json").read_text()
        data = json.loads(text)
        assert data["verdict"] == "failed"
        assert data["gate"]["failing"] == len(data["changes"]) == len(NASTY)
        assert data["changes"][0]["message"].endswith("was removed")
        assert all(len(change["fingerprint"]) == 16 for change in data["changes"])
        assert "\x1b" not in text
        assert data["reports"] == [str(folder / "out" / "run.json")]

    def test_indented(self, folder):
        self.build(folder, indent=True).report(RunResult(run_id="r", pipeline="p"))
        assert (folder / "out" / "run.json").read_text().startswith('{\n  "run": "r"')

    def test_a_place_that_cannot_be_written(self, folder):
        (folder / "out").write_text("a file where a folder should be")
        with pytest.raises(ReportError, match=r"was not written"):
            self.build(folder).report(RunResult(run_id="r", pipeline="p"))
