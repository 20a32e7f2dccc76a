"""The pipeline that the README shows runs as it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import lumos_core

ROOT = Path(__file__).parents[1]


def test_the_pipeline_of_the_readme_runs(tmp_path: Path) -> None:
    shown = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown
    shutil.copytree(ROOT / "example", tmp_path / "example")
    (tmp_path / "lumos.yaml").write_text(shown[1], encoding="utf-8")
    result = lumos_core.run(tmp_path / "lumos.yaml")
    assert (result.exit_code, result.warnings, result.failures) == (0, [], [])
    assert result.counts["dataset"] == 2
