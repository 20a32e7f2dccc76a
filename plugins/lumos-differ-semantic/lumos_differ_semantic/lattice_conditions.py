"""What must hold of two types for a row of the lattice to apply: small predicates over (old, new).

The predicates of lossless rows say that the values of the old type are a subset of those of the new one; that
is why such rows compose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lumos_core.plugin_api import types

Condition = Callable[[Any, Any], bool]

DIGITS = {(8, True): 3, (16, True): 5, (32, True): 10, (64, True): 19, (128, True): 39}
DIGITS |= {(8, False): 3, (16, False): 5, (32, False): 10, (64, False): 20, (128, False): 39}
"""Decimal digits that hold every value of an integer, by (bits, signed)."""

_MANTISSA = {16: 11, 32: 24, 64: 53}
_EXPONENT = {16: 15, 32: 127, 64: 1023}
_UTF8_WIDTH = 4


def always(old: types.Type, new: types.Type) -> bool:
    """Whatever the two are."""
    return True


def int_wider(old: types.Int, new: types.Int) -> bool:
    """Same sign, more bits."""
    return old.signed == new.signed and new.bits > old.bits


def int_narrower(old: types.Int, new: types.Int) -> bool:
    """Same sign, fewer bits."""
    return old.signed == new.signed and new.bits < old.bits


def unsigned_fits_signed(old: types.Int, new: types.Int) -> bool:
    """Every unsigned value is a value of the wider signed integer."""
    return not old.signed and new.signed and new.bits > old.bits


def _magnitude(type: types.Int) -> int:
    return type.bits - 1 if type.signed else type.bits


def int_exact_in_float(old: types.Int, new: types.Float) -> bool:
    """The mantissa holds every integer."""
    return _magnitude(old) <= _MANTISSA[new.bits]


def int_in_range_of_float(old: types.Int, new: types.Float) -> bool:
    """The exponent holds every integer, the mantissa perhaps not."""
    # 2**15 - 1 and 2**127 - 1 round to a power of two that the exponent still holds; 2**16 - 1 does not.
    return _magnitude(old) <= _EXPONENT[new.bits]


def int_fits_decimal(old: types.Int, new: types.Decimal) -> bool:
    """There are digits enough before the point."""
    return new.precision - new.scale >= DIGITS[old.bits, old.signed]


def decimal_fits_int(old: types.Decimal, new: types.Int) -> bool:
    """A whole number whose digits all fit."""
    return old.scale == 0 and old.precision < DIGITS[new.bits, new.signed]


def precision_up(old: types.Decimal, new: types.Decimal) -> bool:
    """More digits before the point, as many behind it."""
    return new.scale == old.scale and new.precision > old.precision


def precision_down(old: types.Decimal, new: types.Decimal) -> bool:
    """Fewer digits before the point, as many behind it."""
    return new.scale == old.scale and new.precision < old.precision


def scale_up_with_room(old: types.Decimal, new: types.Decimal) -> bool:
    """More digits behind the point and none fewer before it."""
    return new.precision - old.precision >= new.scale - old.scale > 0


def holds(new: types.String | types.Bytes, old: types.String | types.Bytes) -> bool:
    """Whether the new length takes every value of the old one, UTF-8 assumed where units differ."""
    if new.max is None or old.max is None:
        return new.max is None
    unit_old, unit_new = getattr(old, "unit", "bytes"), getattr(new, "unit", "bytes")
    width = _UTF8_WIDTH if (unit_old, unit_new) == ("chars", "bytes") else 1
    return old.max * width <= new.max


def fixed(old: bool, new: bool, when: Condition = always) -> Condition:
    """A condition on two lengths: whether the old and the new one are fixed, and `when`."""
    return lambda a, b: a.fixed == old and b.fixed == new and when(a, b)


def grows(old: types.String, new: types.String) -> bool:
    """The new length holds every old value."""
    return holds(new, old)


def shrinks(old: types.String, new: types.String) -> bool:
    """The new length does not hold every old value."""
    return not holds(new, old)


def incomparable(old: types.String, new: types.String) -> bool:
    """Neither length holds the values of the other."""
    return not holds(new, old) and not holds(old, new)


def bound_removed(old: types.String, new: types.String) -> bool:
    """There was a length and is none."""
    return old.max is not None and new.max is None


def bound_added(old: types.String, new: types.String) -> bool:
    """There is a length and was none."""
    return old.max is None and new.max is not None


def same_length(old: types.String, new: types.String) -> bool:
    """Each length holds the values of the other."""
    return holds(new, old) and holds(old, new) and old.fixed == new.fixed


def held(old: Any, new: Any) -> bool:
    """The old length holds every new value."""
    return holds(old, new)


def bytes_hold(old: Any, new: Any) -> bool:
    """The new length is open enough for every old value in its encoded form."""
    return not new.fixed and holds(new, old)


def text_takes(text: types.String, other: types.Type) -> bool:
    """Whether a string type holds the text form of every value of a uuid, enum, json or variant."""
    if isinstance(other, types.Uuid):
        longest = 36
        return text.max is None or text.max == longest or (not text.fixed and text.max > longest)
    if text.fixed:
        return False
    if not isinstance(other, types.Enum) or other.open:
        return text.max is None
    lengths = (len(s) if text.unit == "chars" else len(s.encode("utf-8", "surrogatepass")) for s in other.symbols)
    return text.max is None or max(lengths, default=0) <= text.max


def into_text(old: types.Type, new: types.String) -> bool:
    """The text form of every old value fits."""
    return text_takes(new, old)


def out_of_text(old: types.String, new: types.Type) -> bool:
    """The text form of every new value was allowed."""
    return text_takes(old, new)


def _tolerant(enum: types.Enum) -> bool:
    return enum.open or enum.default is not None


def symbol_added_strict(old: types.Enum, new: types.Enum) -> bool:
    """A symbol is new, and old readers have nothing to take for it."""
    return not set(new.symbols) <= set(old.symbols) and not _tolerant(old)


def symbol_added_tolerant(old: types.Enum, new: types.Enum) -> bool:
    """A symbol is new, and old readers take it as unknown or as their default."""
    return not set(new.symbols) <= set(old.symbols) and _tolerant(old)


def symbol_removed_strict(old: types.Enum, new: types.Enum) -> bool:
    """A symbol is gone, and new readers have nothing to take for it."""
    return not set(old.symbols) <= set(new.symbols) and not _tolerant(new)


def symbol_removed_tolerant(old: types.Enum, new: types.Enum) -> bool:
    """A symbol is gone, and new readers take it as unknown or as their default."""
    return not set(old.symbols) <= set(new.symbols) and _tolerant(new)


def ordinal_moved(old: types.Enum, new: types.Enum) -> bool:
    """A symbol that both sides have stands at another place."""
    place = {symbol: i for i, symbol in enumerate(new.symbols)}
    return any(place.get(symbol, i) != i for i, symbol in enumerate(old.symbols))


def zone_changed(old: types.Timestamp, new: types.Timestamp) -> bool:
    """The meaning of the clock differs."""
    return old.zone != new.zone


_UNIT_ORDER = {"s": 0, "ms": 1, "us": 2, "ns": 3}


def unit_finer(old: types.Timestamp, new: types.Timestamp) -> bool:
    """Same clock, finer unit."""
    return old.zone == new.zone and _UNIT_ORDER[new.unit] > _UNIT_ORDER[old.unit]


def unit_coarser(old: types.Timestamp, new: types.Timestamp) -> bool:
    """Same clock, coarser unit."""
    return old.zone == new.zone and _UNIT_ORDER[new.unit] < _UNIT_ORDER[old.unit]


def without_zone(a: types.Type, b: types.Type) -> bool:
    """The timestamp is a wall clock."""
    return any(isinstance(t, types.Timestamp) and t.zone == "none" for t in (a, b))


def reference_declared(old: Any, new: Any) -> bool:
    """Whether all that both sides declare is equal, and one side declares more (geometry, geography)."""
    pairs = [(old.crs, new.crs), (getattr(old, "algorithm", None), getattr(new, "algorithm", None))]
    return all(a == b or None in (a, b) for a, b in pairs)
