"""What stands beside the records of a catalog: volatile facts, and what only another vendor understands."""

from __future__ import annotations

from typing import Any, ClassVar

from ...contracts.catalog import Catalog, Operation
from ...model.aspects import ASPECTS
from ...model.entities import Dataset, Field, Foreign, Stats
from ...model.record import AnyRecord, Record, canonical
from ...model.scope import Scope
from ...model.urns import host
from ..context import MemoryContext
from .base import ComponentKit

AT = "2026-01-15T10:00:00Z"
FACTS: dict[str, Stats] = {
    "profile": Stats(row_count=120, size_bytes=8192, fields=[("id", [("null_count", 3)])]),
    "usage": Stats(metrics=[("query_count", 7)], start="2026-01-14T00:00:00Z", end="2026-01-15T00:00:00Z"),
}
"""Type -> a fact as the tests write it; of a type that is not here, a number of rows."""


class CatalogCompanions(ComponentKit):
    """The part of `CatalogKit` for `stats` and `foreign`, which a catalog takes only where it says so."""

    facts: ClassVar[dict[str, Stats]] = FACTS

    def urn(self, name: str) -> str:
        """Return the URN of a dataset of this test."""
        raise NotImplementedError

    def write(self, catalog: Catalog[Any], *operations: Operation) -> list[str]:
        """Write operations and return their statuses."""
        raise NotImplementedError

    def _with_host(self, catalog: Catalog[Any], record: AnyRecord) -> AnyRecord | None:
        """Write a record beside its dataset, twice, and return what is read of it."""
        dataset = Dataset(name="orders", fields=[Field("id", type="int64")])
        self.write(catalog, Operation(kind="dataset", urn=host(record.urn), action="create", set=dataset))
        operation = Operation(kind=record.kind, urn=record.urn, action="create", set=record.value)
        for _ in range(2):
            statuses = self.write(catalog, operation)
            assert statuses[0] in ("written", "unchanged"), f"{record.urn} is claimed, and writing it gives {statuses}"
        scope = Scope(urns=frozenset({host(record.urn)}))
        held = [one for one in catalog.read(scope, MemoryContext()) if one.urn == record.urn]
        assert len(held) < 2, f"{record.urn} comes {len(held)} times"
        return held[0] if held else None

    def test_deferred_keys_are_aspects(self, component: Catalog[Any]) -> None:
        """`deferred` names keys of records; one that is misspelt would be written too early."""
        unknown = component.deferred - ASPECTS
        assert not unknown, f"`deferred` names what is no key of a record: {sorted(unknown)}"

    def test_facts_are_kept(self, component: Catalog[Any]) -> None:
        """Every type of `stats` that is claimed is written, and read back equal with the record it belongs to.

        Override `facts` (type -> `Stats`) where the system holds only some numbers.
        """
        if not component.stats:
            self._missing("stats", "this catalog takes no volatile facts")
        for kind in sorted(component.stats):
            record = Record(f"{self.urn('orders')}#{kind}@{AT}", self.facts.get(kind, Stats(row_count=120)))
            held = self._with_host(component, record)
            assert held is not None, f"`stats` claims {kind!r}, and it is not read back"
            assert canonical(held) == canonical(record), f"{kind!r} comes back changed: {held.value}"

    def test_what_only_others_understand_travels(self, component: Catalog[Any]) -> None:
        """A catalog that claims `foreign` gives back the foreign records of other vendors as they were.

        `shadow.keep(record, project, foreign=[...])` puts them into the property `lumos`, `shadow.recall` finds them.
        """
        if not component.foreign:
            self._missing("foreign", "this catalog takes no foreign records")
        value = Foreign(body='{"sibling":null}', refs=[("/sibling", self.urn("twin"))], base="sha256:00")
        record = Record(f"{self.urn('orders')}#elsewhere/siblings", value)
        held = self._with_host(component, record)
        assert held is not None, "`foreign` is claimed, and a foreign record is not read back"
        assert canonical(held) == canonical(record), f"a foreign record comes back changed: {held.value}"

    def test_what_only_others_understand_can_go(self, component: Catalog[Any]) -> None:
        """Removing a foreign record takes it away, from its host and from the property `lumos`; twice is once."""
        if not component.foreign:
            self._missing("foreign", "this catalog takes no foreign records")
        urn = f"{self.urn('orders')}#elsewhere/siblings"
        assert self._with_host(component, Record(urn, Foreign(body='{"sibling":true}', base="sha256:00")))
        removal = Operation(kind="foreign", urn=urn, action="remove")
        for _ in range(2):
            assert self.write(component, removal)[0] in ("written", "unchanged"), "removing a foreign record fails"
            scope = Scope(urns=frozenset({host(urn)}))
            held = {record.urn for record in component.read(scope, MemoryContext())}
            assert urn not in held, "a foreign record that was removed is still read"
            assert host(urn) in held, "removing a foreign record takes its host along"
