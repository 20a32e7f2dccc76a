"""Fields of some JSON records: by pyarrow where every value of a key has one type, else by our own reading.

Both ways give the same types: text is `string` whatever it looks like, whole numbers are `int64`, others `float64`.
Where a key holds values of several types, pyarrow gives up; then the records of the head are read once more, value by
value, and the key is a union.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.json as pajson
from lumos_lake.arrow import fields_of

from lumos_core.plugin_api import Field, paths, types

_INT64 = range(-(2**63), 2**63)
_ORDER = ("bool", "int64", "float64", "string", "struct", "list")


def infer(records: list[bytes]) -> tuple[list[Field], list[str]]:
    """Return the fields of some records, and the paths of those that hold values of several types.

    Args:
        records: Sound JSON texts.
    """
    schema = _by_arrow(records)
    if schema is None:
        return _by_value(records)
    fields = fields_of(_plain(field) for field in schema)
    for field in fields:
        field.native_type = field.nullable = None
        field.extra = []
    return fields, []


def _by_arrow(records: list[bytes]) -> pa.Schema | None:
    if not all(record.startswith(b"{") for record in records):
        return None  # pyarrow dies of a record that is null
    data = b"\n".join(records)
    try:
        table = pajson.read_json(
            pa.BufferReader(data),
            pajson.ReadOptions(block_size=len(data) + 1),
            pajson.ParseOptions(newlines_in_values=True),
        )
    except (pa.ArrowException, ValueError):
        return None
    return table.schema


def _plain(field: pa.Field) -> pa.Field:
    """Call text what is text, though it looks like a time."""
    data = field.type
    if pa.types.is_timestamp(data):
        return field.with_type(pa.string())
    if pa.types.is_struct(data):
        return field.with_type(pa.struct([_plain(inner) for inner in data]))
    if pa.types.is_list(data):
        return field.with_type(pa.list_(_plain(data.value_field)))
    return field


class Seen:
    """What was seen at one place.

    Attributes:
        kinds: Names out of `_ORDER`.
        members: Key -> what was seen there, in the order of first sight.
        element: What was seen in arrays.
    """

    __slots__ = ("element", "kinds", "members")

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.members: dict[str, Seen] = {}
        self.element: Seen | None = None

    def add(self, value: Any) -> None:
        """Look at one value."""
        match value:
            case None:
                pass
            case bool():
                self.kinds.add("bool")
            case int():
                self.kinds.add("int64" if value in _INT64 else "float64")
            case float():
                self.kinds.add("float64")
            case str():
                self.kinds.add("string")
            case dict():
                self.kinds.add("struct")
                for key, inner in value.items():
                    self.members.setdefault(key, Seen()).add(inner)
            case _:
                self.kinds.add("list")
                self.element = self.element or Seen()
                for inner in value:
                    self.element.add(inner)

    def type(self) -> types.Type:
        """Return the canonical type."""
        kinds = self.kinds - {"int64"} if "float64" in self.kinds else self.kinds
        branches: list[types.Branch | types.Type] = []
        for kind in sorted(kinds, key=_ORDER.index):
            if kind == "list":
                element = self.element.type() if self.element else types.Unknown()
                inner: types.Type = types.List(element, nullable=True)
            else:
                inner = types.parse(kind)
            branches.append(types.Branch(inner, "list" if kind == "list" and len(kinds) > 1 else ""))
        return types.union(*branches)[0]

    def structs(self, path: str) -> Iterator[tuple[str, Seen]]:
        """Return the path of each struct inside this place."""
        several = len(self.kinds - {"int64"} if "float64" in self.kinds else self.kinds) > 1
        if "struct" in self.kinds:
            yield paths.branch(path, "struct") if several else path, self
        if self.element is not None:
            yield from self.element.structs(paths.element(paths.branch(path, "list") if several else path))


def _by_value(records: Iterable[bytes]) -> tuple[list[Field], list[str]]:
    root = Seen()
    for record in records:
        try:
            root.add(msgspec.json.decode(record))
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
            root.add(lenient(record))
    fields: list[Field] = []
    mixed: list[str] = []
    if root.kinds == {"struct"}:
        _rows(root, "", fields, mixed)
    elif root.kinds:
        _row(root, "value", fields, mixed)
    return fields, mixed


def lenient(record: bytes) -> Any:
    """Read what the strict reader refuses: numbers beyond any float, half a surrogate pair."""
    import json

    return json.loads(record)


def _rows(seen: Seen, path: str, fields: list[Field], mixed: list[str]) -> None:
    for name, inner in seen.members.items():
        _row(inner, paths.child(path, name), fields, mixed)


def _row(seen: Seen, path: str, fields: list[Field], mixed: list[str]) -> None:
    kind = seen.type()
    if any(isinstance(inner, types.Union) for _, inner, _ in types.walk(kind)):
        mixed.append(path)
    fields.append(Field(path, types.render(kind)))
    for place, inner in seen.structs(path):
        _rows(inner, place, fields, mixed)
