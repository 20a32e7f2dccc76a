"""YAML with places: plain data, and the line and column of every key and value in it.

The nodes are composed here, from the events of the C parser, since PyYAML's own composer recurses in C (a file of
a few hundred kilobytes of `- - - -` ends the process) and takes the last of two equal keys in silence. Plain words
follow YAML 1.2: only `true` and `false` are booleans, so that `no` is a country and `1:30` no number.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import Any

import yaml

from ..errors import ConfigError
from .problems import Loc, Problem

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # pragma: no cover - a PyYAML built without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

MAX_DEPTH = 100
MAX_BYTES = 64 << 20
MAX_NODES = 1_000_000
"""Nodes after expansion of aliases; without any alias a file of this size is 10 MB."""

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL = {".inf": float("inf"), "+.inf": float("inf"), "-.inf": float("-inf"), ".nan": float("nan")}
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_PLAIN_TAGS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:str", "!"}


class Node:
    """A value and where it stands.

    Attributes:
        file, line, column: Its place; line and column start from 1.
        size, depth: How many values it holds, and how deep; aliases expanded.
        value: A scalar's text or number, a list of nodes, or a mapping from key to (key node, value node).
    """

    __slots__ = ("column", "depth", "file", "line", "size", "value")

    def __init__(self, file: str, mark: Any, value: Any) -> None:
        self.file, self.line, self.column = file, mark.line + 1, mark.column + 1
        self.value: Any = value
        self.size = self.depth = 1

    @property
    def place(self) -> str:
        """`file:line:column`."""
        return f"{self.file}:{self.line}:{self.column}"

    def with_value(self, value: Any) -> Node:
        """Return a node at the same place with another value."""
        made = copy(self)
        made.value = value
        return made

    def error(self, what: str, fix: str = "") -> ConfigError:
        """Return an error at this place."""
        return ConfigError(what, fix=fix, where=self.place)

    def data(self) -> Any:
        """Return plain data."""
        if isinstance(self.value, dict):
            return {key: node.data() for key, (_, node) in self.value.items()}
        if isinstance(self.value, list):
            return [node.data() for node in self.value]
        return self.value

    def find(self, loc: Loc, *, at_key: bool = False) -> Node:
        """Return the node at a location, or the nearest one above it that exists."""
        node = self
        for index, part in enumerate(loc):
            if isinstance(node.value, dict) and part in node.value:
                key, value = node.value[part]
                node = key if at_key and index == len(loc) - 1 else value
            elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
            else:
                break
        return node

    def problem(self, problem: Problem) -> ConfigError:
        """Return a problem as an error with its place and key path."""
        path = key_path(problem.loc)
        what = f"{path}: {problem.what}" if path else problem.what
        return self.find(problem.loc, at_key=problem.at_key).error(what, problem.fix)


def key_path(loc: Loc) -> str:
    """Return `sources[0].path`."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class _Named(io.BytesIO):
    name = ""


