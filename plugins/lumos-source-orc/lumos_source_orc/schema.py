"""ORC schemas to fields.

Source of the rules: ORC specification v1, section Type Information; Apache Iceberg specification, appendix A, ORC, for
the attributes of columns; Hive's ACID layout, in which each row stands inside of an event.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from lumos_core.plugin_api import Field, paths, types

from .tail import Kind, Tail, kind_of

_LEAVES: dict[int, tuple[str, types.Type]] = {
    0: ("boolean", types.Bool()),
    1: ("tinyint", types.Int(8)),
    2: ("smallint", types.Int(16)),
    3: ("int", types.Int(32)),
    4: ("bigint", types.Int(64)),
    5: ("float", types.Float(32)),
    6: ("double", types.Float(64)),
    7: ("string", types.String()),
    8: ("binary", types.Bytes()),
    9: ("timestamp", types.Timestamp("ns")),
    15: ("date", types.Date()),
    18: ("timestamp with local time zone", types.Timestamp("ns", "instant")),
}
LIST, MAP, STRUCT, UNION, DECIMAL, VARCHAR, CHAR, GEOMETRY = 10, 11, 12, 13, 14, 16, 17, 19
_EVENT = ("operation", "originalTransaction", "bucket", "rowId", "currentTransaction", "row")
_ID = "iceberg.id"
_REQUIRED = "iceberg.required"
_MEANT = frozenset(
    {
        *(_ID, _REQUIRED, "iceberg.long-type", "iceberg.binary-type", "iceberg.length", "iceberg.timestamp-unit"),
        "iceberg.struct-type",
    }
)
_MAX_DEPTH = 60


class Reader:
    """Turns the nodes of one tail into rows.

    Attributes:
        rows: The fields, parents before children.
        columns: Number of the node of each field that is no part of a list, map or union, by path.
        acid: The file holds events of Hive, and the schema is that of the rows inside of them.
        left_out: How many fields were too many or too deep.

    Raises:
        ValueError: When the nodes are no tree.
    """

    def __init__(self, tail: Tail, max_fields: int = 20_000) -> None:
        self.rows: list[Field] = []
        self.columns: dict[str, int] = {}
        self.acid = False
        self.left_out = 0
        self._messages = tail.kinds
        self._max = max_fields
        self._taken: set[int] = set()
        root = self._kind(0)
        if root.kind != STRUCT:
            self._field(0, "value", 0, plain=True)
            return
        number = 0
        if root.names == _EVENT and len(root.children) == len(_EVENT):
            inner = self._child(0, root, 5)
            if self._kind(inner).kind == STRUCT:
                self.acid, number = True, inner
        self._members(number, "", 0, plain=True)

    def _kind(self, number: int) -> Kind:
        return kind_of(self._messages[number])

    def _child(self, number: int, kind: Kind, place: int) -> int:
        """Return the number of a child: greater than its parent's, and nobody else's child."""
        child = kind.children[place]
        if not number < child < len(self._messages) or child in self._taken:
            raise ValueError("the nodes of the schema are no tree")
        self._taken.add(child)
        return child

    def _members(self, number: int, path: str, depth: int, *, plain: bool) -> None:
        kind = self._kind(number)
        if len(kind.names) != len(kind.children):
            raise ValueError("a struct has not as many names as members")
        names = list(kind.names)
        if len(set(names)) < len(names):
            from lumos_lake.arrow.canonical import unique_names

            names = unique_names(names)
        for place, name in enumerate(names):
            if len(self.rows) >= self._max:
                self.left_out += len(names) - place
                return
            self._field(self._child(number, kind, place), paths.child(path, name), depth, plain=plain)

    def _field(self, number: int, path: str, depth: int, *, plain: bool) -> None:
        attributes = dict(self._kind(number).attributes)
        row = Field(path, nullable=attributes.get(_REQUIRED) != "true")
        self.rows.append(row)
        if plain:
            self.columns[path] = number
        meant, row.native_type = self._slot(number, path, depth, plain=plain)
        try:
            row.type = types.render(meant)
        except ValueError:  # deeper than a canonical type may be
            row.type = types.render(types.Opaque(row.native_type))
        row.id = attributes.get(_ID)
        row.properties = sorted((key, value) for key, value in attributes.items() if key not in _MEANT)

    def _slot(self, number: int, path: str, depth: int, *, plain: bool) -> tuple[types.Type, str]:
        """Return the type of a node and its text in Hive's words; the members of structs become rows."""
        kind = self._kind(number)
        if kind.kind in _LEAVES:
            native, meant = _LEAVES[kind.kind]
            return _by_iceberg(kind, meant), native
        if kind.kind in (DECIMAL, VARCHAR, CHAR, GEOMETRY):
            return _sized(kind)
        if kind.kind not in (LIST, MAP, STRUCT, UNION):
            native = f"ORC type {kind.kind}"
            return types.Opaque(native), native
        if depth >= _MAX_DEPTH:
            self.left_out += 1
            return types.Opaque("nested too deep"), "nested too deep"
        if kind.kind == STRUCT:
            if dict(kind.attributes).get("iceberg.struct-type") == "VARIANT":
                return types.Variant(), "struct"
            self._members(number, path, depth + 1, plain=plain)
            return types.Struct(), "struct"
        return self._holder(number, kind, path, depth + 1)

    def _holder(self, number: int, kind: Kind, path: str, depth: int) -> tuple[types.Type, str]:
        if kind.kind == UNION:
            # A branch has no name but its place, which is the tag that each value has.
            found = [
                self._inner(number, kind, place, paths.branch(path, str(place)), depth)
                for place in range(len(kind.children))
            ]
            meant, _ = types.union(*(types.Branch(type, str(place)) for place, (type, _) in enumerate(found)))
            return meant, f"uniontype<{','.join(native for _, native in found)}>"
        if len(kind.children) != (1 if kind.kind == LIST else 2):
            raise ValueError("a list or map has not as many parts as it must have")
        if kind.kind == LIST:
            element, native = self._inner(number, kind, 0, paths.element(path), depth)
            return types.List(element, self._nullable(kind, 0)), f"array<{native}>"
        key, key_native = self._inner(number, kind, 0, paths.map_key(path), depth)
        value, native = self._inner(number, kind, 1, paths.map_value(path), depth)
        return types.Map(key, value, self._nullable(kind, 1)), f"map<{key_native},{native}>"

    def _inner(self, number: int, kind: Kind, place: int, path: str, depth: int) -> tuple[types.Type, str]:
        return self._slot(self._child(number, kind, place), path, depth, plain=False)

    def _nullable(self, kind: Kind, place: int) -> bool:
        return dict(self._kind(kind.children[place]).attributes).get(_REQUIRED) != "true"


