"""Field paths: DataHub's v1 (`a.b`) and v2 (`[version=2.0].[type=struct].[type=array].a.[type=long].b`), both ways.

In v2 the types before a name are those of that field; which step leads on from a list, a map or a union follows from
them. v2 is written where v1 cannot say it. Steps that v2 has no spelling of stand as names in brackets
(`%5Be:%5D` for an element), so that every canonical path is read back equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from lumos_core.plugin_api import paths

from .escaping import NOTHING, Escape

V2 = "[version=2.0]"
Place = tuple[str | None, str]
"""(part, canonical path) of a field."""

_KEY = "[key=True]"
_ESCAPE = Escape(".[]")
_TOKEN = re.compile(r"\[(\w+)=([^\]]*)\]\Z")
_STEPS = {"element": "e:", "key": "k:", "value": "v:"}
_KINDS = {text: kind for kind, text in _STEPS.items()}
_WORD = re.compile(r"[^A-Za-z0-9_]+")
_LIST, _MAP, _UNION, _STRUCT = "array", "map", "union", "struct"
_CONTAINERS = {"list": _LIST, "map": _MAP, "union": _UNION, "struct": _STRUCT}


@lru_cache(maxsize=65_536)
def read(text: str) -> Place:
    """Return part and canonical path of a native path.

    Example:
        >>> read("[version=2.0].[type=struct].[type=array].[type=struct].items.[type=long].id")
        (None, 'items[].id')
    """
    if not text.startswith(V2):
        return None, paths.join(paths.Segment("name", name) for name in text.split("."))
    part: str | None = None
    found: list[paths.Segment] = []
    run: list[str] = []
    before: list[str] = []
    for piece in _pieces(text[len(V2) :]):
        token = _TOKEN.match(piece)
        if token is not None and token[1] in ("type", "key"):
            if token[1] == "type":
                run.append(token[2])
            else:
                part = "key"
            continue
        segment, own_part = _step(piece)
        if own_part is not None:
            part = own_part
        else:
            found += _between(before) if found and segment.kind == "name" else []
            found.append(segment)
            before = run
        run = []
    # The branch of a union is a row of its own: `[type=union].[type=A].a`.
    if found and found[-1].kind == "name" and len(before) > 1 and before[-2] == _UNION:
        found.append(paths.Segment("branch", before[-1]))
    return part, paths.join(found)


def _pieces(text: str) -> list[str]:
    """The parts between dots; a type in brackets may hold dots."""
    pieces, depth, start = [], 0, 0
    for at, char in enumerate(text):
        if char == "[":
            depth += 1
        elif char == "]":
            depth = max(0, depth - 1)
        elif char == "." and depth == 0:
            pieces.append(text[start:at])
            start = at + 1
    return [*pieces, text[start:]][1:]


def _step(piece: str) -> tuple[paths.Segment, str | None]:
    """One step that is not a type; and the part of a message, when that is what it says."""
    if piece.startswith("%5B") and piece.endswith("%5D"):
        inside = piece[3:-3]
        if inside in _KINDS:
            return paths.Segment(_KINDS[inside]), None  # type: ignore[arg-type]
        if inside.startswith("b:"):
            return paths.Segment("branch", _ESCAPE.read(inside[2:])), None
        if inside.startswith("p:"):
            return paths.ELEMENT, _ESCAPE.read(inside[2:])
    return paths.Segment("name", _ESCAPE.read(piece)), None


def _between(types: list[str]) -> list[paths.Segment]:
    """The steps into a field of these types."""
    steps: list[paths.Segment] = []
    for at, kind in enumerate(types):
        if kind == _LIST:
            steps.append(paths.ELEMENT)
        elif kind == _MAP:
            steps.append(paths.MAP_VALUE)
        elif kind == _UNION and at + 1 < len(types):
            steps.append(paths.Segment("branch", types[at + 1]))
            break
    return steps


def write(path: str, part: str | None = None, type_of: Callable[[str], str] | None = None, nested: bool = False) -> str:
    """Return the native path of a field.

    Args:
        path: Canonical path.
        part: Part of the message, where there is one.
        type_of: Canonical path -> canonical type text, empty where it is not known.
        nested: Write v2 even where v1 would do: the schema has fields that need it.
    """
    segments = paths.split(path)
    plain = all(s.kind == "name" and s.name and "." not in s.name for s in segments)
    v1 = ".".join(s.name for s in segments)
    if segments and plain and part is None and not nested and not v1.startswith(V2):
        return v1
    natural = _v2(segments, part, type_of or _unknown, True)
    return natural if read(natural) == (part, path) else _v2(segments, part, type_of or _unknown, False)


def _unknown(path: str) -> str:
    return ""


def _v2(segments: tuple[paths.Segment, ...], part: str | None, type_of: Callable[[str], str], natural: bool) -> str:
    pieces = [V2]
    if part == "key":
        pieces.append(_KEY)
    pieces.append("[type=struct]")
    if part not in (None, "key"):
        pieces.append(f"%5Bp:{_ESCAPE.write(part)}%5D")
    at = 0
    while at < len(segments):
        segment = segments[at]
        if segment.kind != "name":
            inside = _STEPS.get(segment.kind) or f"b:{_ESCAPE.write(segment.name)}"
            pieces.append(f"%5B{inside}%5D")
            at += 1
            continue
        end = at + 1
        while natural and end < len(segments) and segments[end].kind in ("element", "value", "branch"):
            end += 1
        last = end == len(segments)
        own = _words(type_of(paths.join(segments))) if last else []
        run = [_container(step) for step in segments[at + 1 : end]] if natural else []
        if segments[end - 1].kind == "branch" and end > at + 1 and natural:
            run[-1:] = [_UNION, segments[end - 1].name]
        elif natural:
            run += own if last else [_STRUCT]
        else:
            run = own if last else []
            run = [word for word in run if word not in (_LIST, _MAP, _UNION)] or [_STRUCT]
        pieces += [f"[type={word}]" for word in run or ["unknown"]]
        pieces.append(_name(segment.name))
        at = end
    return ".".join(pieces)


def _container(step: paths.Segment) -> str:
    return {"element": _LIST, "value": _MAP}.get(step.kind, _UNION)


def _name(name: str) -> str:
    text = _ESCAPE.write(name)
    return NOTHING + text if not text or (text.startswith("%5B") and text.endswith("%5D")) else text


def _words(type_text: str) -> list[str]:
    """The types before a name, from outside in: `list<struct>` is `array`, `struct`."""
    words: list[str] = []
    rest = type_text
    while rest:
        head, _, rest = rest.partition("<")
        if "," in head and head.rsplit(",", 1)[-1] and words and words[-1] == _MAP:
            head = head.rsplit(",", 1)[-1]
        word = _WORD.split(head.strip())[0] or "unknown"
        words.append(_CONTAINERS.get(word, word))
        if words[-1] == _MAP and rest:
            rest = rest.partition(",")[2] or rest
        if words[-1] in (_UNION, _STRUCT) or words[-1] not in (_LIST, _MAP):
            break
    return words[:1] if words and words[-1] == _UNION else words


class Spelling:
    """How a catalog spells the paths of a record's fields; others are spelled as `write` does.

    Args:
        held: Native paths as the catalog has them.
    """

    def __init__(self, held: dict[Place, str] | None = None) -> None:
        self._held = held or {}

    def __call__(
        self, path: str, part: str | None = None, type_of: Callable[[str], str] | None = None, nested: bool = False
    ) -> str:
        """Return the native path of a field."""
        return self._held.get((part, path)) or write(path, part, type_of, nested)

    def held(self, part: str | None, path: str) -> str:
        """Return the native path that the catalog has of a field; empty when it has none."""
        return self._held.get((part, path), "")

    def known(self, path: str) -> str:
        """Return the native path of a field in any part; as v1 or plain v2 where it is not known."""
        for part in (None, "value", "key"):
            if found := self._held.get((part, path)):
                return found
        return write(path)
