"""The plan: exactly what publishing would create, update, remove softly, restore and leave alone, and why.

The plan applied is the plan shown: both are the same operations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from msgspec.structs import replace

from ..contracts.catalog import Action, Catalog, Operation
from ..contracts.context import Context
from ..model.elements import Lifecycle
from ..model.entities import Entity
from ..model.record import AnyRecord, Record, decode, make_key
from ..model.scope import Scope
from ..model.urns import host
from .merge import Merger, Policy

BATCH = 500
"""Touched records that are read from the catalog at a time."""


class Touched(NamedTuple):
    """A record that differs between what was published and what is true."""

    base: AnyRecord | None
    ours: AnyRecord | None

    @property
    def urn(self) -> str:
        """The record."""
        record = self.ours or self.base
        assert record is not None
        return record.urn

    @property
    def kind(self) -> str:
        """Its kind."""
        record = self.ours or self.base
        assert record is not None
        return record.kind


class Planner:
    """Plans one catalog.

    Attributes:
        counts: Operations by action, and `keep`.
        conflicts: (URN, key, why).
    """

    def __init__(self, catalog: Catalog[Any], ctx: Context, policies: Mapping[str, Policy]) -> None:
        self._catalog, self._ctx = catalog, ctx
        writable = frozenset(name for name, support in catalog.capabilities.items() if support.write)
        self._merger = Merger(writable, policies)
        self.counts: Counter[str] = Counter()
        self.conflicts: list[tuple[str, str, str]] = []

    def operations(self, touched: Iterable[Touched]) -> Iterator[Operation]:
        """Read what the catalog holds of the touched records and say what to do with each."""
        source = iter(touched)
        while batch := list(islice(source, BATCH)):
            scope = Scope(urns=frozenset(host(item.urn) for item in batch))
            held = {make_key(record.kind, record.urn): record for record in self._catalog.read(scope, self._ctx)}
            for item in batch:
                operation = self._plan(item, held.get(make_key(item.kind, item.urn)))
                self.counts["keep" if operation is None else operation.action] += 1
                if operation is not None:
                    yield operation

    def _plan(self, item: Touched, theirs: AnyRecord | None) -> Operation | None:
        if item.ours is None:
            return self._removal(item, theirs)
        ours, base = item.ours.value, None if item.base is None else item.base.value
        if not isinstance(ours, Entity):
            return None
        held = None if theirs is None else theirs.value
        gone = isinstance(held, Entity) and held.lifecycle is not None and held.lifecycle.removed
        if gone:
            assert isinstance(held, Entity)
            held = replace(held, lifecycle=_kept_alive(held.lifecycle))

        def conflict(key: str, why: str) -> None:
            self.conflicts.append((item.urn, key, why))

        change, unset = self._merger.merge(base, ours, held, conflict)
        if gone and change.lifecycle is None:
            unset |= {"lifecycle"}
        elif change == type(change)() and not unset and theirs is not None:
            return None
        action: Action = "restore" if gone else "create" if theirs is None else "update"
        keys = [key for key in type(change).__struct_fields__ if getattr(change, key) not in (None, [])]
        reasons = (*((key, _reason(key, base, held)) for key in keys), *((key, "gone") for key in sorted(unset)))
        return Operation(
            kind=item.kind,
            urn=item.urn,
            action=action,
            set=change,
            unset=unset,
            reasons=reasons,
        )

    def _removal(self, item: Touched, theirs: AnyRecord | None) -> Operation | None:
        held = None if theirs is None else theirs.value
        if not isinstance(held, Entity) or (held.lifecycle is not None and held.lifecycle.removed):
            return None
        mark = type(held)()
        mark.lifecycle = replace(held.lifecycle, removed=True) if held.lifecycle else Lifecycle(removed=True)
        why = (("lifecycle", "gone from a source that was read completely"),)
        return Operation(kind=item.kind, urn=item.urn, action="remove", set=mark, reasons=why)


def _kept_alive(lifecycle: Lifecycle | None) -> Lifecycle | None:
    if lifecycle is None:
        return None
    alive = replace(lifecycle, removed=False)
    return None if alive == Lifecycle() else alive


def _reason(key: str, base: Any, held: Any) -> str:
    if held is None:
        return "new here"
    if base is None or getattr(base, key) in (None, []):
        return "new at the source"
    return "changed at the source"


def add_version(record: AnyRecord, text: str) -> AnyRecord:
    """Return a record with the custom property `cloud_version` (differ.md section 7)."""
    others = [pair for pair in record.value.properties if pair[0] != "cloud_version"]
    captured = sorted({*record.value.captured, "properties"})
    value = replace(record.value, properties=sorted([*others, ("cloud_version", text)]), captured=captured)
    return Record(record.urn, value, record.kind)


def touched(pairs: Iterable[tuple[bytes | None, bytes | None]]) -> Iterator[Touched]:
    """Decode differing lines of what was published and what is true."""
    for base, ours in pairs:
        yield Touched(None if base is None else decode(base), None if ours is None else decode(ours))
