"""One record and its canonical line (`lumos-c14n/1`).

The canonical form is a strict subset of RFC 8785: UTF-8, sorted keys, no spaces, no floats, integers beyond 2^53-1
as text, set-like arrays unique and sorted by the bytes of their key, nothing empty.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from operator import attrgetter, lt
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from . import urns
from .entities import KINDS, Entity, Foreign, Stats
from .shapes import Shape, key_function, shapes

V = TypeVar("V", bound=Entity | Foreign | Stats)

_UNSAFE_PART = re.compile('[\x00-\x20!"\\\\\ud800-\udfff]')

MAX_INTEGER = 2**53 - 1
"""Larger integers are written as text, so that every JSON reader keeps them exact."""


class Record(Struct, Generic[V], gc=False):
    """One thing that is known: its URN and what is known about it.

    Example:
        >>> from lumos_core.plugin_api import Dataset, Record, urns
        >>> Record(urns.dataset("csv", "shop/products"), Dataset(name="products", captured=["fields"])).kind
        'dataset'
    """

    urn: str
    value: V
    kind: str = ""

    def __post_init__(self) -> None:
        if not self.kind:
            self.kind = self.value.kind


AnyRecord = Record[Any]
"""A record of any kind."""

_encoder = msgspec.json.Encoder(order="sorted")
_Normaliser = Callable[[Any], Any]


def encode(record: AnyRecord) -> bytes:
    """Return the line of a record that is already normal, without the newline."""
    try:
        return _encoder.encode(record)
    except UnicodeEncodeError:
        return _encoder.encode(_without_surrogates(record))


def canonical(record: AnyRecord) -> bytes:
    """Normalise a record and return its line, without the newline."""
    return encode(normalise(record))


def decode(line: bytes) -> AnyRecord:
    """Read a line.

    Raises:
        ValueError: When it is not a line of this version (`msgspec.DecodeError` and `ValidationError` included).
    """
    return _decoder(line_kind(line)).decode(line)


def is_canonical(line: bytes) -> bool:
    """Tell whether encoding the decoded line gives the same bytes, sets and emptiness included."""
    return canonical(decode(line)) == line


def line_kind(line: bytes) -> str:
    """Return the kind of a line from its first bytes."""
    if not line.startswith(b'{"kind":"'):
        raise ValueError(f"not a record line: {line[:40]!r}")
    return line[9 : line.find(b'"', 9)].decode("utf-8", "replace")


def line_key(line: bytes) -> bytes:
    """Return the prefix of a line that orders it and makes it unique: up to the quote that ends its URN.

    URNs hold no quote and no backslash, so that the key is found unparsed.
    """
    end = line.find(b'","value":', 9)
    if end < 0:
        raise ValueError(f"not a record line: {line[:40]!r}")
    return line[:end]


def line_urn(line: bytes) -> str:
    """Return the URN of a line from its prefix."""
    key = line_key(line)
    return key[key.index(b'"urn":"', 9) + 7 :].decode()


def make_key(kind: str, urn: str) -> bytes:
    """Return what `line_key` returns for the line of this record."""
    return b'{"kind":"' + kind.encode() + b'","urn":"' + urn.encode()


def split_key(key: bytes) -> tuple[str, str]:
    """Return kind and URN of a `line_key`: what `make_key` was given."""
    kind, _, urn = key[9:].partition(b'","urn":"')
    return kind.decode(), urn.decode()


STATS_START = b'{"kind":"stats",'
"""What every line of volatile facts begins with."""


def without_stats(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Leave out the volatile facts."""
    return (line for line in lines if not line.startswith(STATS_START))


class _Value(Struct):
    fields: list[msgspec.Raw] = []


class _Line(Struct):
    value: _Value


_glance = msgspec.json.Decoder(_Line)


def field_count(line: bytes) -> int:
    """Return how many fields the line of a dataset has; the rest of it is skipped, not decoded."""
    return len(_glance.decode(line).value.fields)


def digest(line: bytes) -> str:
    """SHA-256 of a line without its newline, in hex."""
    return hashlib.sha256(line).hexdigest()


_decoders: dict[str, msgspec.json.Decoder[AnyRecord]] = {}
_decoders_lock = threading.Lock()


def _decoder(kind: str) -> msgspec.json.Decoder[AnyRecord]:
    decoder = _decoders.get(kind)
    if decoder is None:
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}; a newer version of Lumos may have written it")
        # msgspec compiles a struct type on its first use, and two threads that do so at once crash the process.
        with _decoders_lock:
            line_type: Any = Record.__class_getitem__(KINDS[kind])  # type: ignore[attr-defined]
            decoder = _decoders.setdefault(kind, msgspec.json.Decoder(line_type))
    return decoder


