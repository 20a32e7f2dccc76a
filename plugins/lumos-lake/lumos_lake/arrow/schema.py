"""Arrow schemas to fields, and fields to Arrow schemas.

Each way keeps in a side channel what the other side cannot say, and trusts the side channel only while it agrees with
what stands beside it: a field whose `type` was changed does not come back as its old `native_type`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from lumos_core.plugin_api import Description, Field, paths, types

from .canonical import LEAVES, LISTS, UNIONS, branch_names, extension_of, slot_of, unique_names
from .native import LEAF_TEXTS, NativeTextError, native_text, parse_native
from .physical import arrow_type, slot

OVERLAY = b"lumos:field"
"""Key of a field's Arrow metadata: JSON of what Arrow cannot say about this field."""

_FIELD_ID = b"PARQUET:field_id"
_COMMENTS = (b"comment", b"description", b"doc")
_COMMENT_EXTRA = "arrow/comment"
_CHILDREN_EXTRA = "arrow/children"
_EXACT_EXTRA = "arrow/field"
_KNOWN_EXTENSIONS = frozenset({"arrow.uuid", "arrow.json", "arrow.bool8"})
_ROWS = "rows"
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


def schema_of(fields: Sequence[Field]) -> pa.Schema:
    """Return the Arrow schema of some fields: the inverse of `fields_of`.

    A field's `native_type` decides how values lie in memory as long as it means the same as `type`. What Arrow cannot
    say stands in the metadata key `lumos:field`.

    Raises:
        ValueError: When a field has no struct above it, or two fields have one path.
    """
    below: dict[str, list[Field]] = {}
    seen: set[str] = set()
    for field in fields:
        if field.path in seen:
            raise ValueError(f"two fields have the path {field.path!r}, which an Arrow schema cannot say")
        seen.add(field.path)
        if not field.path:
            raise ValueError("the empty path is the record itself, not a field of an Arrow schema")
        below.setdefault(paths.parent(field.path), []).append(field)
    builder = _Builder(below)
    schema = pa.schema(builder.members(""))
    missed = seen - builder.used
    if missed:
        raise ValueError(f"no struct stands above the field {min(missed)!r}")
    return schema


# From Arrow ---------------------------------------------------------------------------------------------------


def _rows(field: pa.Field, path: str) -> list[Field]:
    """Return the row of a field and those below it; what rows cannot say goes to the first one."""
    rows: list[Field] = []
    exact = _collect(field, path, rows)
    if not exact or paths.leaf(path) != field.name:
        plain = pa.schema([field]).serialize().to_pybytes()
        rows[0].extra = [*rows[0].extra, (_EXACT_EXTRA, json.dumps(base64.b64encode(plain).decode()))]
    return rows


def _collect(field: pa.Field, path: str, rows: list[Field]) -> bool:
    """Append the rows of a field; return False when they do not say all of it."""
    plain = _PLAIN.get(field.type.id)
    if plain is not None and not field.metadata:
        rows.append(Field(path, *plain, field.nullable))
        return True
    row, exact = _row(field, path)
    overlay = _overlay(field.metadata)
    if overlay is None:
        rows.append(row)
        return _members(field.type, path, rows, {}) and exact
    kept = {inner.path: inner for inner in msgspec.convert(overlay.pop(_ROWS, []), list[Field])}
    said = {**msgspec.to_builtins(row), **overlay}
    row = msgspec.convert({key: value for key, value in said.items() if value is not None}, Field)
    rows.append(row)
    if overlay.get("type") is None:
        return _members(field.type, path, rows, kept) and exact
    _typed_members(types.parse(row.type), field.type, path, rows, kept)
    return True


def _row(field: pa.Field, path: str) -> tuple[Field, bool]:
    """Return what an Arrow field alone says, without the rows below it, and whether that is all."""
    data, metadata = field.type, field.metadata
    canonical, lifted = slot_of(data)
    native = native_text(data)
    nullable = field.nullable or lifted
    exact = nullable == field.nullable and (data.num_fields == 0 or _is_plain(data)) and _leaf_is_plain(data)
    text = _meaning(extension_of(metadata) or canonical, native)
    row = Field(path, text, native, nullable)
    if metadata:
        exact = _read_metadata(row, metadata) and exact
    if data.num_fields:
        children = _child_metadata(data)
        if children is None:
            exact = False
        elif children:
            row.extra = [*row.extra, (_CHILDREN_EXTRA, json.dumps(children, ensure_ascii=False, sort_keys=True))]
    return row, exact


