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

from ..model.entities import KINDS, Entity, Foreign, Stats
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
        set: A value that holds just the keys to be set (`name`, `subtype`, `parent`, `aliases` included); of a record
            of kind `foreign` or `stats`, the whole value.
        unset: Keys to be emptied.
        reasons: Why, per key, for the plan that people read.
        held: What the catalog held of these keys when the operation was planned; None when it had no such record.
        expect: Digest of the whole record that the catalog held when the operation was planned; empty when it had
            none, or when that is not known (the second half of an operation, see `Catalog.deferred`). A
            catalog that has conditional writes may refuse (`conflict`) when that is not so any more.
    """

    kind: str
    urn: str
    action: Action
    set: Entity | Foreign | Stats | None = None
    unset: frozenset[str] = frozenset()
    reasons: tuple[tuple[str, str], ...] = ()
    held: Entity | Foreign | Stats | None = None
    expect: str = ""

    def apply(self, present: AnyRecord | None) -> AnyRecord:
        """Return the record after this operation; what it does not name stays as it is."""
        if isinstance(self.set, (Foreign, Stats)):
            return Record(self.urn, self.set, self.kind)
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
        deferred: Keys that can be written only when the records they point to exist (`lineage`, where the target
            wants ids). The kernel writes them in a second wave, after everything else of the plan.
        stats: Types of volatile facts that it takes and gives back: `profile`, `usage`, `operation`, ...
        foreign: True when it takes and gives back records of kind `foreign`: those of its own vendor as what they
            were, those of others inside the property `lumos` (see `shadow`).
    """

    component_kind: ClassVar[ComponentKind] = "catalog"
    capabilities: ClassVar[Mapping[str, Support]] = {}
    system: ClassVar[str] = ""
    deferred: ClassVar[frozenset[str]] = frozenset()
    stats: ClassVar[frozenset[str]] = frozenset()
    foreign: ClassVar[bool] = False

    @abstractmethod
    def read(self, scope: Scope, ctx: Context) -> Iterable[AnyRecord]:
        """Read what the catalog holds now, sorted by (kind, URN); soft-deleted records carry `lifecycle.removed`.

        `in_order` of the plugin API sorts any number of records in bounded memory. What the catalog calls a thing
        itself stands in `aliases` as `[system, native id]`.

        Raises:
            CatalogError: When the listing is not complete; nothing is concluded then.
        """

    @abstractmethod
    def write(self, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
        """Apply operations, idempotently, with one outcome each, in order.

        The operations of a batch do not wait for each other: a parent was handed over in an earlier batch than its
        children, a tag in an earlier one than what is tagged with it. `remove` marks a record as removed; one of kind
        `foreign` it takes away.

        Raises:
            RetryableError: What has no outcome yet is tried again, after a pause.
            CatalogError: The rest of the batch counts as failed.
        """

    def native(self, record: AnyRecord) -> AnyRecord:
        """Return what the catalog's own pages say of a record, without the property `lumos`; optional.

        It is pure and does no I/O: what reading would give of the record, once it was written, were the property not
        there. A migration tells by it what is shown whole from what is kept (`Support.kept`). By default the record
        itself: a catalog that keeps nothing aside need not write it.

        Args:
            record: It must not be changed.
        """
        return record

    def search(self, query: str, limit: int = 20) -> Iterable[Hit]:
        """Search; optional.

        Raises:
            NotImplementedError: When the catalog cannot search.
        """
        raise NotImplementedError
