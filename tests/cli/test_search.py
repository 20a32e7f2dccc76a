from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lumos_core.cli import main
from lumos_core.contracts.catalog import Catalog, Hit
from lumos_core.errors import CatalogError, ConfigError, UsageError
from lumos_core.plugin_api import (
    Config,
    Dataset,
    Description,
    Field,
    Lifecycle,
    Operation,
    Owner,
    Record,
    TagLink,
    urns,
)
from lumos_core.publish.searching import search
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.reference import WORLDS, World

pytest.importorskip("lumos_catalog_local")

ORDERS = urns.dataset("csv", "shop/orders")
CUSTOMERS = urns.dataset("parquet", "shop/customers")
GONE = urns.dataset("csv", "shop/orders_old")


class NoOptions(Config):
    """No options."""


class Mute(Catalog[NoOptions]):
    """Cannot search."""

    def read(self, scope: Any, ctx: Any) -> Any:
        return []

    def write(self, batch: Any, ctx: Any) -> Any:
        return []


class Simple(Mute):
    """Searches by the contract alone."""

    def search(self, query: str, limit: int = 20) -> Any:
        return [
            Hit(urn=ORDERS, name="orders", kind="dataset", facets=(("tag", "Gold"),)),
            Hit(urn=f"{CUSTOMERS}#email", name="customers.email", kind="dataset"),
            Hit(urn="guid-17", name="strange", kind="asset"),
        ]