def load(path: Path, shown: str = "") -> Node:
    """Read a YAML file.

    Args:
        path: The file.
        shown: How to call it in messages; the path as given by default.

    Raises:
        ConfigError: When it cannot be read or is not YAML, holds two equal keys or keys that are not text, nests too
            deep, or its aliases expand too far.
    """
    shown = shown or str(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        fix = "check the path" if isinstance(error, FileNotFoundError) else "check the file and its permissions"
        raise ConfigError("cannot read the file", why=why, fix=fix, where=shown) from error
    if len(content) > MAX_BYTES:
        raise ConfigError(f"the file is larger than {MAX_BYTES >> 20} MiB", fix="split it", where=shown)
    return parse(content, shown)


def parse(content: bytes, shown: str) -> Node:
    """Like `load`, from bytes."""
    try:
        return _Composer(shown).compose(yaml.parse(_Named(content), Loader=Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{shown}:{mark.line + 1}:{mark.column + 1}" if mark else shown
        raise ConfigError("not valid YAML", why=error.problem or error.context or "", where=place) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        why = getattr(error, "reason", "") or "it is not text in UTF-8"
        raise ConfigError("not valid YAML", why=why, where=shown) from None


class _Composer:
    def __init__(self, file: str) -> None:
        self.file = file
        self.anchors: dict[str, Node] = {}
        self.open: list[tuple[Node, Any, list[Node]]] = []
        self.total = 0

    def compose(self, events: Iterator[Any]) -> Node:
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise Node(self.file, event.start_mark, None).error("a second document starts here: expected one")
            elif isinstance(event, yaml.AliasEvent):
                root = self._add(self._alias(event)) or root
            elif isinstance(event, yaml.ScalarEvent):
                root = self._add(self._anchored(event, self._scalar(event))) or root
            elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                self._start(event)
            elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                root = self._add(self._end()) or root
        if root is None:

            class _Start:
                line = column = 0

            return Node(self.file, _Start, None)
        return root

    def _alias(self, event: Any) -> Node:
        here = Node(self.file, event.start_mark, None)
        node = self.anchors.get(event.anchor)
        if node is None:
            raise here.error(f"the alias *{event.anchor} has no anchor above it")
        if any(node is held for held, _, _ in self.open):
            raise here.error(f"the alias *{event.anchor} stands inside of its own anchor")
        self._count(node.size, here)
        return node

    def _count(self, size: int, node: Node) -> None:
        self.total += size
        if self.total > MAX_NODES:
            raise node.error(f"the file expands to more than {MAX_NODES:,} values", "use fewer aliases")

    def _anchored(self, event: Any, node: Node) -> Node:
        if event.anchor:
            self.anchors[event.anchor] = node
        self._count(1, node)
        return node

    def _start(self, event: Any) -> None:
        node = Node(self.file, event.start_mark, [] if isinstance(event, yaml.SequenceStartEvent) else {})
        if event.tag and event.tag not in _PLAIN_TAGS:
            raise node.error(f"the tag {event.tag} is not supported", "write plain values")
        self._anchored(event, node)
        if len(self.open) >= MAX_DEPTH:
            raise node.error(f"nested deeper than {MAX_DEPTH} levels")
        self.open.append((node, event, []))

    def _end(self) -> Node:
        node, event, children = self.open.pop()
        node.size += sum(child.size for child in children)
        node.depth += max((child.depth for child in children), default=0)
        if node.depth > MAX_DEPTH:  # aliases nest without any indentation
            raise node.error(f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.SequenceStartEvent):
            node.value = children
        else:
            node.value = _mapping(children)
        return node

    def _add(self, node: Node) -> Node | None:
        """Put a finished node where it belongs; return it when it is the root."""
        if not self.open:
            return node
        self.open[-1][2].append(node)
        return None

    def _scalar(self, event: Any) -> Node:
        node = Node(self.file, event.start_mark, event.value)
        if event.tag and event.tag not in _PLAIN_TAGS:
            raise node.error(f"the tag {event.tag} is not supported", "write plain values")
        if event.implicit[0] and not event.tag:
            node.value = _plain(event.value, node)
        return node


def _plain(text: str, node: Node) -> Any:
    """The value of a plain (unquoted) scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text == "<<":
        return _Merge(text)
    if text[0] not in "+-.0123456789":
        return text
    if _INT.match(text):
        if len(text) > 400:
            raise node.error("the number is too long", "quote it to make it text")
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    if _FLOAT.match(text):
        return float(text)
    return _SPECIAL.get(text.lower(), text)


class _Merge(str):
    """A plain `<<`: as a key, it merges; quoted, it is a key like any other."""

    __slots__ = ()


def _mapping(children: list[Node]) -> dict[str, tuple[Node, Node]]:
    """Pairs of nodes by key; `<<` takes over what is not given itself."""
    own: dict[str, tuple[Node, Node]] = {}
    merged: dict[str, tuple[Node, Node]] = {}
    for key, value in zip(children[::2], children[1::2], strict=True):
        if not isinstance(key.value, str):
            raise key.error("a key must be text", "quote it")
        if isinstance(key.value, _Merge):
            parts = value.value if isinstance(value.value, list) else [value]
            for part in parts:
                if not isinstance(part.value, dict):
                    raise value.error("<<: expected a mapping, or a list of mappings")
                for name, pair in part.value.items():
                    merged.setdefault(name, pair)
            continue
        if key.value in own:
            first = own[key.value][0]
            raise key.error(f"the key '{key.value}' is given twice", f"it stands at line {first.line} already")
        own[key.value] = (key, value)
    return {**merged, **own}
