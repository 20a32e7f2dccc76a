"""The table of type changes, old -> new, as data: one row for each change of a leaf type that has a name.

`history` judges a new reader of old data, `codegen` and `sql` an old reader of new data: a typed client, and
a query that converts as it runs. A row applies where both kinds match and `when` holds. Rows are tried in
order and the first decides, but *facets* (an enum can gain one symbol and lose another) all count and do not
end the search. What no row names is disjoint. A row of class `widen-lossless` holds exactly where every old
value is a new value, so these rows compose: a chain of them is again one of them.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from . import lattice_conditions as c

Severity = Literal["ok", "risky", "breaking"]
ValueClass = Literal["same", "relabel", "widen-lossless", "widen-lossy", "reinterpret", "narrow", "disjoint"]

CLASSES: tuple[ValueClass, ...] = (
    "same",
    "relabel",
    "widen-lossless",
    "widen-lossy",
    "reinterpret",
    "narrow",
    "disjoint",
)
"""What a change does to the values, mildest first."""

SEVERITIES: tuple[Severity, ...] = ("ok", "risky", "breaking")
"""Mildest first."""


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        old: kind of the old type; `*` is any.
        new: kind of the new type; `*` is any.
        when: what else must hold of the two types.
        cls: what happens to the values.
        history: for new readers of old data.
        codegen: for old typed clients on new data.
        sql: for old queries on new data.
        rule: id of the rule that names the change.
        note: what a reader of the report should know.
        evidence: what engines and tools of the field do.
        facet: counted beside other rows instead of deciding alone.
    """

    old: str
    new: str
    when: c.Condition
    cls: ValueClass
    history: Severity
    codegen: Severity
    sql: Severity
    rule: str
    note: str
    evidence: str = ""
    facet: bool = False


# fmt: off
_LOSSLESS: ValueClass = "widen-lossless"
_PADDING = "a fixed length pads with blanks, which change comparisons and lengths"

NUMBERS = (
    Row("int", "int", c.int_wider, _LOSSLESS, "ok", "breaking", "risky", "type-widened-lossless",
        "every old value fits; clients built for the narrower integer overflow",
        "Avro int to long, Iceberg, Delta, Flink: allowed"),
    Row("int", "int", c.unsigned_fits_signed, _LOSSLESS, "ok", "breaking", "risky", "type-widened-lossless",
        "every old value fits; the sign bit is new to old clients"),
    Row("int", "int", c.int_narrower, "narrow", "breaking", "ok", "ok", "type-narrowed",
        "stored values may overflow the narrower integer",
        "Delta: unsupported"),
    Row("int", "int", c.always, "narrow", "breaking", "breaking", "breaking", "type-narrowed",
        "the two ranges only overlap: negative or large values are lost or turn into others"),
    Row("float", "float", lambda a, b: b.bits > a.bits, _LOSSLESS, "ok", "breaking", "risky",
        "type-widened-lossless", "every old value fits",
        "allowed everywhere"),
    Row("float", "float", c.always, "narrow", "breaking", "ok", "risky", "type-narrowed",
        "stored values lose digits or overflow"),
    Row("int", "float", c.int_exact_in_float, _LOSSLESS, "ok", "breaking", "risky", "type-widened-lossless",
        "every old value is exact in the float",
        "Delta (to double), Flink, Avro: allowed; Iceberg: not"),
    Row("int", "float", c.int_in_range_of_float, "widen-lossy", "risky", "breaking", "risky",
        "type-widened-lossy", "large integers lose their last digits",
        "Avro allows it; Iceberg, Delta, Flink do not"),
    Row("float", "int", c.always, "narrow", "breaking", "breaking", "breaking", "type-narrowed",
        "fractions and large values are lost"),
    Row("decimal", "decimal", c.precision_up, _LOSSLESS, "ok", "breaking", "risky",
        "decimal-precision-increased", "every old value fits",
        "Iceberg, Delta, Flink: allowed"),
    Row("decimal", "decimal", c.scale_up_with_room, _LOSSLESS, "ok", "breaking", "risky",
        "decimal-scale-changed",
        "every old value fits, but unscaled storage (Iceberg, Flink, Avro) would read it as another number",
        "Delta: allowed; Iceberg, Confluent registry: not"),
    Row("decimal", "decimal", c.precision_down, "narrow", "breaking", "ok", "risky",
        "decimal-precision-decreased", "stored values may have more digits",
        "Delta: unsupported"),
    Row("decimal", "decimal", c.always, "narrow", "breaking", "breaking", "risky", "decimal-scale-changed",
        "digits before or behind the point are lost",
        "Delta: unsupported"),
    Row("int", "decimal", c.int_fits_decimal, _LOSSLESS, "ok", "breaking", "risky", "type-widened-lossless",
        "every old value fits by its digits; Delta asks for 10 or 20 of them",
        "Delta (10/20 digits), Flink (by digits): allowed; Iceberg: not"),
    Row("decimal", "int", c.decimal_fits_int, "narrow", "risky", "risky", "risky", "type-narrowed",
        "whole numbers of that many digits fit, but the representation is another"),
)