def put(*records: tuple[str, Dataset]) -> None:
    from lumos_core.config.types import ComponentSpec

    catalog = ComponentSpec("catalog", "local").build()
    batch = [Operation(kind="dataset", urn=urn, action="create", set=value) for urn, value in records]
    assert {outcome.status for outcome in catalog.write(batch, MemoryContext())} == {"written"}
    catalog.close()


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("LUMOS_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def filled() -> None:
    email = Field("customer.email", type="string", description=Description(source="Where to [write]"))
    email.tags = [TagLink(urns.plain("tag", "pii.email"))]
    put(
        (
            ORDERS,
            Dataset(
                name="orders",
                subtype="table",
                fields=[Field("id", type="int64"), email, Field("customer.id", type="int64")],
                owners=[Owner(urns.plain("group", "checkout"))],
                description=Description(source="One row per order"),
            ),
        ),
        (CUSTOMERS, Dataset(name="customers", subtype="file_set", fields=[Field("email", type="string")])),
        (GONE, Dataset(name="orders_old", lifecycle=Lifecycle(removed=True))),
    )


def lumos(*args: str) -> Result:
    return CliRunner().invoke(main, ["search", *args], env={"COLUMNS": "160"}, standalone_mode=False)


def said(*args: str) -> str:
    result = lumos(*args)
    assert result.exception is None, result.exception
    return result.output


def data(*args: str) -> Any:
    return json.loads(said(*args, "--json"))


@pytest.mark.usefixtures("filled")
def test_words_filters_and_fields() -> None:
    found = data("customer", "email")
    assert [hit["urn"] for hit in found["hits"]] == [ORDERS]
    assert found["hits"][0]["fields"][0] == f"{ORDERS}#customer.email"
    assert found["total"] == 1
    assert found["target"].endswith("catalog.db")
    assert {hit["urn"] for hit in data("email")["hits"]} == {ORDERS, CUSTOMERS}
    for option in (["--platform", "csv"], ["--tag", "PII"], ["--owner", "checkout"], ["--type", "table"]):
        assert [hit["urn"] for hit in data("email", *option)["hits"]] == [ORDERS], option
    assert data("email", "--kind", "job")["hits"] == []
    assert {hit["urn"] for hit in data("email", "--fields")["hits"]} == {
        f"{ORDERS}#customer.email",
        f"{CUSTOMERS}#email",
    }
    assert len(data("email", "--limit", "1")["hits"]) == 1
    assert data("email", "--offset", "2")["hits"] == []
    assert data("email")["facets"]["platform"] == [{"value": "csv", "count": 1}, {"value": "parquet", "count": 1}]


@pytest.mark.usefixtures("filled")
def test_negative_terms_are_not_options() -> None:
    assert [hit["urn"] for hit in data("email", "-platform:csv")["hits"]] == [CUSTOMERS]
    assert [hit["urn"] for hit in data("email", "-tag:pii")["hits"]] == [CUSTOMERS]


@pytest.mark.usefixtures("filled")
def test_removed_records_are_found_when_asked_for() -> None:
    assert [hit["urn"] for hit in data("orders")["hits"]] == [ORDERS]
    assert {hit["urn"] for hit in data("orders", "--removed")["hits"]} == {ORDERS, GONE}
    assert "orders_old (removed)" in said("old", "--removed")


@pytest.mark.usefixtures("filled")
def test_the_page_for_people() -> None:
    page = said("email")
    for text in ("orders", "customer.email string: Where to [write]", "parquet", "2 records match"):
        assert text in page
    assert "--platform: csv (1), parquet (1)" in said("email", "--limit", "1")
    assert "Nothing matches custmers; showing customers" in said("custmers")
    assert "There are no more" in said("email", "--offset", "9")
    assert "\x1b" not in page


@pytest.mark.usefixtures("filled")
def test_no_result_is_friendly() -> None:
    assert "Did you mean: orders" in said("orders", "nonsenseword")
    assert "Try fewer words" in said("nonsenseword")
    result = CliRunner().invoke(main, ["search", "nonsenseword"])
    assert result.exit_code == 0


def test_an_empty_catalog_says_how_to_fill_it() -> None:
    assert "is empty; `lumos run` fills it" in said("orders")
    assert not Path(".lumos").exists(), "searching makes nothing"


def pipeline(folder: Path, *catalogs: dict[str, Any]) -> Path:
    sources = [{"type": "lumos_core.testing.reference:MemorySource"}]
    config = {
        "version": 1,
        "sources": sources,
        "differ": {"type": "lumos_core.testing.reference:ShapeDiffer"},
        "store": {"type": "lumos_core.testing.reference:MemoryStore"},
        "catalogs": list(catalogs),
    }
    path = folder / "lumos.yaml"
    path.write_text(json.dumps(config))
    return path


@pytest.mark.usefixtures("filled")
def test_the_first_catalog_that_can_search_is_asked(folder: Path) -> None:
    mute, simple = {"type": f"{__name__}:Mute", "name": "mute"}, {"type": f"{__name__}:Simple", "name": "simple"}
    pipeline(folder, mute, {"type": "local"}, simple)
    assert data("customers")["catalog"] == "local"
    assert data("customers", "--catalog", "simple")["catalog"] == "simple"
    assert [hit["urn"] for hit in data("x", "--catalog", "simple", "--tag", "gold")["hits"]] == [ORDERS]
    assert [hit["urn"] for hit in data("x", "--catalog", "simple", "--fields")["hits"]] == [f"{CUSTOMERS}#email"]
    assert data("x", "--catalog", "simple", "--platform", "parquet")["total"] == 1
    assert isinstance(lumos("x", "--catalog", "mute").exception, UsageError)
    assert "Did you mean simple?" in str(lumos("x", "--catalog", "simpel").exception)
    pipeline(folder, mute)
    assert "no catalog of the pipeline can search" in str(lumos("x").exception)


@pytest.mark.usefixtures("filled")
def test_a_database_can_be_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = folder / ".lumos" / "catalog.db"
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert data("customers")["hits"] == []
    assert data("customers", "--pipeline", str(database))["total"] == 1
    database.write_bytes(b"not a database at all, but long enough to be read as one" * 20)
    assert isinstance(lumos("customers", "--pipeline", str(database)).exception, CatalogError)
    assert isinstance(lumos("x", "--pipeline", "missing.yaml").exception, ConfigError)


def test_the_reference_catalog_can_be_searched(folder: Path) -> None:
    WORLDS[str(folder)] = World([Record(ORDERS, Dataset(name="orders"))])
    path = pipeline(folder, {"type": "lumos_core.testing.reference:MemoryCatalog", "world": str(folder)})
    result = search("order", pipeline=path)
    assert [hit.urn for hit in result.hits] == [ORDERS]


def test_only_the_catalogs_of_a_pipeline_are_read(folder: Path) -> None:
    """Whoever searches need not hold the secrets of the sources, or their plugins."""
    WORLDS[str(folder)] = World([Record(ORDERS, Dataset(name="orders"))])
    path = folder / "lumos.yaml"
    path.write_text(
        'sources: [{type: no-such-plugin, password: "${NOT_SET_ANYWHERE}"}]\n'
        f"catalogs: [{{type: 'lumos_core.testing.reference:MemoryCatalog', world: '{folder}'}}]\n"
    )
    assert search("order", pipeline=path).total == 1
    path.write_text("sources: [csv]\ncatalogs:\n  - type: local\n    pth: x.db\n")
    with pytest.raises(ConfigError, match=r":4:5: .*pth"):
        search("order", pipeline=path)
