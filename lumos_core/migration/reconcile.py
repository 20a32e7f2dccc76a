"""Two sides that each know what they said before: what each must say now, and what stands against each other.

Each side is compared with *its own* past. What only one side changed goes to the other; what both changed alike is
agreed; what both changed differently is a conflict. Because the pasts are two, a catalog that cannot say something
has changed nothing by not saying it, and its loss never travels back.

Made from the schema: texts go layer by layer, sets element by element, fields by path. With equal pasts this is the
three-way merge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields, replace

from ..model.comparing import is_empty, place
from ..model.entities import Entity, Field
from ..model.shapes import Shape, key_function, shapes

Decision = Literal["neither", "left", "right"]
"""Which side a conflict is decided for."""

Conflict = Callable[[str, Any, Any], None]
"""Called with (key path, what the left says, what the right says)."""


class Side(NamedTuple):
    """One side of a comparison: what it said before (None: nothing is known), and what it says now."""

    past: Any
    now: Any

    @property
    def changed(self) -> bool:
        """Tell whether it says something else than before."""
        return not _same(self.past, self.now)


class Settled(NamedTuple):
    """What each side should say, and what each is remembered to have said.

    The pasts differ from the values where a conflict is left: it is still one the next time.
    """

    left: Any
    right: Any
    left_past: Any
    right_past: Any


def reconcile(shape: Shape, left: Side, right: Side, path: str, conflict: Conflict, decide: Decision) -> Settled:
    """Settle one value of any shape."""
    if _same(left.now, right.now):
        return Settled(left.now, right.now, left.now, right.now)
    if not left.changed and not right.changed:
        return Settled(left.now, right.now, left.past, right.past)
    if shape.form == "list" and shape.inner[0].struct is Field:
        return _fields(left, right, path, conflict, decide)
    if shape.form == "list" and shape.keys is not None:
        return _set(shape, left, right, path, conflict, decide)
    if shape.form == "struct" and shape.struct is not None and _mergeable(shape.struct, left, right):
        return _struct(shape.struct, left, right, path, conflict, decide)
    return _whole(left, right, path, conflict, decide)


def _whole(left: Side, right: Side, path: str, conflict: Conflict, decide: Decision) -> Settled:
    """A value that is taken or left as it is."""
    if not right.changed:
        return _agreed(left)
    if not left.changed:
        return _agreed(right)
    if decide == "left":
        return _agreed(left)
    if decide == "right":
        return _agreed(right)
    conflict(path, left.now, right.now)
    return Settled(left.now, right.now, left.past, right.past)


def _there(shape: Shape, left: Side, right: Side, path: str, conflict: Conflict, decide: Decision) -> Settled:
    if _same(left.now, right.now) or not (left.changed or right.changed):
        return Settled(left.now, right.now, left.past, right.past)
    return _whole(left, right, path, conflict, decide)


def _agreed(side: Side) -> Settled:
    return Settled(side.now, side.now, side.now, side.now)


def _struct(struct: type[Struct], left: Side, right: Side, path: str, conflict: Conflict, decide: Decision) -> Settled:
    parts: tuple[dict[str, Any], ...] = ({}, {}, {}, {})
    for key, shape in shapes(struct):
        one, other = (Side(_get(struct, side.past, key), _get(struct, side.now, key)) for side in (left, right))
        for part, value in zip(parts, reconcile(shape, one, other, f"{path}.{key}", conflict, decide), strict=True):
            part[key] = value
    return Settled(*(_build(struct, part) for part in parts))


def _build(struct: type[Struct], parts: Mapping[str, Any]) -> Any:
    """Return the struct; None when nothing is left of it."""
    said = {key: value for key, value in parts.items() if not is_empty(value)}
    required = struct.__struct_fields__[: len(struct.__struct_fields__) - len(struct.__struct_defaults__)]
    if not said or any(key not in said for key in required):
        return None
    made = struct(**said)
    return None if not required and made == struct() else made


def _mergeable(struct: type[Struct], left: Side, right: Side) -> bool:
    """Tell whether the parts can be settled one by one: no side is without what makes the thing what it is.

    A value that one side took away whole is taken away whole.
    """
    if len(struct.__struct_defaults__) == len(struct.__struct_fields__):
        return True
    return left.now is not None and right.now is not None


def _set(shape: Shape, left: Side, right: Side, path: str, conflict: Conflict, decide: Decision) -> Settled:
    key = key_function(shape)
    sides = [{key(element): element for element in part or ()} for part in (*left, *right)]
    found: list[dict[Any, Any]] = [{}, {}, {}, {}]
    for name in sorted(set().union(*sides)):
        one, other = (Side(past.get(name), now.get(name)) for past, now in (sides[:2], sides[2:]))
        # Whether an element is there is one question; what it says is another.
        step = _there if one.now is None or other.now is None else reconcile
        settled = step(shape.inner[0], one, other, f"{path}[{name[0]}]", conflict, decide)
        for part, value in zip(found, settled, strict=True):
            if value is not None:
                part[name] = value
    return Settled(*([part[name] for name in sorted(part)] for part in found))


def _fields(left: Side, right: Side, path: str, conflict: Conflict, decide: Decision) -> Settled:
    """Fields by their place."""
    sides = [{place(field): field for field in part or ()} for part in (*left, *right)]
    found: list[dict[Any, Any]] = [{}, {}, {}, {}]
    for at in dict.fromkeys(at for side in (sides[1], sides[3], sides[0], sides[2]) for at in side):
        one, other = (Side(past.get(at), now.get(at)) for past, now in (sides[:2], sides[2:]))
        shape = Shape("struct", struct=Field)
        settled = reconcile(shape, one, other, f"{path}[{at[1]}]", conflict, decide)
        for part, value in zip(found, settled, strict=True):
            if value is not None:
                part[at] = value
    left_past, left_now, right_past, right_now = (list(side) for side in sides)
    orders = _orders(left_past, left_now, right_past, right_now, decide)
    now = [[part[place] for place in order if place in part] for part, order in zip(found, orders, strict=False)]
    pasts = [
        [part[place] for place in _woven(order, list(side)) if place in part]
        for part, order, side in zip(found[2:], orders, sides[::2], strict=True)
    ]
    return Settled(*now, *pasts)


def _orders(
    left_past: list[Any], left: list[Any], right_past: list[Any], right: list[Any], decide: Decision
) -> tuple[list[Any], list[Any]]:
    """Who put them in another order is followed; when both did, each keeps its own, unless it is decided."""
    follow_left = left != left_past and (right == right_past or decide == "left")
    follow_right = right != right_past and (left == left_past or decide == "right")
    return (
        _woven(right, left) if follow_right else _woven(left, right),
        _woven(left, right) if follow_left else _woven(right, left),
    )


def _woven(first: list[Any], then: list[Any]) -> list[Any]:
    """All of the first in its order; what only the second has stands behind what it followed there."""
    order = list(first)
    known = set(first)
    before = None
    for element in then:
        if element not in known:
            order.insert(order.index(before) + 1 if before is not None else len(order) if order else 0, element)
            known.add(element)
        before = element
    return order


def _get(struct: type[Struct], value: Any, key: str) -> Any:
    return _defaults(struct).get(key) if value is None else getattr(value, key)


@cache
def _defaults(struct: type[Struct]) -> dict[str, Any]:
    """What a key says when nobody said anything: mostly nothing, but `removed` is false and a type is unknown."""
    return {field.name: field.default for field in fields(struct) if field.default is not NODEFAULT}


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or (is_empty(one) and is_empty(other))


class Verdict(NamedTuple):
    """Two records after they were settled.

    Attributes:
        left: What the left should hold; the same object when nothing changes.
        right: What the right should hold.
        left_past: What the left is remembered to have said.
        right_past: The same of the right.
    """

    left: Entity
    right: Entity
    left_past: Entity
    right_past: Entity


def settle(
    left: tuple[Entity | None, Entity],
    right: tuple[Entity | None, Entity],
    keys: Iterable[str],
    conflict: Conflict,
    *,
    decide: Decision = "neither",
) -> Verdict:
    """Settle two records of one kind, key by key.

    Args:
        left: Its past (None when it was never seen) and what it says now.
        right: The same of the right.
        keys: Which keys are compared; all others stay as they are.
        conflict: Told about every conflict.
        decide: Which side conflicts are decided for.
    """
    struct = type(left[1])
    blank = struct()
    changes: tuple[dict[str, Any], ...] = ({}, {}, {}, {})
    wanted = frozenset(keys)
    for key, shape in shapes(struct):
        if key not in wanted:
            continue
        one, other = (Side(getattr(past or blank, key), getattr(now, key)) for past, now in (left, right))
        settled = reconcile(shape, one, other, key, conflict, decide)
        for part, value in zip(changes, settled, strict=True):
            part[key] = value if not is_empty(value) else getattr(blank, key)
    made = (
        replace(value or blank, **{key: _fresh(new) for key, new in part.items()})
        for value, part in zip((left[1], right[1], left[0], right[0]), changes, strict=True)
    )
    return Verdict(*made)


def _fresh(value: Any) -> Any:
    """A list of its own: normalising one record must not change another."""
    return list(value) if isinstance(value, list) else value


def contains(shape: Shape, whole: Any, part: Any) -> bool:
    """Tell whether everything that a value says is also said by another: every element, every layer, every field."""
    if is_empty(part) or whole == part:
        return True
    if is_empty(whole):
        return False
    if shape.form == "list" and shape.inner[0].struct is Field:
        there = {place(field): field for field in whole}
        inner = Shape("struct", struct=Field)
        return all(place(field) in there and contains(inner, there[place(field)], field) for field in part)
    if shape.form == "list" and shape.keys is not None:
        key = key_function(shape)
        held = {key(element): element for element in whole}
        return all(key(item) in held and contains(shape.inner[0], held[key(item)], item) for item in part)
    if shape.form == "struct" and shape.struct is not None:
        silent = _defaults(shape.struct)
        return all(
            getattr(part, key) == silent.get(key) or contains(inner, getattr(whole, key), getattr(part, key))
            for key, inner in shapes(shape.struct)
        )
    return False
