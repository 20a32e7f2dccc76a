"""The Arrow type that holds the values of a canonical type, where nothing is known of the original."""

from __future__ import annotations

import pyarrow as pa

from lumos_core.plugin_api import paths, types

from .native import Members

_DECIMAL128_DIGITS = 38
_INT_MAX = 2**31 - 1
_WIDTH_MAX = 2**28 - 1  # Arrow's files count the width in bits
_INTS = {
    **{(bits, True): getattr(pa, f"int{bits}")() for bits in (8, 16, 32, 64)},
    **{(bits, False): getattr(pa, f"uint{bits}")() for bits in (8, 16, 32, 64)},
    (128, True): pa.decimal256(39, 0),
    (128, False): pa.decimal256(39, 0),
}
_FLOATS = {16: pa.float16(), 32: pa.float32(), 64: pa.float64()}


def arrow_type(type: types.Type, members: Members = lambda place: (), place: str = "") -> pa.DataType:
    """Return an Arrow type that can hold every value of a canonical type.

    What has no type of its own in Arrow gets the one that holds its values: enums, JSON with a declared length and
    times with an offset are text; variants, shapes and what is opaque are binary; a 128-bit integer is a decimal.

    Args:
        type: The canonical type.
        members: Gives the members of each struct whose members are fields of their own.
        place: Path of the type below the field, for `members`.
    """
    match type:
        case types.Unknown():
            return pa.null()
        case types.Bool():
            return pa.bool_()
        case types.Int(bits, signed):
            return _INTS[bits, signed]
        case types.Float(bits):
            return _FLOATS[bits]
        case types.Decimal(precision, scale):
            make = pa.decimal128 if precision <= _DECIMAL128_DIGITS else pa.decimal256
            return make(precision, scale)
        case types.Bytes(size, True) if size is not None and size <= _WIDTH_MAX:
            return pa.binary(size)
        case types.Uuid():
            return pa.uuid()
        case types.Json():
            return pa.json_()
        case types.Date():
            return pa.date32()
        case types.Time(unit, tz):
            return pa.string() if tz else (pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit))
        case types.Timestamp(unit, zone):
            return pa.string() if zone == "offset" else pa.timestamp(unit, None if zone == "none" else "UTC")
        case types.Interval(_, unit):
            return pa.month_day_nano_interval() if unit is None else pa.duration(unit)
        case types.String() | types.Enum():
            return pa.string()
        case _:
            return _nested(type, members, place)


def _nested(type: types.Type, members: Members, place: str) -> pa.DataType:
    match type:
        case types.List(element, nullable, size):
            field = slot("item", arrow_type(element, members, paths.element(place)), nullable)
            return pa.list_(field, -1 if size is None or size > _INT_MAX else size)
        case types.Map(key, value, nullable):
            known = types.Bytes() if isinstance(key, types.Unknown) else key  # Arrow has no null keys
            key_type = arrow_type(known, members, paths.map_key(place))
            value_type = arrow_type(value, members, paths.map_value(place))
            return pa.map_(key_type, slot("value", value_type, nullable))
        case types.Struct(None):
            return pa.struct(list(members(place)))
        case types.Struct(inline):
            inner = [
                slot(m.name, arrow_type(m.type, members, paths.child(place, m.name)), m.nullable) for m in inline or ()
            ]
            return pa.struct(inner)
        case types.Union(branches):
            fields = []
            for branch in branches:
                name = types.branch_name(branch)
                fields.append(pa.field(name, arrow_type(branch.type, members, paths.branch(place, name))))
            return pa.dense_union(fields)
        case _:  # variant, geometry, geography, bytes without a fixed length, opaque
            return pa.binary()


def slot(name: str, data: pa.DataType, nullable: bool) -> pa.Field:
    """Return an Arrow field; one of type null is nullable whatever is asked, because Arrow refuses anything else."""
    return pa.field(name, data, nullable or data.id == pa.lib.Type_NA)
