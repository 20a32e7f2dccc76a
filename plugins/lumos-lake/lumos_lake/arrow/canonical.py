"""What an Arrow type means: its canonical type, free of how values are laid out in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pyarrow as pa

from lumos_core.plugin_api import types

LISTS = frozenset({pa.lib.Type_LIST, pa.lib.Type_LARGE_LIST, pa.lib.Type_LIST_VIEW, pa.lib.Type_LARGE_LIST_VIEW})
UNIONS = frozenset({pa.lib.Type_DENSE_UNION, pa.lib.Type_SPARSE_UNION})
DECIMALS = frozenset({pa.lib.Type_DECIMAL32, pa.lib.Type_DECIMAL64, pa.lib.Type_DECIMAL128, pa.lib.Type_DECIMAL256})

_STRUCT = types.Struct()
LEAVES: dict[int, types.Type] = {
    pa.lib.Type_NA: types.Unknown(),
    pa.lib.Type_BOOL: types.Bool(),
    **{getattr(pa.lib, f"Type_INT{bits}"): types.Int(bits) for bits in (8, 16, 32, 64)},
    **{getattr(pa.lib, f"Type_UINT{bits}"): types.Int(bits, signed=False) for bits in (8, 16, 32, 64)},
    pa.lib.Type_HALF_FLOAT: types.Float(16),
    pa.lib.Type_FLOAT: types.Float(32),
    pa.lib.Type_DOUBLE: types.Float(64),
    **dict.fromkeys((pa.lib.Type_STRING, pa.lib.Type_LARGE_STRING, pa.lib.Type_STRING_VIEW), types.String()),
    **dict.fromkeys((pa.lib.Type_BINARY, pa.lib.Type_LARGE_BINARY, pa.lib.Type_BINARY_VIEW), types.Bytes()),
    **dict.fromkeys((pa.lib.Type_DATE32, pa.lib.Type_DATE64), types.Date()),
    pa.lib.Type_INTERVAL_MONTHS: types.Interval("year-month"),
    pa.lib.Type_INTERVAL_DAY_TIME: types.Interval("day-time"),
    pa.lib.Type_INTERVAL_MONTH_DAY_NANO: types.Interval("month-day-nano"),
    pa.lib.Type_STRUCT: _STRUCT,
}
_EXTENSIONS: dict[str, types.Type] = {
    "arrow.uuid": types.Uuid(),
    "arrow.json": types.Json(),
    "arrow.bool8": types.Bool(),
    "arrow.parquet.variant": types.Variant(),
    "parquet.variant": types.Variant(),
}
EXTENSION_NAME = b"ARROW:extension:name"
EXTENSION_METADATA = b"ARROW:extension:metadata"


def type_of(data: pa.DataType) -> types.Type:
    """Return the canonical type of an Arrow type; the members of structs are left to rows of their own.

    Dictionary and run-end encoding, 32-bit or 64-bit offsets, views, `date64` and the name of a time zone are
    layout, not meaning. A decimal that SQL could not declare is opaque; an extension that nobody here knows means
    what its storage means.
    """
    return slot_of(data)[0]


def slot_of(data: pa.DataType) -> tuple[types.Type, bool]:
    """Return the canonical type, and whether nulls are possible because a union has a branch of null."""
    kind = data.id
    leaf = LEAVES.get(kind)
    if leaf is not None:
        return leaf, False
    if kind in LISTS or kind == pa.lib.Type_FIXED_SIZE_LIST:
        element, lifted = slot_of(data.value_type)
        size = data.list_size if kind == pa.lib.Type_FIXED_SIZE_LIST else None
        return types.List(element, data.value_field.nullable or lifted, size), False
    if kind == pa.lib.Type_MAP:
        value, lifted = slot_of(data.item_type)
        return types.Map(slot_of(data.key_type)[0], value, data.item_field.nullable or lifted), False
    if kind == pa.lib.Type_TIMESTAMP:
        return types.Timestamp(data.unit, "none" if data.tz is None else "instant"), False
    if kind in (pa.lib.Type_TIME32, pa.lib.Type_TIME64):
        return types.Time(data.unit), False
    if kind == pa.lib.Type_DURATION:
        return types.Interval("day-time", data.unit), False
    if kind in DECIMALS:
        if 0 <= data.scale <= data.precision:
            return types.Decimal(data.precision, data.scale), False
        return types.Opaque(str(data)), False
    if kind == pa.lib.Type_FIXED_SIZE_BINARY:
        return types.Bytes(data.byte_width, fixed=True), False
    if kind in (pa.lib.Type_DICTIONARY, pa.lib.Type_RUN_END_ENCODED):
        return slot_of(data.value_type)
    if kind in UNIONS:
        branches = [types.Branch(slot_of(f.type)[0], name) for f, name in zip(data, branch_names(data), strict=True)]
        return types.union(*branches)
    if isinstance(data, pa.BaseExtensionType):
        known = _EXTENSIONS.get(data.extension_name)
        if known is None and data.extension_name == "arrow.opaque":
            known = types.Opaque(str(data))
        return (known, False) if known is not None else slot_of(data.storage_type)
    return types.Opaque(str(data)), False


def branch_names(data: pa.DataType) -> list[str]:
    """Return one name per branch of an Arrow union, unique and never empty."""
    return unique_names([data.field(place).name or f"branch_{place}" for place in range(data.num_fields)])


def unique_names(names: list[str]) -> list[str]:
    """Return the names, with `_2`, `_3`, ... behind those that were there before."""
    if len(set(names)) == len(names):
        return names
    taken, seen, unique = set(names), set[str](), []
    for name in names:
        fresh, count = name, 1
        while fresh in seen or (count > 1 and fresh in taken):
            count += 1
            fresh = f"{name}_{count}"
        seen.add(fresh)
        unique.append(fresh)
    return unique


def extension_of(metadata: Mapping[bytes, bytes] | None) -> types.Type | None:
    """Return what a field's metadata says of an extension type that is not registered in this process.

    Geometry follows the GeoArrow metadata convention: `crs`, and `edges` for shapes on a globe.
    """
    name = (metadata or {}).get(EXTENSION_NAME)
    if metadata is None or name is None:
        return None
    text = name.decode("utf-8", "replace")
    if not text.startswith("geoarrow."):
        return _EXTENSIONS.get(text) if text != "arrow.bool8" else None
    try:
        said = json.loads(metadata.get(EXTENSION_METADATA) or b"{}")
    except ValueError:
        said = {}
    said = said if isinstance(said, dict) else {}
    crs = said.get("crs")
    if isinstance(crs, dict):
        identity = crs.get("id")
        crs = f"{identity.get('authority')}:{identity.get('code')}" if isinstance(identity, dict) else json.dumps(crs)
    crs = crs if isinstance(crs, str) else None
    edges = said.get("edges")
    if edges is None or edges == "planar":
        return types.Geometry(crs)
    try:
        return types.Geography(crs, edges)
    except ValueError:
        return types.Geography(crs)
