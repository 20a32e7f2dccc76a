"""The conformance kit on the enricher `acme`, and what it promises beyond that."""

from __future__ import annotations

from typing import Any

from lumos_core.plugin_api import Dataset, Owner, Record, urns
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.kit import EnricherKit

SALES = urns.plain("group", "sales")


class TestAcmeEnricher(EnricherKit):
    name = "acme"
    options = {"owners": {"order*": "sales", "*": "data"}}

    def owners(self, component: Any, *held: str) -> list[str]:
        value = Dataset(name="orders", captured=["owners"], owners=[Owner(urn) for urn in held])
        (record,) = component.enrich(iter([Record(urns.dataset("kit", "orders"), value)]), MemoryContext())
        return [owner.owner for owner in record.value.owners]

    def test_every_pattern_that_fits_counts(self, component: Any) -> None:
        assert self.owners(component) == [SALES, urns.plain("group", "data")]

    def test_owners_that_are_there_stay_and_come_once(self, component: Any) -> None:
        ada = urns.plain("user", "ada")
        assert self.owners(component, ada, SALES) == [ada, SALES, urns.plain("group", "data")]
