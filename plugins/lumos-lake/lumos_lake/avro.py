"""Avro schemas to fields, for files of Avro and for tables that keep their schema as Avro.

Source of the rules: Apache Avro specification 1.12, sections Schema Declaration, Names and Logical Types.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from lumos_core.plugin_api import Default, Description, Field, paths, types

_PRIMITIVES: dict[str, types.Type] = {
    "null": types.Unknown(),
    "boolean": types.Bool(),
    "int": types.Int(32),
    "long": types.Int(64),
    "float": types.Float(32),
    "double": types.Float(64),
    "bytes": types.Bytes(),
    "string": types.String(),
}
_LOGICAL: dict[tuple[str, str], types.Type] = {
    ("int", "date"): types.Date(),
    ("int", "time-millis"): types.Time("ms"),
    ("long", "time-micros"): types.Time("us"),
    ("string", "uuid"): types.Uuid(),
    ("bytes", "big-decimal"): types.Opaque("big-decimal"),
    ("long", "timestamp-millis"): types.Timestamp("ms", "instant"),
    ("long", "timestamp-micros"): types.Timestamp("us", "instant"),
    ("long", "timestamp-nanos"): types.Timestamp("ns", "instant"),
    ("long", "local-timestamp-millis"): types.Timestamp("ms"),
    ("long", "local-timestamp-micros"): types.Timestamp("us"),
    ("long", "local-timestamp-nanos"): types.Timestamp("ns"),
}
_FIELD_KEYS = frozenset({"name", "type", "doc", "default", "aliases", "order"})
_MAX_DEPTH = 60
_RECORDS = ("record", "error")


class Reader:
    """Turns one schema into rows.

    Attributes:
        rows: The fields, parents before children.
        recursive: Full names of records that stand inside themselves; there they are opaque.
        left_out: Full names of records that were one too many, or too deep.
    """

    def __init__(self, max_fields: int = 20_000) -> None:
        self.rows: list[Field] = []
        self.recursive: set[str] = set()
        self.left_out: set[str] = set()
        self._max = max_fields
        self._named: dict[str, tuple[Mapping[str, Any], str]] = {}
        self._open: list[str] = []
        self._promised = 0

    def read(self, schema: Any) -> list[Field]:
        """Return the fields of a schema; a schema that is no record is one field called `value`.

        Raises:
            ValueError: When it is no Avro schema.
        """
        if isinstance(schema, Mapping) and schema.get("type") in _RECORDS:
            self._record(schema, "", "")
        else:
            self._field({"name": "value", "type": schema}, "value", "")
        return self.rows

    def _field(self, said: Mapping[str, Any], path: str, namespace: str) -> None:
        row = Field(path)
        self.rows.append(row)
        schema = said.get("type")
        kind, nullable = self._slot(schema, path, namespace)
        try:
            row.type = types.render(kind)
        except ValueError:
            row.type = types.render(types.Opaque(native_text(schema)))
        row.native_type = native_text(schema)
        row.nullable = nullable or isinstance(kind, types.Unknown)
        if isinstance(said.get("doc"), str) and said["doc"]:
            row.description = Description(source=said["doc"])
        row.aliases = sorted(("avro", alias) for alias in _texts(said.get("aliases")))
        if "default" in said:
            row.default = Default(initial=_json(said["default"]))
        row.properties = sorted((key, _text(value)) for key, value in said.items() if key not in _FIELD_KEYS)
        if said.get("order", "ascending") != "ascending":
            row.properties = sorted([*row.properties, ("avro.order", str(said["order"]))])

    def _slot(self, schema: Any, path: str, namespace: str) -> tuple[types.Type, bool]:
        """Return the type of a schema at a path, and whether null was one of its branches."""
        if isinstance(schema, str):
            return self._reference(schema, path, namespace), False
        if isinstance(schema, list):
            return self._union(schema, path, namespace)
        if not isinstance(schema, Mapping):
            raise ValueError(f"not an Avro schema: {_json(schema)[:100]}")
        kind = schema.get("type")
        if isinstance(kind, (Mapping, list)):
            return self._slot(kind, path, namespace)
        if len(self._open) > _MAX_DEPTH:
            return types.Opaque(native_text(schema)), False
        return self._complex(str(kind), schema, path, namespace)

    def _complex(self, kind: str, schema: Mapping[str, Any], path: str, namespace: str) -> tuple[types.Type, bool]:
        if kind in _RECORDS:
            return self._record(schema, path, namespace), False
        if kind == "array":
            element, nullable = self._inner(schema.get("items"), paths.element(path), namespace)
            return types.List(element, nullable), False
        if kind == "map":
            value, nullable = self._inner(schema.get("values"), paths.map_value(path), namespace)
            return types.Map(types.String(), value, nullable), False
        if kind == "enum":
            self._remember(schema, namespace)
            symbols = _texts(schema.get("symbols"))
            default = schema.get("default")
            return types.Enum(symbols, default=default if default in symbols else None), False
        if kind == "fixed":
            self._remember(schema, namespace)
            return _fixed(schema), False
        if kind in _PRIMITIVES:
            return _logical(kind, schema), False
        return self._reference(kind, path, namespace), False

    def _inner(self, schema: Any, path: str, namespace: str) -> tuple[types.Type, bool]:
        self._open.append("")
        try:
            kind, nullable = self._slot(schema, path, namespace)
        finally:
            self._open.pop()
        return kind, nullable or isinstance(kind, types.Unknown)

    def _union(self, schemas: list[Any], path: str, namespace: str) -> tuple[types.Type, bool]:
        some = [schema for schema in schemas if schema not in ("null", {"type": "null"})]
        nullable = len(some) < len(schemas)
        if len(some) == 1:
            kind, inner = self._slot(some[0], path, namespace)
            return kind, nullable or inner
        branches = []
        for schema in some:
            name = self._branch_name(schema, namespace)
            kind, _ = self._slot(schema, paths.branch(path, name), namespace)
            branches.append(types.Branch(kind, "" if types.is_leaf(kind) and name in _PRIMITIVES else name))
        kind, lifted = types.union(*branches)
        return kind, nullable or lifted

    def _branch_name(self, schema: Any, namespace: str) -> str:
        """Return what Avro's own JSON encoding calls a branch: the full name, or the name of the type."""
        if isinstance(schema, str):
            return schema if schema in _PRIMITIVES or schema in ("array", "map") else _full_name(schema, namespace)
        if isinstance(schema, Mapping):
            if "name" in schema and schema.get("type") not in _PRIMITIVES:
                return _name_of(schema, namespace)[0]
            return self._branch_name(schema.get("type"), namespace)
        return "union"

    def _reference(self, name: str, path: str, namespace: str) -> types.Type:
        if name in _PRIMITIVES:
            return _PRIMITIVES[name]
        full = _full_name(name, namespace)
        found = self._named.get(full) or self._named.get(name)
        if found is None:
            raise ValueError(f"the type {name!r} is not defined")
        schema, inside = found
        return self._complex(str(schema["type"]), schema, path, inside)[0]

    def _record(self, schema: Mapping[str, Any], path: str, namespace: str) -> types.Type:
        full, inside = self._remember(schema, namespace)
        if full in self._open:
            self.recursive.add(full)
            return types.Opaque(full)
        fields = schema.get("fields")
        if not isinstance(fields, list):
            raise ValueError(f"the record {full!r} has no fields")
        # Rows that are promised count too; the outermost record is never left out.
        if self._open and (self._promised + len(fields) > self._max or len(self._open) > _MAX_DEPTH):
            self.left_out.add(full)
            return types.Opaque(full)
        self._promised += len(fields)
        self._open.append(full)
        try:
            for field in fields:
                if not isinstance(field, Mapping) or not isinstance(field.get("name"), str):
                    raise ValueError(f"the record {full!r} has a field without a name")
                self._field(field, paths.child(path, field["name"]), inside)
        finally:
            self._open.pop()
        return types.Struct()

    def _remember(self, schema: Mapping[str, Any], namespace: str) -> tuple[str, str]:
        full, inside = _name_of(schema, namespace)
        # A name that comes again through a reference keeps its first meaning.
        self._named.setdefault(full, (schema, namespace))
        return full, inside