TEXT = (
    Row("string", "string", lambda a, b: a.collation != b.collation, "reinterpret", "risky", "risky", "risky",
        "collation-changed", "order, equality and uniqueness of the texts may change",
        facet=True),
    Row("string", "string", c.same_length, "relabel", "ok", "ok", "ok", "type-native-relabelled",
        "the same length, written otherwise"),
    Row("string", "string", c.incomparable, "narrow", "breaking", "breaking", "risky",
        "string-length-decreased", "lengths in characters and in bytes: neither holds the other"),
    Row("string", "string", c.fixed(True, True), "reinterpret", "breaking", "breaking", "risky",
        "type-reinterpreted", _PADDING,
        "Confluent registry: frozen"),
    Row("string", "string", c.fixed(True, False, c.grows), _LOSSLESS, "ok", "risky", "ok",
        "type-widened-lossless", f"every old value fits; {_PADDING}",
        "Flink: allowed"),
    Row("string", "string", c.fixed(True, False), "narrow", "breaking", "risky", "risky",
        "string-length-decreased", f"stored values may be longer; {_PADDING}"),
    Row("string", "string", c.fixed(False, True, c.grows), "reinterpret", "risky", "risky", "risky",
        "type-reinterpreted", _PADDING),
    Row("string", "string", c.fixed(False, True), "narrow", "breaking", "risky", "risky",
        "string-length-decreased", f"stored values may be longer; {_PADDING}"),
    Row("string", "string", c.bound_removed, _LOSSLESS, "ok", "breaking", "ok", "string-bound-removed",
        "every old value fits; clients that size buffers by the bound truncate",
        "Flink: allowed; Iceberg, Spark ignore the length"),
    Row("string", "string", c.grows, _LOSSLESS, "ok", "breaking", "ok", "string-length-increased",
        "every old value fits; clients that size buffers by the length truncate",
        "Flink: allowed; Iceberg, Spark ignore the length"),
    Row("string", "string", c.bound_added, "narrow", "breaking", "ok", "ok", "string-bound-added",
        "stored values may be longer",
        "the Iceberg port of the Confluent registry passes it"),
    Row("string", "string", c.shrinks, "narrow", "breaking", "ok", "ok", "string-length-decreased",
        "stored values may be longer",
        "the Iceberg port of the Confluent registry passes it"),
    Row("bytes", "bytes", c.fixed(True, True), "reinterpret", "breaking", "breaking", "breaking",
        "type-reinterpreted", "values of one fixed length are not values of another",
        "Avro: not allowed"),
    Row("bytes", "bytes", c.fixed(True, False, c.grows), _LOSSLESS, "ok", "risky", "ok",
        "type-widened-lossless", "every old value fits",
        "not in Avro or Iceberg, which store the two differently"),
    Row("bytes", "bytes", c.fixed(False, True, c.held), "narrow", "breaking", "ok", "ok", "type-narrowed",
        "stored values have other lengths"),
    Row("bytes", "bytes", c.fixed(False, False, c.grows), _LOSSLESS, "ok", "breaking", "ok",
        "type-widened-lossless", "every old value fits; clients that size buffers by the length truncate"),
    Row("bytes", "bytes", c.fixed(False, False), "narrow", "breaking", "ok", "ok", "type-narrowed",
        "stored values may be longer"),
    Row("string", "bytes", c.bytes_hold, "reinterpret", "risky", "breaking", "breaking", "type-reinterpreted",
        "the encoding of the text becomes part of the value",
        "Avro: allowed both ways; buf: this way; Iceberg: not"),
    Row("bytes", "string", c.bytes_hold, "reinterpret", "risky", "breaking", "breaking", "type-reinterpreted",
        "octets that are no text cannot be read",
        "Avro: allowed; buf, Iceberg: not"),
    *(
        Row(kind, "string", c.into_text, _LOSSLESS, "ok", "breaking", "breaking", "type-widened-lossless",
            f"every {kind} has a text; readers of {kind} meet texts that are none")
        for kind in ("uuid", "json", "variant", "enum")
    ),
    *(
        Row("string", kind, c.out_of_text, "narrow", "breaking", "ok", "ok", "type-narrowed",
            f"stored texts may be no {kind}")
        for kind in ("uuid", "json", "variant", "enum")
    ),
)

