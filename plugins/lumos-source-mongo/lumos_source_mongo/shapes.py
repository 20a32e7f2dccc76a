"""The shape of one document: which kinds stand at which places. Most documents share their shape with others.

A shape is found by the names and classes of the values alone, as tuples that hash in C, so that a document whose
shape is known costs some microseconds. Shapes are compared by identity: equal ones are made once, as long as the
cache holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bson import DBRef

from .kinds import ARRAY, BY_CLASS, DEEP, OBJECT, kind_of

NAMES = 1_000
"""An object of more names than this is a map by itself."""
WIDE = 200
"""Objects of more members than this are not cached: they seldom repeat, and each would cost much memory."""
CACHED = 60_000
"""Members of all cached shapes together, some 100 bytes each; then the cache begins anew."""
SIZES = ("0", "1", "2-9", "10-99", "100-999", "1000-9999", "10000+")
"""Lengths of arrays, by magnitude."""

_OBJECTS: frozenset[type] = frozenset({dict})
_NONE: frozenset[Any] = frozenset()


class Shape:
    """What stands at one place in one document.

    Attributes:
        kinds: Every kind that was seen; more than one below an array.
        sizes: Magnitudes of the lengths of arrays, out of `SIZES`.
        members: Of objects: (name, shape, whether another object at this place lacks it).
        element: Of arrays that hold something.
        value: Of objects that are a map by themselves: what stands under any of their names but `_id`.
        weight: Number of members inside.
    """

    __slots__ = ("element", "kinds", "members", "sizes", "value", "weight")

    def __init__(
        self,
        kinds: Iterable[str],
        sizes: Iterable[str] = (),
        members: tuple[tuple[str, Shape, bool], ...] = (),
        element: Shape | None = None,
        value: Shape | None = None,
    ) -> None:
        self.kinds, self.sizes = tuple(kinds), tuple(sizes)
        self.element = element
        if len(members) > NAMES:
            entries = [inner for name, inner, _ in members if name != "_id"]
            value = unite([*dict.fromkeys([value, *entries] if value else entries)])
            members = tuple(member for member in members if member[0] == "_id")
        self.members, self.value = members, value
        inside = [inner for _, inner, _ in members] + [part for part in (element, value) if part is not None]
        self.weight: int = len(members) + sum(part.weight for part in inside)


_Look = tuple[tuple[int, Callable[[Any], Shape]], ...]
_Plan = tuple[int, "Shape | None", _Look]


class Shaper:
    """Finds the shapes of documents; equal ones are the same object while the cache holds."""

    def __init__(self) -> None:
        self._scalars: dict[str, Shape] = {}
        self._plans: dict[tuple[tuple[str, ...], tuple[type, ...]], _Plan] = {}
        self._objects: dict[tuple[int, tuple[Shape, ...]], Shape] = {}
        self._arrays: dict[tuple[frozenset[type], frozenset[Shape], str], Shape] = {}
        self._numbers = 0
        self._held = 0

    def of(self, value: dict[str, Any]) -> Shape:
        """Return the shape of a document or of an object inside one."""
        names, values = tuple(value), [*value.values()]
        classes = tuple(map(type, values))
        try:
            number, shape, deep = self._plans[names, classes]
        except KeyError:
            number, shape, deep = self._plan(names, classes)
        if shape is not None:
            return shape
        inner = tuple([look(values[place]) for place, look in deep])
        try:
            return self._objects[number, inner]
        except KeyError:
            found = self._object(names, classes, inner)
            if number:
                self._objects[number, inner] = found
                self._hold(len(names) + len(inner))
            return found

    def _plan(self, names: tuple[str, ...], classes: tuple[type, ...]) -> _Plan:
        """Say which values have to be looked into; when none has, the shape is known."""
        deep: _Look = tuple(
            (place, self.of if found is dict else self._array if found is list else self._inside)
            for place, found in enumerate(classes)
            if found in DEEP
        )
        if len(names) > WIDE:
            return 0, None, deep
        self._numbers += 1
        plan = (self._numbers, None if deep else self._object(names, classes, ()), deep)
        self._plans[names, classes] = plan
        self._hold(len(names))
        return plan

    def _object(self, names: tuple[str, ...], classes: tuple[type, ...], inner: tuple[Shape, ...]) -> Shape:
        deep = iter(inner)
        return Shape(
            (OBJECT,),
            members=tuple(
                [
                    (name, next(deep) if found in DEEP else self._scalar(BY_CLASS.get(found, "unknown")), False)
                    for name, found in zip(names, classes, strict=True)
                ]
            ),
        )

    def _inside(self, value: Any) -> Shape:
        found = type(value)
        if found is dict:
            return self.of(value)
        if found is list:
            return self._array(value)
        if found is DBRef:
            return self.of(dict(value.as_doc()))
        return self._scalar(kind_of(value))

    def _scalar(self, kind: str) -> Shape:
        shape = self._scalars.get(kind)
        if shape is None:
            shape = self._scalars[kind] = Shape((kind,))
        return shape

    def _array(self, values: list[Any]) -> Shape:
        classes = frozenset(map(type, values))
        if classes == _OBJECTS:
            inside, classes = frozenset(map(self.of, values)), _NONE
        elif DEEP.isdisjoint(classes):
            inside = _NONE
        else:
            inside = frozenset([self._inside(value) for value in values if type(value) in DEEP])
            classes -= DEEP
        length = len(values)
        size = SIZES[length] if length < 2 else SIZES[min(len(str(length)) + 1, 6)]
        shape = self._arrays.get((classes, inside, size))
        if shape is None:
            scalars = [self._scalar(BY_CLASS.get(found, "unknown")) for found in classes]
            parts = [*scalars, *inside]
            shape = Shape((ARRAY,), (size,), element=unite(parts) if parts else None)
            if shape.weight <= WIDE:
                self._arrays[classes, inside, size] = shape
                self._hold(1 + len(parts))
        return shape

    def _hold(self, weight: int) -> None:
        self._held += weight + 1
        if self._held > CACHED:
            self._held = 0
            for cache in (self._plans, self._objects, self._arrays):
                cache.clear()


def unite(shapes: list[Shape]) -> Shape:
    """Return the shape of a place at which all of these stand, in one document."""
    if len(shapes) == 1:
        return shapes[0]
    kinds = dict.fromkeys(kind for shape in shapes for kind in shape.kinds)
    sizes = dict.fromkeys(size for shape in shapes for size in shape.sizes)
    elements = [shape.element for shape in shapes if shape.element is not None]
    values = [shape.value for shape in shapes if shape.value is not None]
    objects = [shape for shape in shapes if OBJECT in shape.kinds]
    by_name: dict[str, list[tuple[Shape, bool]]] = {}
    for shape in objects:
        for name, inner, partial in shape.members:
            by_name.setdefault(name, []).append((inner, partial))
    members = tuple(
        (
            name,
            unite([*dict.fromkeys(inner for inner, _ in found)]),
            len(found) < len(objects) or any(partial for _, partial in found),
        )
        for name, found in by_name.items()
    )
    element = unite([*dict.fromkeys(elements)]) if elements else None
    value = unite([*dict.fromkeys(values)]) if values else None
    return Shape(kinds, sizes, members, element, value)