def _name_of(schema: Mapping[str, Any], namespace: str) -> tuple[str, str]:
    """Return the full name of a named type, and the namespace of what is inside it."""
    name = schema.get("name")
    if not isinstance(name, str) or not name:
        raise ValueError(f"a {schema.get('type')} has no name")
    if "." in name:
        return name, name.rpartition(".")[0]
    own = schema.get("namespace", namespace)
    return _full_name(name, str(own or "")), str(own or "")


def _full_name(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def full_name(schema: Any) -> str:
    """Return the full name of the record that a file holds; empty when it holds something else."""
    return _name_of(schema, "")[0] if isinstance(schema, Mapping) and schema.get("type") in _RECORDS else ""


def _logical(kind: str, schema: Mapping[str, Any]) -> types.Type:
    """Return the meaning of a primitive type; a logical type that is unknown or not valid is ignored, as Avro says."""
    logical = schema.get("logicalType")
    if logical == "decimal" and kind == "bytes":
        return _decimal(schema) or _PRIMITIVES[kind]
    return _LOGICAL.get((kind, str(logical)), _PRIMITIVES[kind])


def _fixed(schema: Mapping[str, Any]) -> types.Type:
    size = schema.get("size")
    if not isinstance(size, int) or size < 0:
        raise ValueError(f"the fixed type {schema.get('name')!r} has no size")
    logical = schema.get("logicalType")
    if logical == "decimal" and (found := _decimal(schema)) is not None:
        return found
    if logical == "duration" and size == 12:
        return types.Interval("month-day-nano")
    if logical == "uuid" and size == 16:
        return types.Uuid()
    return types.Bytes(size, fixed=True)


def _decimal(schema: Mapping[str, Any]) -> types.Type | None:
    precision, scale = schema.get("precision"), schema.get("scale", 0)
    if not isinstance(precision, int) or not isinstance(scale, int):
        return None
    try:
        return types.Decimal(precision, scale)
    except ValueError:
        return types.Opaque(f"decimal({precision},{scale})") if 0 <= scale <= precision else None


def native_text(schema: Any) -> str:
    """Return the type as the schema has it, records by name alone since their fields are rows of their own."""
    short = _short(schema)
    return short if isinstance(short, str) else _json(short)


_NATIVE_KEYS = ("type", "name", "namespace", "logicalType", "precision", "scale", "size", "symbols", "items", "values")
_NESTED_KEYS = ("type", "items", "values")


def _short(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_short(branch) for branch in schema]
    if not isinstance(schema, Mapping):
        return schema
    if schema.get("type") in _RECORDS:
        return schema.get("name")
    kept = {key: _short(schema[key]) if key in _NESTED_KEYS else schema[key] for key in _NATIVE_KEYS if key in schema}
    return kept["type"] if kept.keys() == {"type"} else kept


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(item) for item in value)) if isinstance(value, Iterable) else ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
