"""What is written into the target, record by record: made from two snapshots, so that planning asks no server.

Nothing is ever taken away: no record, no element. What only one of the two says, both say afterwards; what they say
differently is a conflict, which is decided as the user asked, or left and told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from ..contracts.catalog import Action, Catalog, Operation
from ..model import urns
from ..model.aspects import FIELD_ASPECTS
from ..model.elements import Lifecycle
from ..model.entities import Entity, Foreign, Stats
from ..model.record import AnyRecord, Record, canonical, decode, digest
from ..publish.order import Trees
from ..publish.steps import Step
from ..snapshot.join import join
from .names import Names, refers, renamed
from .own_ids import without_ids
from .reconcile import Decision, settle

OnConflict = Literal["source", "target", "merge", "stop"]

DECISIONS: Mapping[str, Decision] = {"source": "left", "target": "right", "merge": "neither", "stop": "neither"}
"""`--on-conflict` -> the side that wins; the source stands left."""


class Met(Struct, frozen=True, omit_defaults=True):
    """A conflict: both sides say something else, and nobody decided.

    Attributes:
        kind: Kind of the record.
        urn: The record, as the target calls it.
        key: The key inside it.
        source: What the source says.
        target: What the target says, and goes on saying.
        reason: Why it is left.
    """

    kind: str
    urn: str
    key: str
    source: Any = None
    target: Any = None
    reason: str = "both say something else; what the target says stays"


class Planner:
    """Plans what one catalog is given.

    Args:
        catalog: The target; only what it declares is looked at.
        aspects: What it takes.
        decision: Who wins where both say something else.
        incoming: Names that changed, for what only the target has.
        own: Systems whose ids are not carried.

    Attributes:
        counts: Operations by action.
        touched: Records of the source for which something is written.
        conflicts: Every conflict so far; who plans takes them out.
        trees: The parents of what is planned.
    """

    def __init__(
        self,
        catalog: Catalog[Any],
        aspects: frozenset[str],
        decision: Decision,
        incoming: Names | None = None,
        *,
        own: Collection[str] = (),
    ) -> None:
        self._own = own
        self._stats, self._foreign = frozenset(catalog.stats), bool(catalog.foreign)
        self._writable, self._decision = aspects, decision
        self._incoming = incoming if incoming is not None and len(incoming) else None
        self._dropped = [
            aspect.removeprefix("fields.") for aspect in sorted(FIELD_ASPECTS) if aspect not in self._writable
        ]
        self.counts: Counter[str] = Counter()
        self.touched = 0
        self.conflicts: list[Met] = []
        self.trees = Trees()

    def steps(self, ours: Iterable[bytes], theirs: Iterable[bytes]) -> Iterator[Step]:
        """Join both sides and say what to do.

        Args:
            ours: What the source says, in the target's names.
            theirs: What the target holds.
        """
        for new, held in join(ours, theirs):
            known = None if held is None else decode(held)
            if new is not None:
                yield from self._given(without_ids(decode(new), self._own), known)
            elif known is not None:
                yield from self._pointing(known)

    def _given(self, new: AnyRecord, held: AnyRecord | None) -> Iterator[Step]:
        operations = self._whole(new, held) if isinstance(new.value, (Foreign, Stats)) else self._entity(new, held)
        count = 0
        for operation in operations:
            count += 1
            parent = getattr(operation.set, "parent", None)
            if parent and not parent.startswith("#"):
                self.trees.add(operation.urn, operation.kind, parent, urns.kind(parent))
            self.counts[operation.action] += 1
            yield Step.of(operation)
        self.touched += count > 0

    def _pointing(self, held: AnyRecord) -> Iterator[Step]:
        """A record of the target's own: what it points at may have another name now."""
        if self._incoming is None or not isinstance(held.value, Entity) or not refers(held, self._incoming):
            return
        there = self._following(held)
        assert there is not None
        keys = [key for key in self._keys(there.value) if getattr(there.value, key) != getattr(held.value, key)]
        reasons = dict.fromkeys(keys, "points at something that has another name now")
        if keys:
            operation = _operation(held.kind, held.urn, "update", there.value, keys, reasons, held)
            self.counts["update"] += 1
            yield Step.of(operation)

    def _following(self, held: AnyRecord | None) -> AnyRecord | None:
        """A copy of a record of the target that points at new names."""
        if held is None or self._incoming is None or not refers(held, self._incoming):
            return held
        copy = decode(canonical(held))
        names, own = self._incoming, urns.host(held.urn)
        return renamed(copy, lambda urn: urn if urn == own else names.new(urn))

    def _whole(self, new: AnyRecord, held: AnyRecord | None) -> Iterator[Operation]:
        """A fact or a foreign record: one value, taken or left."""
        if new.kind == "foreign" and not self._foreign:
            return
        if new.kind == "stats" and stats_type(new.urn) not in self._stats:
            return
        if held is not None and self._decision != "left":
            if self._decision == "neither":
                self.conflicts.append(Met(new.kind, new.urn, ""))
            return
        yield Operation(
            kind=new.kind,
            urn=new.urn,
            action="create" if held is None else "update",
            set=new.value,
            reasons=(("", "new here" if held is None else "decided for the source"),),
            held=None if held is None else held.value,
            expect="" if held is None else digest(canonical(held)),
        )

    def _entity(self, new: AnyRecord, held: AnyRecord | None) -> Iterator[Operation]:
        value, followed = self.expressible(new.value), self._following(held)
        there: Entity = type(new.value)() if followed is None else followed.value
        if type(there) is not type(value):
            self.conflicts.append(Met(new.kind, new.urn, "", reason="the target has it as a thing of another kind"))
            return
        buried, gone = is_removed(new.value), is_removed(there)
        if buried:
            if held is not None:
                if not gone:
                    why = "it is soft-deleted in the source and lives in the target; a migration removes nothing"
                    self.conflicts.append(Met(new.kind, new.urn, "lifecycle.removed", True, False, why))
                return
            value = replace(value, lifecycle=alive(value.lifecycle))
        elif gone:
            if self._decision == "right":
                return
            there = replace(there, lifecycle=alive(there.lifecycle))
        keys = [key for key in self._keys(value) if not empty(getattr(value, key))]

        def conflict(key: str, one: Any, other: Any) -> None:
            self.conflicts.append(Met(new.kind, new.urn, key, one, other))

        wanted = settle((None, value), (None, there), keys, conflict, decide=self._decision).right
        before = type(there)() if held is None else held.value
        changed = [key for key in self._keys(wanted) if getattr(wanted, key) != getattr(before, key)]
        if changed or held is None:
            action: Action = "create" if held is None else "restore" if gone and not buried else "update"
            reasons = {key: self._reason(key, before, wanted) for key in changed}
            yield _operation(new.kind, new.urn, action, wanted, changed, reasons, held)
        if buried:
            mark = replace(value.lifecycle or Lifecycle(), removed=True)
            last = type(value)(lifecycle=mark)
            yield _operation(
                new.kind, new.urn, "remove", last, ["lifecycle"], {"lifecycle": "soft-deleted in the source"}, None
            )

    def expressible(self, value: Entity) -> Entity:
        """Return a record without the parts of fields and of lineage that the target cannot take."""
        fields = getattr(value, "fields", None)
        if fields and self._dropped:
            blank: dict[str, Any] = {}
            for key in self._dropped:
                blank[key] = [] if isinstance(getattr(fields[0], key), list) else None
            value = replace(value, fields=[replace(field, **blank) for field in fields])
        if value.lineage is not None and value.lineage.columns and "lineage.columns" not in self._writable:
            lineage = replace(value.lineage, columns=[])
            value = replace(value, lineage=lineage if lineage.upstreams or lineage.downstreams else None)
        return value

    def _keys(self, value: Entity) -> list[str]:
        return [key for key in type(value).__struct_fields__ if key in self._writable]

    def _reason(self, key: str, before: Entity, wanted: Entity) -> str:
        if empty(getattr(before, key)):
            return "new here"
        if empty(getattr(wanted, key)):
            return "it lives again"
        return "decided for the source" if self._decision == "left" else "the source says more"


