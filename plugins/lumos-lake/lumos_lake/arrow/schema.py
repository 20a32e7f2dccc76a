"""Fields to Arrow schemas.

What stands beside a row is trusted only while it agrees with the row: a field whose `type` was changed does not come
back as its old `native_type`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from lumos_core.plugin_api import Field, paths, types

from .canonical import UNIONS, extension_of, slot_of
from .fields import (
    CHILDREN_EXTRA,
    COMMENT_EXTRA,
    COMMENTS,
    EXACT_EXTRA,
    FIELD_ID,
    OVERLAY,
    ROWS,
    collect,
    meaning,
    places,
    row_of,
)
from .native import NativeTextError, parse_native
from .physical import arrow_type, slot


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
        natural: dict[str, Any] = msgspec.to_builtins(row_of(field, row.path)[0])
        wanted: dict[str, Any] = msgspec.to_builtins(row)
        overlay = {key: wanted.get(key) for key in {*natural, *wanted} if natural.get(key) != wanted.get(key)}
        if "type" in overlay and isinstance(types.parse(row.type), types.Unknown):
            overlay["type"] = "unknown"
        kept = [msgspec.to_builtins(inner) for inner in self.nameless(row)]
        if kept:
            overlay[ROWS] = kept
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
            if meaning(extension_of(metadata) or slot_of(bare)[0], row.native_type) != types.render(wanted):
                return None
            children = json.loads(extra.get(CHILDREN_EXTRA, "{}"))
            data = parse_native(row.native_type, lambda place: self.members(row.path + place))
            return _with_child_metadata(data, "", children) if children else data
        except (NativeTextError, ValueError, AttributeError):
            return None

    def exact(self, row: Field) -> pa.Field | None:
        """Return the Arrow field that a row keeps as it was, if it still says what the rows say."""
        kept = dict(row.extra).get(EXACT_EXTRA)
        if kept is None:
            return None
        try:
            buffer = pa.py_buffer(base64.b64decode(json.loads(kept), validate=True))
            field = pa.ipc.read_schema(buffer).field(0)
            rows: list[Field] = []
            collect(field, row.path, rows)
        except (pa.ArrowException, ValueError, TypeError, OSError):
            return None
        group = self.group(row)
        bare = [pair for pair in row.extra if pair[0] != EXACT_EXTRA]
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
        metadata[FIELD_ID] = row.id.encode()
    if row.description is not None and row.description.source is not None:
        try:
            key = str(json.loads(extra.get(COMMENT_EXTRA, "null")) or "").encode()
        except ValueError:
            key = b""
        metadata[key if key in COMMENTS else COMMENTS[0]] = row.description.source.encode()
    return dict(sorted(metadata.items()))


def _with_child_metadata(data: pa.DataType, path: str, said: dict[str, dict[str, str]]) -> pa.DataType:
    """Return a nested type with the metadata of its nested fields put back."""
    inner = [
        pa.field(f.name, _with_child_metadata(f.type, place, said), f.nullable, said.get(place) or f.metadata)
        for f, place in places(data, path)
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
