"""Foreign records and facts: kept, read back with the record they belong to, taken away, and never found."""

from __future__ import annotations

from pathlib import Path

import pytest
from lumos_catalog_local.catalog import LocalCatalog
from lumos_catalog_local.config import LocalCatalogConfig

from lumos_core.plugin_api import Dataset, Foreign, Operation, Record, Scope, Stats, urns
from lumos_core.testing.context import MemoryContext

URN = urns.dataset("csv", "orders")
RAW, FACT = f"{URN}#vendor/raw", f"{URN}#profile@2026-01-15T00:00:00Z"


@pytest.fixture
def catalog(tmp_path: Path) -> LocalCatalog:
    made = LocalCatalog(LocalCatalogConfig(path=tmp_path / "c.db"))
    operations = [
        Operation(kind="dataset", urn=URN, action="create", set=Dataset(name="orders")),
        Operation(kind="foreign", urn=RAW, action="create", set=Foreign(body='{"vendor":1}')),
        Operation(kind="stats", urn=FACT, action="create", set=Stats(row_count=3)),
    ]
    assert [outcome.status for outcome in made.write(operations, MemoryContext())] == ["written"] * 3
    return made


def held(catalog: LocalCatalog) -> list[str]:
    return [record.urn for record in catalog.read(Scope(urns=frozenset({URN})), MemoryContext())]


def test_they_come_back_with_their_record(catalog: LocalCatalog) -> None:
    assert held(catalog) == [URN, RAW, FACT]
    by_urn = {record.urn: record for record in catalog.read(Scope(), MemoryContext())}
    assert by_urn[RAW] == Record(RAW, Foreign(body='{"vendor":1}'))
    assert by_urn[FACT] == Record(FACT, Stats(row_count=3))
    catalog.close()


def test_they_are_not_searched(catalog: LocalCatalog) -> None:
    assert [hit.urn for hit in catalog.search("orders")] == [URN]
    assert list(catalog.search("vendor")) == []
    assert catalog.rebuild() == 3
    assert [hit.urn for hit in catalog.search("orders")] == [URN]
    catalog.close()


def test_a_foreign_record_can_be_taken_away(catalog: LocalCatalog) -> None:
    gone = Operation(kind="foreign", urn=RAW, action="remove")
    assert [outcome.status for outcome in catalog.write([gone], MemoryContext())] == ["written"]
    assert held(catalog) == [URN, FACT]
    assert [outcome.status for outcome in catalog.write([gone], MemoryContext())] == ["unchanged"]
    catalog.close()
