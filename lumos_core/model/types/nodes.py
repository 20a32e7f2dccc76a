"""The nodes of the type tree: one frozen class per kind, each refusing what its kind cannot say.

A tree is normal by construction: two types are equal exactly if their canonical texts are. Whether a value
may be null is not part of a type; it stands where the value stands (a field, an element, a member).
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

Unit = Literal["s", "ms", "us", "ns"]
Zone = Literal["none", "instant", "offset"]
LengthUnit = Literal["chars", "bytes"]
IntervalKind = Literal["year-month", "day-time", "month-day-nano"]
EdgeAlgorithm = Literal["spherical", "vincenty", "thomas", "andoyer", "karney"]

UNITS: tuple[Unit, ...] = ("s", "ms", "us", "ns")
INTERVALS: tuple[IntervalKind, ...] = ("year-month", "day-time", "month-day-nano")
EDGE_ALGORITHMS: tuple[EdgeAlgorithm, ...] = ("spherical", "vincenty", "thomas", "andoyer", "karney")
MAX_PRECISION = 76
MAX_DEPTH = 100  # levels of nesting: far above what engines allow, far below what Python's stack holds


class Type(msgspec.Struct, frozen=True, cache_hash=True):
    """Any type; `kind` is the public name of what it is."""

    kind: ClassVar[str] = ""


class Unknown(Type, frozen=True):
    """Nothing but nulls was seen, or nothing at all (null, void)."""

    kind: ClassVar[str] = "unknown"


class Bool(Type, frozen=True):
    """True or false."""

    kind: ClassVar[str] = "bool"


class Int(Type, frozen=True):
    """A whole number of 8, 16, 32, 64 or 128 bits."""

    kind: ClassVar[str] = "int"
    bits: int = 64
    signed: bool = True

    def __post_init__(self) -> None:
        _check(self.bits in (8, 16, 32, 64, 128), "an integer of 8, 16, 32, 64 or 128 bits")


class Float(Type, frozen=True):
    """An IEEE 754 binary number of 16, 32 or 64 bits."""

    kind: ClassVar[str] = "float"
    bits: int = 64

    def __post_init__(self) -> None:
        _check(self.bits in (16, 32, 64), "a float of 16, 32 or 64 bits")


class Decimal(Type, frozen=True):
    """An exact decimal: `precision` digits in all (1 to 76), `scale` of them behind the point."""

    kind: ClassVar[str] = "decimal"
    precision: int
    scale: int = 0

    def __post_init__(self) -> None:
        _check(1 <= self.precision <= MAX_PRECISION, f"a decimal of 1 to {MAX_PRECISION} digits")
        _check(0 <= self.scale <= self.precision, "a decimal whose scale is 0 to its precision")


class String(Type, frozen=True):
    """Text of at most `max` characters or bytes (None: unbounded); `fixed` means padded to exactly `max`."""

    kind: ClassVar[str] = "string"
    max: int | None = None
    fixed: bool = False
    unit: LengthUnit = "chars"
    collation: str | None = None

    def __post_init__(self) -> None:
        _check(self.max is None or self.max >= 0, "a length that is not negative")
        _check(
            self.max is not None or not (self.fixed or self.unit == "bytes"),
            "a length, for a string that is fixed or counted in bytes",
        )
        _check(self.collation != "", "a collation that has a name")


class Bytes(Type, frozen=True):
    """Octets, at most `max` of them (None: unbounded); `fixed` means exactly `max`."""

    kind: ClassVar[str] = "bytes"
    max: int | None = None
    fixed: bool = False

    def __post_init__(self) -> None:
        _check(self.max is None or self.max >= 0, "a length that is not negative")
        _check(self.max is not None or not self.fixed, "a length, for bytes that are fixed")


class Uuid(Type, frozen=True):
    """A universally unique identifier (RFC 9562)."""

    kind: ClassVar[str] = "uuid"


class Json(Type, frozen=True):
    """JSON text, or what an engine stores in its place."""

    kind: ClassVar[str] = "json"


class Variant(Type, frozen=True):
    """A self-describing binary value (Parquet variant, Snowflake VARIANT)."""

    kind: ClassVar[str] = "variant"


class Geometry(Type, frozen=True):
    """A shape on a plane; `crs` names the coordinate reference system, None where none is declared."""

    kind: ClassVar[str] = "geometry"
    crs: str | None = None


class Geography(Type, frozen=True):
    """A shape on a globe; `algorithm` says how edges run between points (Iceberg v3)."""

    kind: ClassVar[str] = "geography"
    crs: str | None = None
    algorithm: EdgeAlgorithm | None = None

    def __post_init__(self) -> None:
        _check(self.algorithm in (None, *EDGE_ALGORITHMS), f"an edge algorithm out of {EDGE_ALGORITHMS}")


class Date(Type, frozen=True):
    """A day of the calendar."""

    kind: ClassVar[str] = "date"


class Time(Type, frozen=True):
    """A time of day, counted in `unit`; `tz`: with an offset."""

    kind: ClassVar[str] = "time"
    unit: Unit = "us"
    tz: bool = False

    def __post_init__(self) -> None:
        _check(self.unit in UNITS, f"a unit of time out of {UNITS}")


class Timestamp(Type, frozen=True):
    """A date with a time of day, counted in `unit`.

    `zone` says what it means: `none` a wall clock anywhere, `instant` a point of time kept in UTC, `offset`
    a point of time that keeps the offset it was written with.
    """

    kind: ClassVar[str] = "timestamp"
    unit: Unit = "us"
    zone: Zone = "none"

    def __post_init__(self) -> None:
        _check(self.unit in UNITS, f"a unit of time out of {UNITS}")
        _check(self.zone in ("none", "instant", "offset"), "a zone that is none, instant or offset")


class Interval(Type, frozen=True):
    """A length of time; a day-time interval stored as one number (Arrow duration) names its `unit`."""

    kind: ClassVar[str] = "interval"
    fields: IntervalKind = "day-time"
    unit: Unit | None = None

    def __post_init__(self) -> None:
        _check(self.fields in INTERVALS, f"an interval out of {INTERVALS}")
        _check(self.unit in (None, *UNITS), f"a unit of time out of {UNITS}")
        _check(self.unit is None or self.fields == "day-time", "a unit on a day-time interval alone")


class Enum(Type, frozen=True):
    """One of `symbols`, in their declared order; `open`: values outside the list are possible.

    `default` is what a reader takes for a symbol it does not know (Avro).
    """

    kind: ClassVar[str] = "enum"
    symbols: tuple[str, ...] = ()
    open: bool = False
    default: str | None = None

    def __post_init__(self) -> None:
        _check(len(set(self.symbols)) == len(self.symbols), "an enum whose symbols are distinct")
        _check(
            self.default is None or self.default in self.symbols,
            "an enum whose default is one of its symbols",
        )


class List(Type, frozen=True):
    """A sequence of elements, exactly `size` of them if that is given."""

    kind: ClassVar[str] = "list"
    element: Type
    nullable: bool = False
    size: int | None = None

    def __post_init__(self) -> None:
        _check(self.size is None or self.size >= 0, "a size that is not negative")


class Map(Type, frozen=True):
    """Values under keys; a key is never null, `nullable` is about the values."""

    kind: ClassVar[str] = "map"
    key: Type
    value: Type
    nullable: bool = False


class Member(msgspec.Struct, frozen=True, cache_hash=True):
    """A named member of a struct that is written inline."""

    name: str
    type: Type
    nullable: bool = False


class Struct(Type, frozen=True):
    """A group of named members; None where they are fields of their own, below this one's path."""

    kind: ClassVar[str] = "struct"
    members: tuple[Member, ...] | None = None


