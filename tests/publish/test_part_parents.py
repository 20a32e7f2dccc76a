"""A parent may be a part of the record itself: nothing outside has to be written first."""

from __future__ import annotations

from lumos_core.model import urns
from lumos_core.model.entities import Dataset
from lumos_core.model.record import Record, canonical
from lumos_core.publish.engine import Engine
from lumos_core.publish.ledger import StoreLedger
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.memory_store import MemoryStore
from lumos_core.testing.reference import WORLDS, MemoryCatalog, MemoryConfig, World


def test_a_parent_inside_the_record_is_published(tmp_path):
    urn = urns.dataset("memory", "orders")
    record = Record(urn, Dataset(name="orders", parent="#raw", captured=["fields"]))
    WORLDS["part-parents"] = World()
    try:
        catalog = MemoryCatalog(MemoryConfig(world="part-parents"))
        engine = Engine(catalog, MemoryContext(), StoreLedger(MemoryStore(), "memory", {"run": "r1"}), folder=tmp_path)
        plan = engine.plan(lambda: iter([canonical(record)]))
        assert [outcome.status for _, outcome in engine.apply(plan)] == ["written"]
        assert WORLDS["part-parents"].records[urn].value.parent == "#raw"
    finally:
        del WORLDS["part-parents"]
