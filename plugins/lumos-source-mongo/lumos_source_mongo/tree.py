"""What many documents together hold at each place: counts that add up, in any order and in any grouping.

`Observed` is a commutative monoid: `merge` is associative and commutative, and an empty one changes nothing. That
holds as long as no more than `PLACES` places are seen; beyond, memory comes first (`Observed.narrowed`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .kinds import OBJECT
from .shapes import Shape, Shaper

NAMES = 10_000
"""More names than this in the objects at one place, all documents together, are the keys of a map."""
PLACES = 50_000
"""More places than this are not kept: the limit of names is halved until they fit."""
DEEPEST = 60
"""Levels of nesting that are looked at; what is below is an object or an array, and no more is said."""
_FEWEST = 8
_PENDING_SHAPES, _PENDING_WEIGHT = 1_000, 20_000


class Place:
    """What stands at one place.

    Attributes:
        docs: Documents that have something here, null included; below a map, entries of the map.
        kinds: Kind -> in how many of them.
        sizes: Magnitude of the length of an array -> in how many of them.
        partial: In how many another object at the same place lacks it.
        filled: In how many of them an object has members that are counted by name.
        wide: In how many of them an object is a map by itself; its names are not counted.
        collapsed: All names are the keys of a map: `members` holds at most an `_id`, which is none of them.
        members: Members of the objects here, by name.
        value: Values of the maps here, whatever their keys.
        element: Elements of the arrays here.
    """

    __slots__ = ("collapsed", "docs", "element", "filled", "kinds", "members", "partial", "sizes", "value", "wide")

    def __init__(self) -> None:
        self.docs = self.partial = self.filled = self.wide = 0
        self.collapsed = False
        self.kinds: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        self.members: dict[str, Place] = {}
        self.value: Place | None = None
        self.element: Place | None = None

    def inner(self) -> Iterator[Place]:
        """Return the places one level below."""
        yield from self.members.values()
        if self.value is not None:
            yield self.value
        if self.element is not None:
            yield self.element

    def state(self) -> Any:
        """Return everything as plain, comparable data."""
        return (
            self.docs,
            (self.partial, self.filled, self.wide, self.collapsed),
            self.kinds,
            self.sizes,
            {name: place.state() for name, place in self.members.items()},
            self.value.state() if self.value else None,
            self.element.state() if self.element else None,
        )

    def entries(self, *, root: bool = False) -> Place:
        """Return everything that stands in the objects here, as the values of a map.

        Args:
            root: These are documents, whose `_id` is no entry.
        """
        together = Place()
        for name, place in self.members.items():
            if not (root and name == "_id"):
                _merge(together, place, NAMES)
        if self.value is not None:
            _merge(together, self.value, NAMES)
        return together


class Observed:
    """What some documents hold, place by place.

    Attributes:
        documents: How many were added.
        narrowed: There were more than `PLACES` places, so that objects with few names may count as maps too.
    """

    def __init__(self, shaper: Shaper | None = None) -> None:
        self.documents = 0
        self.narrowed = False
        self._shaper = shaper or Shaper()
        self._root = Place()
        self._pending: dict[Shape, int] = {}
        self._weight = 0
        self._names = NAMES
        self._places = 1

    @property
    def root(self) -> Place:
        """The documents themselves."""
        self._flush()
        return self._root

    def add(self, document: dict[str, Any]) -> None:
        """Look at one document.

        Raises:
            RecursionError: When it nests deeper than a stack holds; nothing of it is counted.
        """
        shape = self._shaper.of(document)
        self.documents += 1
        pending = self._pending
        seen = pending.get(shape, 0)
        pending[shape] = seen + 1
        if seen:
            return
        self._weight += shape.weight
        if len(pending) > _PENDING_SHAPES or self._weight > _PENDING_WEIGHT:
            self._flush()

    def merge(self, other: Observed) -> Observed:
        """Return what the documents of both hold; neither is changed."""
        both = Observed(self._shaper)
        both.documents = self.documents + other.documents
        both.narrowed = self.narrowed or other.narrowed
        both._names = min(self._names, other._names)
        _merge(both._root, self.root, both._names, root=True)
        _merge(both._root, other.root, both._names, root=True)
        both._fit()
        return both

    def _flush(self) -> None:
        pending, self._pending, self._weight = self._pending, {}, 0
        self._places += _fold(self._root, pending, self._names, root=True)
        if self._places > PLACES:
            self._fit()

    def _fit(self) -> None:
        """Count the places; while there are too many, halve the limit of names."""
        self._places = _count(self._root)
        while self._places > PLACES and self._names > _FEWEST:
            self._names //= 2
            self.narrowed = True
            _narrow(self._root, self._names, root=True)
            self._places = _count(self._root)


def _fold(place: Place, shapes: dict[Shape, int], names: int, depth: int = 0, *, root: bool = False) -> int:
    """Add shapes, each with the number of documents that have it; returns how many places are new.

    All shapes go down together, level by level: most share what is inside them.
    """
    kinds, sizes = place.kinds, place.sizes
    elements: dict[Shape, int] = {}
    values: dict[Shape, int] = {}
    partial: dict[str, int] = {}
    by_name: dict[str, dict[Shape, int]] = {}
    for shape, count in shapes.items():
        place.docs += count
        for kind in shape.kinds:
            kinds[kind] = kinds.get(kind, 0) + count
        for size in shape.sizes:
            sizes[size] = sizes.get(size, 0) + count
        if shape.element is not None:
            elements[shape.element] = elements.get(shape.element, 0) + count
        if shape.value is not None:
            place.wide += count
            values[shape.value] = values.get(shape.value, 0) + count
        if shape.members:
            place.filled += count
        for name, inner, lacks in shape.members:
            found = by_name.get(name)
            if found is None:
                by_name[name] = {inner: count}
            else:
                found[inner] = found.get(inner, 0) + count
            if lacks:
                partial[name] = partial.get(name, 0) + count
    if depth >= DEEPEST:
        return 0
    new = 0
    if elements:
        new += place.element is None
        place.element = place.element or Place()
        new += _fold(place.element, elements, names, depth + 1)
    if values:
        new += place.value is None
        place.value = place.value or Place()
        new += _fold(place.value, values, names, depth + 1)
    for name, inside in by_name.items():
        member = place.members.get(name)
        if member is None:
            if place.collapsed and place.value is not None and not (root and name == "_id"):
                member = place.value
            else:
                member = place.members[name] = Place()
                new += 1
        member.partial += partial.get(name, 0)
        new += _fold(member, inside, names, depth + 1)
        if len(place.members) > names:
            _collapse(place, names, root)
    return new


def _collapse(place: Place, names: int, root: bool) -> None:
    """Make the members of a place the entries of a map; the `_id` of a document is none of them."""
    members, place.members = place.members, {}
    if root and "_id" in members:
        place.members["_id"] = members.pop("_id")
    place.collapsed = True
    if place.value is None:
        place.value = Place()
    for member in members.values():
        _merge(place.value, member, names)


def _merge(into: Place, other: Place, names: int, *, root: bool = False) -> None:
    """Add the counts of another place."""
    into.docs += other.docs
    into.partial += other.partial
    into.filled += other.filled
    into.wide += other.wide
    for kind, count in other.kinds.items():
        into.kinds[kind] = into.kinds.get(kind, 0) + count
    for size, count in other.sizes.items():
        into.sizes[size] = into.sizes.get(size, 0) + count
    if other.element is not None:
        into.element = into.element or Place()
        _merge(into.element, other.element, names)
    if other.collapsed and not into.collapsed:
        _collapse(into, names, root)
    if other.value is not None:
        into.value = into.value or Place()
        _merge(into.value, other.value, names)
    for name, member in other.members.items():
        if into.collapsed and into.value is not None and not (root and name == "_id"):
            _merge(into.value, member, names)
            continue
        if name not in into.members:
            into.members[name] = Place()
        _merge(into.members[name], member, names)
        if len(into.members) > names:
            _collapse(into, names, root)


def _narrow(place: Place, names: int, *, root: bool = False) -> None:
    if len(place.members) > names:
        _collapse(place, names, root)
    for inner in place.inner():
        _narrow(inner, names)


def _count(place: Place) -> int:
    return 1 + sum(map(_count, place.inner()))


def objects(place: Place) -> int:
    """Return in how many documents an object stands at a place whose names are counted."""
    return place.kinds.get(OBJECT, 0) - place.wide
