"""Conformance of enrichers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ...contracts.enricher import Enricher
from ...errors import UnitError
from ...model.aspects import ASPECTS, of_kind
from ...model.entities import Dataset, Field
from ...model.record import AnyRecord, Record, canonical
from ...model.urns import dataset
from ..context import MemoryContext
from ..reference import WORLDS, World
from .base import ComponentKit
from .checks import check_records, compare_claims
from .runs import Runs


class EnricherKit(ComponentKit):
    """Everything that an enricher promises.

    Example:
        ```python
        from lumos_core.testing.kit import EnricherKit

        class TestOwners(EnricherKit):
            name = "owners-by-folder"
            options = {"owner": "checkout"}
        ```

    Attributes:
        name, options, live, unproven: As for every kit, see `ComponentKit`; `unproven` names aspects of `writes`.
        records: Returns the records to enrich, when two datasets of one field do not suit it.
        folder: A fixture that returns the folder; override it to write the files that `options` name.
    """

    kind = "enricher"

    def records(self) -> Sequence[AnyRecord]:
        """Return the records to enrich, sorted by (kind, URN)."""
        names = ("customers", "orders")
        return [
            Record(dataset("file", name), Dataset(name=name, captured=["fields"], fields=[Field("id", type="int64")]))
            for name in names
        ]

    def enriched(self, component: Enricher[Any]) -> list[bytes]:
        """Enrich the records and return the lines, sorted."""
        records = self.records()
        return check_records(component.enrich(iter(records), MemoryContext(self.records())))

    def exercise(self, component: Enricher[Any], folder: Path, ctx: MemoryContext) -> Iterable[object]:
        """Enrich the records."""
        component.check(ctx)
        yield from component.enrich(iter(self.records()), ctx)

    def test_writes_only_known_aspects(self, component: Enricher[Any]) -> None:
        """`writes` names aspects of the closed list; they are *not captured* when the enricher fails."""
        assert component.writes, "`writes` is empty: then nothing is known to be missing when it fails"
        assert component.writes <= ASPECTS, f"unknown aspects: {sorted(component.writes - ASPECTS)}"

    def test_writes_is_honest(self, component: Enricher[Any]) -> None:
        """`writes` names exactly the aspects that it adds or changes: they are what is unknown when it fails.

        Add what is written and not named; what is named and never written is a claim to drop, or `records` has
        nothing to which it applies.
        """
        before = {(record.kind, record.urn): record for record in self.records()}
        written: set[str] = set()
        for record in component.enrich(iter(self.records()), MemoryContext(self.records())):
            old = before.get((record.kind, record.urn))
            written |= _written(old, record)
        compare_claims("writes", component.writes, written, self.unproven)

    def test_a_failure_leaves_the_facts(
        self, folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """When it fails half-way, the facts of the sources stand, and what it wrote before is not removed."""
        world = f"kit-{tmp_path_factory.mktemp('world').name}-{id(self)}"
        WORLDS[world] = World(self.records())
        source = {"type": "lumos_core.testing.reference:MemorySource", "world": world, "platform": "file"}
        state = tmp_path_factory.mktemp("state")
        runs = Runs(folder, state, {"sources": [source], "enrich": [self.entry()]})
        first = runs.run()
        assert not first.failures, [notice.message for notice in first.failures]
        before = runs.lines()
        component, _ = self.classes()
        original = component.enrich  # type: ignore[attr-defined]

        def failing(enricher: Any, records: Iterator[AnyRecord], ctx: Any) -> Iterator[AnyRecord]:
            yield from list(original(enricher, records, ctx))[:1]
            raise UnitError("the kit lets this enricher fail")

        monkeypatch.setattr(component, "enrich", failing)
        result = runs.run()
        del WORLDS[world]
        assert result.exit_code == 3, "the enricher failed, and the run says it is complete"
        lost = sorted(set(before) - set(runs.lines()))
        assert not lost, f"the enricher failed, and {lost} is taken for removed: it must not declare them complete"
        assert runs.lines() == before, "the enricher failed, and something else is known: is `writes` complete?"

    def test_no_record_is_lost(self, component: Enricher[Any]) -> None:
        """Every record must be passed on. Look for a `continue` before the `yield`."""
        before = {record.urn for record in self.records()}
        after = {record.urn for record in component.enrich(iter(self.records()), MemoryContext(self.records()))}
        assert before <= after, f"lost: {sorted(before - after)}"

    def test_enriching_is_deterministic(self, folder: Any) -> None:
        """Two runs over equal records must give equal lines. Look for times and orders of sets."""
        first, second = self.enriched(self.build(folder)), self.enriched(self.build(folder))
        assert first == second, "two runs over equal records give other lines"

    def test_it_is_lazy(self, component: Enricher[Any]) -> None:
        """Records are streamed: the first comes out before the last was asked for, whatever their number."""
        taken = 0

        def counted() -> Any:
            nonlocal taken
            for number in range(10_000):
                taken += 1
                yield Record(dataset("file", f"t{number:05}"), Dataset(name=f"t{number:05}"))

        stream = iter(component.enrich(counted(), MemoryContext()))
        for _ in range(2):
            next(stream)
        assert taken < 10_000, "the enricher reads all records before it gives the first"

    def test_facts_of_sources_stay(self, component: Enricher[Any]) -> None:
        """Field types and names come from the source; an enricher must not rewrite them."""
        known = {record.urn: record for record in self.records()}
        for record in component.enrich(iter(self.records()), MemoryContext(self.records())):
            if record.urn in known and isinstance(record.value, Dataset):
                shapes = [(field.path, field.type) for field in record.value.fields]
                facts = [(field.path, field.type) for field in known[record.urn].value.fields]
                assert shapes == facts, f"the enricher changes fields of the source in {record.urn}"
                canonical(record)


def _written(old: AnyRecord | None, new: AnyRecord) -> set[str]:
    """Return the aspects that are other than before, or newly captured."""
    known = of_kind(new.kind)
    if old is None:
        return set(getattr(new.value, "captured", ())) & known
    found = set(getattr(new.value, "captured", ())) - set(getattr(old.value, "captured", ()))
    for aspect in known:
        if "." not in aspect and aspect != "fields" and getattr(new.value, aspect) != getattr(old.value, aspect):
            found.add(aspect)
        if aspect.startswith("fields."):
            key = aspect.removeprefix("fields.")
            fields = [[getattr(field, key) for field in side.value.fields] for side in (old, new)]
            if fields[0] != fields[1]:
                found.add(aspect)
    lineages = [getattr(side.value.lineage, "columns", []) for side in (old, new)]
    if lineages[0] != lineages[1]:
        found.add("lineage.columns")
    return found