ENUMS = (
    Row("enum", "enum", c.symbol_removed_strict, "narrow", "breaking", "ok", "ok", "enum-value-removed",
        "stored values may be symbols that are gone",
        "Atlas MY110", facet=True),
    Row("enum", "enum", c.symbol_removed_tolerant, "narrow", "risky", "ok", "ok", "enum-value-removed",
        "stored symbols that are gone are read as the default or as unknown",
        "Avro reader default", facet=True),
    Row("enum", "enum", c.symbol_added_strict, _LOSSLESS, "ok", "breaking", "risky", "enum-value-added",
        "old readers meet a symbol they do not know",
        "oasdiff warns", facet=True),
    Row("enum", "enum", c.symbol_added_tolerant, _LOSSLESS, "ok", "risky", "risky", "enum-value-added",
        "old readers take the new symbol as the default or as unknown",
        "Avro reader default", facet=True),
    Row("enum", "enum", lambda a, b: a.open and not b.open, "narrow", "risky", "ok", "ok", "enum-closed",
        "stored values may lie outside the list",
        facet=True),
    Row("enum", "enum", lambda a, b: b.open and not a.open, _LOSSLESS, "ok", "risky", "risky", "enum-opened",
        "old readers meet values outside the list",
        facet=True),
    Row("enum", "enum", c.ordinal_moved, "reinterpret", "risky", "risky", "ok", "enum-reordered",
        "a symbol changed its place: where ordinals are stored it reads as another",
        "Atlas MY111, MY112", facet=True),
    Row("enum", "enum", lambda a, b: a.default != b.default, "relabel", "ok", "ok", "ok", "default-changed",
        "another symbol, or none, stands for those a reader does not know",
        "Avro", facet=True),
)

TIMES = (
    Row("date", "timestamp", c.without_zone, _LOSSLESS, "ok", "breaking", "risky", "type-widened-lossless",
        "every day is a midnight",
        "Delta, Iceberg v3 specification: allowed; Iceberg implementation: not"),
    Row("date", "timestamp", c.always, "reinterpret", "breaking", "breaking", "breaking",
        "type-reinterpreted", "a day is a point of time only in a time zone that nobody declared",
        "Iceberg: not allowed"),
    Row("timestamp", "date", c.always, "narrow", "breaking", "breaking", "breaking", "type-narrowed",
        "the time of day is lost",
        "Delta: unsupported"),
    Row("timestamp", "timestamp", c.zone_changed, "reinterpret", "breaking", "breaking", "breaking",
        "timezone-semantics-changed", "a wall clock and a point of time are different values"),
    Row("timestamp", "timestamp", c.unit_finer, "widen-lossy", "risky", "breaking", "risky",
        "temporal-unit-changed",
        "exact in value, over fewer years; stored counts read in the new unit are wrong by a factor",
        "breaking in Avro and Flink; Confluent registry: frozen"),
    Row("timestamp", "timestamp", c.unit_coarser, "narrow", "breaking", "risky", "risky",
        "temporal-unit-changed", "fractions of a second are lost"),
    Row("time", "time", lambda a, b: a.tz != b.tz, "reinterpret", "breaking", "breaking", "breaking",
        "timezone-semantics-changed", "a time of day with and without an offset are different values"),
    Row("time", "time", c.always, "narrow", "breaking", "breaking", "breaking", "temporal-unit-changed",
        "stored counts read in the new unit are wrong by a factor",
        "Delta: unsupported"),
    Row("interval", "interval", lambda a, b: a.fields == b.fields, "reinterpret", "breaking", "breaking",
        "breaking", "temporal-unit-changed", "stored counts read in the new unit are wrong by a factor"),
)

SPACE = tuple(
    row
    for kind in ("geometry", "geography")
    for row in (
        Row(kind, kind, c.reference_declared, "reinterpret", "risky", "risky", "risky", "type-reinterpreted",
            "a reference system or edge algorithm is declared for one side only"),
        Row(kind, kind, c.always, "reinterpret", "breaking", "breaking", "breaking", "type-reinterpreted",
            "coordinates mean other places in another reference system or edge algorithm"),
    )
)