def _meaning(canonical: types.Type, native: str) -> str:
    """Return the canonical text; what nests deeper than it may is opaque."""
    try:
        return types.render(canonical)
    except ValueError:
        return types.render(types.Opaque(native))


def _read_metadata(row: Field, metadata: dict[bytes, bytes]) -> bool:
    """Spread a field's metadata over a row; return False when it is not text."""
    exact = True
    comment = next((key for key in _COMMENTS if key in metadata), None)
    properties = []
    for key, value in metadata.items():
        if key == OVERLAY and _overlay(metadata) is not None:
            continue
        try:
            name, text = key.decode(), value.decode()
        except UnicodeDecodeError:
            exact = False
            continue
        if key == _FIELD_ID:
            row.id = text
        elif key == comment:
            row.description = Description(source=text)
            if key != _COMMENTS[0]:
                row.extra = [*row.extra, (_COMMENT_EXTRA, json.dumps(name))]
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
        probe = {key: value for key, value in said.items() if value is not None and key != _ROWS}
        types.parse(msgspec.convert({"path": "probe", **probe}, Field).type)
        for inner in msgspec.convert(said.get(_ROWS) or [], list[Field]):
            paths.split(inner.path)
    except (ValueError, RecursionError):
        return None
    return said


def _places(data: pa.DataType, path: str) -> Iterator[tuple[pa.Field, str]]:
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
            exact = _collect(field, paths.child(path, name), rows) and field.name == name and exact
        return exact
    if data.num_fields:
        for field, place in _places(data, path):
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
    for child, (field, place) in zip(types.children(type), _places(data, path), strict=False):
        _typed_members(child.type, field.type, place, rows, kept)


def _is_plain(data: pa.DataType) -> bool:
    """Tell whether a nested type's text says all of it, struct members apart."""
    if data.id == pa.lib.Type_STRUCT:
        return True
    return all(_leaf_is_plain(f.type) and (f.type.num_fields == 0 or _is_plain(f.type)) for f, _ in _places(data, ""))


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
        for field, place in _places(_storage(holder), path):
            if field.metadata:
                try:
                    found[place] = {key.decode(): value.decode() for key, value in field.metadata.items()}
                except UnicodeDecodeError:
                    return None
            pending.append((field.type, place))
    return found


# To Arrow -----------------------------------------------------------------------------------------------------


