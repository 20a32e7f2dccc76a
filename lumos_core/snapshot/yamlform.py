"""YAML as people write it and as git shows it: text stays text, nothing is executed, nothing is expanded."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal

import yaml
from msgspec import Struct

from ..errors import SnapshotError
from ..model.shapes import encoded_names

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_AMBIGUOUS = re.compile(r"[-+.~=<0-9]|(?:y|n|yes|no|on|off|true|false|null)\Z", re.IGNORECASE)
_ODD = re.compile("[^\n\x20-\x7e\xa0-\u2027\u202f-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_MAX_DEPTH = 60


class _Dumper(_BaseDumper):  # type: ignore[misc]
    """Texts that some YAML reader might take for something else are quoted."""


def _represent_text(dumper: Any, text: str) -> Any:
    style: str | None = None
    if _ODD.search(text) or text.endswith("\n\n") or text == "\n":  # a block of these ends the document
        style = '"'
    elif "\n" in text:
        style = "|"
    elif _AMBIGUOUS.match(text):
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def dump_yaml(value: Any, indent: int) -> bytes:
    """Return a block of YAML, indented; key order is kept."""
    text = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=2**30)
    pad = " " * indent
    return "".join(f"{pad}{line}\n" if line else "\n" for line in text.split("\n")[:-1]).encode()


def load_yaml(data: bytes, where: str) -> Any:
    """Read one YAML document.

    Only `true`, `false`, `null` and plain whole numbers are anything but text: `no`, `2026-01-15` and `1.10` stay
    what they look like. Anchors may stand there, aliases may not.

    Raises:
        SnapshotError: With file and line.
    """
    try:
        events = yaml.parse(data, Loader=_Loader)
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                return _build(event, events, where, 0)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}" if mark is not None else where
        why = getattr(error, "problem", None) or str(error)
        raise SnapshotError("this is not valid YAML", why=why, where=place) from None
    return None


def _build(event: Any, events: Iterator[Any], where: str, depth: int) -> Any:
    place = f"{where}:{_line(event)}"
    if isinstance(event, yaml.AliasEvent):
        raise SnapshotError("YAML aliases are not allowed in a snapshot", fix="write it out", where=place)
    if depth > _MAX_DEPTH:
        raise SnapshotError(f"nested more than {_MAX_DEPTH} levels deep", where=place)
    if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
        raise SnapshotError(f"YAML tag {event.tag} is not allowed in a snapshot", where=place)
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event.value) if event.implicit[0] and event.tag is None else event.value
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Any] = []
        for inner in events:
            if isinstance(inner, yaml.SequenceEndEvent):
                return items
            items.append(_build(inner, events, where, depth + 1))
    found: dict[str, Any] = {}
    for inner in events:
        if isinstance(inner, yaml.MappingEndEvent):
            break
        if not isinstance(inner, yaml.ScalarEvent):
            raise SnapshotError("a key must be a text", where=place)
        if inner.value in found:
            raise SnapshotError(f"the key `{inner.value}` stands twice", where=f"{where}:{_line(inner)}")
        found[inner.value] = _build(next(events), events, where, depth + 1)
    return found


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 0


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if len(text) < 40 and _INTEGER.match(text) else text


def fit(hint: Any, value: Any) -> Any:
    """Turn numbers and truth values back into text where the schema expects text."""
    origin = typing.get_origin(hint)
    if origin is Annotated:
        return fit(typing.get_args(hint)[0], value)
    if isinstance(value, dict):
        struct = next((part for part in _parts(hint) if isinstance(part, type) and issubclass(part, Struct)), None)
        hints = {} if struct is None else _hints(struct)
        return {key: fit(hints.get(key, Any), item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return _fit_list(hint, value)
    parts = _parts(hint)
    if isinstance(value, (bool, int)) and type(value) not in parts and Any not in parts:
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


def _fit_list(hint: Any, value: list[Any]) -> list[Any]:
    for part in _parts(hint):
        origin, args = typing.get_origin(part), typing.get_args(part)
        if origin is tuple and (len(args) != 2 or args[1] is not Ellipsis):
            return [fit(arg, item) for arg, item in zip(args, value, strict=False)] + value[len(args) :]
        if origin in (list, tuple, frozenset):
            return [fit(args[0], item) for item in value]
    return value


def _parts(hint: Any) -> tuple[Any, ...]:
    """Return the alternatives of a union, without `Annotated`; literals count as text."""
    origin = typing.get_origin(hint)
    if origin is Annotated:
        return _parts(typing.get_args(hint)[0])
    if origin in (typing.Union, types.UnionType):
        return tuple(part for arg in typing.get_args(hint) for part in _parts(arg))
    return (str,) if origin is Literal else (hint,)


@cache
def _hints(struct: type[Struct]) -> dict[str, Any]:
    names = encoded_names(struct)
    return {names.get(name, name): hint for name, hint in typing.get_type_hints(struct, include_extras=True).items()}
