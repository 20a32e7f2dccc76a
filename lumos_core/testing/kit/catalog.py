"""Conformance of catalogs."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import pytest
from msgspec.structs import replace

from ...contracts.catalog import Catalog, Operation
from ...errors import LumosError
from ...model.aspects import ASPECTS, of_kind
from ...model.elements import Description, Lifecycle, Owner, TagLink
from ...model.entities import Dataset, Field
from ...model.record import AnyRecord, canonical
from ...model.scope import Scope
from ...model.urns import dataset, plain
from ..context import MemoryContext
from .base import ComponentKit

HOSTILE = ("a b", "dot.ted", 'q"uote', "läng/ü", "<b>x</b>", "emoji 🦉", "new\nline", "rtl עברית", "x" * 200)
"""Names that real systems hold."""


class CatalogKit(ComponentKit):
    """Fill in `name` and `options`; the catalog must start empty in every folder."""

    kind = "catalog"

    def create(self, name: str, **keys: Any) -> Operation:
        """Return the operation that makes a dataset."""
        value = Dataset(name=name, fields=[Field("id", type="int64")], **keys)
        return Operation(kind="dataset", urn=dataset("kit", name), action="create", set=value)

    def write(self, catalog: Catalog[Any], *operations: Operation) -> list[str]:
        """Write operations and return their statuses."""
        outcomes = list(catalog.write(operations, MemoryContext()))
        assert [outcome.urn for outcome in outcomes] == [operation.urn for operation in operations]
        return [outcome.status for outcome in outcomes]

    def read(self, catalog: Catalog[Any], scope: Scope = Scope()) -> dict[str, AnyRecord]:
        """Read records by URN, asserting their order."""
        records = list(catalog.read(scope, MemoryContext()))
        keys = [(record.kind, record.urn.encode()) for record in records]
        assert keys == sorted(keys), "records must come sorted by (kind, URN)"
        return {record.urn: record for record in records}

    def test_capabilities_are_known(self, component: Catalog[Any]) -> None:
        """`capabilities` names aspects of the closed list, and `system` the catalog."""
        assert component.capabilities
        assert set(component.capabilities) <= ASPECTS
        assert component.system

    def test_what_is_written_is_read(self, component: Catalog[Any]) -> None:
        """Every aspect that is claimed lossless must come back equal; drop the claim or mend the mapping."""
        operation = self.create("orders", **self.rich(component))
        assert self.write(component, operation) == ["written"]
        held = self.read(component)[operation.urn]
        assert operation.set is not None
        for aspect, support in component.capabilities.items():
            if support.lossless and aspect in of_kind("dataset") and "." not in aspect:
                assert getattr(held.value, aspect) == getattr(operation.set, aspect), aspect

    def rich(self, component: Catalog[Any]) -> dict[str, Any]:
        """Return keys for a dataset, as far as the catalog claims to write them."""
        keys: dict[str, Any] = {
            "description": Description(source="Orders of the *shop*"),
            "owners": [Owner(plain("group", "checkout"))],
            "tags": [TagLink(plain("tag", "gold"))],
            "properties": [("team", "shop")],
        }
        writable = {aspect for aspect, support in component.capabilities.items() if support.write}
        return {key: value for key, value in keys.items() if key in writable}

    def test_writing_twice_changes_nothing(self, component: Catalog[Any]) -> None:
        """Writing the same again must leave the same state: operations are tried again after timeouts."""
        operation = self.create("orders", **self.rich(component))
        self.write(component, operation)
        first = canonical(self.read(component)[operation.urn])
        statuses = self.write(component, operation)
        assert statuses in (["unchanged"], ["written"])
        assert canonical(self.read(component)[operation.urn]) == first

    def test_set_and_unset_leave_the_rest(self, component: Catalog[Any]) -> None:
        """Operations name keys; what they do not name must stay as it is."""
        self.write(component, self.create("orders", **self.rich(component)))
        urn = dataset("kit", "orders")
        change = Operation(
            kind="dataset", urn=urn, action="update", set=Dataset(subtype="table"), unset=frozenset({"tags"})
        )
        self.write(component, change)
        held = self.read(component)[urn].value
        assert held.tags == []
        assert [field.path for field in held.fields] == ["id"]
        assert held.owners == self.rich(component).get("owners", [])

    def test_soft_delete_and_restore(self, component: Catalog[Any]) -> None:
        """A removal marks `lifecycle.removed` and loses nothing; a restore takes the mark away."""
        urn = dataset("kit", "orders")
        self.write(component, self.create("orders", **self.rich(component)))
        before = self.read(component)[urn]
        gone = Dataset(lifecycle=Lifecycle(removed=True))
        self.write(component, Operation(kind="dataset", urn=urn, action="remove", set=gone))
        held = self.read(component)[urn]
        assert held.value.lifecycle is not None
        assert held.value.lifecycle.removed
        assert held.value.fields == before.value.fields
        back = Operation(kind="dataset", urn=urn, action="restore", set=Dataset(), unset=frozenset({"lifecycle"}))
        self.write(component, back)
        restored = self.read(component)[urn]
        assert restored.value.lifecycle is None or not restored.value.lifecycle.removed

    def test_scopes_are_heeded(self, component: Catalog[Any]) -> None:
        """`read` returns exactly what is in the scope: by URN, by prefix, by type."""
        self.write(component, *(self.create(name) for name in ("a.one", "a.two", "b.one")))
        urn = dataset("kit", "a.one")
        assert set(self.read(component, Scope(urns=frozenset({urn})))) == {urn}
        assert set(self.read(component, Scope(prefixes=("a.",)))) == {urn, dataset("kit", "a.two")}
        assert self.read(component, Scope(types=frozenset({"job"}))) == {}

    def test_many_records_are_paged_without_loss(self, component: Catalog[Any]) -> None:
        """All of 1,234 records must come back, each once, however the catalog pages."""
        operations = [self.create(f"t{number:05}") for number in range(1_234)]
        assert set(self.write(component, *operations)) == {"written"}
        assert len(self.read(component)) == 1_234

    def test_hostile_names_survive(self, component: Catalog[Any]) -> None:
        """Names with spaces, quotes, markup, newlines and emoji are data, never syntax."""
        self.write(component, *(self.create(name) for name in HOSTILE))
        held = self.read(component)
        assert {record.value.name for record in held.values()} == set(HOSTILE)

    def test_search_finds_by_name(self, component: Catalog[Any]) -> None:
        """A catalog that can search must find what was just written, and take any text as a query."""
        self.write(component, self.create("customers"), self.create("orders"))
        try:
            hits = list(component.search("customers", limit=5))
        except NotImplementedError:
            pytest.skip("this catalog cannot search")
        assert hits[0].urn == dataset("kit", "customers")
        for query in ("", '"', "a AND", "*", "(", "x:y", "'; drop table", *HOSTILE):
            _no_crash(component.search(query, limit=3))

    def test_errors_are_explained(self, component: Catalog[Any]) -> None:
        """An operation that cannot be done is an outcome with a reason, or a `LumosError`; never a crash."""
        wrong = replace(self.create("orders"), kind="no-such-kind")
        with suppress(LumosError):
            outcomes = list(component.write([wrong], MemoryContext()))
            assert outcomes[0].status == "failed"
            assert outcomes[0].reason


def _no_crash(hits: Iterable[Any]) -> None:
    assert all(hit.urn for hit in hits)
