"""Views become lineage of columns in a whole run, with the enricher `sql`, and stay so while nothing changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import lumos_core
from lumos_core.cli import main

PIPELINE = """
version: 1
name: lineage
sources: [{{type: postgres, dsn: "{dsn}"}}]
enrich: [{{type: sql}}]
catalogs: []
reports: []
"""
SHOP = """
create schema sales; create schema "Odd.Name";
create table sales.customer (id int primary key, email text, city text);
create table sales.orders (id int, customer int references sales.customer, total numeric(9,2), at timestamptz)
    partition by range (at);
create table sales.orders_2026 partition of sales.orders for values from ('2026-01-01') to ('2027-01-01');
create view sales.paid as select o.*, c.email from sales.orders o join sales.customer c on c.id = o.customer;
create materialized view sales.by_city as
    select c.city, sum(p.total) as total, rank() over (order by sum(p.total) desc) as place
    from sales.paid p join sales.customer c on c.id = p.customer where p.total > 0 group by c.city;
create view "Odd.Name"."Top ""Ten"" (x)" as select b.city as "The City" from sales.by_city b where place <= 10;
create view sales.recent as select id from sales.orders;
create view sales.path as with recursive r(n) as (select id from sales.orders union all select n + 1 from r where n < 9)
    select n from r;
"""


@pytest.fixture
def path(db: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    db.run(SHOP)
    found = tmp_path / "lumos.yaml"
    found.write_text(PIPELINE.format(dsn=db.dsn), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return found


def edges(path: Path) -> dict[str, set[tuple[str, str, str]]]:
    """Per dataset, what becomes what in it, and how: names without the database."""
    found: dict[str, set[tuple[str, str, str]]] = {}
    store = lumos_core.open_store(path)
    try:
        records = [json.loads(line) for line in store.lines("head", kind="dataset")]
    finally:
        store.close()
    for record in records:
        told = record["value"].get("lineage", {})
        if told:
            assert set(record["value"]["captured"]) >= {"lineage", "lineage.columns"}, record["urn"]
            name = record["urn"].partition(",")[2].partition(".")[2].rpartition(",")[0]
            found[name] = {
                (source.partition(",")[2].partition(".")[2].replace(",PROD)", ""), target, edge["subtype"])
                for edge in told.get("columns", [])
                for source in edge["from"]
                for target in edge["to"]
                if edge["type"] == "direct"
            }
    return found


def test_views_become_lineage_of_columns(path: Path, db: Any) -> None:
    result = lumos_core.run(path)
    assert result.exit_code == 0 and not list(result.warnings)
    found = edges(path)
    assert found.pop("sales.paid") == {
        *((f"sales.orders#{name}", f"#{name}", "identity") for name in ("id", "customer", "total", "at")),
        ("sales.customer#email", "#email", "identity"),
    }
    assert found.pop("sales.by_city") == {
        ("sales.customer#city", "#city", "identity"),
        ("sales.paid#total", "#total", "aggregate"),
        ("sales.paid#total", "#place", "window"),
    }
    assert found.pop("sales.recent") == {("sales.orders#id", "#id", "identity")}
    assert found.pop("sales.path") == {("sales.orders#id", "#n", "expression")}
    assert list(found.values()) == [{("sales.by_city#city", "#The City", "identity")}]
    assert not lumos_core.run(path).changed


def test_lineage_is_shown_and_follows_what_is_changed(path: Path, db: Any) -> None:
    assert lumos_core.run(path).exit_code == 0
    shown = CliRunner().invoke(main, ["lineage", "sales.paid", "--columns"], prog_name="lumos")
    assert shown.exit_code == 0, shown.output
    assert "customer#email -> #email" in shown.output and "by_city" in shown.output
    db.run("create or replace view sales.recent as select customer as id from sales.orders")
    result = lumos_core.run(path)
    assert edges(path)["sales.recent"] == {("sales.orders#customer", "#id", "identity")}
    assert {change.urn.rpartition(".")[2] for change in result.changes} == {"recent,PROD)"}


def test_a_view_on_one_partition_reads_its_table(path: Path, db: Any) -> None:
    """The server says which table that is; of the columns nothing is concluded, and it is told."""
    db.run("create view sales.part as select id from sales.orders_2026")
    result = lumos_core.run(path)
    assert [warning.code for warning in result.warnings] == ["sql-unknown-table"]
    store = lumos_core.open_store(path)
    try:
        records = {line["urn"]: line["value"] for line in map(json.loads, store.lines("head", kind="dataset"))}
    finally:
        store.close()
    (told,) = [value for urn, value in records.items() if urn.endswith(".part,PROD)")]
    assert [edge["urn"].partition(".")[2] for edge in told["lineage"]["upstreams"]] == ["sales.orders,PROD)"]
    assert "lineage" in told["captured"] and "lineage.columns" not in told["captured"]
