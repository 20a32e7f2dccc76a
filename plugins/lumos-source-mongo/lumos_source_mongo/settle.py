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
from collections.abc import Mapping
from typing import NamedTuple

from .kinds import ARRAY, NULL, NUMBERS, OBJECT
from .node import ELEMENT, VALUE, Known, Node, Where
from .tree import Place, objects

ONE_IN = 100
"""A kind that stands in fewer than one document in so many is rare."""
MAP_NAMES = 30
"""So many names that are not rare, none of them in more than half of the objects, with values of one kind: a map ..."""
DATA_NAMES = 5
"""... and so do this many, when all of them look like data: numbers, ids, dates ..."""
SCATTERED = 5
"""... and objects of which half, and these per cent of all documents, have rare names only."""

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
    if root.value is not None and work.by_itself(root, ()):
        entries = root.entries(root=True)
        node.value = work.place(entries, entries.docs, ((VALUE,),)) or Node(nullable=True)
        node.members = {name: found for name, found in work.members(root, root.docs, ()).items() if name == "_id"}
    else:
        work.strange(root, ())
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
        kept = self.kept(place, units, where)
        self.rare += [Rare(where, kind, count) for kind, count in place.kinds.items() if kind not in kept]
        if not kept:
            return None
        empty = place.kinds.get(NULL, 0) + missing
        nullable = _frequent(empty, units) or (empty > 0 and self.known.has(where, NULL))
        node = Node(kinds=kept - {NULL}, nullable=True if nullable else None)
        if OBJECT in kept:
            if self.is_map(place, units, where):
                value = place.entries()
                node.value = self.place(value, value.docs, (*where, (VALUE,))) or Node(nullable=True)
            else:
                self.strange(place, where)
                node.members = self.members(place, units, where)
        if ARRAY in kept and place.element is not None:
            node.element = self.place(place.element, units, (*where, (ELEMENT,)))
        return node

    def kept(self, place: Place, units: int, where: Where) -> set[str]:
        """Return the kinds that belong to the schema at a place."""
        kept = {
            kind
            for kind, count in place.kinds.items()
            if _frequent(count, units) or (count and self.known.has(where, kind))
        }
        return kept or (set(place.kinds) if _frequent(place.docs, units) else kept)

    def strange(self, place: Place, where: Where) -> None:
        """Note objects that are maps by themselves among others that are none."""
        if place.wide:
            self.rare.append(Rare(where, "object of very many names", place.wide))

    def by_itself(self, place: Place, where: Where) -> bool:
        """Tell whether the objects at a place are maps for their number of names alone."""
        share = 10 if self.known.is_map(where) else 2
        return place.collapsed or (place.wide > 0 and place.wide * share >= place.kinds.get(OBJECT, 0))

    def is_map(self, place: Place, units: int, where: Where) -> bool:
        """Tell whether the objects at a place are maps: keys that are data, over values of one kind.

        Only names that are not rare are asked, so that documents rarer than one in a hundred decide nothing. Where
        it was a map in the last known record, less is asked for.
        """
        if self.by_itself(place, where):
            return True
        known = self.known.is_map(where)
        kinds: dict[str, set[str]] = {}
        for name, member in place.members.items():
            if kept := self.kept(member, units, (*where, ("name", name))):
                kinds[name] = kept
        usual = sum(place.members[name].docs for name in kinds)
        alone = place.filled - usual
        if alone * 2 >= place.filled and alone * 100 >= SCATTERED * units and place.members:
            return True
        if known and not kinds:
            return True
        if not kinds or not (known or len(kinds) >= DATA_NAMES) or not _uniform(kinds):
            return False
        if all(map(_DATA.fullmatch, kinds)):
            return True
        most = max(place.members[name].docs for name in kinds)
        if known:
            return most * 10 <= objects(place) * 9
        return len(kinds) >= MAP_NAMES and most * 2 <= objects(place)

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


def _uniform(kinds: Mapping[str, set[str]]) -> bool:
    """Tell whether all values are of one kind, null aside and numbers as one."""
    folded = {frozenset("number" if kind in NUMBERS else kind for kind in found - {NULL}) for found in kinds.values()}
    return len(folded - {frozenset()}) == 1 and all(len(found) <= 1 for found in folded)


def _frequent(count: int, units: int) -> bool:
    return count > 0 and count * ONE_IN >= units
