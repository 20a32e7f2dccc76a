"""PostgreSQL types as canonical types, with what the server calls them beside."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from lumos_core.plugin_api import Description, Field, paths, types

from .naming import dotted, qualified

_PLAIN: dict[str, types.Type] = {
    "bool": types.Bool(),
    "int2": types.Int(16),
    "int4": types.Int(32),
    "int8": types.Int(64),
    "oid": types.Int(32, signed=False),
    "xid8": types.Int(64, signed=False),
    "float4": types.Float(32),
    "float8": types.Float(64),
    "text": types.String(),
    "name": types.String(63, unit="bytes"),
    "bytea": types.Bytes(),
    "uuid": types.Uuid(),
    "json": types.Json(),
    "jsonb": types.Json(),
    "date": types.Date(),
}
_TIMES = {"time", "timetz", "timestamp", "timestamptz"}
_TEXTS = {"text", "varchar", "bpchar", "name"}
_YEAR_MONTH = {0x0004: "year", 0x0002: "month", 0x0006: "year to month"}
_POSTGIS = re.compile(r"(?:.*\.)?(geometry|geography)(?:\((\w+)(?:,(\d+))?\))?\Z")
_DEPTH = 20
_HEADER = 4
"""What a length is stored with, in the modifier of a type (VARHDRSZ)."""


class Definition(NamedTuple):
    """One row of `pg_type`; `element` is 0 unless it is an array."""

    oid: int
    schema: str
    name: str
    form: str
    element: int
    base: int
    base_modifier: int
    not_null: bool
    collation: int
    base_text: str | None


class Column(NamedTuple):
    """What a type means for a field: its canonical text, its native text, what its values may not be, its members."""

    type: str
    native: str
    not_null: bool
    properties: tuple[tuple[str, str], ...]
    members: tuple[Member, ...]
    nested: str


class Member(NamedTuple):
    """An attribute of a composite type."""

    name: str
    column: Column
    description: str | None


class Types:
    """All types that a database uses; what a column's type means is worked out once per kind of column."""

    def __init__(self, found: dict[str, Any]) -> None:
        self._names = {(oid, modifier): text for oid, modifier, text in found.get("names") or ()}
        self._types = {row[0]: Definition(*row) for row in found.get("types") or ()}
        self._labels = {oid: tuple(labels) for oid, labels in found.get("labels") or ()}
        self._members = dict(found.get("members") or ())
        self._collations = {oid: collation(schema, name) for oid, schema, name in found.get("collations") or ()}
        self._checks: dict[int, list[str]] = {}
        for oid, _, text in found.get("checks") or ():
            self._checks.setdefault(oid, []).append(text)
        self._columns: dict[tuple[int, int, int], Column] = {}

    def column(self, oid: int, modifier: int, collation: int, depth: int = 0) -> Column:
        """Return what a column of a type, modifier and collation is."""
        key = (oid, modifier, collation)
        found = self._columns.get(key)
        if found is None:
            found = self._columns[key] = self._column(oid, modifier, collation, depth)
        return found

    def _column(self, oid: int, modifier: int, collation: int, depth: int) -> Column:
        native = self._native(oid, modifier)
        definition = self._types.get(oid)
        not_null = False
        properties: list[tuple[str, str]] = []
        while definition is not None and definition.form == "d":  # a domain over a domain, and so on
            if len(properties) == 0:
                properties.append(("postgres.domain", qualified(definition.schema, definition.name)))
            properties += [("postgres.domain_check", text) for text in self._checks.get(definition.oid, ())]
            not_null = not_null or definition.not_null
            oid, modifier = definition.base, definition.base_modifier
            definition = self._types.get(oid)
        merged: dict[str, str] = {}
        for name, text in properties:
            merged[name] = f"{merged[name]}; {text}" if name in merged else text
        type_, composite, nested = self._canonical(oid, modifier, collation, native, 0)
        text = types.render(type_)
        members: tuple[Member, ...] = ()
        if composite and depth < _DEPTH:
            members = tuple(
                Member(name, self.column(kind, mod, coll, depth + 1), comment)
                for name, kind, mod, coll, comment in self._members.get(composite) or ()
            )
        return Column(text, native, not_null, tuple(merged.items()), members, nested)

    def _native(self, oid: int, modifier: int) -> str:
        text: str | None = self._names.get((oid, modifier))
        if text is not None:
            return text
        found = self._types.get(oid)
        return qualified(found.schema, found.name) if found else f"oid {oid}"

    def _canonical(
        self, oid: int, modifier: int, collation: int, native: str, depth: int
    ) -> tuple[types.Type, int, str]:
        """Return the canonical type, the composite type whose members are fields below, and where below they are."""
        found = self._types.get(oid)
        if found is None or depth > _DEPTH:
            return types.Opaque(native), 0, ""
        if found.element:
            native = native.removesuffix("[]")
            element, composite, nested = self._canonical(found.element, modifier, collation, native, depth + 1)
            return types.List(element, nullable=True), composite, f"[]{nested}"
        if found.form == "d":
            base = found.base_text or native
            return self._canonical(found.base, found.base_modifier, collation, base, depth + 1)
        if found.form == "e":
            return types.Enum(self._labels.get(oid, ())), 0, ""
        if found.form == "c":
            return types.Struct(), oid, ""
        if found.form == "b" and found.schema == "pg_catalog":
            named = self._collations.get(collation) if collation != found.collation else None
            return scalar(found.name, modifier, native, named), 0, ""
        return extension(found.name, native), 0, ""


