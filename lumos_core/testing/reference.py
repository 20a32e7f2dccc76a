"""In-memory reference components, one per kind: the smallest honest implementation of each contract.

They are addressed as `lumos_core.testing.reference:MemorySource` and so on. A source and a catalog find their
content in `WORLDS` under the name that their configuration gives, so that a test can change it between two runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

from pydantic import Field as Option

from ..contracts.catalog import Catalog, Hit, Operation, Outcome
from ..contracts.component import Config, Support
from ..contracts.context import Context
from ..contracts.cost import CostModel, Period
from ..contracts.differ import Differ, Pair
from ..contracts.enricher import Enricher
from ..contracts.format import File, Format
from ..contracts.reporter import Reporter, RunResult
from ..contracts.source import Source, Unit
from ..files import atomic_write
from ..model.aspects import ASPECTS, RECORD
from ..model.change import Change
from ..model.elements import Layout, Owner
from ..model.entities import Dataset, Field, Stats
from ..model.graph import Graph
from ..model.record import AnyRecord, Record, canonical, decode
from ..model.scope import Covered, Scope
from ..model.urns import host, plain
from ..model.urns import name as name_of
from ..texts import visible
from .memory_store import MemoryStore, MemoryStoreConfig


class World:
    """What a reference source reads, or a reference catalog holds.

    Attributes:
        records: URN -> record.
        broken: URN -> the error that reading or writing it raises.
        hidden: URNs that the listing is denied; declared *failed*.
        listing: Raised instead of listing.
    """

    def __init__(self, records: Iterable[AnyRecord] = ()) -> None:
        self.records: dict[str, AnyRecord] = {record.urn: record for record in records}
        self.broken: dict[str, Exception] = {}
        self.hidden: set[str] = set()
        self.listing: Exception | None = None


WORLDS: dict[str, World] = {}
"""Name -> world."""


class MemoryConfig(Config):
    """Options of the reference source and catalog."""

    world: str = Option("default", description="Name of the world in `WORLDS`.")
    platform: str = Option("memory", description="Platform that the source declares as covered.")


class MemorySource(Source[MemoryConfig]):
    """Reads a world: one unit per record."""

    capabilities = ASPECTS

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """List the world."""
        world = WORLDS.setdefault(self.config.world, World())
        if world.listing is not None:
            raise world.listing
        for urn in sorted(set(world.records) - world.hidden):
            if ctx.cancelled():
                return
            if within.matches(urn):
                yield Unit(key=urn, scope=Scope(urns=frozenset({urn})))
        if within.everything:
            ctx.covered(Covered(Scope(platform=self.config.platform), frozenset({RECORD})))
        elif within.urns:
            ctx.covered(Covered(within, frozenset({RECORD})))
        if world.hidden:
            scope = Scope(urns=frozenset(world.hidden))
            ctx.covered(Covered(scope, frozenset({RECORD}), "failed", "the listing was denied"))

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Read one record."""
        world = WORLDS[self.config.world]
        if unit.key in world.broken:
            raise world.broken[unit.key]
        yield decode(canonical(world.records[unit.key]))


class LinesConfig(Config):
    """Options of the reference format: none."""


class LinesFormat(Format[LinesConfig]):
    """Text files: one field named `line`."""

    extensions = (".txt",)
    name_in_urn = "text"

    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[AnyRecord]:
        """Give the same schema for every file."""
        for file in files:
            with file.open() as text:
                text.read(1)
            fields = [Field("line", type="string", nullable=False)]
            value = Dataset(captured=["fields", "layout"], fields=fields, layout=Layout(format="text"))
            yield Record(file.urn, value)


class OwnerConfig(Config):
    """Options of the reference enricher."""

    group: str = Option("data", description="Group that owns everything.")


class OwnerEnricher(Enricher[OwnerConfig]):
    """Gives every dataset one owner."""

    writes = frozenset({"owners"})

    def enrich(self, records: Iterator[AnyRecord], ctx: Context) -> Iterable[AnyRecord]:
        """Add the owner."""
        for record in records:
            if isinstance(record.value, Dataset):
                record.value.owners = [*record.value.owners, Owner(plain("group", self.config.group))]
                record.value.captured = sorted({*record.value.captured, "owners"})
            yield record


class ShapeConfig(Config):
    """Options of the reference differ: none."""