class Branch(msgspec.Struct, frozen=True, cache_hash=True):
    """One alternative of a union; named where the source names it (Protobuf oneof, Avro records, Arrow)."""

    type: Type
    name: str = ""


class Union(Type, frozen=True):
    """One of several types. Build it with `union`, which lifts nulls out and removes what says nothing."""

    kind: ClassVar[str] = "union"
    branches: tuple[Branch, ...]

    def __post_init__(self) -> None:
        _check(
            len(self.branches) > 1 or any(b.name for b in self.branches),
            "a union of two branches, or of a named one",
        )
        _check(len(set(self.branches)) == len(self.branches), "a union whose branches are distinct")
        for branch in self.branches:
            _check(not isinstance(branch.type, Unknown), "a union without null (what holds it is nullable)")
            _check(
                bool(branch.name) or not isinstance(branch.type, Union),
                "a union without unnamed unions inside",
            )


class Opaque(Type, frozen=True):
    """A type nobody here understands, kept as its native text and equal to that text alone."""

    kind: ClassVar[str] = "opaque"
    native: str


def union(*branches: Branch | Type) -> tuple[Type, bool]:
    """The union of some branches in normal form, and whether null was among them.

    Unnamed unions inside are flattened, repeated branches dropped, `unknown` lifted out as nullability; one
    unnamed branch stands for itself, none at all is `unknown`.
    """
    kept: dict[Branch, None] = {}
    nullable = False
    for item in branches:
        branch = Branch(item) if isinstance(item, Type) else item
        if isinstance(branch.type, Unknown):
            nullable = True
        elif isinstance(branch.type, Union) and not branch.name:
            kept.update(dict.fromkeys(branch.type.branches))
        else:
            kept[branch] = None
    if not kept:
        return Unknown(), nullable
    only = next(iter(kept))
    return (only.type if len(kept) == 1 and not only.name else Union(tuple(kept))), nullable


def _check(holds: bool, wanted: str) -> None:
    if not holds:
        raise ValueError(wanted)
