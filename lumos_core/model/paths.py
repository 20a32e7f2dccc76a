"""Field paths: `a.b[].c{value}` as text, and the segments that the text stands for.

A path names a place in a schema. Names are joined by `.`; `[]` is the element of a list, `{key}` and
`{value}` the two sides of a map, `<branch>` a branch of a union. A name that is empty or holds one of
``. [ ] { } < > #`` or a backquote stands in backquotes, backquotes inside doubled, so that every name can be
written and `a.b` is never taken for a field whose name is "a.b". The empty path is the record itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

SegmentKind = Literal["name", "element", "key", "value", "branch"]


class PathError(ValueError):
    """A text that is not a field path.

    Attributes:
        text: the text that was read.
        position: offset of the first character that does not fit, 0-based.
        expected: what could have stood there.
    """

    def __init__(self, text: str, position: int, expected: str) -> None:
        self.text, self.position, self.expected = text, position, expected
        found = repr(text[position : position + 12]) if position < len(text) else "the end"
        super().__init__(f"field path {_short(text)}: expected {expected} at position {position}, found {found}")


class Segment(NamedTuple):
    """One step of a path; `name` is given for the kinds `name` and `branch`, raw, without quotes."""

    kind: SegmentKind
    name: str = ""

    @property
    def text(self) -> str:
        """The segment as it stands in a path, without the dot before a name."""
        if self.kind == "name":
            return quote(self.name)
        return f"<{quote(self.name)}>" if self.kind == "branch" else _FIXED_TEXT[self.kind]


ELEMENT = Segment("element")
MAP_KEY = Segment("key")
MAP_VALUE = Segment("value")

_FIXED_TEXT = {"element": "[]", "key": "{key}", "value": "{value}"}
_SPECIAL = re.compile(r"[.\[\]{}<>#`]")
_NAME = r"([^.\[\]{}<>#`]+)|`([^`]*(?:``[^`]*)*)`(?!`)"
_NAME_AT = re.compile(_NAME)
_STEP_AT = re.compile(rf"(\[\])|(\{{key\}})|(\{{value\}})|<(?:{_NAME})>|\.(?:{_NAME})")


def quote(name: str) -> str:
    """A name as it stands in a path: in backquotes where it has to be."""
    if name and not _SPECIAL.search(name):
        return name
    return "`" + name.replace("`", "``") + "`"


@lru_cache(maxsize=16384)
def split(path: str) -> tuple[Segment, ...]:
    """Read a path.

    Raises:
        PathError: the text is not a path; it says where and what was expected.
    """
    if not path:
        return ()
    segments = []
    position = 0
    if first := _NAME_AT.match(path):
        segments.append(Segment("name", _name(first[1], first[2])))
        position = first.end()
    elif path[0] == ".":
        raise PathError(path, 0, "a name (an empty one is written ``)")
    while position < len(path):
        step = _STEP_AT.match(path, position)
        if step is None:
            raise PathError(path, position, _expected(path, position))
        position = step.end()
        element, key, value, branch_plain, branch_quoted, plain, quoted = step.groups()
        if plain is not None or quoted is not None:
            segments.append(Segment("name", _name(plain, quoted)))
        elif element:
            segments.append(ELEMENT)
        elif key:
            segments.append(MAP_KEY)
        elif value:
            segments.append(MAP_VALUE)
        else:
            segments.append(Segment("branch", _name(branch_plain, branch_quoted)))
    return tuple(segments)


def join(segments: Iterable[Segment]) -> str:
    """Write segments as a path: the inverse of `split`."""
    parts: list[str] = []
    for segment in segments:
        if parts and segment.kind == "name":
            parts.append(".")
        parts.append(segment.text)
    return "".join(parts)


def parent(path: str) -> str:
    """The path one step up; the parent of a top-level field, and of the record itself, is the empty path."""
    return join(split(path)[:-1])


def leaf(path: str) -> str:
    """The last step: a field's raw name, else the step as written (`[]`, `{value}`, `<branch>`).

    A field may itself be *named* `[]`; where that matters, ask `split(path)[-1]`.
    """
    segments = split(path)
    if not segments:
        return ""
    return segments[-1].name if segments[-1].kind == "name" else segments[-1].text


def child(path: str, name: str) -> str:
    """The path of the member `name` of the struct at `path` (or of the record, for the empty path)."""
    return f"{path}.{quote(name)}" if path else quote(name)


def element(path: str) -> str:
    """The path of the elements of the list at `path`."""
    return f"{path}[]"


def map_key(path: str) -> str:
    """The path of the keys of the map at `path`."""
    return f"{path}{{key}}"


def map_value(path: str) -> str:
    """The path of the values of the map at `path`."""
    return f"{path}{{value}}"


def branch(path: str, name: str) -> str:
    """The path of the branch `name` of the union at `path`."""
    return f"{path}<{quote(name)}>"


def _name(plain: str | None, quoted: str | None) -> str:
    return plain if plain is not None else (quoted or "").replace("``", "`")


def _expected(path: str, position: int) -> str:
    """What could have stood where reading stopped, looked up from the character that stands there."""
    found = path[position]
    if found == "." and position + 1 < len(path) and path[position + 1] == "`":
        return "a closing backquote"
    return {
        ".": "a name after the dot (an empty one is written ``)",
        "[": "`[]`",
        "{": "`{key}` or `{value}`",
        "<": "`<branch>`",
        "`": "a closing backquote" if position == 0 else "`.` before a quoted name",
    }.get(found, "`.name`, `[]`, `{key}`, `{value}` or `<branch>`")


def _short(text: str) -> str:
    return repr(text) if len(text) <= 60 else repr(text[:57] + "...")
