"""`lumos run` and `lumos plan`: what they print, and with which code they end."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from lumos_core.cli import main
from lumos_core.errors import UnitError
from lumos_core.plugin_api import Dataset, Field, Record, urns
from lumos_core.testing.reference import WORLDS, World

REFERENCE = "lumos_core.testing.reference"


def table(name, *paths):
    fields = [Field(path, type="string") for path in paths]
    return Record(urns.dataset("memory", name), Dataset(name=name, captured=["fields"], fields=fields))


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    world = WORLDS[f"{tmp_path}/s"] = World([table("orders", "id", "email"), table("customers", "id")])
    WORLDS[f"{tmp_path}/c"] = World()
    config = {
        "sources": [{"type": f"{REFERENCE}:MemorySource", "name": "memory", "world": f"{tmp_path}/s"}],
        "differ": {"type": f"{REFERENCE}:ShapeDiffer"},
        "catalogs": [{"type": f"{REFERENCE}:MemoryCatalog", "name": "memory", "world": f"{tmp_path}/c"}],
        "gate": {"fail_on": "breaking"},
    }
    (tmp_path / "lumos.yaml").write_text(json.dumps(config))
    return world


def lumos(*arguments):
    result = CliRunner().invoke(main, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_a_run_prints_its_summary(house):
    code, out, err = lumos("run")
    assert code == 0
    assert "remembered for the first time" in out
    assert "2 created" in out
    assert err == ""
    assert "nothing changed" in lumos("run")[1]


def test_json_is_json_and_nothing_else(house):
    code, out, err = lumos("run", "--json")
    data = json.loads(out)
    assert (code, data["verdict"], data["counts"], err) == (0, "changed", {"dataset": 2}, "")
    assert data["published"][0]["written"] == 2


def test_a_plan_says_what_and_why(house):
    code, out, _ = lumos("plan")
    assert code == 0
    assert "2 to create" in out
    assert "+ urn:lumos:dataset:(memory,orders,PROD)" in out
    lumos("run", "--quiet")
    house.records[urns.dataset("memory", "orders")] = table("orders", "id", "email", "phone")
    code, out, _ = lumos("plan")
    assert "~ urn:lumos:dataset:(memory,orders,PROD)" in out
    assert "fields: changed at the source" in out
    data = json.loads(lumos("plan", "--json")[1])
    assert data["mode"] == "dry-run"
    assert [operation["action"] for operation in data["published"][0]["operations"]] == ["update"]
    assert lumos("run", "--dry-run")[0] == 0
    assert json.loads(lumos("plan", "--json")[1])["changed"], "neither a plan nor a dry run remembers anything"


def test_the_gate_ends_with_1(house):
    lumos("run")
    house.records[urns.dataset("memory", "orders")] = table("orders", "id")
    code, out, _ = lumos("run")
    assert code == 1
    assert "orders.email" in out
    assert "breaking" in out


def test_quiet_prints_errors_only(house):
    house.broken[urns.dataset("memory", "orders")] = UnitError("it is damaged")
    code, out, err = lumos("run", "--quiet")
    assert (code, out) == (3, "")
    assert "it is damaged" in err


def test_a_selection_reads_a_part(house):
    lumos("run")
    house.records.clear()
    house.records.update({record.urn: record for record in [table("orders", "id", "email", "new")]})
    data = json.loads(lumos("run", "--json", "--select", "ord*")[1])
    assert [change["path"] for change in data["changes"]] == ["new"], "customers was not looked at"
    data = json.loads(lumos("run", "--json", "--select", "urn:lumos:dataset:(memory,orders,PROD)")[1])
    assert not data["changed"]
    code, _, err = lumos("run", "--select", "nothing*")
    assert code == 2
    assert "nothing that is known fits" in err


def test_without_a_pipeline_it_cannot_begin(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LUMOS_CONFIG", raising=False)
    code, _, err = lumos("run")
    assert code == 2
    assert "lumos init" in err