def _operation(
    kind: str,
    urn: str,
    action: Action,
    value: Entity,
    keys: Iterable[str],
    reasons: Mapping[str, str],
    held: AnyRecord | None,
) -> Operation:
    change, there, unset = type(value)(), None if held is None else type(held.value)(), set[str]()
    for key in keys:
        new = getattr(value, key)
        if empty(new):
            unset.add(key)
        else:
            setattr(change, key, new)
        if there is not None and held is not None:
            setattr(there, key, getattr(held.value, key))
    return Operation(
        kind=kind,
        urn=urn,
        action=action,
        set=change,
        unset=frozenset(unset),
        reasons=tuple(reasons.items()),
        held=there,
        expect="" if held is None else digest(canonical(held)),
    )


def operation_between(
    held: AnyRecord | None, kind: str, urn: str, wanted: Entity, keys: Iterable[str], why: str
) -> Operation | None:
    """Return what makes a record of a catalog what is wanted; None when it is so already.

    Args:
        held: What the catalog holds; None when it has no such record.
        kind: Of the record.
        urn: The record.
        wanted: What it should hold.
        keys: Keys that may be written.
        why: The reason that people read.
    """
    before: Entity = type(wanted)() if held is None else held.value
    changed = [key for key in type(wanted).__struct_fields__ if key in keys and _differ(wanted, before, key)]
    if not changed and held is not None:
        return None
    action: Action = "create" if held is None else "update"
    if is_removed(before) and not is_removed(wanted):
        action = "restore"
    elif is_removed(wanted) and not is_removed(before):
        action = "remove"
    return _operation(kind, urn, action, wanted, changed, dict.fromkeys(changed, why), held)


def _differ(one: Entity, other: Entity, key: str) -> bool:
    new, old = getattr(one, key), getattr(other, key)
    return not (new == old or (empty(new) and empty(old)))


def stats_type(urn: str) -> str:
    """Return the type of a volatile fact from its URN: `#profile@...`, `#run/7@...`."""
    part = urn[len(urns.host(urn)) + 1 :]
    return part.partition("@")[0].partition("/")[0]


def is_removed(value: Any) -> bool:
    """Tell whether a record is soft-deleted."""
    return isinstance(value, Entity) and value.lifecycle is not None and value.lifecycle.removed


def alive(lifecycle: Lifecycle | None) -> Lifecycle | None:
    """Return where a thing stands in its life, were it not removed."""
    if lifecycle is None:
        return None
    living = replace(lifecycle, removed=False)
    return None if living == Lifecycle() else living


def empty(value: Any) -> bool:
    """Tell whether a key has no value."""
    return value is None or value == []


__all__ = ["DECISIONS", "Met", "OnConflict", "Planner", "Record", "alive", "empty", "is_removed", "operation_between"]
