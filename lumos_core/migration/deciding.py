"""What a sync does with one record, of which each side knows what it said before and what it says now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from msgspec.structs import replace

from ..model.aspects import FIELD_ASPECTS
from ..model.elements import Lifecycle, Lineage
from ..model.entities import Entity
from ..model.record import AnyRecord
from .planning import alive, empty, is_removed
from .reconcile import settle

Conflict = Callable[[str, Any, Any, str], None]
"""Called with (key, left, right, why)."""

BOTH = "both sides say something else; each keeps what it says"
LOST = "it was removed on one side and changed on the other; each stays as it is"


class Four(NamedTuple):
    """One record on both sides, then and now; None where there was none."""

    left_past: AnyRecord | None
    left: AnyRecord | None
    right_past: AnyRecord | None
    right: AnyRecord | None

    @property
    def any(self) -> AnyRecord:
        """One of them, for kind and URN."""
        found = next((record for record in self if record is not None), None)
        assert found is not None
        return found


class Decided(NamedTuple):
    """What is to be.

    Attributes:
        left: What the left should hold; None to leave it alone.
        right: What the right should hold; None to leave it alone.
        left_past: What the left is remembered to have said when all is written.
        right_past: The same of the right.
        own: True for a record of the right that the left never had, and that is left alone.
    """

    left: Entity | None = None
    right: Entity | None = None
    left_past: Any = None
    right_past: Any = None
    own: bool = False


class Decider:
    """Decides records of two catalogs.

    Args:
        aspects: What both sides take and give back; everything else stays as it is on each side.
        mirror: The right becomes like the left.
        prune: Remove what only the right has, too; with `mirror`.
    """

    def __init__(self, aspects: frozenset[str], *, mirror: bool = False, prune: bool = False) -> None:
        self.aspects, self._mirror, self._prune = aspects, mirror, prune
        self._dropped = [aspect.removeprefix("fields.") for aspect in sorted(FIELD_ASPECTS) if aspect not in aspects]

    def decide(self, four: Four, conflict: Conflict) -> Decided:
        """Decide one record of a kind that people know."""
        left, right = (None if side is None or is_removed(side.value) else side for side in (four.left, four.right))
        if left is None and right is None:
            return self._as_it_is(four)
        if left is None or right is None:
            return self._one_sided(four, left, right, conflict)
        if type(left.value) is not type(right.value):
            conflict("", None, None, "it is a thing of another kind on each side")
            return Decided(None, None, _value(four.left_past), _value(four.right_past))
        return self._both(four, left.value, right.value, conflict)

    def _as_it_is(self, four: Four) -> Decided:
        return Decided(None, None, _value(four.left), _value(four.right))

    def _one_sided(self, four: Four, left: AnyRecord | None, right: AnyRecord | None, conflict: Conflict) -> Decided:
        """One side has it, the other has not: it is new there, or it was removed here."""
        there, mine_past, their_past = (left, four.left_past, four.right_past)
        if left is None:
            there, mine_past, their_past = (right, four.right_past, four.left_past)
        assert there is not None
        lived = their_past is not None and not is_removed(their_past.value)
        buried = four.right if left is not None else four.left
        if self._mirror:
            return self._mirrored(four, left, right)
        if lived and mine_past is not None and not is_removed(mine_past.value):
            # The other side had it and has it no more.
            if self._changed(mine_past.value, there.value):
                conflict("", None, None, LOST)
                return Decided(None, None, _value(four.left_past), _value(four.right_past))
            return self._removed(four, there.value, left is not None)
        if lived:
            conflict("", None, None, LOST)
            return Decided(None, None, _value(four.left_past), _value(four.right_past))
        if buried is not None and mine_past is None and their_past is None:
            conflict("lifecycle.removed", left is None, right is None, "it lives here and is removed there; decide")
            return Decided(None, None, None, None)
        return self._given(four, there.value, left is not None)

    def _mirrored(self, four: Four, left: AnyRecord | None, right: AnyRecord | None) -> Decided:
        if left is not None:
            return self._given(four, left.value, True)
        assert right is not None
        if four.left_past is None and four.left is None and not self._prune:
            return Decided(None, None, None, _value(four.right_past), own=True)
        return self._removed(four, right.value, False)

    def _given(self, four: Four, value: Entity, to_right: bool) -> Decided:
        """Make or restore it on the other side."""
        other = four.right if to_right else four.left
        base: Entity = type(value)() if other is None else other.value
        if type(base) is not type(value):
            return self._as_it_is(four)
        keys = [key for key in self._keys(value) if not empty(getattr(value, key))]
        parts = {key: getattr(value, key) for key in keys}
        parts["lifecycle"] = alive(value.lifecycle)
        wanted = self._unmasked(replace(base, **parts), base)
        if to_right:
            return Decided(None, wanted, value, wanted)
        return Decided(wanted, None, wanted, value)

    def _removed(self, four: Four, value: Entity, from_left: bool) -> Decided:
        wanted = replace(value, lifecycle=replace(value.lifecycle or Lifecycle(), removed=True))
        if from_left:
            return Decided(wanted, None, wanted, _value(four.right))
        return Decided(None, wanted, _value(four.left), wanted)

    def _changed(self, past: Entity, now: Entity) -> bool:
        if type(past) is not type(now):
            return True
        one, other = self._masked(past), self._masked(now)
        return any(_differ(getattr(one, key), getattr(other, key)) for key in self._keys(now))

    def _both(self, four: Four, left: Entity, right: Entity, conflict: Conflict) -> Decided:
        pasts = [
            side.value if side is not None and type(side.value) is type(left) else None
            for side in (four.left_past, four.right_past)
        ]
        one, other = self._masked(left), self._masked(right)
        one_past, other_past = (None if past is None else self._masked(past) for past in pasts)
        keys = [key for key in self._keys(left) if _known(left, key) or _known(right, key)]
        one, other = _supposed(one_past, one, keys), _supposed(other_past, other, keys)
        if self._mirror:
            base = other_past if other_past is not None else type(other)()
            meant = settle((one_past, one), (base, base), keys, lambda *_: None).right
            wanted = replace(other, **{key: getattr(meant, key) for key in keys})
            return Decided(None, self._unmasked(wanted, right), left, self._unmasked(wanted, right))
        verdict = settle((one_past, one), (other_past, other), keys, lambda key, a, b: conflict(key, a, b, BOTH))
        return Decided(
            self._unmasked(verdict.left, left),
            self._unmasked(verdict.right, right),
            self._unmasked(self._rest(verdict.left_past, left, keys), left),
            self._unmasked(self._rest(verdict.right_past, right, keys), right),
        )

    def _rest(self, past: Entity, now: Entity, keys: Iterable[str]) -> Entity:
        """Of what is not compared, the past is what it is now."""
        others = set(type(now).__struct_fields__) - set(keys)
        return replace(past, **{key: getattr(now, key) for key in others})

    def _keys(self, value: Entity) -> list[str]:
        return [key for key in type(value).__struct_fields__ if key in self.aspects]

    def _masked(self, value: Entity) -> Entity:
        """A record without the parts of fields and lineage that are not compared."""
        fields = getattr(value, "fields", None)
        if fields and self._dropped:
            blank = {key: _nothing(getattr(fields[0], key)) for key in self._dropped}
            value = replace(value, fields=[replace(field, **blank) for field in fields])
        if value.lineage is not None and value.lineage.columns and "lineage.columns" not in self.aspects:
            lineage = replace(value.lineage, columns=[])
            value = replace(value, lineage=lineage if lineage.upstreams or lineage.downstreams else None)
        return value

    def _unmasked(self, wanted: Entity, own: Entity) -> Entity:
        """Give a record back what it has of its own."""
        fields = getattr(wanted, "fields", None)
        if fields and self._dropped:
            there = {(field.part, field.path): field for field in getattr(own, "fields", ())}
            mended = []
            for field in fields:
                twin = there.get((field.part, field.path))
                source = {key: getattr(twin, key) if twin is not None else None for key in self._dropped}
                blank = {key: _nothing(getattr(field, key)) if part is None else part for key, part in source.items()}
                mended.append(replace(field, **blank))
            wanted = replace(wanted, fields=mended)
        if "lineage.columns" not in self.aspects and own.lineage is not None and own.lineage.columns:
            wanted = replace(wanted, lineage=replace(wanted.lineage or Lineage(), columns=own.lineage.columns))
        return wanted


def _known(value: Entity, key: str) -> bool:
    """Tell whether a side says something of a key, be it that there is nothing."""
    return key not in type(value).__struct_fields__ or not empty(getattr(value, key)) or _looked(value, key)


def _supposed(past: Entity | None, now: Entity, keys: Iterable[str]) -> Entity:
    """Of what a side did not look at, nothing is concluded: it is as it was."""
    unseen = [key for key in keys if not _known(now, key)]
    return replace(now, **{key: getattr(past, key) for key in unseen}) if past is not None and unseen else now


def _looked(value: Entity, key: str) -> bool:
    return key in value.captured or key in ("name", "subtype", "parent", "aliases", "extra")


def _nothing(like: Any) -> Any:
    return [] if isinstance(like, list) else None


def _differ(one: Any, other: Any) -> bool:
    return not (one == other or (empty(one) and empty(other)))


def _value(record: AnyRecord | None) -> Any:
    return None if record is None else record.value
