"""Every reference in a record, found and rewritten by one visitor that is compiled from the schema.

References are the places typed `Ref`, `Path` and `Markdown` (its link targets), and the URN of the line itself.
There is no other list: a key that is added to a struct is visited from then on. Code is never looked into.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from . import urns
from .record import AnyRecord
from .shapes import Shape, encoded_names, shapes


class Reference(NamedTuple):
    """One reference in a record.

    Attributes:
        place: The key that holds it (`lineage.upstreams.urn`, `fields.tags.tag`); empty for the line's own URN.
        role: `ref` for a URN (with `#path` for a part) or `#path`; `path` for a field path of this same record.
        text: The reference as it is written. Of the URN of a `stats` or `foreign` line it is the host.
    """

    place: str
    role: Literal["ref", "path"]
    text: str


Rewrite = Callable[[Reference], str]
"""Returns the new text of a reference, or the same one."""

_Visitor = Callable[[Any, Rewrite], Any]
"""Returns the part, or another one when something inside was rewritten and it cannot be changed in place."""


def _urn(without: str = "") -> str:
    name = rf"[^\x00-\x20!\"#(),:\\{without}]"
    return rf"urn:lumos:[a-z][a-z0-9_]*:(?:\((?:{name}|[,:])*\)|{name}+)"


_LINK = re.compile(
    rf"(?:\]\([ \t\n]*|^ {{0,3}}\[[^\]\n]+\]:[ \t]*)(?P<bare>{_urn()}(?:\#[^\x00-\x20()]*)?)"
    rf"|<(?P<angle>{_urn(without='<>')}(?:\#[^<>\n]*)?)>",
    re.MULTILINE,
)
"""Inline links, link definitions, and targets or autolinks in angle brackets."""


def visit(record: AnyRecord) -> Iterator[Reference]:
    """Return every reference of a record, its own URN first."""
    found: list[Reference] = []

    def collect(reference: Reference) -> str:
        found.append(reference)
        return reference.text

    rewrite(record, collect)
    return iter(found)


def rewrite(record: AnyRecord, change: Rewrite) -> AnyRecord:
    """Rewrite every reference of a record in place, and return the record.

    Sets may be out of order afterwards: normalise the record before it is encoded.
    """
    host, part = _host(record)
    changed = change(Reference("", "ref", host))
    if changed != host:
        record.urn = changed + part
    _visitor(record.value.__class__, "")(record.value, change)
    return record


def _host(record: AnyRecord) -> tuple[str, str]:
    host = urns.host(record.urn)
    return host, record.urn[len(host) :]


@cache
def _visitor(struct: type[Struct], place: str) -> _Visitor:
    names = encoded_names(struct)
    steps = [
        (attribute, step)
        for attribute, shape in shapes(struct)
        if (step := _step(shape, f"{place}.{names[attribute]}".lstrip("."))) is not None
    ]

    def run(value: Any, change: Rewrite) -> Any:
        for attribute, step in steps:
            part = getattr(value, attribute)
            if part:
                kept = step(part, change)
                if kept is not part:
                    setattr(value, attribute, kept)
        return value

    return run


def _step(shape: Shape, place: str) -> _Visitor | None:
    """Compile the visitor of one place; None when there is no reference below it."""
    if shape.form == "leaf":
        if shape.role == "markdown":
            return lambda text, change: links(text, place, change)
        if shape.role == "ref":
            return lambda text, change: _same(text, change(Reference(place, "ref", text)))
        if shape.role == "path":
            return lambda text, change: _same(text, change(Reference(place, "path", text)))
        return None
    if shape.form == "struct":
        assert shape.struct is not None
        return _visitor(shape.struct, place) if _refers(shape) else None
    if not _refers(shape):
        return None
    if shape.form == "union":
        return _union(shape, place)
    if shape.form == "list":
        inner = _step(shape.inner[0], place)
        assert inner is not None
        return lambda items, change: _rebuilt(items, [inner(item, change) for item in items])
    places = [_step(part, place) for part in shape.inner]
    return lambda item, change: _rebuilt(
        item,
        tuple(part if step is None else step(part, change) for part, step in zip(item, places, strict=True)),
    )


def _union(shape: Shape, place: str) -> _Visitor:
    known = {part.struct: _step(part, place) for part in shape.inner if part.struct is not None}

    def run(value: Any, change: Rewrite) -> Any:
        step = known.get(type(value))
        return value if step is None else step(value, change)

    return run


def _refers(shape: Shape) -> bool:
    """Tell whether there is a reference in or below a shape."""
    if shape.form == "struct":
        assert shape.struct is not None
        return any(_refers(inner) for _, inner in shapes(shape.struct))
    return shape.role in ("ref", "path", "markdown") or any(map(_refers, shape.inner))


def _same(old: str, new: str) -> str:
    return old if new == old else new


def _rebuilt(old: Any, new: Any) -> Any:
    return old if all(a is b for a, b in zip(old, new, strict=True)) else new


def links(text: str, place: str, change: Rewrite) -> str:
    """Rewrite the link targets of a markdown text that are URNs; all other text stays as it is."""
    if "urn:lumos:" not in text:
        return text

    def swap(match: re.Match[str]) -> str:
        group = "bare" if match.group("bare") is not None else "angle"
        old = match.group(group)
        new = change(Reference(place, "ref", old))
        begin, end = match.span(group)
        start = match.start()
        return f"{match.group()[: begin - start]}{new}{match.group()[end - start :]}"

    return _same(text, _LINK.sub(swap, text))
