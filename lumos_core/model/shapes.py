"""What a key *means*, declared on its type: references, field paths, markdown, and arrays that are sets.

The declarations are read from the structs themselves, so that one visitor made from the schema finds every
reference, one normaliser sorts every set, and the published JSON Schema says the same (`x-lumos`).
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

Ref = Annotated[str, Meta(extra_json_schema={"x-lumos": "ref"}, extra={"role": "ref"})]
"""A URN, or `#path` for a field of this same record."""

Path = Annotated[str, Meta(extra_json_schema={"x-lumos": "path"}, extra={"role": "path"})]
"""A field path of this same record."""

Markdown = Annotated[str, Meta(extra_json_schema={"x-lumos": "markdown"}, extra={"role": "markdown"})]
"""Markdown whose link targets may be references."""

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"}, extra={"role": "time"})]
"""RFC 3339, UTC, with `Z`."""

Count = Annotated[int | str, Meta(extra={"role": "count"})]
"""A whole number; beyond 2^53-1 it is a string of digits."""


def set_by(*keys: str) -> Meta:
    """Declare an array set-like: unique and sorted by the bytes of these keys (none: by the element itself)."""
    return Meta(extra_json_schema={"x-lumos": "set", "x-lumos-key": list(keys)}, extra={"set": keys})


Pairs = Annotated[list[tuple[str, str]], set_by("0")]
"""A free-form map as sorted `[key, value]` pairs."""

Refs = Annotated[list[Ref], set_by()]
"""A set of references."""

Names = Annotated[list[str], set_by()]
"""A set of plain texts."""


class Shape(NamedTuple):
    """The compiled form of one type.

    Attributes:
        form: `leaf`, `struct`, `list`, `tuple` or `union` (of shapes told apart by their Python type).
        role: `ref`, `path`, `markdown`, `time`, `count`, or empty.
        keys: For a set-like list, the keys it is sorted by (`()` = the element itself); None for a sequence.
        inner: Element shapes: one for a list, one per place for a tuple, the alternatives of a union.
        struct: The struct class, for form `struct`.
    """

    form: Literal["leaf", "struct", "list", "tuple", "union"]
    role: str = ""
    keys: tuple[str, ...] | None = None
    inner: tuple[Shape, ...] = ()
    struct: type[msgspec.Struct] | None = None

    @property
    def plain(self) -> bool:
        """True when nothing inside has a meaning of its own or an order to keep."""
        return self.form == "leaf" and not self.role


def shape_of(hint: Any) -> Shape:
    """Compile a type annotation, reading the `Meta.extra` of `Annotated` types."""
    role, keys = "", None
    if typing.get_origin(hint) is Annotated:
        hint, *metas = typing.get_args(hint)
        for meta in metas:
            extra = getattr(meta, "extra", None) or {}
            role = extra.get("role", role)
            keys = extra.get("set", keys)
        inner = shape_of(hint)
        return inner._replace(role=role or inner.role, keys=inner.keys if keys is None else keys)
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        alternatives = [shape_of(arg) for arg in typing.get_args(hint) if arg is not type(None)]
        meaningful = tuple(shape for shape in alternatives if not shape.plain)
        if not meaningful:
            return Shape("leaf")
        if all(shape == meaningful[0] for shape in meaningful) and meaningful[0].form == "leaf":
            return meaningful[0]
        return meaningful[0] if len(alternatives) == 1 else Shape("union", inner=meaningful)
    if origin is list:
        return Shape("list", inner=(shape_of(typing.get_args(hint)[0]),))
    if origin is tuple:
        return Shape("tuple", inner=tuple(shape_of(arg) for arg in typing.get_args(hint)))
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return Shape("struct", struct=hint)
    return Shape("leaf")


@cache
def shapes(struct: type[msgspec.Struct]) -> tuple[tuple[str, Shape], ...]:
    """Return (attribute, shape) for every key of a struct, in the order of its definition."""
    hints = typing.get_type_hints(struct, include_extras=True)
    return tuple((name, shape_of(hints[name])) for name in struct.__struct_fields__)


@cache
def encoded_names(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Return attribute -> key as it is written (`from_` -> `from`)."""
    return dict(zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True))


def key_function(shape: Shape) -> Callable[[Any], tuple[str, ...]]:
    """Return the sort key of a set-like list: a tuple of texts; what is absent sorts as the empty text."""
    keys = shape.keys or ()
    if not keys:
        return lambda element: (_text(element),)
    if keys[0].isdigit():
        places = tuple(int(key) for key in keys)
        return lambda element: tuple(_text(element[place]) for place in places)
    struct = shape.inner[0].struct
    by_key = {key: attr for attr, key in encoded_names(struct).items()} if struct else {}
    attributes = tuple(by_key.get(key, key) for key in keys)
    return lambda element: tuple(_text(getattr(element, attribute)) for attribute in attributes)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value, order="sorted").decode()
