"""The contract of a catalog.

Example:
    ```python
    class Memory(Catalog[MemoryConfig]):
        capabilities = {"description": Support(read=True, write=True, lossless=True)}
        records: ClassVar[dict[str, Record]] = {}

        def read(self, scope: Scope, ctx: Context) -> Iterable[Record]:
            return [record for urn, record in sorted(self.records.items()) if scope.matches(urn)]

        def write(self, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
            for operation in batch:
                self.records[operation.urn] = operation.apply(self.records.get(operation.urn))
                yield Outcome(operation.urn, "written")
    ```
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal

import msgspec
from msgspec import Struct

from ..model.entities import KINDS, Entity
from ..model.record import AnyRecord, Record
from ..model.scope import Scope
from .component import BaseComponent, C, ComponentKind, Support
from .context import Context

Action = Literal["create", "update", "remove", "restore"]


class Operation(Struct, frozen=True, kw_only=True):
    """One record to be written: aspects to set and to unset, never a whole record over another.

    Attributes:
        kind: Kind of the record.
        urn: The record.
        action: `create`, `update`, `remove` (soft delete: sets `lifecycle.removed`) or `restore`.
        set: A value that holds just the keys to be set (`name`, `subtype`, `parent`, `aliases` included).
        unset: Keys to be emptied.
        reasons: Why, per key, for the plan that people read.
    """

    kind: str
    urn: str
    action: Action
    set: Entity | None = None
    unset: frozenset[str] = frozenset()
    reasons: tuple[tuple[str, str], ...] = ()

    def apply(self, present: AnyRecord | None) -> AnyRecord:
        """Return the record after this operation; what it does not name stays as it is."""
        value = msgspec.structs.replace(present.value) if present is not None else KINDS[self.kind]()
        blank = type(value)()
        for key in self.unset:
            setattr(value, key, getattr(blank, key))
        if self.set is not None:
            for key in type(value).__struct_fields__:
                new = getattr(self.set, key)
                if new is not None and new != []:
                    setattr(value, key, new)
        return Record(self.urn, value, self.kind)


class Outcome(Struct, frozen=True):
    """What became of one operation: `written`, `unchanged`, `conflict` or `failed` (with the reason)."""

    urn: str
    status: Literal["written", "unchanged", "conflict", "failed"]
    reason: str = ""


class Hit(Struct, frozen=True, kw_only=True):
    """One search result.

    Attributes:
        urn: The record; `#path` for a field.
        name: What to show.
        kind: Kind of the record.
        score: Higher is better; only comparable within one answer.
        snippet: Where it matched, plain text.
        facets: (facet, value) pairs of the record.
    """

    urn: str
    name: str
    kind: str
    score: float = 0.0
    snippet: str = ""
    facets: tuple[tuple[str, str], ...] = ()


class Catalog(BaseComponent[C]):
    """A place that people browse, kept true by Lumos.

    Attributes:
        capabilities: Aspect -> how well it is supported; an aspect that is missing is not supported.
        system: The name under which its own ids stand in `aliases`.
    """

    component_kind: ClassVar[ComponentKind] = "catalog"
    capabilities: ClassVar[Mapping[str, Support]] = {}
    system: ClassVar[str] = ""

    @abstractmethod
    def read(self, scope: Scope, ctx: Context) -> Iterable[AnyRecord]:
        """Read what the catalog holds now, sorted by (kind, URN); soft-deleted records carry `lifecycle.removed`.

        Raises:
            CatalogError: When the listing is not complete; nothing is concluded then.
        """

    @abstractmethod
    def write(self, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
        """Apply operations, idempotently, with one outcome each, in order.

        Raises:
            RetryableError: The batch is tried again.
            CatalogError: The rest of the batch counts as failed.
        """

    def search(self, query: str, limit: int = 20) -> Iterable[Hit]:
        """Search; optional.

        Raises:
            NotImplementedError: When the catalog cannot search.
        """
        raise NotImplementedError