class _Builder:
    """Builds Arrow fields from rows; `used` are the paths that found a place."""

    def __init__(self, below: dict[str, list[Field]]) -> None:
        self.below = below
        self.used: set[str] = set()

    def members(self, path: str) -> list[pa.Field]:
        """Return the Arrow fields of the struct at a path."""
        return [self.field(row) for row in self.below.get(path, ()) if _is_named(row)]

    def field(self, row: Field) -> pa.Field:
        """Return the Arrow field of a row and those below it."""
        self.used.add(row.path)
        exact = self.exact(row)
        if exact is not None:
            return exact
        field = self.natural(row)
        natural: dict[str, Any] = msgspec.to_builtins(_row(field, row.path)[0])
        wanted: dict[str, Any] = msgspec.to_builtins(row)
        overlay = {key: wanted.get(key) for key in {*natural, *wanted} if natural.get(key) != wanted.get(key)}
        if "type" in overlay and isinstance(types.parse(row.type), types.Unknown):
            overlay["type"] = "unknown"
        kept = [msgspec.to_builtins(inner) for inner in self.nameless(row)]
        if kept:
            overlay[_ROWS] = kept
        if not overlay:
            return field
        text = msgspec.json.encode(overlay, order="deterministic")
        return field.with_metadata({**(field.metadata or {}), OVERLAY: text})

    def natural(self, row: Field) -> pa.Field:
        """Return the Arrow field that says of a row what Arrow can say."""
        wanted = types.parse(row.type)
        extra = dict(row.extra)
        metadata = _metadata(row, extra)
        data = self.from_native(row, wanted, extra, metadata)
        if data is None:
            data = arrow_type(wanted, lambda place: self.members(row.path + place))
        return slot(paths.leaf(row.path), data, row.nullable is not False).with_metadata(metadata or None)

    def from_native(
        self, row: Field, wanted: types.Type, extra: dict[str, str], metadata: dict[bytes, bytes]
    ) -> pa.DataType | None:
        """Return the type that `native_type` names, if it means what `type` says."""
        if row.native_type is None:
            return None
        try:
            bare = parse_native(row.native_type)
            if _meaning(extension_of(metadata) or slot_of(bare)[0], row.native_type) != types.render(wanted):
                return None
            children = json.loads(extra.get(_CHILDREN_EXTRA, "{}"))
            data = parse_native(row.native_type, lambda place: self.members(row.path + place))
            return _with_child_metadata(data, "", children) if children else data
        except (NativeTextError, ValueError, AttributeError):
            return None

    def exact(self, row: Field) -> pa.Field | None:
        """Return the Arrow field that a row keeps as it was, if it still says what the rows say."""
        kept = dict(row.extra).get(_EXACT_EXTRA)
        if kept is None:
            return None
        try:
            buffer = pa.py_buffer(base64.b64decode(json.loads(kept), validate=True))
            field = pa.ipc.read_schema(buffer).field(0)
            rows: list[Field] = []
            _collect(field, row.path, rows)
        except (pa.ArrowException, ValueError, TypeError, OSError):
            return None
        group = self.group(row)
        bare = [pair for pair in row.extra if pair[0] != _EXACT_EXTRA]
        if rows != [msgspec.structs.replace(row, extra=bare), *group[1:]]:
            return None
        self.used.update(inner.path for inner in group)
        return field

    def group(self, row: Field) -> list[Field]:
        """Return a row and all below it, in the order in which `fields_of` gives them."""
        found = [row]
        for place in _struct_places(types.parse(row.type), row.path):
            for inner in self.below.get(place, ()):
                found.extend(self.group(inner))
        return found

    def nameless(self, row: Field) -> list[Field]:
        """Return the rows of elements, keys, values and branches, which are no fields of an Arrow struct."""
        found = []
        pending = [row.path]
        while pending:
            for inner in self.below.get(pending.pop(), ()):
                if not _is_named(inner) and inner.path not in self.used:
                    self.used.add(inner.path)
                    found.append(inner)
                if not _is_named(inner):
                    pending.append(inner.path)
        return found


def _is_named(row: Field) -> bool:
    return paths.split(row.path)[-1].kind == "name"


def _struct_places(type: types.Type, path: str) -> Iterator[str]:
    """Return the path of each struct inside a type whose members are rows."""
    if isinstance(type, types.Struct):
        if type.members is None:
            yield path
        return
    for child in types.children(type):
        yield from _struct_places(child.type, path + child.segment.text)


def _metadata(row: Field, extra: dict[str, str]) -> dict[bytes, bytes]:
    """Return a row's id, description and properties as Arrow metadata: the inverse of `_read_metadata`."""
    metadata = {key.encode(): value.encode() for key, value in row.properties}
    if row.id is not None:
        metadata[_FIELD_ID] = row.id.encode()
    if row.description is not None and row.description.source is not None:
        try:
            key = str(json.loads(extra.get(_COMMENT_EXTRA, "null")) or "").encode()
        except ValueError:
            key = b""
        metadata[key if key in _COMMENTS else _COMMENTS[0]] = row.description.source.encode()
    return dict(sorted(metadata.items()))


def _with_child_metadata(data: pa.DataType, path: str, said: dict[str, dict[str, str]]) -> pa.DataType:
    """Return a nested type with the metadata of its nested fields put back."""
    inner = [
        pa.field(f.name, _with_child_metadata(f.type, place, said), f.nullable, said.get(place) or f.metadata)
        for f, place in _places(data, path)
    ]
    if data.id in UNIONS:
        return pa.union(inner, mode=data.mode, type_codes=data.type_codes)
    if data.id == pa.lib.Type_MAP:
        return pa.map_(inner[0], inner[1], keys_sorted=data.keys_sorted)
    if data.id == pa.lib.Type_FIXED_SIZE_LIST:
        return pa.list_(inner[0], data.list_size)
    makers = {
        pa.lib.Type_LIST: pa.list_,
        pa.lib.Type_LARGE_LIST: pa.large_list,
        pa.lib.Type_LIST_VIEW: pa.list_view,
        pa.lib.Type_LARGE_LIST_VIEW: pa.large_list_view,
    }
    return makers[data.id](inner[0]) if data.id in makers else data