def normalise(record: AnyRecord) -> AnyRecord:
    """Bring a record into canonical shape, in place, and return it.

    Sets are sorted and made unique (the first of equal keys stays), empty parts are dropped, large integers
    become text. `captured` gains nothing here: honesty about it is the component's.

    Raises:
        ValueError: When the URN is none, or does not fit the kind.
    """
    kind = urns.kind(record.urn)
    if kind != record.kind and record.kind not in ("foreign", "stats"):
        raise ValueError(f"{record.urn} names a {kind}, but its value is a {record.kind}")
    if _UNSAFE_PART.search(record.urn):
        raise ValueError(f"{record.urn!r} holds characters that must be percent-encoded in the URN of a line")
    _normaliser(record.value.__class__)(record.value)
    return record


@cache
def _normaliser(struct: type[Struct]) -> _Normaliser:
    """Compile the normaliser of a struct; it changes the struct in place and returns it.

    Only the attributes that can be out of shape are looked at, all at once: of most structs none has a value.
    """
    work = [(attribute, step) for attribute, shape in shapes(struct) if (step := _step(shape)) is not None]
    if not work:
        return _same
    look = _look(struct)

    def run(value: Any) -> Any:
        parts = look(value)
        if any(parts):
            for (attribute, step), part in zip(work, parts, strict=True):
                if part:
                    kept = step(part)
                    if kept is not part:
                        setattr(value, attribute, kept)
        return value

    return run


@cache
def _look(struct: type[Struct]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads the attributes of a struct that have a normaliser."""
    names = [attribute for attribute, shape in shapes(struct) if _step(shape) is not None]
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda value: (get(value),)


def _same(value: Any) -> Any:
    return value


def _step(shape: Shape) -> _Normaliser | None:
    if shape.form == "struct":
        assert shape.struct is not None
        return _struct_step(shape.struct)
    if shape.form == "list":
        return _list_step(shape)
    if shape.role == "count":
        return _count
    return None


@cache
def _struct_step(struct: type[Struct]) -> _Normaliser:
    """Normalise a struct that stands alone; one in which nothing is left is dropped."""
    inner = _normaliser(struct)
    required = len(struct.__struct_fields__) - len(struct.__struct_defaults__)
    empty = None if required else struct()

    def run(value: Any) -> Any:
        inner(value)
        return None if empty is not None and value == empty else value

    return run


def _list_step(shape: Shape) -> _Normaliser | None:
    element = shape.inner[0]
    each: Callable[[list[Any]], list[Any]] | None = None
    if element.form == "struct":
        assert element.struct is not None
        each = _each_struct(element.struct)
    elif element.form == "tuple":
        each = _each_tuple(element)
    elif element.form == "union":
        each = _each_value
    if shape.keys is None:
        return each
    key = key_function(shape)

    def run(values: list[Any]) -> list[Any]:
        if each is not None:
            values = each(values)
        if len(values) == 1:
            return values
        keys = [key(value) for value in values]
        if all(map(lt, keys, keys[1:])):
            return values
        unique: dict[tuple[str, ...], Any] = {}
        for name, value in zip(keys, values, strict=True):
            unique.setdefault(name, value)
        return [unique[name] for name in sorted(unique)]

    return run


def _each_struct(struct: type[Struct]) -> Callable[[list[Any]], list[Any]] | None:
    inner = _normaliser(struct)
    if inner is _same:
        return None
    look = _look(struct)

    def run(values: list[Any]) -> list[Any]:
        for value in values:
            if any(look(value)):
                inner(value)
        return values

    return run


def _each_tuple(shape: Shape) -> Callable[[list[Any]], list[Any]] | None:
    steps = [_step(part) for part in shape.inner]
    if not any(steps):
        return None

    def run(values: list[Any]) -> list[Any]:
        return [
            tuple(part if step is None else step(part) for part, step in zip(value, steps, strict=True))
            for value in values
        ]

    return run


def _each_value(values: list[Any]) -> list[Any]:
    return [_count(value) if type(value) is int else value for value in values]


def _count(value: int | str) -> int | str:
    return str(value) if isinstance(value, int) and abs(value) > MAX_INTEGER else value


def _without_surrogates(record: AnyRecord) -> AnyRecord:
    """Replace what is not Unicode by U+FFFD: such text must never enter a snapshot."""

    def clean(part: Any) -> Any:
        if isinstance(part, str):
            return part.encode("utf-8", "replace").decode()
        if isinstance(part, (list, tuple)):
            return type(part)(clean(item) for item in part)
        if isinstance(part, Struct):
            for name in part.__struct_fields__:
                setattr(part, name, clean(getattr(part, name)))
        return part

    cleaned: AnyRecord = clean(record)
    return cleaned
