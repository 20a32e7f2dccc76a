"""The plan: exactly what publishing would create, update, remove softly, restore and leave alone, and why.

The plan applied is the plan shown: both are the same operations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from msgspec.structs import replace

from ..contracts.answers import expected
from ..contracts.catalog import Action, Catalog, Operation
from ..contracts.context import Context
from ..model import urns
from ..model.elements import Lifecycle
from ..model.entities import Entity
from ..model.record import AnyRecord, Record, canonical, decode, digest, make_key
from ..model.scope import Scope
from .base import resolved
from .merge import Merger, Policy
from .order import Trees
from .steps import Step, raw

BATCH = 500
"""Touched records that are read from the catalog at a time."""

FOUND = ("lumos/found", "true")
"""Marks what is remembered of a record that was in the catalog before it was given anything, until it was."""

MISSED = ("lumos/missed", "true")
"""Marks what is remembered of a record that vanished from the catalog, until it was made again."""

Former = Callable[[str, str], "bytes | None"]
"""(kind, URN) -> the line that was last published of a record that is not published any more."""

Dress = Callable[[AnyRecord], AnyRecord]
"""Adds to a record what only the catalog is given (its version); called in the order of the lines."""


class Touched(NamedTuple):
    """A record that differs between what was published and what is true, or whose outcome is in doubt; as lines.

    Attributes:
        base: What was last published.
        intent: What an earlier attempt was about to write, and did not learn the outcome of.
        ours: What is true now.
        key: Of the line: kind and URN.
    """

    key: bytes
    base: bytes | None = None
    intent: bytes | None = None
    ours: bytes | None = None


class Planner:
    """Plans one catalog.

    Args:
        catalog: What is read; nothing is written.
        ctx: For the catalog.
        policies: Aspect -> policy, where it is not the default.
        former: What was published of records that were removed since.
        dress: What only the catalog is given.
        anew: Give facts again that were given already, which are not read back.

    Attributes:
        counts: Records by action: `create`, `update`, `remove`, `restore`, `keep`; and `facts`, the volatile ones.
        removed: Records of people's that would go; foreign records are not counted.
        conflicts: (URN, key, why).
        trees: The parents of what is planned.
        remade: Records that were published, are not in the catalog any more, and are made again.
    """

    def __init__(
        self,
        catalog: Catalog[Any],
        ctx: Context,
        policies: Mapping[str, Policy],
        *,
        former: Former = lambda kind, urn: None,
        dress: Dress = lambda record: record,
        anew: bool = False,
    ) -> None:
        self._catalog, self._ctx, self._former, self._dress, self._anew = catalog, ctx, former, dress, anew
        writable = frozenset(name for name, support in catalog.capabilities.items() if support.write)
        readable = frozenset(name for name, support in catalog.capabilities.items() if support.read)
        self._reads = bool(readable)
        self._merger = Merger(writable, policies, readable if readable else None)
        self.counts: Counter[str] = Counter()
        self.removed = 0
        self.conflicts: list[tuple[str, str, str]] = []
        self.trees = Trees()
        self._gone: set[str] = set()
        self.remade: set[str] = set()

    def steps(self, touched: Iterable[Touched]) -> Iterator[Step]:
        """Read what the catalog holds of the touched records and say what to do with each.

        Args:
            touched: In the order of their lines.
        """
        source, late = iter(touched), list[Touched]()
        while batch := list(islice(source, BATCH)):
            yield from self._batch(batch, late)
        # Whether a foreign record goes alone or with its host is known when all hosts are.
        for start in range(0, len(late), BATCH):
            yield from self._batch(late[start : start + BATCH], None)

    def _batch(self, batch: list[Touched], late: list[Touched] | None) -> Iterator[Step]:
        if late is not None:
            late += [item for item in batch if item.ours is None and _kind(item) == "foreign"]
            batch = [item for item in batch if item.ours is not None or _kind(item) != "foreign"]
        held = self._held(batch)
        for item in batch:
            theirs = self._theirs(item, held)
            step = self._step(item, theirs, held)
            if step.kind != "stats":
                self.counts[step.action] += 1
            elif step.action != "keep":
                self.counts["facts"] += 1
            if step.action != "keep" or item.base != item.ours or step.rebased or step.doubtful:
                yield step

    def _held(self, batch: list[Touched]) -> dict[bytes, AnyRecord]:
        wanted = {urns.host(_urn(item)) for item in batch if _kind(item) != "stats" or item.intent is not None}
        if not wanted or not self._reads:
            return {}
        records = self._catalog.read(Scope(urns=frozenset(wanted)), self._ctx)
        return {make_key(record.kind, record.urn): record for record in expected(records, Record, "read()")}

    def _theirs(self, item: Touched, held: Mapping[bytes, AnyRecord]) -> AnyRecord | None:
        """What the catalog holds; of one that cannot be read, what it was last given."""
        if self._reads:
            return held.get(item.key)
        return None if item.base is None or _kind(item) == "stats" else decode(item.base)

    def _step(self, item: Touched, theirs: AnyRecord | None, held: Mapping[bytes, AnyRecord]) -> Step:
        kind, urn = _kind(item), _urn(item)
        doubtful = item.intent is not None
        if kind == "stats":
            return self._fact(item, theirs)
        given = item.base if item.base is not None or theirs is None else self._former(kind, urn)
        known = None if given is None else decode(given)
        adopted = known is not None and FOUND in getattr(known.value, "extra", ())
        if known is not None and theirs is not None and MISSED in getattr(known.value, "extra", ()):
            known = _seen_again(known, theirs)
        host = urns.host(urn)
        place = held.get(make_key(urns.kind(host), host)) if kind == "foreign" else None
        # What was about to be taken back is remembered as it was given: then it is we who may have taken it away.
        ourselves = host in self.remade or (doubtful and item.intent == item.base)
        if place is not None and theirs is None and not ourselves:
            base = known  # its host is there: somebody took the foreign record away
        else:
            base = resolved(known, None if item.intent is None else decode(item.intent), theirs)
        ours = None if item.ours is None else self._dress(decode(item.ours))
        if kind == "foreign":
            operation = self._foreign(urn, base, ours, theirs, kept=host in self._gone or _removed_record(place))
        elif ours is not None:
            operation = self._change(kind, urn, base, ours, theirs, doubtful=doubtful)
        else:
            # What was there before us, and that we never knew to have changed, is not ours to take away.
            operation = None if adopted else self._removal(kind, urn, theirs)
        if base is None and operation is not None and theirs is not None and kind != "foreign":
            base = Record(urn, type(theirs.value)(extra=[FOUND]), kind)
        elif theirs is None and item.base is not None and item.ours is not None and kind != "foreign":
            assert known is not None
            base = Record(urn, replace(known.value, extra=[MISSED]), kind)
        was = None if base is None else canonical(base)
        rebased = was != item.base and (item.ours is not None if theirs is None else doubtful or known is None)
        needed = rebased or (operation is not None and ours is None)
        parts: dict[str, Any] = {
            "line": raw(item.ours),
            "base": raw(was if needed else None),
            "doubtful": doubtful,
            "rebased": rebased,
        }
        if operation is None:
            expect = "" if theirs is None else digest(canonical(theirs))
            return Step(kind=kind, urn=urn, action="keep", expect=expect, **parts)
        if kind != "foreign":
            self._place(operation, ours or base, vanished=item.base is not None or doubtful)
        return Step.of(operation, **parts)

    def _place(self, operation: Operation, known: AnyRecord | None, *, vanished: bool) -> None:
        """Remember of an operation what others depend on."""
        parent = getattr(operation.set, "parent", None) or (known.value.parent if known is not None else None)
        if operation.action == "remove":
            self.removed += 1
            self._gone.add(operation.urn)
        elif operation.action == "create" and vanished:
            self.remade.add(operation.urn)
        if parent and not parent.startswith("#"):  # one inside the record itself waits for nothing
            self.trees.add(operation.urn, operation.kind, parent, urns.kind(parent))

    def _change(
        self,
        kind: str,
        urn: str,
        base: AnyRecord | None,
        ours: AnyRecord,
        theirs: AnyRecord | None,
        *,
        doubtful: bool,
    ) -> Operation | None:
        new, held = ours.value, None if theirs is None else theirs.value
        gone = _removed(held) and not _removed(new)
        before = held
        if gone:
            assert isinstance(held, Entity)
            held = replace(held, lifecycle=_kept_alive(held.lifecycle))

        def conflict(key: str, why: str) -> None:
            self.conflicts.append((urn, key, why))

        old = None if base is None else base.value
        if isinstance(old, Entity) and gone:
            old = replace(old, lifecycle=_kept_alive(old.lifecycle))
        change, unset = self._merger.merge(old, new, held, conflict, doubtful=doubtful)
        if gone and change.lifecycle is None and held is not None:
            if held.lifecycle is None or "lifecycle" in unset:
                unset |= {"lifecycle"}
            else:
                change.lifecycle = held.lifecycle
        elif change == type(change)() and not unset and theirs is not None:
            return None
        action: Action = "restore" if gone else "create" if theirs is None else "update"
        if action == "update" and _removed(change):
            action = "remove"
        keys = [key for key in type(change).__struct_fields__ if getattr(change, key) not in (None, [])]
        reasons = [(key, _reason(key, old, new, held)) for key in keys]
        reasons += [(key, "gone from the source") for key in sorted(unset)]
        return self._operation(kind, urn, action, change, unset, dict(reasons), theirs, before)

    def _removal(self, kind: str, urn: str, theirs: AnyRecord | None) -> Operation | None:
        held = None if theirs is None else theirs.value
        if not isinstance(held, Entity) or _removed(held):
            return None
        mark = type(held)()
        mark.lifecycle = replace(held.lifecycle, removed=True) if held.lifecycle else Lifecycle(removed=True)
        why = {"lifecycle": "gone from a source that was read completely"}
        return self._operation(kind, urn, "remove", mark, frozenset(), why, theirs, held)

    def _operation(
        self,
        kind: str,
        urn: str,
        action: Action,
        change: Entity,
        unset: frozenset[str],
        reasons: Mapping[str, str],
        theirs: AnyRecord | None,
        held: Any,
    ) -> Operation:
        there = None
        if held is not None:
            there = type(held)()
            for key in reasons:
                setattr(there, key, getattr(held, key))
        return Operation(
            kind=kind,
            urn=urn,
            action=action,
            set=change,
            unset=unset,
            reasons=tuple(reasons.items()),
            held=there,
            expect="" if theirs is None else digest(canonical(theirs)),
        )

    def _foreign(
        self, urn: str, base: AnyRecord | None, ours: AnyRecord | None, theirs: AnyRecord | None, *, kept: bool
    ) -> Operation | None:
        """One opaque value, merged three ways: what people changed or took away in the catalog stands.

        With `kept` it stays with its host, which is only marked as removed.
        """
        old, new, held = (None if side is None else side.value for side in (base, ours, theirs))
        if new == held or (old == new and old is not None) or (new is None and kept):
            return None
        if held != old:
            why = "it was changed at the source and in the catalog; the catalog's state stays"
            self.conflicts.append((urn, "", why))
            return None
        action: Action = "create" if held is None else "remove" if new is None else "update"
        reason = {"create": "new at the source", "remove": "gone from the source"}.get(action, "changed at the source")
        expect = "" if theirs is None else digest(canonical(theirs))
        return Operation(
            kind="foreign", urn=urn, action=action, set=new, held=held, reasons=(("", reason),), expect=expect
        )

    def _fact(self, item: Touched, theirs: AnyRecord | None) -> Step:
        """Facts are given when they differ from what was given, never taken back, and nobody edits them."""
        parts: dict[str, Any] = {"line": raw(item.ours), "doubtful": item.intent is not None}
        ours = None if item.ours is None else decode(item.ours)
        anew = self._anew or urns.host(_urn(item)) in self.remade
        given = item.base == item.ours and item.intent is None and not anew
        if ours is None or given or (theirs is not None and theirs.value == ours.value):
            return Step(kind="stats", urn=_urn(item), action="keep", **parts)
        action: Action = "create" if item.base is None else "update"
        reason = (("", "new facts"),)
        operation = Operation(kind="stats", urn=ours.urn, action=action, set=ours.value, reasons=reason)
        return Step.of(operation, **parts)


def _seen_again(missed: AnyRecord, theirs: AnyRecord) -> AnyRecord | None:
    """Return what a record that seemed to have vanished was last given, now that it is there.

    Parts that are as they were given never went, as when a catalog had answered with nothing; the others did.
    """
    nothing = Record(missed.urn, type(missed.value)(extra=[MISSED]), missed.kind)
    return resolved(nothing, missed, theirs)


def _kind(item: Touched) -> str:
    return item.key[9 : item.key.index(b'"', 9)].decode()


def _urn(item: Touched) -> str:
    return item.key[item.key.index(b'"urn":"', 9) + 7 :].decode()


def _removed(value: Any) -> bool:
    return isinstance(value, Entity) and value.lifecycle is not None and value.lifecycle.removed


def _removed_record(record: AnyRecord | None) -> bool:
    return record is not None and _removed(record.value)


def _kept_alive(lifecycle: Lifecycle | None) -> Lifecycle | None:
    if lifecycle is None:
        return None
    alive = replace(lifecycle, removed=False)
    return None if alive == Lifecycle() else alive


def _reason(key: str, base: Any, ours: Any, held: Any) -> str:
    if held is None:
        return "new here"
    before, now = (None if side is None else getattr(side, key) for side in (base, ours))
    if before in (None, []):
        return "new at the source"
    return "changed at the source" if before != now else "is not so in the catalog any more"


def add_version(record: AnyRecord, text: str) -> AnyRecord:
    """Return a record with the custom property `cloud_version` (differ.md section 7)."""
    others = [pair for pair in record.value.properties if pair[0] != "cloud_version"]
    captured = sorted({*record.value.captured, "properties"})
    value = replace(record.value, properties=sorted([*others, ("cloud_version", text)]), captured=captured)
    return Record(record.urn, value, record.kind)
