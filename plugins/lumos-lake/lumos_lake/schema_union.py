"""The widening join of types and the union of the schemas that the files of one dataset have.

Types are joined all at once, family by family, so that the order of the files never matters. Within a family there
is always a type that holds every value; types of different families become a union, or text where the format stores
nothing but text anyway (CSV).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec
from msgspec import Struct

from lumos_core.plugin_api import Field, paths, types

_DIGITS = {(8, True): 3, (16, True): 5, (32, True): 10, (64, True): 19, (128, True): 39}
_DIGITS_UNSIGNED = {8: 3, 16: 5, 32: 10, 64: 20, 128: 39}
_UNITS = {"s": 0, "ms": 1, "us": 2, "ns": 3}


@lru_cache(maxsize=4096)
def _parsed(text: str) -> types.Type:
    return types.parse(text)


def family(type: types.Type | str) -> str:
    """Return the family of a type: types of one family can always be joined without a union."""
    node = _parsed(type) if isinstance(type, str) else type
    if isinstance(node, (types.Int, types.Float, types.Decimal)):
        return "number"
    if isinstance(node, (types.String, types.Uuid, types.Enum)):
        return "text"
    if isinstance(node, types.Date) or (isinstance(node, types.Timestamp) and node.zone == "none"):
        return "wall"
    if isinstance(node, types.Timestamp):
        return node.zone
    if isinstance(node, types.Time):
        return "time-zone" if node.tz else "time"
    if isinstance(node, (types.Unknown, types.Bool, types.Bytes, types.Json, types.Variant, types.List, types.Map)):
        return node.kind
    if isinstance(node, types.Struct):
        return "struct"
    return types.render(node)


def join_types(texts: Iterable[str], *, textual: bool = False) -> str:
    """Join canonical type texts into the narrowest type that holds the values of all.

    Args:
        texts: Canonical types; their order does not matter, but for the order of an enum's symbols.
        textual: The format stores text: what has no common type is `string`.

    Example:
        >>> join_types(["int32", "int64"]), join_types(["date", "int64"], textual=True)
        ('int64', 'string')
    """
    distinct = list(dict.fromkeys(texts))
    if len(distinct) == 1:
        return distinct[0]
    return types.render(_join([_parsed(text) for text in distinct], textual))


def _join(nodes: Sequence[types.Type], textual: bool) -> types.Type:
    flat: list[types.Branch] = []
    for node in nodes:
        branches = node.branches if isinstance(node, types.Union) else (types.Branch(node),)
        flat.extend(branch for branch in branches if not isinstance(branch.type, types.Unknown))
    groups: dict[tuple[str, str], list[types.Type]] = {}
    for branch in flat:
        groups.setdefault((branch.name, family(branch.type)), []).append(branch.type)
    if not groups:
        return types.Unknown()
    if textual and len(groups) > 1:
        return types.String()
    joined = [types.Branch(_within(name, members, textual), alias) for (alias, name), members in groups.items()]
    joined.sort(key=lambda branch: (branch.name, types.render(branch.type)))
    return types.union(*joined)[0]


def _within(name: str, members: list[types.Type], textual: bool) -> types.Type:
    distinct = list(dict.fromkeys(members))
    if len(distinct) == 1:
        return distinct[0]
    first = distinct[0]
    if name == "number":
        return _numbers(distinct)
    if name == "text":
        return _texts(distinct)
    if name in ("wall", "instant", "offset", "time", "time-zone"):
        return _times(distinct)
    if isinstance(first, types.Bytes):
        lengths = [member.max for member in distinct if isinstance(member, types.Bytes)]
        bounded = [length for length in lengths if length is not None]
        return types.Bytes(max(bounded) if len(bounded) == len(lengths) else None)
    if isinstance(first, types.List):
        lists = [member for member in distinct if isinstance(member, types.List)]
        sizes = {member.size for member in lists}
        element = _join([member.element for member in lists], textual)
        nullable = any(member.nullable for member in lists)
        return types.List(element, nullable, sizes.pop() if len(sizes) == 1 else None)
    if isinstance(first, types.Map):
        maps = [member for member in distinct if isinstance(member, types.Map)]
        key = _join([member.key for member in maps], textual)
        value = _join([member.value for member in maps], textual)
        return types.Map(key, value, any(member.nullable for member in maps))
    if isinstance(first, types.Struct):
        return _structs([member for member in distinct if isinstance(member, types.Struct)], textual)
    return first


def _numbers(members: Sequence[types.Type]) -> types.Type:
    """Join numbers: any float with something else is `float64`; decimals grow to hold the integers."""
    integers = [member for member in members if isinstance(member, types.Int)]
    floats = [member for member in members if isinstance(member, types.Float)]
    decimals = [member for member in members if isinstance(member, types.Decimal)]
    if floats:
        return types.Float(64 if integers or decimals else max(member.bits for member in floats))
    if decimals:
        scale = max(member.scale for member in decimals)
        digits = max(
            [member.precision - member.scale for member in decimals]
            + [_DIGITS[member.bits, True] if member.signed else _DIGITS_UNSIGNED[member.bits] for member in integers]
        )
        return types.Decimal(digits + scale, scale) if digits + scale <= 76 else types.Float(64)
    signed = max((member.bits for member in integers if member.signed), default=0)
    unsigned = max((member.bits for member in integers if not member.signed), default=0)
    if not signed:
        return types.Int(unsigned, signed=False)
    if unsigned == 128:
        return types.Decimal(39)
    return types.Int(max(signed, unsigned * 2))


def _texts(members: Sequence[types.Type]) -> types.Type:
    """Join texts: enums unite their symbols, everything else is text of the greater length."""
    enums = [member for member in members if isinstance(member, types.Enum)]
    if len(enums) == len(members):
        symbols = tuple(dict.fromkeys(symbol for member in enums for symbol in member.symbols))
        defaults = {member.default for member in enums}
        default = defaults.pop() if len(defaults) == 1 else None
        return types.Enum(symbols, any(member.open for member in enums), default)
    strings = [member for member in members if isinstance(member, types.String)]
    collations = {member.collation for member in strings}
    collation = collations.pop() if len(collations) == 1 and len(strings) == len(members) else None
    units = {member.unit for member in strings}
    bounded = [member.max for member in strings if member.max is not None]
    if len(bounded) == len(members) and len(units) == 1:
        return types.String(max(bounded), False, units.pop(), collation)
    return types.String(collation=collation)


def _times(members: Sequence[types.Type]) -> types.Type:
    """Join times of one meaning: the finest unit; a date beside a timestamp is a timestamp."""
    timed = [member for member in members if isinstance(member, (types.Time, types.Timestamp))]
    unit = max((member.unit for member in timed), key=_UNITS.__getitem__)
    return msgspec.structs.replace(timed[0], unit=unit)


def _structs(members: Sequence[types.Struct], textual: bool) -> types.Type:
    if any(member.members is None for member in members):
        return types.Struct()
    found: dict[str, list[types.Member]] = {}
    for struct in members:
        for member in struct.members or ():
            found.setdefault(member.name, []).append(member)
    return types.Struct(
        tuple(
            types.Member(
                name,
                _join([member.type for member in same], textual),
                any(member.nullable for member in same) or len(same) < len(members),
            )
            for name, same in found.items()
        )
    )


class Drift(Struct, frozen=True):
    """One way in which the files of a dataset differ.

    Attributes:
        path: The field.
        kind: `type`, `missing` or `nullable`.
        detail: What the files say, without counts, so that it stays while the schemas stay.
        where: Index of the first schema that differs from the last one.
    """

    path: str
    kind: str
    detail: str
    where: int


class Union(Struct):
    """The schema of a dataset, and where its files differ."""

    fields: list[Field]
    drift: list[Drift]


def join_fields(schemas: Sequence[Sequence[Field]], *, textual: bool = False) -> Union:
    """Unite schemas, the last being the newest: its order and texts win, older fields keep their place.

    A field is nullable when it is in any schema, or missing in one.

    Args:
        schemas: Distinct schemas, oldest first.
        textual: See `join_types`.
    """
    if not schemas:
        return Union([], [])
    newest = list(schemas[-1])
    if len(schemas) == 1:
        return Union(newest, [])
    by_key: list[dict[tuple[str, str], Field]] = [
        {(field.part or "", field.path): field for field in schema} for schema in schemas
    ]
    order = _order(schemas)
    fields, drift = [], []
    for key in order:
        found = [(index, schema[key]) for index, schema in enumerate(by_key) if key in schema]
        last = found[-1][1]
        kinds = list(dict.fromkeys(field.type for _, field in found))
        joined = join_types(kinds, textual=textual)
        parent_missing = [index for index, schema in enumerate(by_key) if key not in schema]
        nullable: bool | None = last.nullable
        if parent_missing or any(field.nullable for _, field in found):
            nullable = True
        elif any(field.nullable is None for _, field in found):
            nullable = None
        if len(kinds) > 1:
            odd = next(index for index, field in found if field.type != last.type)
            drift.append(Drift(last.path, "type", f"{last.path}: {', '.join(sorted(kinds))}", odd))
        if parent_missing:
            drift.append(Drift(last.path, "missing", f"{last.path}: not in every file", parent_missing[0]))
        native = last.native_type if joined == last.type else _native(found)
        fields.append(msgspec.structs.replace(last, type=joined, nullable=nullable, native_type=native))
    return Union(fields, drift)


def _native(found: list[tuple[int, Field]]) -> str | None:
    kinds = sorted({field.native_type for _, field in found if field.native_type})
    return " | ".join(kinds) or None


def _order(schemas: Sequence[Sequence[Field]]) -> list[tuple[str, str]]:
    """Return all field keys: the newest schema's order, older fields after the field they used to follow."""
    order = [(field.part or "", field.path) for field in schemas[-1]]
    known = set(order)
    for schema in reversed(schemas[:-1]):
        previous: tuple[str, str] | None = None
        for field in schema:
            key = (field.part or "", field.path)
            if key not in known:
                known.add(key)
                order.insert(_after(order, previous, key), key)
            previous = key
    return order


def _after(order: list[tuple[str, str]], previous: tuple[str, str] | None, key: tuple[str, str]) -> int:
    """Return the place behind `previous`, and behind whatever holds `previous` without holding the new field."""
    if previous is None:
        return 0
    holder = previous[1]
    while (above := paths.parent(holder)) and not _inside(key[1], above):
        holder = above
    place = order.index(previous) + 1
    if _inside(key[1], holder):
        return place
    while place < len(order) and _inside(order[place][1], holder):
        place += 1
    return place


def _inside(path: str, holder: str) -> bool:
    return path.startswith(holder) and path[len(holder) : len(holder) + 1] in (".", "[", "{", "<")
