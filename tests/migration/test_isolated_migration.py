"""Both catalogs in environments of their own: the same migration and the same sync."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lumos_core.config.types import ComponentSpec
from lumos_core.contracts.catalog import Operation
from lumos_core.isolation.process import Worker
from lumos_core.migration.ends import end_of
from lumos_core.migration.migrating import migrate
from lumos_core.migration.rolling_back import roll_back
from lumos_core.migration.syncing import sync
from lumos_core.model.record import canonical
from lumos_core.model.scope import Scope
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.estates import Estate

pytest.importorskip("lumos_catalog_local")


@pytest.fixture(autouse=True)
def _no_worker_stays():
    yield
    Worker.stop_all()


def isolated(folder: Path, name: str) -> Path:
    """A pipeline file whose catalog runs in a worker."""
    path = folder / name / f"{name}.yaml"
    path.parent.mkdir()
    path.write_text(
        f"environments: {{{name}_sdk: {{existing: '{sys.prefix}'}}}}\n"
        f"catalogs:\n- {{type: local, name: {name}, path: {name}.db, environment: {name}_sdk}}\n"
    )
    return path


def catalog(path: Path):
    return ComponentSpec("catalog", "local", {"path": str(path.with_suffix(".db"))}).build()


def held(path: Path) -> list[bytes]:
    opened = catalog(path)
    try:
        return [canonical(record) for record in opened.read(Scope(), MemoryContext())]
    finally:
        opened.close()


def test_what_the_pages_show_is_said_from_an_environment_too(tmp_path):
    pytest.importorskip("lumos_catalog_datahub")
    path = tmp_path / "datahub.yaml"
    path.write_text(
        f"environments: {{sdk: {{existing: '{sys.prefix}'}}}}\n"
        "catalogs:\n- {type: datahub, server: 'http://127.0.0.1:9', environment: sdk}\n"
    )
    here = ComponentSpec("catalog", "datahub", {"server": "http://127.0.0.1:9"}).build()
    there = end_of(path, None, option="", run_id="test", cancelled=lambda: False)
    records = [record for record in Estate(datasets=2, fields=4, stats=False).records() if record.kind == "dataset"]
    for record in records:
        shown = canonical(there.catalog.native(record))
        assert shown == canonical(here.native(record))
        assert shown != canonical(record)
    there.close()
    silent = isolated(tmp_path, "silent")
    assert (
        end_of(silent, None, option="", run_id="test", cancelled=lambda: False).catalog.native(records[0]) is records[0]
    )


def test_a_migration_and_a_sync_between_two_environments(tmp_path):
    left, right = isolated(tmp_path, "left"), isolated(tmp_path, "right")
    opened = catalog(left)
    records = list(Estate(datasets=20, fields=5, stats=False).records())
    operations = [Operation(kind=r.kind, urn=r.urn, action="create", set=r.value) for r in records]
    assert {outcome.status for outcome in opened.write(operations, MemoryContext())} == {"written"}
    opened.close()
    result = migrate(left, right)
    assert result.exit_code == 0, list(result.failures)
    assert result.tally.records == {"identical": len(records)}
    assert len(held(right)) == len(records)
    assert migrate(left, right).planned == {"keep": len(records)}
    assert not sync(left, right).right.planned
    assert roll_back(right).planned == {"remove": len(records)}