SIZES = (
    Row("list", "list", lambda a, b: a.size is not None and b.size is None, _LOSSLESS, "ok", "breaking",
        "risky", "type-widened-lossless", "every old list fits; clients that count on the fixed size break",
        facet=True),
    Row("list", "list", lambda a, b: a.size is None and b.size is not None, "narrow", "breaking", "ok", "ok",
        "type-narrowed", "stored lists have other sizes",
        facet=True),
    Row("list", "list", lambda a, b: None not in (a.size, b.size) and a.size != b.size, "reinterpret",
        "breaking", "breaking", "breaking", "type-reinterpreted",
        "lists of one fixed size are not lists of another",
        facet=True),
)

ROWS: tuple[Row, ...] = (*NUMBERS, *TEXT, *ENUMS, *TIMES, *SPACE, *SIZES)
"""The table, in the order in which rows are tried."""

FROM_UNKNOWN = Row("unknown", "*", c.always, _LOSSLESS, "ok", "ok", "ok", "type-widened-lossless",
    "only nulls were there before",
    "Iceberg v3, Delta void: allowed")
DISJOINT = Row("*", "*", c.always, "disjoint", "breaking", "breaking", "breaking", "type-incompatible",
    "nothing says that values of the one are values of the other")
LENIENT_STRING = Row("*", "string", c.always, "disjoint", "risky", "breaking", "risky", "type-incompatible",
    "taken for text, as the policy allows",
    "Hudi on read: allowed; Iceberg, Delta: not")
TO_OPAQUE = Row("*", "opaque", c.always, "disjoint", "breaking", "breaking", "breaking", "type-became-opaque",
    "nothing can be said of the new type")
UNREADABLE = Row("*", "opaque", c.always, "relabel", "risky", "risky", "risky", "type-became-opaque",
    "the source calls the type as before, but it is no longer understood")
RELABELLED = Row("*", "*", c.always, "relabel", "ok", "ok", "ok", "type-native-relabelled",
    "the source writes the type otherwise; what it holds is the same")
CARDINALITY = Row("*", "list", c.always, "disjoint", "breaking", "breaking", "breaking",
    "cardinality-changed", "one value against many",
    "buf: cardinality")
KEY_CHANGED = Row("map", "map", c.always, "reinterpret", "breaking", "breaking", "risky",
    "map-key-type-changed", "keys are looked up by their type",
    "Iceberg: not allowed; Flink: by the key's own change")
BRANCH_ADDED = Row("union", "union", c.always, _LOSSLESS, "ok", "breaking", "risky", "union-branch-added",
    "old readers meet a branch they do not know",
    "Avro: allowed")
BRANCH_REMOVED = Row("union", "union", c.always, "narrow", "breaking", "ok", "ok", "union-branch-removed",
    "stored values may be of the branch that is gone")
MEMBER_ADDED = Row("struct", "struct", c.always, _LOSSLESS, "ok", "ok", "ok", "field-added-nullable",
    "old data has no value for the new member, which may be null")
MEMBER_REQUIRED = Row("struct", "struct", c.always, "narrow", "breaking", "ok", "ok", "field-added-required",
    "old data has no value for the new member, which must have one")
MEMBER_REMOVED = Row("struct", "struct", c.always, "narrow", "ok", "breaking", "breaking", "field-removed",
    "old readers ask for a member that is gone")
MEMBERS_MOVED = Row("struct", "struct", c.always, "relabel", "risky", "risky", "ok", "field-reordered",
    "readers by position take one member for another")
MEMBERS_ELSEWHERE = Row("struct", "struct", c.always, "reinterpret", "risky", "risky", "risky",
    "type-reinterpreted", "members stand in the type on one side and as fields on the other")
RELAXED = Row("*", "*", c.always, _LOSSLESS, "ok", "breaking", "risky", "required-to-nullable",
    "old readers meet nulls for the first time",
    "oasdiff response-nullable; Iceberg: allowed")
TIGHTENED = Row("*", "*", c.always, "narrow", "breaking", "ok", "ok", "nullable-to-required",
    "stored values may be null",
    "Confluent registry; Atlas MF104")

SHAPES: tuple[Row, ...] = (
    FROM_UNKNOWN, DISJOINT, LENIENT_STRING, TO_OPAQUE, UNREADABLE, RELABELLED, CARDINALITY, KEY_CHANGED,
    BRANCH_ADDED, BRANCH_REMOVED, MEMBER_ADDED, MEMBER_REQUIRED, MEMBER_REMOVED, MEMBERS_MOVED,
    MEMBERS_ELSEWHERE, RELAXED, TIGHTENED,
)
"""Rows for what two kinds alone do not tell; `lattice` says when each applies."""
# fmt: on
