"""`lumos migrate` and `lumos sync` as a user meets them: exit codes, JSON, what is printed."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner

from lumos_core.cli import main
from lumos_core.config.types import ComponentSpec
from lumos_core.contracts.catalog import Operation
from lumos_core.model import urns
from lumos_core.model.elements import Description
from lumos_core.model.entities import Dataset
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.estates import Estate

pytest.importorskip("lumos_catalog_local")
ORDERS = urns.dataset("pg", "orders")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text(f"catalogs:\n- {{type: local, name: {name}, path: {name}.db}}\n")
    fill("a.db", [(record.urn, record.kind, record.value) for record in Estate(datasets=6, fields=4).records()])
    return tmp_path


def fill(path, records):
    catalog = ComponentSpec("catalog", "local", {"path": os.path.abspath(path)}).build()  # noqa: PTH100
    operations = [Operation(kind=kind, urn=urn, action="create", set=value) for urn, kind, value in records]
    list(catalog.write(operations, MemoryContext()))
    catalog.close()


def call(*arguments):
    return CliRunner().invoke(main, list(arguments), standalone_mode=True)


def test_a_migration_is_planned_done_proven_and_undone(place):
    plan = call("migrate", "--from", "a.yaml", "--to", "b.yaml", "--dry-run")
    assert plan.exit_code == 0
    assert "to create" in plan.output
    assert not (place / ".lumos").exists()
    done = call("migrate", "--from", "a.yaml", "--to", "b.yaml")
    assert done.exit_code == 0, done.output
    assert "identical" in done.output
    assert "--rollback" in done.output
    report = json.loads(call("migrate", "--from", "a.yaml", "--to", "b.yaml", "--resume", "--json").output)
    assert report["mode"] == "migrate"
    assert sum(report["verdicts"].values()) == report["read"]["source"]
    undone = call("migrate", "--to", "b.yaml", "--rollback", report["id"], "--json")
    assert undone.exit_code == 0
    assert json.loads(undone.output)["planned"]["remove"] > 0


def test_what_is_asked_for_wrongly_is_explained(place):
    assert call("migrate", "--from", "a.yaml").exit_code == 2
    assert call("migrate", "--from", "a.yaml", "--to", "a.yaml").exit_code == 2
    assert call("migrate", "--from", "a.yaml", "--to", "b.yaml", "--map", "platform").exit_code == 2
    assert call("migrate", "--from", "a.yaml", "--to", "b.yaml", "--resume").exit_code == 2
    assert call("migrate", "--to", "b.yaml", "--rollback", "--dry-run").exit_code == 2
    assert call("sync", "a.yaml").exit_code == 2
    assert call("sync", "a.yaml", "b.yaml", "--prune").exit_code == 2


def test_a_conflict_is_shown_and_stop_exits_with_two(place):
    fill("a.db", [(ORDERS, "dataset", Dataset(name="o", description=Description(manual="A")))])
    fill("b.db", [(ORDERS, "dataset", Dataset(name="o", description=Description(manual="B")))])
    stopped = call("migrate", "--from", "a.yaml", "--to", "b.yaml", "--on-conflict", "stop")
    assert stopped.exit_code == 2
    shown = call("migrate", "--from", "a.yaml", "--to", "b.yaml", "--map", "env=PROD=PROD")
    assert shown.exit_code == 0
    assert "description.manual" in shown.output


def test_a_rename_reaches_the_target(place):
    report = json.loads(
        call("migrate", "--from", "a.yaml", "--to", "b.yaml", "--map", "platform=postgres=mysql", "--json").output
    )
    assert report["renamed"] > 0
    assert report["wishes"]["platforms"] == {"postgres": "mysql"}


def test_a_sync_is_shown_and_quiet_the_second_time(place):
    plan = call("sync", "a.yaml", "b.yaml", "--dry-run")
    assert "to create" in plan.output
    assert call("sync", "a.yaml", "b.yaml").exit_code == 0
    again = json.loads(call("sync", "a.yaml", "b.yaml", "--json").output)
    assert again["format"] == "lumos-sync/1"
    assert again["left"]["planned"] == again["right"]["planned"] == {}


@pytest.mark.parametrize("command", ["migrate", "sync"])
def test_the_report_has_a_schema(command):
    schema = json.loads(call(command, "--schema").output)
    assert schema["$schema"].startswith("https://json-schema.org")
    assert schema["$defs"]
