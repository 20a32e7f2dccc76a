"""The schema of one place: what was settled, the text MongoDB's words make of it, its canonical type and its rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from lumos_core.plugin_api import Description, Field, paths, types

from .kinds import ARRAY, NULL, OBJECT, TYPES, fold

ELEMENT = "[]"
VALUE = "{}"
Where = tuple[tuple[str, ...], ...]
"""A place as steps: ("name", N), ("[]",) or ("{}",)."""


class Node(Struct):
    """What stands at one place.

    Attributes:
        kinds: Kinds of values, null not among them.
        nullable: False = never null or missing, True = may be, None = not known.
        members: Of objects, when they are structs.
        value: Of objects, when they are maps.
        element: Of arrays.
        symbols: The only values, where a declaration lists texts.
        description: What a declaration says.
    """

    kinds: set[str] = set()
    nullable: bool | None = None
    members: dict[str, Node] = {}
    value: Node | None = None
    element: Node | None = None
    symbols: tuple[str, ...] = ()
    description: str = ""


def native(node: Node, *, nullable: bool = False) -> str:
    """Return the kinds of a node in MongoDB's words: `int | string | array<object>`."""
    from .kinds import ORDER

    parts = []
    for kind in sorted(node.kinds - {NULL}, key=ORDER.__getitem__):
        if kind == ARRAY:
            kind = f"array<{native(node.element, nullable=True) if node.element else ''}>"
        elif kind == OBJECT and node.value is not None:
            kind = f"map<{native(node.value, nullable=True)}>"
        parts.append(kind)
    if nullable and node.nullable:
        parts.append(NULL)
    return " | ".join(parts)


def canonical_type(node: Node) -> types.Type:
    """Return the canonical type; members of structs are rows of their own."""
    kinds = fold(node.kinds)
    branches: list[types.Branch | types.Type] = []
    for kind in kinds:
        if kind == OBJECT:
            if node.value is None:
                branches.append(types.Struct())
            else:
                inner = types.Map(types.String(), canonical_type(node.value), bool(node.value.nullable))
                branches.append(types.Branch(inner, "map" if len(kinds) > 1 else ""))
        elif kind == ARRAY:
            element = canonical_type(node.element) if node.element else types.Unknown()
            branches.append(
                types.Branch(
                    types.List(element, bool(node.element and node.element.nullable)), "list" if len(kinds) > 1 else ""
                )
            )
        elif kind == "string" and node.symbols:
            branches.append(types.Enum(node.symbols))
        else:
            branches.append(TYPES[kind])
    return types.union(*branches)[0]


def rows(root: Node) -> list[Field]:
    """Return the fields of a document: `_id` first, then by name, so that the order says nothing of any document."""
    fields: list[Field] = []
    if root.value is not None:
        fields.extend(_row("{value}", root.value))
    _members(root, "", fields)
    return fields


def _members(node: Node, path: str, fields: list[Field]) -> None:
    for name in sorted(node.members, key=lambda name: (name != "_id" or path != "", name)):
        fields.extend(_row(paths.child(path, name), node.members[name]))


def _row(path: str, node: Node) -> Iterator[Field]:
    kind = canonical_type(node)
    field = Field(path, types.render(kind), native_type=native(node) or None, nullable=node.nullable)
    if node.description:
        field.description = Description(source=node.description)
    yield field
    inner: list[Field] = []
    for place, holder in structs(node, path):
        _members(holder, place, inner)
    yield from inner


def structs(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    """Return path and node of each struct at a place, through arrays and maps but not through structs."""
    kinds = fold(node.kinds)
    several = len(kinds) > 1
    if OBJECT in kinds and node.value is None:
        yield paths.branch(path, "struct") if several else path, node
    elif OBJECT in kinds and node.value is not None:
        yield from structs(node.value, paths.map_value(paths.branch(path, "map") if several else path))
    if ARRAY in kinds and node.element is not None:
        yield from structs(node.element, paths.element(paths.branch(path, "list") if several else path))


class Known:
    """What the last known record says, for the rule of `settle`: what was in the schema stays while it is seen.

    Args:
        fields: The fields of that record, as `rows` wrote them.
    """

    def __init__(self, fields: list[Field] | None = None) -> None:
        self._kinds: set[tuple[Where, str]] = set()
        self._maps: set[Where] = set()
        for field in fields or ():
            where = place_of(field.path)
            if field.nullable:
                self._kinds.add((where, NULL))
            if field.native_type:
                self._read(where, field.native_type)
            self._above(where)

    def has(self, where: Where, kind: str) -> bool:
        """Tell whether a kind was in the schema at a place."""
        return (where, kind) in self._kinds

    def is_map(self, where: Where) -> bool:
        """Tell whether the objects at a place were a map."""
        return where in self._maps

    def _above(self, where: Where) -> None:
        if where and where[-1] == (VALUE,):
            self._maps.add(where[:-1])

    def _read(self, where: Where, text: str) -> None:
        for part in _alternatives(text):
            name, _, inner = part.partition("<")
            if name in ("array", "map"):
                self._kinds.add((where, ARRAY if name == "array" else OBJECT))
                step = (ELEMENT,) if name == "array" else (VALUE,)
                if name == "map":
                    self._maps.add(where)
                self._read((*where, step), inner[:-1])
            elif part:
                self._kinds.add((where, part))


def place_of(path: str) -> Where:
    """Return the place that a field path names; the branches of unions are no steps."""
    steps: list[tuple[str, ...]] = []
    for segment in paths.split(path):
        if segment.kind == "name":
            steps.append(("name", segment.name))
        elif segment.kind == "element":
            steps.append((ELEMENT,))
        elif segment.kind == "value":
            steps.append((VALUE,))
    return tuple(steps)


_MARK = re.compile(r" \| |[<>]")


def _alternatives(text: str) -> Iterator[str]:
    """Split at ` | ` outside of angle brackets."""
    depth = start = 0
    for mark in _MARK.finditer(text):
        if mark[0] == "<":
            depth += 1
        elif mark[0] == ">":
            depth -= 1
        elif depth == 0:
            yield text[start : mark.start()]
            start = mark.end()
    yield text[start:]
