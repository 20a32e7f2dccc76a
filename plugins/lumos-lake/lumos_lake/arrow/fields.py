"""Arrow schemas to fields.

What rows cannot say of a schema stays beside them: the metadata of nested fields that are no rows in `extra`, and where
even that is not enough (names that occur twice, extensions whose text does not say all) the Arrow field itself.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pyarrow as pa

from lumos_core.plugin_api import Description, Field, paths, types

from .canonical import LEAVES, LISTS, UNIONS, branch_names, extension_of, slot_of, unique_names
from .native import LEAF_TEXTS, native_text

OVERLAY = b"lumos:field"
"""Key of a field's Arrow metadata: JSON of what Arrow cannot say about this field."""

FIELD_ID = b"PARQUET:field_id"
COMMENTS = (b"comment", b"description", b"doc")
COMMENT_EXTRA = "arrow/comment"
CHILDREN_EXTRA = "arrow/children"
EXACT_EXTRA = "arrow/field"
_KNOWN_EXTENSIONS = frozenset({"arrow.uuid", "arrow.json", "arrow.bool8"})
ROWS = "rows"
_PLAIN = {
    kind: (types.render(LEAVES[kind]), text) for kind, text in LEAF_TEXTS.items()
}  # the many columns that need no second look


def fields_of(schema: pa.Schema | Iterable[pa.Field]) -> list[Field]:
    """Return the fields of an Arrow schema: parents before children, struct members as rows of their own.

    Identifiers come from `PARQUET:field_id`, descriptions from the metadata keys `comment`, `description` or `doc`;
    all other metadata of a field becomes its `properties`. Names that occur twice get `_2`, `_3`, ... behind them.

    Args:
        schema: A schema, or some Arrow fields. Metadata of the schema itself is not part of a field.
    """
    arrow_fields = list(schema)
    rows: list[Field] = []
    for field, name in zip(arrow_fields, unique_names([f.name for f in arrow_fields]), strict=True):
        rows.extend(_rows(field, paths.quote(name)))
    return rows


def _rows(field: pa.Field, path: str) -> list[Field]:
    """Return the row of a field and those below it; what rows cannot say goes to the first one."""
    rows: list[Field] = []
    exact = collect(field, path, rows)
    if not exact or paths.leaf(path) != field.name:
        plain = pa.schema([field]).serialize().to_pybytes()
        rows[0].extra = [*rows[0].extra, (EXACT_EXTRA, json.dumps(base64.b64encode(plain).decode()))]
    return rows


def collect(field: pa.Field, path: str, rows: list[Field]) -> bool:
    """Append the rows of a field; return False when they do not say all of it."""
    plain = _PLAIN.get(field.type.id)
    if plain is not None and not field.metadata:
        rows.append(Field(path, *plain, field.nullable))
        return True
    row, exact = row_of(field, path)
    overlay = _overlay(field.metadata)
    if overlay is None:
        rows.append(row)
        return _members(field.type, path, rows, {}) and exact
    kept = {inner.path: inner for inner in msgspec.convert(overlay.pop(ROWS, []), list[Field])}
    said = {**msgspec.to_builtins(row), **overlay}
    row = msgspec.convert({key: value for key, value in said.items() if value is not None}, Field)
    rows.append(row)
    if overlay.get("type") is None:
        return _members(field.type, path, rows, kept) and exact
    _typed_members(types.parse(row.type), field.type, path, rows, kept)
    return True


def row_of(field: pa.Field, path: str) -> tuple[Field, bool]:
    """Return what an Arrow field alone says, without the rows below it, and whether that is all."""
    data, metadata = field.type, field.metadata
    canonical, lifted = slot_of(data)
    native = native_text(data)
    nullable = field.nullable or lifted
    exact = nullable == field.nullable and (data.num_fields == 0 or _is_plain(data)) and _leaf_is_plain(data)
    text = meaning(extension_of(metadata) or canonical, native)
    row = Field(path, text, native, nullable)
    if metadata:
        exact = _read_metadata(row, metadata) and exact
    if data.num_fields:
        children = _child_metadata(data)
        if children is None:
            exact = False
        elif children:
            row.extra = [*row.extra, (CHILDREN_EXTRA, json.dumps(children, ensure_ascii=False, sort_keys=True))]
    return row, exact


def meaning(canonical: types.Type, native: str) -> str:
    """Return the canonical text; what nests deeper than it may is opaque."""
    try:
        return types.render(canonical)
    except ValueError:
        return types.render(types.Opaque(native))


def _read_metadata(row: Field, metadata: dict[bytes, bytes]) -> bool:
    """Spread a field's metadata over a row; return False when it is not text."""
    exact = True
    comment = next((key for key in COMMENTS if key in metadata), None)
    properties = []
    for key, value in metadata.items():
        if key == OVERLAY and _overlay(metadata) is not None:
            continue
        try:
            name, text = key.decode(), value.decode()
        except UnicodeDecodeError:
            exact = False
            continue
        if key == FIELD_ID:
            row.id = text
        elif key == comment:
            row.description = Description(source=text)
            if key != COMMENTS[0]:
                row.extra = [*row.extra, (COMMENT_EXTRA, json.dumps(name))]
        else:
            properties.append((name, text))
    row.properties = sorted(properties)
    return exact


