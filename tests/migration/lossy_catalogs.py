"""Catalogs that cannot say everything, each in its own way; what they cannot say they keep in the property `lumos`.

Their native form is a record without what they cannot say; beside it lies the text of the property.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from pydantic import SecretStr

from lumos_core.model.aspects import ASPECTS, RECORD
from lumos_core.plugin_api import (
    AnyRecord,
    Cancelled,
    Catalog,
    CatalogError,
    Context,
    Dataset,
    Entity,
    Operation,
    Outcome,
    Record,
    RetryableError,
    Scope,
    Support,
    canonical,
    decode,
    shadow,
)
from lumos_core.testing.reference import WORLDS, MemoryCatalog, MemoryConfig, World

NATIVE: dict[str, dict[str, tuple[bytes, str]]] = {}
"""World -> URN -> (native line, property)."""


def _supports(kept: set[str], missing: set[str] = frozenset()) -> dict[str, Support]:
    return {
        aspect: Support(read=True, write=True, lossless=True, kept="only in the property" if aspect in kept else "")
        for aspect in ASPECTS - {RECORD} - missing
    }


class Shadowed(Catalog[MemoryConfig]):
    """A catalog that keeps the rest in the property; what it can say itself is `project`."""

    system = "shadowed"
    stats = frozenset({"profile"})
    foreign = True

    def project(self, record: AnyRecord) -> AnyRecord:
        """What the catalog says by itself."""
        raise NotImplementedError

    def native(self, record: AnyRecord) -> AnyRecord:
        """What its own pages show."""
        return self.project(record) if isinstance(record.value, Entity) else record

    def read(self, scope: Scope, ctx: Context) -> Iterable[AnyRecord]:
        """Recall each record."""
        world = WORLDS.setdefault(self.config.world, World())
        if world.listing is not None:
            raise world.listing
        native = NATIVE.setdefault(self.config.world, {})
        found = []
        for line, text in list(native.values()):
            recalled = shadow.recall(decode(line), text, self.project)
            if scope.matches(recalled.record.urn):
                found += [recalled.record, *recalled.foreign]
        found += [decode(canonical(record)) for record in world.records.values() if scope.matches(record.urn)]
        yield from sorted(found, key=lambda item: (item.kind, item.urn.encode()))

    def write(self, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
        """Write the native part and the property."""
        world = WORLDS.setdefault(self.config.world, World())
        native = NATIVE.setdefault(self.config.world, {})
        for operation in batch:
            if operation.urn in world.broken:
                yield Outcome(operation.urn, "failed", str(world.broken[operation.urn]))
                continue
            if not isinstance(operation.set, Entity):
                world.records[operation.urn] = Record(operation.urn, operation.set, operation.kind)
                yield Outcome(operation.urn, "written")
                continue
            line, text = native.get(operation.urn, (None, ""))
            before = None if line is None else shadow.recall(decode(line), text, self.project).record
            after = decode(canonical(operation.apply(before)))
            text = shadow.keep(decode(canonical(after)), self.project)
            native[operation.urn] = (canonical(self.project(after)), text)
            yield Outcome(operation.urn, "written")


class Terse(Shadowed):
    """Has one description, no types of owners, and no fields with keys of their own."""

    capabilities = _supports({"description", "owners", "terms", "lineage"})

    def project(self, record: AnyRecord) -> AnyRecord:
        """Join the texts; forget the types of owners."""
        record = decode(canonical(record))
        value: Any = record.value
        if value.description is not None:
            shown = value.description.shown
            value.description = type(value.description)(manual=shown) if shown else None
        for owner in value.owners:
            owner.type = owner.layer = None
        value.terms, value.lineage, value.captured = [], None, []
        return decode(canonical(record))


class Flat(Shadowed):
    """Knows top-level fields only, in alphabetical order, and nothing of people."""

    capabilities = _supports({"fields", "owners", "links", "tags"})

    def project(self, record: AnyRecord) -> AnyRecord:
        """Keep top-level fields; drop owners and links; tags without their layer."""
        record = decode(canonical(record))
        value: Any = record.value
        if isinstance(value, Dataset):
            flat = [field for field in value.fields if "." not in field.path]
            value.fields = sorted(flat, key=lambda field: field.path)
        value.owners, value.links, value.captured = [], [], []
        for tag in value.tags:
            tag.layer = None
        return decode(canonical(record))


class Mute(Shadowed):
    """Cannot hold some aspects at all, and says so."""

    capabilities = {
        **_supports(set(), {"tags", "fields.tags", "lineage.columns", "access"}),
        "tags": Support(note="this catalog has no tags"),
        "links": Support(read=True, write=True, limit="one link"),
    }
    stats = frozenset()
    foreign = False

    def project(self, record: AnyRecord) -> AnyRecord:
        """Everything it can hold, natively."""
        return record

    def write(self, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
        """Write what can be said."""
        native = NATIVE.setdefault(self.config.world, {})
        for operation in batch:
            line, _ = native.get(operation.urn, (None, ""))
            record = decode(canonical(operation.apply(None if line is None else decode(line))))
            value: Any = record.value
            value.tags, value.access, value.links = [], [], value.links[:1]
            for field in getattr(value, "fields", ()):
                field.tags = []
            if value.lineage is not None:
                value.lineage = msgspec.structs.replace(value.lineage, columns=[])
            native[operation.urn] = (canonical(record), "")
            yield Outcome(operation.urn, "written")


LUCK: dict[str, Luck] = {}
"""World -> what goes wrong there."""


class Luck:
    """What goes wrong with the writes of a world: each is counted, and may end in an error.

    Args:
        stop_after: Somebody presses ^C after so many writes.
        faults: For each write in turn what it fails with, or nothing: `busy`, `refused`, `defect`, or `lost` (it is
            done, but nobody is told).
    """

    def __init__(self, stop_after: int = 10**9, faults: Iterable[str] = ()) -> None:
        self.stop_after, self._faults = stop_after, iter(faults)

    def before(self) -> str:
        """Return the fault of the next write."""
        if self.stop_after <= 0:
            raise Cancelled("somebody pressed ^C")
        self.stop_after -= 1
        return next(self._faults, "")


class Unlucky(MemoryCatalog):
    """Holds a world of records, and fails when it is told to."""

    def write(self, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
        """Write one by one, with what goes wrong between them."""
        luck = LUCK.get(self.config.world, Luck())
        for operation in batch:
            fault = luck.before()
            if fault == "busy":
                raise RetryableError("the server is busy", after=0.0)
            if fault == "refused":
                raise CatalogError("the server refused the rest")
            if fault == "defect":
                raise KeyError("a defect")
            outcomes = list(super().write([operation], ctx))
            if fault == "lost":
                raise RetryableError("the answer was cut off", after=0.0)
            yield from outcomes


class SecretConfig(MemoryConfig):
    """Options with a secret."""

    token: SecretStr = SecretStr("")


class Talkative(Catalog[SecretConfig]):
    """Tells its secret in every error and every reason."""

    capabilities = _supports(set())

    def read(self, scope: Scope, ctx: Context) -> Iterable[AnyRecord]:
        """Fail when told to, with the secret."""
        secret = self.config.token.get_secret_value()
        ctx.warn("talk", f"my token is {secret}", secret)
        if WORLDS[self.config.world].listing is not None:
            raise RuntimeError(f"bad token {secret}")
        if WORLDS[self.config.world].hidden:
            raise CatalogError(f"refused {secret}", why=secret, fix=secret, where=secret)
        return []

    def write(self, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
        """Refuse everything."""
        secret = self.config.token.get_secret_value()
        return [Outcome(operation.urn, "failed", f"not with {secret}") for operation in batch]
