"""Reading canonical type text: a descent over the text, one function for each form with parameters."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from functools import lru_cache
from typing import Literal, NoReturn, cast

from lumos_core.model.types import nodes
from lumos_core.model.types.nodes import Branch, Member, Type, Unit, Zone

_CACHED_LENGTH = 256  # longer texts (enums of thousands of symbols) would make a cache of bounded count unbounded

_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[a-z][a-z0-9]*(?:-[a-z]+)*")
_WORD_AHEAD = re.compile(r"(?=[a-z])")
_NUMBER = re.compile(r"[0-9]{1,18}(?![0-9])")
_QUOTED = re.compile(r"'([^']*(?:''[^']*)*)'(?!')")
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)|`([^`]*(?:``[^`]*)*)`(?!`)")
_LABEL = re.compile(rf"(?:{_NAME.pattern})[ \t\r\n]*:")

_CONSTANTS: dict[str, Type] = {
    **{f"int{bits}": nodes.Int(bits) for bits in (8, 16, 32, 64, 128)},
    **{f"uint{bits}": nodes.Int(bits, signed=False) for bits in (8, 16, 32, 64, 128)},
    **{f"float{bits}": nodes.Float(bits) for bits in (16, 32, 64)},
    **{t.kind: t for t in (nodes.Unknown(), nodes.Bool(), nodes.Uuid(), nodes.Json(), nodes.Variant(), nodes.Date())},
}
_TIMESTAMPS: dict[str, Zone] = {"timestamp": "none", "timestamptz": "instant", "timestampoffset": "offset"}


class TypeTextError(ValueError):
    """A text that is not a type.

    Attributes:
        text: the text that was read.
        position: offset where reading stopped, 0-based.
        expected: what could have stood there, or the rule that was broken.
    """

    def __init__(self, text: str, position: int, expected: str) -> None:
        self.text, self.position, self.expected = text, position, expected
        shown = repr(text) if len(text) <= 60 else repr(text[:57] + "...")
        found = repr(text[position : position + 12]) if position < len(text) else "the end"
        super().__init__(f"type {shown}: expected {expected} at position {position}, found {found}")


def parse(text: str) -> Type:
    """Read a type as it stands in a field.

    Raises:
        TypeTextError: the text is no type, or says that its own value may be null, which only a field, an
            element or a member can say (`parse_nullable` takes both).
    """
    known = _CONSTANTS.get(text)
    if known is not None:
        return known
    parsed, nullable = parse_nullable(text)
    if nullable:
        raise TypeTextError(text, len(text), "a type that is not null itself (a field says so in `nullable`)")
    return parsed


def parse_nullable(text: str) -> tuple[Type, bool]:
    """Read a type with its nullability: `int64?` and `union<unknown,int64>` are both (int64, True).

    Raises:
        TypeTextError: the text is no type; it says where and what was expected.
    """
    return _parse_cached(text) if len(text) <= _CACHED_LENGTH else _parse(text)


class _Reader:
    """A text and a place in it; every method skips blanks first."""

    __slots__ = ("position", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def fail(self, expected: str) -> NoReturn:
        raise TypeTextError(self.text, self.position, expected)

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        position = self.position
        if self.text[position : position + 1] in (" ", "\t", "\r", "\n"):
            self.position = position = cast("re.Match[str]", _SPACE.match(self.text, position)).end()
        found = pattern.match(self.text, position)
        if found is not None:
            self.position = found.end()
        return found

    def take(self, sign: str) -> bool:
        if not self.text.startswith(sign, self.position):
            self.match(_SPACE)
            if not self.text.startswith(sign, self.position):
                return False
        self.position += len(sign)
        return True

    def expect(self, *signs: str) -> str:
        for sign in signs:
            if self.take(sign):
                return sign
        return self.fail(" or ".join(f"`{sign}`" for sign in signs))

    def number(self) -> int:
        found = self.match(_NUMBER)
        return int(found[0]) if found else self.fail("a number of at most 18 digits")

    def quoted(self) -> str:
        found = self.match(_QUOTED)
        return found[1].replace("''", "'") if found else self.fail("text in single quotes")

    def word(self, choices: tuple[str, ...]) -> str:
        start = self.position
        found = self.match(_WORD)
        if found and found[0] in choices:
            return found[0]
        self.position = start
        return self.fail("one of " + ", ".join(choices))

    def name(self) -> str:
        found = self.match(_NAME)
        return _unquoted(found) if found else self.fail("a name, in backquotes if it is not a plain word")


def _parse(text: str) -> tuple[Type, bool]:
    reader = _Reader(text)
    result = _type(reader, 1)
    reader.match(_SPACE)
    if reader.position < len(text):
        reader.fail("the end of the type")
    return result


_parse_cached = lru_cache(maxsize=8192)(_parse)


def _type(reader: _Reader, depth: int) -> tuple[Type, bool]:
    """One type and the `?` behind it; the flag is also set where a union held null."""
    if depth > nodes.MAX_DEPTH:
        reader.fail(f"at most {nodes.MAX_DEPTH} levels")
    found = reader.match(_WORD)
    if found is None:
        reader.fail("a type")
    word, nullable = found[0], False
    type = _CONSTANTS.get(word)
    if type is None:
        rule = _RULES.get(word)
        if rule is None:
            reader.position = found.start()
            near = get_close_matches(word, [*_CONSTANTS, *_RULES])
            reader.fail(f"a type (perhaps {' or '.join(near)})" if near else "a type")
        try:
            type, nullable = rule(reader, word, depth)
        except TypeTextError:
            raise
        except ValueError as broken:
            raise TypeTextError(reader.text, found.start(), str(broken)) from None
    return type, reader.take("?") or nullable


_Rule = Callable[[_Reader, str, int], "tuple[Type, bool]"]


def _decimal(reader: _Reader, word: str, depth: int) -> tuple[Type, bool]:
    reader.expect("(")
    precision = reader.number()
    scale = reader.number() if reader.expect(",", ")") == "," else None
    if scale is not None:
        reader.expect(")")
    return nodes.Decimal(precision, scale or 0), False


def _string(reader: _Reader, word: str, depth: int) -> tuple[Type, bool]:
    limit: int | None = None
    unit: Literal["chars", "bytes"] = "chars"
    if word != "string":
        reader.expect("(")
        limit = reader.number()
        if reader.take("bytes"):
            unit = "bytes"
        reader.expect(")")
    collation = reader.quoted() if reader.take("collate") else None
    return nodes.String(limit, word == "char", unit, collation), False


def _bytes(reader: _Reader, word: str, depth: int) -> tuple[Type, bool]:
    if word == "bytes" and not reader.take("("):
        return nodes.Bytes(), False
    if word == "fixed":
        reader.expect("(")
    limit = reader.number()
    reader.expect(")")
    return nodes.Bytes(limit, word == "fixed"), False


def _geo(reader: _Reader, word: str, depth: int) -> tuple[Type, bool]:
    crs: str | None = None
    algorithm: str | None = None
    if reader.take("("):
        algorithm_alone = word == "geography" and reader.match(_WORD_AHEAD)
        crs = None if algorithm_alone else reader.quoted()
        if algorithm_alone or (word == "geography" and reader.take(",")):
            algorithm = reader.word(nodes.EDGE_ALGORITHMS)
        reader.expect(")")
    if word == "geometry":
        return nodes.Geometry(crs), False
    return nodes.Geography(crs, cast("nodes.EdgeAlgorithm | None", algorithm)), False


def _temporal(reader: _Reader, word: str, depth: int) -> tuple[Type, bool]:
    reader.expect("(")
    unit = cast(Unit, reader.word(nodes.UNITS))
    reader.expect(")")
    zone = _TIMESTAMPS.get(word)
    return nodes.Time(unit, word == "timetz") if zone is None else nodes.Timestamp(unit, zone), False


def _interval(reader: _Reader, word: str, depth: int) -> tuple[Type, bool]:
    reader.expect("(")
    fields = cast("nodes.IntervalKind", reader.word(nodes.INTERVALS))
    unit = cast(Unit, reader.word(nodes.UNITS)) if reader.take(",") else None
    reader.expect(")")
    return nodes.Interval(fields, unit), False


def _enum(reader: _Reader, word: str, depth: int) -> tuple[Type, bool]:
    symbols: list[str] = []
    is_open, default = False, None
    reader.expect("(")
    if not reader.take(")"):
        while True:
            if reader.take("default"):
                default = reader.quoted()
                reader.expect(")")
                break
            if not is_open and reader.take("..."):
                is_open = True
            elif is_open:
                reader.fail("`default` or `)`")
            else:
                symbols.append(reader.quoted())
            if reader.expect(",", ")") == ")":
                break
    return nodes.Enum(tuple(symbols), is_open, default), False


def _list(reader: _Reader, word: str, depth: int) -> tuple[Type, bool]:
    reader.expect("<")
    element, nullable = _type(reader, depth + 1)
    size = reader.number() if reader.expect(",", ">") == "," else None
    if size is not None:
        reader.expect(">")
    return nodes.List(element, nullable, size), False


def _map(reader: _Reader, word: str, depth: int) -> tuple[Type, bool]:
    reader.expect("<")
    key, key_nullable = _type(reader, depth + 1)
    if key_nullable:
        reader.fail("a map key that is not null")
    reader.expect(",")
    value, nullable = _type(reader, depth + 1)
    reader.expect(">")
    return nodes.Map(key, value, nullable), False


def _struct(reader: _Reader, word: str, depth: int) -> tuple[Type, bool]:
    if not reader.take("{"):
        return nodes.Struct(), False
    members: list[Member] = []
    if not reader.take("}"):
        while True:
            name = reader.name()
            reader.expect(":")
            type, nullable = _type(reader, depth + 1)
            members.append(Member(name, type, nullable))
            if reader.expect(",", "}") == "}":
                break
    return nodes.Struct(tuple(members)), False


def _union(reader: _Reader, word: str, depth: int) -> tuple[Type, bool]:
    branches: list[Branch | Type] = []
    any_null = False
    reader.expect("<")
    if not reader.take(">"):
        while True:
            label = reader.match(_LABEL)
            type, nullable = _type(reader, depth + 1)
            any_null |= nullable
            branches.append(Branch(type, _unquoted(label) if label else ""))
            if reader.expect(",", ">") == ">":
                break
    type, nullable = nodes.union(*branches)
    return type, nullable or any_null


def _opaque(reader: _Reader, word: str, depth: int) -> tuple[Type, bool]:
    reader.expect("(")
    native = reader.quoted()
    reader.expect(")")
    return nodes.Opaque(native), False


_RULES: dict[str, _Rule] = {
    "decimal": _decimal,
    **dict.fromkeys(("string", "varchar", "char"), _string),
    **dict.fromkeys(("bytes", "fixed"), _bytes),
    **dict.fromkeys(("geometry", "geography"), _geo),
    **dict.fromkeys(("time", "timetz", *_TIMESTAMPS), _temporal),
    "interval": _interval,
    "enum": _enum,
    "list": _list,
    "map": _map,
    "struct": _struct,
    "union": _union,
    "opaque": _opaque,
}


def _unquoted(found: re.Match[str]) -> str:
    return found[1] if found[1] is not None else found[2].replace("``", "`")
