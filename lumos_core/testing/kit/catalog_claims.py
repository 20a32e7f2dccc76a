"""What a catalog claims against what it does, aspect by aspect: declared loss is measured loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

import pytest
from msgspec.structs import replace

from ...contracts.catalog import Catalog, Operation
from ...contracts.component import Support
from ...errors import LumosError
from ...model.aspects import of_kind
from ...model.elements import TagLink
from ...model.entities import KINDS, Dataset, Entity, Field
from ...model.record import AnyRecord, canonical, decode
from ...model.scope import Scope
from ...model.urns import plain
from ..context import MemoryContext
from ..samples import sample, urn_of
from .base import ComponentKit

Measured = Literal["equal", "changed", "absent"]
"""What came back of one aspect that was written: the same, something else, or nothing."""

REFERRED = (
    ("group", "checkout"),
    ("user", "ann"),
    ("tag", "gold"),
    ("term", "order"),
    ("domain", "sales"),
    ("data_product", "orders"),
    ("property", "retention"),
    ("ownership_type", "steward"),
    ("dataset", "upstream"),
)
"""(kind, name) of what samples refer to; written first, where the catalog holds the kind."""


class CatalogClaims(ComponentKit):
    """The half of `CatalogKit` that measures."""

    kinds: ClassVar[tuple[str, ...]] = ("dataset",)
    platform: ClassVar[str] = "kit"

    def sample(self, kind: str, aspect: str, name: str) -> AnyRecord:
        """Return a record with one aspect; override it where the catalog needs values of its own."""
        return sample(kind, aspect, name, self.platform)

    def write(self, catalog: Catalog[Any], *operations: Operation) -> list[str]:
        """Write operations and return their statuses."""
        raise NotImplementedError

    def named(self, name: str) -> str:
        """Return a name that no other test uses."""
        raise NotImplementedError

    def referred(self) -> Iterable[Operation]:
        """Return the operations that make what samples refer to."""
        for kind, name in REFERRED:
            if kind in self.kinds:
                struct: Any = KINDS[kind]
                value = struct(name=name)
                if isinstance(value, Dataset):
                    value.fields = [Field("id", type="int64")]
                yield Operation(kind=kind, urn=urn_of(kind, name, self.platform), action="create", set=value)

    def measured(self, catalog: Catalog[Any]) -> dict[tuple[str, str], Measured]:
        """Write a sample of every aspect of every kind, read all of them, and tell what came back.

        Returns:
            (kind, aspect) -> what came back.
        """
        written: dict[tuple[str, str], AnyRecord] = {}
        for kind in self.kinds:
            for aspect in sorted(of_kind(kind)):
                written[kind, aspect] = self.sample(kind, aspect, self.named(f"{kind} {aspect}"))
        self.write(catalog, *self.referred())
        for record in written.values():
            value = replace(record.value, captured=[])
            operation = Operation(kind=record.kind, urn=record.urn, action="create", set=value)
            try:
                list(catalog.write([operation], MemoryContext()))
            except LumosError:
                continue  # nothing was written, and that is what will be read
        scope = Scope(urns=frozenset(record.urn for record in written.values()))
        held = {record.urn: record for record in catalog.read(scope, MemoryContext())}
        return {key: _measure(key[1], record, held.get(record.urn)) for key, record in written.items()}

    def test_declared_loss_is_measured_loss(self, component: Catalog[Any]) -> None:
        """`capabilities` says exactly what is written, read back, and read back equal; each aspect is tried.

        Drop a claim that does not hold, add one that does, and give what is lost a `limit` or a `note`: publishing
        leaves alone what cannot be held, and people are told. `kinds` says which kinds of record are tried, and
        `sample` makes them.
        """
        found = self.measured(component)
        wrong = []
        for aspect in sorted({aspect for _, aspect in found}):
            support = component.capabilities.get(aspect, Support())
            per_kind = {kind: state for (kind, other), state in found.items() if other == aspect}
            if aspect not in self.unproven:
                wrong += [f"{aspect}: {why}" for why in _disagreements(support, per_kind)]
        assert not wrong, "declared and measured differ:\n" + "\n".join(wrong)

    def test_kept_is_what_the_pages_do_not_show(self, component: Catalog[Any]) -> None:
        """`native` says what the system's own pages show: of every sample all of it, or `kept` says what is missing.

        Without `native`, nothing may be `kept`: a migration could not tell what is shown from what is kept aside. A
        `kept` that no sample needs is told by a skip; give `sample` a value that needs it, or drop the words.
        """
        hidden: dict[str, list[str]] = {}
        for kind in self.kinds:
            for aspect in sorted(of_kind(kind)):
                record = self.sample(kind, aspect, self.named(f"{kind} {aspect}"))
                before = canonical(record)
                shown = component.native(decode(before))
                if _part(aspect, shown.value) != _part(aspect, decode(before).value):
                    hidden.setdefault(aspect, []).append(kind)
        claimed = {aspect for aspect, support in component.capabilities.items() if support.kept}
        silent = {aspect for aspect, support in component.capabilities.items() if support.lossless} - claimed
        wrong = [f"{aspect} of {', '.join(hidden[aspect])}" for aspect in sorted(silent & hidden.keys())]
        assert not wrong, "`native` does not show these whole, and `kept` does not say so: " + ", ".join(wrong)
        assert not claimed or type(component).native is not Catalog.native, (
            "`capabilities` says what is `kept` aside, and `native` does not say what is shown: write it"
        )
        needless = sorted(claimed - hidden.keys() - set(self.unproven))
        if needless:
            pytest.skip(f"`kept` that no sample needs: {', '.join(needless)}")

    def test_three_states_are_kept(self, component: Catalog[Any]) -> None:
        """Present, known to be empty, and unknown are three states: read as a source, a catalog must tell them apart.

        What the catalog can read is captured, also when it is empty; what it cannot read is never captured, or it
        would seem to be removed. Give records their `captured`, or leave it empty for the kernel to fill in.
        """
        from ...loading.catalog_source import CatalogSource

        support = component.capabilities.get("tags", Support())
        if not (support.read and support.write):
            self._missing("tags", "this catalog cannot read and write them")
        tags = [TagLink(plain("tag", "gold"))]
        self.write(component, *self.referred())
        full, empty = (
            Operation(
                kind="dataset",
                urn=urn_of("dataset", self.named(name), self.platform),
                action="create",
                set=Dataset(name=self.named(name), fields=[Field("id", type="int64")], tags=tags),
            )
            for name in ("full", "empty")
        )
        cleared = Operation(kind="dataset", urn=empty.urn, action="update", set=Dataset(), unset=frozenset({"tags"}))
        self.write(component, full, empty)
        self.write(component, cleared)
        source, ctx = CatalogSource(component), MemoryContext()
        scope = Scope(urns=frozenset({full.urn, empty.urn}))
        read = {record.urn: record.value for unit in source.plan(scope, ctx) for record in source.extract(unit, ctx)}
        readable = {aspect for aspect, how in component.capabilities.items() if how.read}
        for value, wanted in ((read[full.urn], True), (read[empty.urn], False)):
            assert "tags" in value.captured, f"tags are read and not captured: {value.captured}"
            assert bool(value.tags) == wanted, f"tags should be {'there' if wanted else 'empty'}: {value.tags}"
            guessed = set(value.captured) - readable
            assert not guessed, f"captured, though `capabilities` cannot read it: {sorted(guessed)}"
        assert ctx.coverage.complete(full.urn), "what was read whole is not declared"


def _measure(aspect: str, wanted: AnyRecord, held: AnyRecord | None) -> Measured:
    there = None if held is None else _part(aspect, held.value)
    if there is None or there == [] or there == "":
        return "absent"
    return "equal" if there == _part(aspect, wanted.value) else "changed"


def _part(aspect: str, value: Any) -> Any:
    if not isinstance(value, Entity):
        return None
    if aspect == "lineage.columns":
        return value.lineage.columns if value.lineage is not None else None
    if aspect.startswith("fields."):
        field = next((field for field in getattr(value, "fields", ()) if field.path == "id"), None)
        return getattr(field, aspect.removeprefix("fields."), None)
    return getattr(value, aspect, None)


def _disagreements(support: Support, found: Mapping[str, Measured]) -> Iterable[str]:
    """Say where a claim and what was measured differ; one claim speaks for every kind that has the aspect."""
    by_state = {state: sorted(kind for kind in found if found[kind] == state) for state in set(found.values())}
    equal, changed, absent = (", ".join(by_state.get(state, ())) for state in ("equal", "changed", "absent"))
    if support.kept and not support.lossless:
        yield "`kept` says that the rest is read back from the property `lumos`: then it is lossless"
    if not support.write or not support.read:
        works = ", ".join(filter(None, (equal, changed)))
        if works:
            missing = "write" if not support.write else "read"
            yield f"it is not claimed ({missing}), and it works for {works}: claim it"
        return
    if absent:
        yield f"it is claimed, and nothing of it is read back for {absent}: drop the claim"
    if support.lossless and changed:
        yield f"it is claimed lossless, and it comes back changed for {changed}: say `lossless=False` and what is lost"
    if not support.lossless:
        if not (support.limit or support.note):
            yield "it is claimed with a loss that has no words: give it a `limit` or a `note`"
        if equal and not changed and not support.limit:
            yield f"it is claimed with a loss, and it comes back equal for {equal}: claim it lossless"