class ShapeDiffer(Differ[ShapeConfig]):
    """Tells records and fields that came or went."""

    def diff(self, pairs: Iterator[Pair], ctx: Context) -> Iterable[Change]:
        """Compare names only."""
        for before, after, captured in pairs:
            record = after or before
            assert record is not None
            if before is None or after is None:
                added = before is None
                yield Change(
                    rule=f"dataset-{'added' if added else 'removed'}",
                    urn=record.urn,
                    kind=record.kind,
                    severity="non-breaking" if added else "breaking",
                    message=f"`{_name(record)}` was {'added' if added else 'removed'}",
                    bump="minor" if added else "major",
                )
                continue
            old = {field.path: field.type for field in getattr(before.value, "fields", ())}
            new = {field.path: field.type for field in getattr(after.value, "fields", ())}
            gone = old.keys() - new.keys() if "fields" in captured else set()
            changed = {path for path in old if new.get(path, old[path]) != old[path]}
            for path in sorted(gone | (new.keys() - old.keys()) | changed):
                breaks = path in old
                yield Change(
                    rule="field-changed"
                    if path in old and path in new
                    else f"field-{'removed' if breaks else 'added'}",
                    urn=record.urn,
                    path=path,
                    severity="breaking" if breaks else "non-breaking",
                    before=old.get(path),
                    after=new.get(path),
                    message=f"Field `{path}` of `{_name(record)}` changed",
                    bump="major" if breaks else "minor",
                )


def _name(record: AnyRecord) -> str:
    return getattr(record.value, "name", None) or record.urn


class MemoryCatalog(Catalog[MemoryConfig]):
    """Holds a world of records."""

    capabilities: ClassVar[Mapping[str, Support]] = {
        aspect: Support(read=True, write=True, lossless=True) for aspect in ASPECTS - {RECORD}
    }
    system = "memory"
    foreign = True
    stats = frozenset({"profile", "usage", "operation"})

    def read(self, scope: Scope, ctx: Context) -> Iterable[AnyRecord]:
        """Return copies, so that nobody edits the catalog by accident."""
        world = WORLDS.setdefault(self.config.world, World())
        if world.listing is not None:
            raise world.listing
        for record in sorted(world.records.values(), key=lambda item: (item.kind, item.urn.encode())):
            if scope.matches(record.urn):
                yield decode(canonical(record))

    def write(self, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
        """Apply each operation."""
        world = WORLDS.setdefault(self.config.world, World())
        for operation in batch:
            error = world.broken.get(operation.urn)
            if error is not None:
                yield Outcome(operation.urn, "failed", str(error))
                continue
            before = world.records.get(operation.urn)
            if operation.kind == "foreign" and operation.action == "remove":
                world.records.pop(operation.urn, None)
                yield Outcome(operation.urn, "unchanged" if before is None else "written")
                continue
            try:
                after = decode(canonical(operation.apply(before)))
            except (KeyError, ValueError, AttributeError) as problem:
                yield Outcome(operation.urn, "failed", f"not a sound operation: {problem}")
                continue
            world.records[operation.urn] = after
            yield Outcome(operation.urn, "unchanged" if before == after else "written")

    def search(self, query: str, limit: int = 20) -> Iterable[Hit]:
        """Find records whose name holds the query."""
        found = [r for r in WORLDS[self.config.world].records.values() if query.lower() in (r.value.name or "").lower()]
        for record in found[:limit]:
            yield Hit(urn=record.urn, name=record.value.name or record.urn, kind=record.kind)


class PriceConfig(Config):
    """Options of the reference cost model."""

    per_gigabyte: Decimal = Option(Decimal("0.02"), description="Price of 10^9 bytes in a period, in `currency`.")
    currency: str = Option("EUR", description="ISO 4217 code.")


class SizeCost(CostModel[PriceConfig]):
    """Prices the size of each dataset."""

    def price(self, graph: Graph, stats: Iterator[AnyRecord], period: Period, ctx: Context) -> Iterable[AnyRecord]:
        """Return one cost record per dataset with a size."""
        for record in stats:
            if record.value.size_bytes is not None:
                amount = Decimal(record.value.size_bytes) * self.config.per_gigabyte / 10**9
                value = Stats(amount=f"{amount:f}", currency=self.config.currency, start=period.start, end=period.end)
                yield Record(f"{host(record.urn)}#cost@{period.end}", value)


class LineConfig(Config):
    """Options of the reference reporter."""

    path: str = Option("result.txt", description="File to write, from the present folder.")


class LineReporter(Reporter[LineConfig]):
    """Writes the verdict, what failed and each change, as JSON texts, one a line."""

    def report(self, result: RunResult) -> None:
        """Write the file."""
        with atomic_write(Path(self.config.path)) as file:
            title = json.dumps(visible(result.pipeline), ensure_ascii=False)
            file.write(f"{title} {result.verdict}\n".replace("<", "\\u003c"))
            for notice in result.failures:
                file.write(f"failed {json.dumps(notice.where)}\n")
            for change in result.changes:
                name = json.dumps([change.severity, change.rule, visible(name_of(change.urn))], ensure_ascii=False)
                file.write(name.replace("<", "\\u003c") + "\n")
        result.reports.append(self.config.path)


__all__ = [
    "WORLDS",
    "LineReporter",
    "LinesFormat",
    "MemoryCatalog",
    "MemorySource",
    "MemoryStore",
    "MemoryStoreConfig",
    "OwnerEnricher",
    "ShapeDiffer",
    "SizeCost",
    "World",
]