def scalar(name: str, modifier: int, native: str, collation: str | None = None) -> types.Type:
    """Return the canonical type of a type that PostgreSQL itself brings.

    Args:
        name: As `pg_type` has it (`int4`, `bpchar`).
        modifier: `atttypmod`: lengths, precisions; -1 when there is none.
        native: What `format_type` says; what the model cannot say is opaque and told apart by it.
        collation: A collation other than the type's own.
    """
    if name in _TEXTS:
        limit = modifier - _HEADER if modifier >= _HEADER and name != "text" else None
        if name == "name":
            return types.String(63, unit="bytes", collation=collation)
        return types.String(limit, fixed=name == "bpchar" and limit is not None, collation=collation)
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _TIMES:
        unit: Any = "us" if modifier < 0 or modifier > 3 else "s" if modifier == 0 else "ms"
        if name.startswith("timestamp"):
            return types.Timestamp(unit, "instant" if name == "timestamptz" else "none")
        return types.Time(unit, tz=name == "timetz")
    if name == "numeric" and modifier >= _HEADER:
        precision, scale = (modifier - _HEADER) >> 16, (modifier - _HEADER) & 0x7FF
        if 1 <= precision <= 76 and scale <= precision:  # a negative scale has its sign bit here
            return types.Decimal(precision, scale)
    if name == "interval":
        fields = (modifier >> 16) & 0x7FFF if modifier >= 0 else 0x7FFF
        if fields in _YEAR_MONTH:
            return types.Interval("year-month")
        return types.Interval("month-day-nano" if fields == 0x7FFF else "day-time")
    return types.Opaque(native)


def extension(name: str, native: str) -> types.Type:
    """Return the canonical type of one that an extension brings; what is not known to be exact stays opaque."""
    if name == "hstore":
        return types.Map(types.String(), types.String(), nullable=True)
    if name == "citext":
        return types.String()
    if match := _POSTGIS.match(native):
        crs = f"srid:{match[3]}" if match[3] and match[3] != "0" else None
        return types.Geometry(crs) if match[1] == "geometry" else types.Geography(crs)
    return types.Opaque(native)


def collation(schema: str, name: str) -> str:
    """Return the name of a collation; those of the server stand alone."""
    return name if schema == "pg_catalog" else dotted(schema, name)


def members(path: str, column: Column) -> list[Field]:
    """Return the fields below a field of a composite type, or of a list of them, parents before children."""
    rows: list[Field] = []
    for member in column.members:
        place = paths.child(path + column.nested, member.name)
        inner = member.column
        row = Field(place, type=inner.type, native_type=inner.native, nullable=not inner.not_null)
        describe(row, member.description, inner)
        rows.append(row)
        rows += members(place, inner)
    return rows


def describe(row: Field, comment: str | None, column: Column) -> None:
    """Put a comment and the properties of a type on a field."""
    if comment:
        row.description = Description(source=comment)
    if column.properties:
        row.properties = list(column.properties)
