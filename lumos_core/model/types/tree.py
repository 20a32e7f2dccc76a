"""Looking into a type: what it holds, one level or all levels down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lumos_core.model.paths import ELEMENT, MAP_KEY, MAP_VALUE, Segment
from lumos_core.model.types.nodes import List, Map, Struct, Type, Union
from lumos_core.model.types.render import branch_name


class Child(NamedTuple):
    """A type inside another: the path segment that leads to it, and whether its value may be null."""

    segment: Segment
    type: Type
    nullable: bool = False


def is_leaf(type: Type) -> bool:
    """Whether values of the type hold no others; a `struct` is no leaf, wherever its members stand."""
    return not isinstance(type, (List, Map, Struct, Union))


def children(type: Type) -> tuple[Child, ...]:
    """What stands directly inside the type; nothing for a leaf, or a struct whose members are fields."""
    if isinstance(type, List):
        return (Child(ELEMENT, type.element, type.nullable),)
    if isinstance(type, Map):
        return (Child(MAP_KEY, type.key), Child(MAP_VALUE, type.value, type.nullable))
    if isinstance(type, Struct):
        return tuple(Child(Segment("name", m.name), m.type, m.nullable) for m in type.members or ())
    if isinstance(type, Union):
        return tuple(Child(Segment("branch", branch_name(b)), b.type) for b in type.branches)
    return ()


def walk(type: Type) -> Iterator[tuple[tuple[Segment, ...], Type, bool]]:
    """The type and all that is inside it, parents first: (segments from the type, type, nullable)."""
    pending: list[tuple[tuple[Segment, ...], Type, bool]] = [((), type, False)]
    while pending:
        place = pending.pop()
        yield place
        segments, holder, _ = place
        pending.extend(((*segments, c.segment), c.type, c.nullable) for c in reversed(children(holder)))
