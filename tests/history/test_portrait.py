from __future__ import annotations

from lumos_core.history.portrait import portrait
from lumos_core.history.refs import resolve
from lumos_core.model import urns
from lumos_core.model.elements import (
    DataProductLink,
    Description,
    Grant,
    Key,
    Lifecycle,
    Link,
    RefValue,
    Relation,
    Schedule,
    StructuredValue,
    TagLink,
    TermLink,
    Text,
)
from lumos_core.model.entities import Dataset, Stats
from lumos_core.model.record import Record, canonical
from lumos_core.testing.memory_store import MemoryStore

URN = urns.dataset("csv", "a")


def test_every_aspect_reads_as_words() -> None:
    store = MemoryStore()
    value = Dataset(
        name="a",
        captured=["tags"],
        display_name=Text(manual="All of a"),
        parent=urns.container("csv", "shop"),
        description=Description(others=[("wiki", "From the wiki")]),
        tags=[TagLink(tag=urns.plain("tag", "tier"), value="1", layer="manual")],
        terms=[TermLink(term=urns.plain("term", "shop.order"))],
        domains=[urns.plain("domain", "sales")],
        links=[Link(url="https://a"), Link(url="https://b", label="Wiki")],
        properties=[("k", "v")],
        data_products=[DataProductLink(product=urns.plain("data_product", "p"))],
        relations=[Relation(type="replaced_by", target=urns.dataset("csv", "b"))],
        structured=[
            StructuredValue(property=urns.plain("property", "q"), values=[1, RefValue(urns.plain("tag", "x"))])
        ],
        access=[Grant(to=urns.plain("group", "all"), privilege="select")],
        lifecycle=Lifecycle(removed=True, status="draft"),
        keys=[Key(type="check", expression="x > 0")],
        schedule=Schedule(cron="0 5 * * *", time_zone="Europe/Berlin"),
    )
    cost = Stats(amount="1.20", currency="EUR", status="ok", metrics=[("reads", 7)])
    store.put(
        canonical(Record(URN, value)),
        canonical(Record(f"{URN}#cost@2026-01-15T10:00:00Z", cost)),
        run="r",
    )
    found = portrait(resolve(store, "head"), "a")
    assert found.name == "All of a"
    facts = dict(found.facts())
    for label, texts in {
        "description": ["From the wiki  (wiki)"],
        "tags": ["tier = 1  (manual)"],
        "terms": ["shop.order"],
        "domains": ["sales"],
        "in": [urns.container("csv", "shop")],
        "links": ["https://a", "Wiki: https://b"],
        "properties": ["k = v"],
        "data products": ["p"],
        "relations": ["replaced_by b"],
        "structured": ["q = 1, urn:lumos:tag:x"],
        "access": ["all: select"],
        "lifecycle": ["removed", "draft"],
        "keys": ["check x > 0"],
        "schedule": ["0 5 * * * Europe/Berlin"],
        "cost": ["reads 7, 1.20 EUR, ok"],
    }.items():
        assert facts[label] == texts
    assert found.version is None
    assert found.fields == []
