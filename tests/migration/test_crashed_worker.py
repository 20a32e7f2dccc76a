"""The worker of the target crashes in the middle of a migration: it is told, and going on ends whole."""

from __future__ import annotations

import sys

import pytest

from lumos_core.isolation.process import Worker
from lumos_core.migration.migrating import migrate
from lumos_core.testing.estates import Estate

pytest.importorskip("lumos_catalog_local")

CRASHING = """
import os
from pathlib import Path

from lumos_catalog_local.catalog import LocalCatalog


class Crashing(LocalCatalog):
    def write(self, batch, ctx):
        mark = Path(__file__).with_name("crashed")
        for number, outcome in enumerate(super().write(batch, ctx)):
            if number == 2 and not mark.exists():
                mark.touch()
                os._exit(9)
            yield outcome
"""


@pytest.fixture(autouse=True)
def _no_worker_stays():
    yield
    Worker.stop_all()


def test_a_worker_that_crashes_is_told_and_resumed(ends, tmp_path):
    records = list(Estate(datasets=12, fields=4, stats=False).records())
    source = ends("a", records)
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "crashing_catalog.py").write_text(CRASHING)
    target = folder / "there.yaml"
    target.write_text(
        f"environments: {{sdk: {{existing: '{sys.prefix}'}}}}\n"
        "catalogs:\n- {type: 'crashing_catalog:Crashing', name: there, path: there.db, environment: sdk}\n"
    )
    result = migrate(source, target)
    assert (folder / "crashed").exists()
    if result.exit_code == 3:
        assert all(failure.reason for failure in result.failures)
        result = migrate(source, target, resume=True)
    assert result.exit_code == 0, list(result.failures)
    assert result.tally.records == {"identical": len(records)}
