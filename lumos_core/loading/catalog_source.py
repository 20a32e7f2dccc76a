"""`type: catalog:NAME`: any catalog as a source, for migrations from one catalog to another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from ..contracts.catalog import Catalog
from ..contracts.context import Context
from ..contracts.source import Source, Unit
from ..model.aspects import of_kind
from ..model.entities import Entity
from ..model.record import AnyRecord
from ..model.scope import Covered, Scope


class CatalogSource(Source[BaseModel]):
    """Reads everything that a catalog holds within a scope, as one unit.

    A catalog's `read` is complete or raises, so that what it returned licenses the conclusion that the rest is not
    there, for the aspects that the catalog can read.
    """

    def __init__(self, catalog: Catalog[Any]) -> None:
        super().__init__(catalog.config)
        self.catalog = catalog

    def check(self, ctx: Context) -> None:
        """Ask the catalog."""
        self.catalog.check(ctx)

    def close(self) -> None:
        """Close the catalog."""
        self.catalog.close()

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """Read the scope in one piece: only the catalog knows how to page."""
        return [Unit(key=self.catalog.system or "catalog", scope=within)]

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Return the records; those that the catalog holds as removed are not there.

        What a catalog does not say itself, its capabilities say: whatever it can read was looked at.
        """
        readable = {aspect for aspect, support in self.catalog.capabilities.items() if support.read}
        for record in self.catalog.read(unit.scope, ctx):
            lifecycle = getattr(record.value, "lifecycle", None)
            if lifecycle is None or not lifecycle.removed:
                if isinstance(record.value, Entity) and not record.value.captured:
                    record.value.captured = sorted(readable & of_kind(record.kind))
                yield record
        ctx.covered(Covered(unit.scope, frozenset({"record", *readable})))
