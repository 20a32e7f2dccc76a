"""From counts to a schema, by a rule that does not flap.

1. A kind of value belongs to the schema when it stands in at least one document in a hundred of those read (below a
   map: one entry in a hundred).
2. What the last known record had belongs to it as long as it is seen at all.
3. A place belongs to the schema when one of its kinds does; one whose kinds are each rarer, but together are not, has
   them all.
4. A field is nullable when null or absence are that frequent, or were known and are seen; else nothing is said: the
   next document may lack it. `_id` is never null.

So a reading is settled at once (the same counts give the same schema again), and documents that are rarer than one in
a hundred change nothing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .kinds import ARRAY, NULL, OBJECT, fold
from .node import ELEMENT, VALUE, Known, Node, Where
from .tree import Place, objects

ONE_IN = 100
"""A kind that stands in fewer than one document in so many is rare."""
MAP_NAMES = 30
"""So many names, none of them in more than half of the objects, with values of one kind: a map ..."""
DATA_NAMES = 5
"""... and so do this many, when all of them look like data: numbers, ids, dates."""

_DATA = re.compile(
    r"\d+|[0-9a-fA-F]{24}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\d{4}-\d{2}(-\d{2}([T ][\d:.]+Z?)?)?"
)


class Rare(NamedTuple):
    """A kind that was seen and is no part of the schema."""

    where: Where
    kind: str
    docs: int


class Settled(NamedTuple):
    """A schema, and what was left out of it."""

    root: Node
    rare: list[Rare]


def settle(root: Place, known: Known | None = None) -> Settled:
    """Make the schema of documents.

    Args:
        root: What was counted.
        known: What the last known record says.
    """
    work = _Settling(known or Known())
    node = Node(kinds={OBJECT}, nullable=False)
    if root.value is not None:
        node.value = work.place(root.value, root.value.docs, ((VALUE,),)) or Node(nullable=True)
    node.members = work.members(root, root.docs, ())
    if "_id" in node.members:
        node.members["_id"].nullable = False
    return Settled(node, work.rare)


class _Settling:
    def __init__(self, known: Known) -> None:
        self.known = known
        self.rare: list[Rare] = []

    def place(self, place: Place, units: int, where: Where, missing: int = 0) -> Node | None:
        """Settle one place; None when nothing there is frequent enough.

        Args:
            place: Its counts.
            units: Documents, or entries of the map above.
            where: Its steps.
            missing: Documents whose object lacks it.
        """
        kept = {
            kind
            for kind, count in place.kinds.items()
            if _frequent(count, units) or (count and self.known.has(where, kind))
        }
        if not kept and _frequent(place.docs, units):
            kept = set(place.kinds)
        self.rare += [Rare(where, kind, count) for kind, count in place.kinds.items() if kind not in kept]
        if not kept:
            return None
        empty = place.kinds.get(NULL, 0) + missing
        nullable = _frequent(empty, units) or (empty > 0 and self.known.has(where, NULL))
        node = Node(kinds=kept - {NULL}, nullable=True if nullable else None)
        if OBJECT in kept:
            if is_map(place, self.known.is_map(where)):
                value = place.value or place.entries()
                node.value = self.place(value, value.docs, (*where, (VALUE,))) or Node(nullable=True)
            else:
                node.members = self.members(place, units, where)
        if ARRAY in kept and place.element is not None:
            node.element = self.place(place.element, units, (*where, (ELEMENT,)))
        return node

    def members(self, place: Place, units: int, where: Where) -> dict[str, Node]:
        """Settle the members of objects."""
        found = {}
        holders = objects(place)
        for name, member in place.members.items():
            missing = holders - member.docs + member.partial
            node = self.place(member, units, (*where, ("name", name)), missing)
            if node is not None:
                found[name] = node
        return found


def is_map(place: Place, known: bool) -> bool:
    """Tell whether the objects at a place are maps: keys that are data, over values of one kind.

    Args:
        place: Its counts.
        known: It was a map in the last known record, so that less is asked for.
    """
    if place.value is not None:
        return True
    names = place.members
    if not names or not (known or len(names) >= DATA_NAMES):
        return False
    data = all(map(_DATA.fullmatch, names))
    if not data and not known and len(names) < MAP_NAMES:
        return False
    most = max(member.docs for member in names.values())
    scattered = most * 2 <= objects(place) or (known and most * 10 <= objects(place) * 9)
    return (data or scattered) and _uniform(place)


def _uniform(place: Place) -> bool:
    """Tell whether all values but the rare ones are of one kind, null aside and numbers as one."""
    counts: dict[str, int] = {}
    for member in place.members.values():
        for kind, count in member.kinds.items():
            if kind != NULL:
                name = "number" if fold({kind, "decimal"}) == ["decimal"] else kind
                counts[name] = counts.get(name, 0) + count
    total = sum(counts.values())
    return total > 0 and _frequent_rest(max(counts.values()), total)


def _frequent_rest(most: int, total: int) -> bool:
    return not _frequent(total - most, total)


def _frequent(count: int, units: int) -> bool:
    return count > 0 and count * ONE_IN >= units
