"""Conformance of catalogs."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import msgspec
import pytest
from msgspec.structs import replace

from ...contracts.catalog import Catalog, Operation
from ...errors import LumosError
from ...model.aspects import ASPECTS
from ...model.elements import Description, Lifecycle, Owner, TagLink
from ...model.entities import Dataset, Field
from ...model.record import AnyRecord, canonical
from ...model.scope import Scope
from ...model.urns import dataset, plain
from ..context import MemoryContext
from .catalog_claims import CatalogClaims
from .catalog_companions import CatalogCompanions

HOSTILE = ("a b", "dot.ted", 'q"uote', "läng/ü", "<b>x</b>", "emoji 🦉", "new\nline", "rtl עברית", "x" * 200)
"""Names that real systems hold."""


class CatalogKit(CatalogClaims, CatalogCompanions):
    """Everything that a catalog promises.

    Fill in `name` and `options`; the catalog must start empty in every folder, unless it is `live`: then every test
    uses names of its own, so that tests share a server.

    Example:
        ```python
        from lumos_core.testing.kit import CatalogKit

        class TestAcme(CatalogKit):
            name = "acme"
            options = {"path": "catalog.db"}
            kinds = ("dataset", "container", "tag", "term", "user", "group")
        ```

        A catalog on a server:

        ```python
        class TestAcme(CatalogKit):
            name = "acme"
            live = "acme_server"  # a fixture in conftest.py: yields {"server": ..., "token": ...}, or skips
            crowd = 300  # more than a page of its listing
        ```

    Attributes:
        name, options, live, unproven: As for every kit, see `ComponentKit`; `unproven` names aspects.
        kinds: Kinds of record that it holds: every aspect of each is written, read and compared.
        platform: Platform of the datasets that the tests write, where the catalog holds only some.
        crowd: How many records prove paging: more than fit on one page.
        sample: Makes the record by which an aspect is tried; override it where values must fit the system.
    """

    kind = "catalog"
    crowd: ClassVar[int] = 1_234

    @cached_property
    def prefix(self) -> str:
        """What every name of this test begins with: nothing, or on a shared server something of its own."""
        return f"kit{uuid4().hex[:8]}." if self.live else ""

    def named(self, name: str) -> str:
        """Return a name that no other test uses."""
        return self.prefix + name

    def urn(self, name: str) -> str:
        """Return the URN of a dataset of this test."""
        return dataset(self.platform, self.named(name))

    @property
    def everything(self) -> Scope:
        """Everything that this test wrote."""
        return Scope(prefixes=(self.prefix,)) if self.prefix else Scope()

    def create(self, name: str, **keys: Any) -> Operation:
        """Return the operation that makes a dataset."""
        value = Dataset(name=self.named(name), fields=[Field("id", type="int64")], **keys)
        return Operation(kind="dataset", urn=self.urn(name), action="create", set=value)

    def write(self, catalog: Catalog[Any], *operations: Operation) -> list[str]:
        """Write operations and return their statuses."""
        outcomes = list(catalog.write(operations, MemoryContext()))
        given = [outcome.urn for outcome in outcomes]
        assert given == [operation.urn for operation in operations], (
            "`write` must give one outcome per operation, in their order"
        )
        return [outcome.status for outcome in outcomes]

    def read(self, catalog: Catalog[Any], scope: Scope | None = None) -> dict[str, AnyRecord]:
        """Read records by URN, asserting their order."""
        records = list(catalog.read(self.everything if scope is None else scope, MemoryContext()))
        keys = [(record.kind, record.urn.encode()) for record in records]
        assert keys == sorted(keys), "records must come sorted by (kind, URN)"
        assert len(keys) == len(set(keys)), "a record comes twice"
        return {record.urn: record for record in records}

    def exercise(self, component: Catalog[Any], folder: Path, ctx: MemoryContext) -> Iterable[object]:
        """Write, read and search."""
        component.check(ctx)
        yield from component.write([self.create("orders")], ctx)
        yield from component.read(self.everything, ctx)
        with suppress(NotImplementedError):
            yield from component.search("orders")

    def test_capabilities_are_known(self, component: Catalog[Any]) -> None:
        """`capabilities` names aspects of the closed list, and `system` the catalog."""
        assert component.capabilities, "`capabilities` is empty: then nothing is ever published"
        unknown = set(component.capabilities) - ASPECTS
        assert not unknown, f"`capabilities` names what is no aspect: {sorted(unknown)}"
        assert component.system, "`system` is empty: under it, the catalog's own ids stand in `aliases`"

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
        assert statuses in (["unchanged"], ["written"]), f"writing the same again gives {statuses}"
        assert canonical(self.read(component)[operation.urn]) == first, "writing the same again changes what is held"

    def test_set_and_unset_leave_the_rest(self, component: Catalog[Any]) -> None:
        """Operations name keys; what they do not name must stay as it is."""
        self.write(component, self.create("orders", **self.rich(component)))
        urn = self.urn("orders")
        change = Operation(
            kind="dataset", urn=urn, action="update", set=Dataset(subtype="table"), unset=frozenset({"tags"})
        )
        self.write(component, change)
        held = self.read(component)[urn].value
        assert held.tags == [], "what an operation unsets is still there"
        assert [field.path for field in held.fields] == ["id"], "an operation that does not name `fields` changes them"
        assert held.owners == self.rich(component).get("owners", [])

    def test_soft_delete_and_restore(self, component: Catalog[Any]) -> None:
        """A removal marks `lifecycle.removed` and loses nothing; a restore takes the mark away. Both may come twice."""
        urn = self.urn("orders")
        self.write(component, self.create("orders", **self.rich(component)), self.create("customers"))
        before = self.read(component)
        gone = Dataset(lifecycle=Lifecycle(removed=True))
        remove = Operation(kind="dataset", urn=urn, action="remove", set=gone)
        back = Operation(kind="dataset", urn=urn, action="restore", set=Dataset(), unset=frozenset({"lifecycle"}))
        for _ in range(2):
            assert self.write(component, remove)[0] != "failed", "a removal fails"
            held = self.read(component)
            assert urn in held, "a removed record is not read any more: a soft delete keeps it, with its mark"
            value = held[urn].value
            assert value.lifecycle is not None and value.lifecycle.removed, "`lifecycle.removed` is not read back"
            assert value.fields == before[urn].value.fields, "a removal changes more than the mark"
            assert held[self.urn("customers")] == before[self.urn("customers")], "a removal touches another record"
        for _ in range(2):
            assert self.write(component, back)[0] != "failed", "a restore fails"
            value = self.read(component)[urn].value
            assert value.lifecycle is None or not value.lifecycle.removed, "a restored record is still marked removed"
            for key in ("fields", *self.rich(component)):
                assert getattr(value, key) == getattr(before[urn].value, key), f"`{key}` is lost by remove and restore"

    def test_scopes_are_heeded(self, component: Catalog[Any]) -> None:
        """`read` returns exactly what is in the scope: by URN, by prefix, by type."""
        self.write(component, *(self.create(name) for name in ("a.one", "a.two", "b.one")))
        urn = self.urn("a.one")
        more = "`read` gives more or less than the scope holds"
        assert set(self.read(component, Scope(urns=frozenset({urn})))) == {urn}, more
        assert set(self.read(component, Scope(prefixes=(self.named("a."),)))) == {urn, self.urn("a.two")}, more
        assert self.read(component, msgspec.structs.replace(self.everything, types=frozenset({"flow"}))) == {}

    def test_many_records_are_paged_without_loss(self, component: Catalog[Any]) -> None:
        """All of `crowd` records must come back, each once, however the catalog pages."""
        operations = [self.create(f"t{number:05}") for number in range(self.crowd)]
        assert set(self.write(component, *operations)) == {"written"}
        held = self.read(component)
        lost = [operation.urn for operation in operations if operation.urn not in held]
        assert not lost, f"{len(lost)} of {self.crowd} records are not read back, such as {lost[0]}"
        assert len(held) == self.crowd, f"{len(held)} records are read, and {self.crowd} were written"

    def test_a_cancelled_reading_is_no_listing(self, component: Catalog[Any]) -> None:
        """`read` is complete or raises: who stops silently when cancelled tells the kernel that the rest is gone."""
        self.write(component, *(self.create(f"t{number:05}") for number in range(20)))
        ctx = MemoryContext()
        ctx.cancelled = lambda: True
        try:
            found = len(list(component.read(self.everything, ctx)))
        except LumosError:
            return
        assert found == 20, f"`read` was cancelled, and gives {found} of 20 records without a word: raise `Cancelled`"

    def test_hostile_names_survive(self, component: Catalog[Any]) -> None:
        """Names with spaces, quotes, markup, newlines and emoji are data, never syntax."""
        self.write(component, *(self.create(name) for name in HOSTILE))
        held = self.read(component)
        names = {record.value.name for record in held.values()}
        lost = {self.named(name) for name in HOSTILE} - names
        assert not lost, f"these names are changed or lost: {sorted(lost)}"

    def test_search_finds_by_name(self, component: Catalog[Any]) -> None:
        """A catalog that can search must find what was just written, and take any text as a query."""
        self.write(component, self.create("customers"), self.create("orders"))
        try:
            # On a shared server other tests have customers, too.
            hits = list(component.search(f"customers {self.prefix.rstrip('.')}".strip(), limit=5))
        except NotImplementedError:
            pytest.skip("this catalog cannot search")
        assert hits, "what was just written is not found: wait for the index in `write`, or search without it"
        assert hits[0].urn == self.urn("customers"), "the record of that very name is not the first hit"
        for query in ("", '"', "a AND", "*", "(", "x:y", "'; drop table", *HOSTILE):
            _no_crash(component.search(query, limit=3))

    def test_errors_are_explained(self, component: Catalog[Any]) -> None:
        """An operation that cannot be done is an outcome with a reason, or a `LumosError`; never a crash."""
        wrong = replace(self.create("orders"), kind="no-such-kind")
        with suppress(LumosError):
            outcomes = list(component.write([wrong], MemoryContext()))
            assert outcomes[0].status == "failed", "an operation that cannot be done is not `failed`"
            assert outcomes[0].reason, "an operation failed, and there is no reason"


def _no_crash(hits: Iterable[Any]) -> None:
    assert all(hit.urn for hit in hits)