def _overlay(metadata: dict[bytes, bytes] | None) -> dict[str, Any] | None:
    """Return what `schema_of` left for us; None when there is nothing that it can have written."""
    text = metadata.get(OVERLAY) if metadata else None
    if text is None:
        return None
    try:
        said = msgspec.json.decode(text, type=dict[str, Any])
        probe = {key: value for key, value in said.items() if value is not None and key != ROWS}
        types.parse(msgspec.convert({"path": "probe", **probe}, Field).type)
        for inner in msgspec.convert(said.get(ROWS) or [], list[Field]):
            paths.split(inner.path)
    except (ValueError, RecursionError):
        return None
    return said


def places(data: pa.DataType, path: str) -> Iterator[tuple[pa.Field, str]]:
    """Return the nested fields of an Arrow type that are no rows, each with its path."""
    if data.id in LISTS or data.id == pa.lib.Type_FIXED_SIZE_LIST:
        yield data.value_field, paths.element(path)
    elif data.id == pa.lib.Type_MAP:
        yield data.key_field, paths.map_key(path)
        yield data.item_field, paths.map_value(path)
    elif data.id in UNIONS:
        for inner, name in zip(data, branch_names(data), strict=True):
            yield inner, paths.branch(path, name)


def _storage(data: pa.DataType) -> pa.DataType:
    """Return the type whose fields stand at the same place: of a dictionary's values, of an extension's storage."""
    while True:
        if data.id in (pa.lib.Type_DICTIONARY, pa.lib.Type_RUN_END_ENCODED):
            data = data.value_type
        elif isinstance(data, pa.BaseExtensionType):
            data = data.storage_type
        else:
            return data


def _members(data: pa.DataType, path: str, rows: list[Field], kept: dict[str, Field]) -> bool:
    """Append the rows of all structs inside a type; return False when they do not say all of it."""
    data = _storage(data)
    exact = True
    if path in kept:
        rows.append(kept[path])
    if data.id == pa.lib.Type_STRUCT:
        inner = list(data)
        names = unique_names([f.name for f in inner])
        for field, name in zip(inner, names, strict=True):
            exact = collect(field, paths.child(path, name), rows) and field.name == name and exact
        return exact
    if data.num_fields:
        for field, place in places(data, path):
            exact = _members(field.type, place, rows, kept) and exact
    return exact


def _typed_members(type: types.Type, data: pa.DataType, path: str, rows: list[Field], kept: dict[str, Field]) -> None:
    """Append the rows below a field whose canonical type stands in its metadata: Arrow's type was made from it."""
    if path in kept:
        rows.append(kept[path])
    data = _storage(data)
    if isinstance(type, types.Struct):
        if type.members is None:
            _members(data, path, rows, {})
        return
    if types.is_leaf(type) or not data.num_fields:
        return
    for child, (field, place) in zip(types.children(type), places(data, path), strict=False):
        _typed_members(child.type, field.type, place, rows, kept)


def _is_plain(data: pa.DataType) -> bool:
    """Tell whether a nested type's text says all of it, struct members apart."""
    if data.id == pa.lib.Type_STRUCT:
        return True
    return all(_leaf_is_plain(f.type) and (f.type.num_fields == 0 or _is_plain(f.type)) for f, _ in places(data, ""))


def _leaf_is_plain(data: pa.DataType) -> bool:
    if data.id in (pa.lib.Type_DICTIONARY, pa.lib.Type_RUN_END_ENCODED):
        values = data.value_type
        return _leaf_is_plain(values) and (values.num_fields == 0 or _is_plain(values))
    if data.id == pa.lib.Type_TIMESTAMP:
        return data.tz is None or "]" not in data.tz
    if isinstance(data, pa.BaseExtensionType):
        return data.extension_name in _KNOWN_EXTENSIONS and (
            data.extension_name != "arrow.json" or data.storage_type == pa.string()
        )
    return data.id not in (pa.lib.Type_INTERVAL_MONTHS, pa.lib.Type_INTERVAL_DAY_TIME)


def _child_metadata(data: pa.DataType) -> dict[str, dict[str, str]] | None:
    """Return the metadata of nested fields that are no rows, by path; None when it is not text."""
    found: dict[str, dict[str, str]] = {}
    pending = [(data, "")]
    while pending:
        holder, path = pending.pop()
        for field, place in places(_storage(holder), path):
            if field.metadata:
                try:
                    found[place] = {key.decode(): value.decode() for key, value in field.metadata.items()}
                except UnicodeDecodeError:
                    return None
            pending.append((field.type, place))
    return found