def _sized(kind: Kind) -> tuple[types.Type, str]:
    """Return a type that has a parameter, and its text."""
    if kind.kind == DECIMAL:
        if not kind.precision:  # Hive 0.11 wrote none, and each value had a scale of its own
            return types.Opaque("decimal"), "decimal"
        native = f"decimal({kind.precision},{kind.scale})"
        try:
            return types.Decimal(kind.precision, kind.scale), native
        except ValueError:
            return types.Opaque(native), native
    if kind.kind == GEOMETRY:
        crs = _crs(kind.crs)
        return (types.Geography(crs, "spherical") if kind.spherical else types.Geometry(crs)), "geometry"
    fixed = kind.kind == CHAR
    return types.String(kind.length, fixed=fixed), f"{'char' if fixed else 'varchar'}({kind.length})"


def _crs(text: str) -> str | None:
    """Return the short name of a coordinate reference system that is written as PROJJSON."""
    try:
        identity = json.loads(text)["id"]
        return f"{identity['authority']}:{identity['code']}"
    except (ValueError, TypeError, LookupError, RecursionError):
        return text or None


def _by_iceberg(kind: Kind, plain: types.Type) -> types.Type:
    """Return what Iceberg means by a type that ORC has no word for."""
    attributes = dict(kind.attributes)
    if not attributes:
        return plain
    if attributes.get("iceberg.long-type") == "TIME":
        return types.Time("us")
    form = attributes.get("iceberg.binary-type")
    if form == "UUID":
        return types.Uuid()
    length = attributes.get("iceberg.length", "")
    if form == "FIXED" and length.isascii() and length.isdigit():
        return types.Bytes(int(length), fixed=True)
    if form in ("GEOMETRY", "GEOGRAPHY"):
        return types.Geometry() if form == "GEOMETRY" else types.Geography()
    if isinstance(plain, types.Timestamp) and _ID in attributes:
        unit = attributes.get("iceberg.timestamp-unit", "MICROS")
        return types.Timestamp("ns" if unit == "NANOS" else "us", plain.zone)
    return plain


def hidden(reader: Reader, encrypted: list[int]) -> Iterator[str]:
    """Yield the paths of the fields whose values are encrypted: those of the nodes, and all below them."""
    roots = [path for path, number in reader.columns.items() if number in encrypted]
    for path in reader.columns:
        if 0 in encrypted or any(path == root or path.startswith(f"{root}.") for root in roots):
            yield path
