"""Batches of Arrow: each leaf column becomes `Values`, with no Python object per value but for the different ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lumos_core.plugin_api import paths

from .column import Values

_FORMS = {pa.lib.Type_DATE32: "date", pa.lib.Type_DATE64: "date"}
_NO_VALUES = "other"


def leaves(batch: Any) -> Iterator[tuple[str, Any]]:
    """Yield (path, array) of every leaf of a record batch or table, structs and lists taken apart.

    A list stands for itself (how many items, as lengths) and for its elements.
    """
    for name, array in zip(batch.schema.names, batch.columns, strict=True):
        yield from _apart(paths.child("", name), array)


def _apart(path: str, array: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    kind = array.type
    yield path, array
    if pa.types.is_struct(kind):
        # A null struct has null members.
        for field, member in zip(kind, array.flatten(), strict=True):
            yield from _apart(paths.child(path, field.name), member)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        yield from _apart(paths.element(path), array.flatten())


def values_of(array: Any) -> Values:
    """Return what one array holds.

    Args:
        array: `pyarrow.Array`, of any type.
    """
    rows, nulls = len(array), array.null_count
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind, nulls = array.type, array.null_count
    if pa.types.is_null(kind) or rows == nulls:
        return Values(_NO_VALUES, rows, rows)
    if pa.types.is_boolean(kind):
        return Values("bool", rows, nulls, *_counted(array))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _number(array, rows, nulls)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        return _moment(array, rows, nulls)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _text(array, rows, nulls)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _binary(array, rows, nulls)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        items = pc.list_value_length(array)
        return Values(_NO_VALUES, rows, nulls, lengths=_lengths(items))
    return Values(_NO_VALUES, rows, nulls)


def _counted(array: Any, unique: Any = None) -> tuple[list[Any], np.ndarray[Any, Any]]:
    """Return the different values, in order of first occurrence, and how often each occurs."""
    found = pc.value_counts(array.drop_null() if array.null_count else array)
    values = found.field(0) if unique is None else unique(found.field(0))
    return values.to_pylist(), found.field(1).to_numpy(zero_copy_only=False)


def _number(array: Any, rows: int, nulls: int) -> Values:
    present = array.drop_null() if nulls else array
    if pa.types.is_floating(present.type):
        if present.type == pa.float16():
            present = present.cast(pa.float32())
        finite = pc.is_finite(present)
        odd = len(present) - (pc.sum(finite).as_py() or 0)
        if odd:
            present = present.filter(finite)
        if not len(present):
            return Values("number", rows, nulls, odd=odd)
        numbers = present.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
        total: Any = float(np.sum(numbers, dtype=np.float64))
        unique, counts = _counted(present)
        low, high = float(numbers.min()), float(numbers.max())
        if pa.types.is_float32(present.type):
            # 0.1 of 32 bits is told as 0.1, as its writer meant it.
            low, high = float(str(np.float32(low))), float(str(np.float32(high)))
            unique = [float(str(np.float32(value))) for value in unique]
        return Values("number", rows, nulls, unique, counts, numbers, low, high, total, odd=odd)
    ends = pc.min_max(present)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    unique, counts = _counted(present)
    if pa.types.is_decimal(present.type):
        wide = present.cast(pa.decimal256(76, present.type.scale))
        numbers = pc.cast(present, pa.float64()).to_numpy(zero_copy_only=False)
        # Whole decimals hash as texts, each written in one way whatever its scale.
        return Values("number", rows, nulls, unique, counts, numbers, low, high, pc.sum(wide).as_py())
    numbers = present.to_numpy(zero_copy_only=False)
    if max(abs(low), abs(high)) < 2**62 // max(1, len(present)):
        total = int(numbers.sum(dtype=np.int64))
    else:
        total = sum(present.to_pylist())
    return Values("number", rows, nulls, unique, counts, numbers.astype(np.float64), low, high, total)


def _moment(array: Any, rows: int, nulls: int) -> Values:
    present = array.drop_null() if nulls else array
    kind = present.type
    if pa.types.is_date(kind):
        form = "date"
        days = pc.cast(pc.cast(present, pa.date32()), pa.int32())
        whole = pc.multiply(pc.cast(days, pa.int64()), 86_400_000_000)
    elif pa.types.is_timestamp(kind):
        form = "timestamp" if kind.tz is None else "timestamptz"
        whole = _micros(pc.cast(present, pa.int64()), kind.unit)
    else:
        form = "time"
        whole = _micros(
            pc.cast(pc.cast(present, pa.int32() if kind.bit_width == 32 else pa.int64()), pa.int64()), kind.unit
        )
    numbers = whole.to_numpy(zero_copy_only=False)
    unique, counts = _counted(whole)
    low, high = int(numbers.min()), int(numbers.max())
    return Values(form, rows, nulls, unique, counts, numbers.astype(np.float64), low, high)


def _micros(whole: Any, unit: str) -> Any:
    """Return whole numbers of a unit as microseconds; what lies beyond them is cut."""
    if unit == "ns":
        numbers = whole.to_numpy(zero_copy_only=False) // 1000
        return pa.array(numbers)
    factor = {"s": 1_000_000, "ms": 1_000, "us": 1}[unit]
    return whole if factor == 1 else pc.multiply(whole, factor)


def _text(array: Any, rows: int, nulls: int) -> Values:
    present = array.drop_null() if nulls else array
    ends = pc.min_max(present)
    unique, counts = _counted(present)
    lengths = _lengths(pc.utf8_length(present))
    low, high = ends["min"].as_py(), ends["max"].as_py()
    return Values("text", rows, nulls, unique, counts, None, low, high, lengths=lengths)


def _binary(array: Any, rows: int, nulls: int) -> Values:
    present = array.drop_null() if nulls else array
    lengths = _lengths(pc.binary_length(present))
    unique, counts = _counted(present)
    return Values("binary", rows, nulls, [value.decode("latin-1") for value in unique], counts, lengths=lengths)


def _lengths(lengths: Any) -> tuple[int, int, int] | None:
    ends = pc.min_max(lengths)
    if ends["min"].as_py() is None:
        return None
    return int(pc.sum(lengths).as_py()), int(ends["min"].as_py()), int(ends["max"].as_py())
