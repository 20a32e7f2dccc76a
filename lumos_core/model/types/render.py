"""Writing canonical type text."""

from __future__ import annotations

import re

from lumos_core.model.types import nodes
from lumos_core.model.types.nodes import Branch, Member, Type
from lumos_core.model.types.parse import parse_nullable

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # ASCII: what else is a letter depends on the Python version
_TIMESTAMPS = {"none": "timestamp", "instant": "timestamptz", "offset": "timestampoffset"}


def render(type: Type, *, nullable: bool = False) -> str:
    """The canonical text of a type, with `?` behind it if it is `nullable`.

    Raises:
        ValueError: the type nests deeper than `MAX_DEPTH`.
    """
    return _slot(type, nullable, 1)


def normalise(text: str) -> str:
    """The canonical text for one that may be written otherwise (blanks, `decimal(10)`, null in a union).

    Raises:
        TypeTextError: the text is no type.
    """
    type, nullable = parse_nullable(text)
    return render(type, nullable=nullable)


def branch_name(branch: Branch) -> str:
    """What stands for a branch in a field path: its name, else the text of its type."""
    return branch.name or render(branch.type)


def _slot(type: Type, nullable: bool, depth: int) -> str:
    if depth > nodes.MAX_DEPTH:
        raise ValueError(f"a type nests at most {nodes.MAX_DEPTH} levels")
    return _text(type, depth) + ("?" if nullable else "")


def _text(type: Type, depth: int) -> str:
    match type:
        case nodes.Int(bits, signed):
            return f"{'' if signed else 'u'}int{bits}"
        case nodes.String():
            return _string(type)
        case nodes.Float(bits):
            return f"float{bits}"
        case nodes.Decimal(precision, scale):
            return f"decimal({precision},{scale})"
        case nodes.Timestamp(unit, zone):
            return f"{_TIMESTAMPS[zone]}({unit})"
        case nodes.Time(unit, tz):
            return f"{'timetz' if tz else 'time'}({unit})"
        case nodes.Bytes(limit, fixed):
            return "bytes" if limit is None else f"{'fixed' if fixed else 'bytes'}({limit})"
        case nodes.List(element, nullable, size):
            return f"list<{_slot(element, nullable, depth + 1)}{'' if size is None else f',{size}'}>"
        case nodes.Map(key, value, nullable):
            return f"map<{_slot(key, False, depth + 1)},{_slot(value, nullable, depth + 1)}>"
        case nodes.Struct(None):
            return "struct"
        case nodes.Struct(members):
            return "struct{" + ",".join([_member(member, depth + 1) for member in members or ()]) + "}"
        case nodes.Union(branches):
            return "union<" + ",".join([_branch(branch, depth + 1) for branch in branches]) + ">"
        case nodes.Enum():
            return _enum(type)
        case nodes.Interval(fields, interval_unit):
            return f"interval({fields}{'' if interval_unit is None else f',{interval_unit}'})"
        case nodes.Geometry(crs):
            return _call("geometry", [] if crs is None else [_quoted(crs)])
        case nodes.Geography(crs, algorithm):
            return _call("geography", [*([] if crs is None else [_quoted(crs)]), *filter(None, [algorithm])])
        case nodes.Opaque(native):
            return _call("opaque", [_quoted(native)])
        case _:
            return type.kind


def _string(type: nodes.String) -> str:
    text = "string"
    if type.max is not None:
        text = f"{'char' if type.fixed else 'varchar'}({type.max}{' bytes' if type.unit == 'bytes' else ''})"
    return text if type.collation is None else f"{text} collate {_quoted(type.collation)}"


def _enum(type: nodes.Enum) -> str:
    parts = [_quoted(symbol) for symbol in type.symbols]
    if type.open:
        parts.append("...")
    if type.default is not None:
        parts.append(f"default {_quoted(type.default)}")
    return f"enum({','.join(parts)})"


def _member(member: Member, depth: int) -> str:
    return f"{_name(member.name)}:{_slot(member.type, member.nullable, depth)}"


def _branch(branch: Branch, depth: int) -> str:
    label = f"{_name(branch.name)}:" if branch.name else ""
    return label + _slot(branch.type, False, depth)


def _call(word: str, arguments: list[str]) -> str:
    return f"{word}({','.join(arguments)})" if arguments else word


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else "`" + name.replace("`", "``") + "`"
