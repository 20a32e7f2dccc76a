"""The algebra of the lattice, over every pair of a pool of leaf types and over nested types, and a count of values."""

from __future__ import annotations

import math
import struct
from decimal import Context, Decimal, localcontext
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lumos_differ_semantic import lattice_rows as rows
from lumos_differ_semantic.lattice import CLASSES, SAME, SEVERITIES, classify

from lumos_core.plugin_api import types

LEAF_TEXTS = """
unknown; bool; int8; int16; int32; int64; int128; uint8; uint16; uint32; uint64; uint128; float16; float32;
float64; decimal(3,0); decimal(5,2); decimal(7,4); decimal(10,0); decimal(18,0); decimal(20,0);
decimal(20,2); decimal(22,2); decimal(39,0); string; string collate 'C'; varchar(0); varchar(3); varchar(3
bytes); varchar(12 bytes); varchar(36); varchar(36 bytes); varchar(144 bytes); varchar(36) collate 'C';
char(3); char(4); char(12 bytes); char(36); bytes; bytes(3); bytes(4); fixed(3); fixed(4); uuid; json;
variant; geometry; geometry('A'); geometry('B'); geography; geography(karney); geography('A',karney);
geography('B'); date;
time(us); time(ns); timetz(us); timestamp(s); timestamp(us); timestamp(ns); timestamptz(us);
timestamptz(ns); timestampoffset(us); interval(day-time); interval(day-time,s); interval(day-time,ns);
interval(year-month); enum(); enum('a','b'); enum('a','b','c'); enum('c','a'); enum('abc');
enum('a','b',...); enum('a',default 'a'); enum('é'); enum('a','b',default 'b'); opaque('X'); opaque('Y');
enum('a','b','c',...,default 'a')
"""
LEAVES = [text.strip() for text in LEAF_TEXTS.split(";")]
PAIRS = list(product(LEAVES, LEAVES))


def kind(text: str) -> str:
    return types.parse(text).kind


def _unlike(name: str) -> object:
    return lambda old, new: getattr(old, name) != getattr(new, name)


# Where B(old, new) and F(new, old) under codegen may differ: the kinds, what else holds, and the reason.
EXCEPTIONS = [
    (
        {"unknown"},
        None,
        "nothing but nulls was there: any reader takes them, none of their readers takes values",
    ),
    ({"date", "timestamp"}, None, "days can be read as midnights, midnights are no days to a typed client"),
    ({"string", "bytes"}, None, "stored texts and octets convert, typed clients do not"),
    ({"int", "float"}, None, "integers can be stored as floats; a client of floats has no integers to read"),
    (
        {"int", "decimal"},
        None,
        "the digits fit, but a client of decimals reads an unscaled value and a scale",
    ),
    (
        {"int"},
        _unlike("signed"),
        "no engine's reader takes a signed column for an unsigned one or the reverse",
    ),
    ({"decimal"}, _unlike("scale"), "clients fix the scale, stored values are rescaled"),
    ({"string"}, _unlike("fixed"), "readers trim padding, clients of padded text do not pad"),
    ({"bytes"}, _unlike("fixed"), "readers take any length, Avro and Iceberg store the two differently"),
]


def exception(old: str, new: str) -> int | None:
    """Which exception covers a pair of leaves."""
    a, b = types.parse(old), types.parse(new)
    for i, (kinds, when, _) in enumerate(EXCEPTIONS):
        if kinds == {"unknown"}:
            if "unknown" in (a.kind, b.kind):
                return i
        elif {a.kind, b.kind} == kinds and (when is None or when(a, b)):
            return i
    return None


RANK = {name: rank for rank, name in enumerate(SEVERITIES)}
CLASS_RANK = {name: rank for rank, name in enumerate(CLASSES)}
MILD = {"same", "relabel", "widen-lossless"}


def test_every_row_of_the_table_decides_something() -> None:
    decided = set()
    for old, new in [*PAIRS, *product(["list<bool>", "list<bool,3>", "list<bool,4>"], repeat=2)]:
        a, b = types.parse(old), types.parse(new)
        for row in rows.ROWS if a != b else ():
            if (row.old, row.new) == (a.kind, b.kind) and row.when(a, b):
                decided.add(row)
                if not row.facet:
                    break
    assert [row for row in rows.ROWS if row not in decided] == []


@pytest.mark.parametrize("text", LEAVES)
def test_a_type_is_the_same_as_itself(text: str) -> None:
    assert classify(text, text) == SAME
    assert classify(f"list<{text}>", f"list< {text} >") == SAME


def test_history_one_way_is_the_typed_consumer_the_other_way() -> None:
    needed = set()
    for old, new in PAIRS:
        if classify(old, new).history != classify(new, old).consumer_codegen:
            needed.add(found := exception(old, new))
            assert found is not None, (old, new, classify(old, new), classify(new, old))
    assert needed == set(range(len(EXCEPTIONS))), "an exception that nothing needs"


def test_lossless_widening_is_transitive() -> None:
    lossless = {text: {new for new in LEAVES if classify(text, new).cls == "widen-lossless"} for text in LEAVES}
    for old, middles in lossless.items():
        for middle, new in ((m, n) for m in middles for n in lossless[m]):
            assert classify(old, new).cls in MILD, (old, middle, new)


def test_what_no_row_names_is_disjoint() -> None:
    unnamed = 0
    for old, new in PAIRS:
        a, b = types.parse(old), types.parse(new)
        named = any((r.old, r.new) == (a.kind, b.kind) and r.when(a, b) for r in rows.ROWS)
        if not named and old != new and a.kind != "unknown":
            v = classify(old, new)
            assert (v.cls, v.history, v.consumer_sql, v.consumer_codegen) == ("disjoint", *["breaking"] * 3)
            unnamed += 1
    assert unnamed > len(PAIRS) / 2


RELATED = [pair for pair in PAIRS if classify(*pair).cls != "disjoint"]
WRAPS = [
    "list<{}>",
    "list<{}?,3>",
    "map<string,{}>",
    "map<{},bool>",
    "struct{{x:bool,a:{}}}",
    "union<a:{},b:bool>",
]


@pytest.mark.parametrize("wrap", WRAPS)
def test_nesting_never_makes_a_change_milder(wrap: str) -> None:
    for old, new in [*RELATED, *PAIRS[::11]]:
        if "unknown" in (old, new) and "union" in wrap:
            continue  # null is no branch: it is lifted out, and the change is one of nullability
        bare, inside = classify(old, new), classify(wrap.format(old), wrap.format(new))
        for name in ("history", "consumer_sql", "consumer_codegen"):
            assert RANK[getattr(inside, name)] >= RANK[getattr(bare, name)], (old, new)
        assert CLASS_RANK[inside.cls] >= CLASS_RANK[bare.cls], (old, new)
        assert (inside.rule_id != "") == (bare.rule_id != "")


DUAL = [(old, new) for old, new in PAIRS if exception(old, new) is None and "unknown" not in (old, new)]
FLAGS = st.booleans()
SIZES = st.sampled_from(["", ",3", ",4"])


def _mark(text: str, nullable: bool) -> str:
    return text + "?" * nullable


def _nest(pairs: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
    """Pairs of nested types that change in their parts, in nullability, in sizes, in branches."""

    def lists(p: tuple[str, str], a: bool, b: bool, m: str, n: str) -> tuple[str, str]:
        return f"list<{_mark(p[0], a)}{m}>", f"list<{_mark(p[1], b)}{n}>"

    def maps(k: tuple[str, str], p: tuple[str, str], a: bool, b: bool) -> tuple[str, str]:
        return f"map<{k[0]},{_mark(p[0], a)}>", f"map<{k[1]},{_mark(p[1], b)}>"

    def structs(p: tuple[str, str], q: tuple[str, str], a: bool, moved: bool) -> tuple[str, str]:
        parts = [f"p:{_mark(p[1], a)}", f"q:{q[1]}"]
        return f"struct{{p:{p[0]},q:{q[0]}}}", f"struct{{{','.join(reversed(parts) if moved else parts)}}}"

    def unions(p: tuple[str, str], q: tuple[str, str], names: str, more: bool) -> tuple[str, str]:
        one, two = ("one:", "two:") if names == "named" else ("", "")
        new = f"union<{one}{p[1]},{two}{q[1]}{',three:bool' * more}>"
        return (f"union<{one}{p[0]},{two}{q[0]}>" if names != "bare" else p[0]), new

    return (
        st.builds(lists, pairs, FLAGS, FLAGS, SIZES, SIZES)
        | st.builds(maps, pairs, pairs, FLAGS, FLAGS)
        | st.builds(structs, pairs, pairs, FLAGS, FLAGS)
        | st.builds(unions, pairs, pairs, st.sampled_from(["named", "unnamed", "bare"]), FLAGS)
    )


@settings(deadline=None)
@given(st.recursive(st.sampled_from(DUAL), _nest, max_leaves=6))
def test_duality_holds_inside_nested_types(pair: tuple[str, str]) -> None:
    if "union" in "".join(pair):  # any branch may meet any other
        old, new = ({types.render(t) for _, t, _ in types.walk(types.parse_nullable(side)[0])} for side in pair)
        assume(all(exception(a, b) is None for a, b in product(old, new)))
    there, back = classify(*pair), classify(*reversed(pair))
    assert there.history == back.consumer_codegen
    assert back.history == there.consumer_codegen


def _wider(nested: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return (
        st.builds("list<{}{}>".format, nested, st.sampled_from(["", "?"]))
        | st.builds("map<string,{}{}>".format, nested, st.sampled_from(["", "?"]))
        | st.builds("struct{{a:{}}}".format, nested)
        | st.builds("struct{{a:{},b:{}?}}".format, nested, nested)
        | st.builds("union<{},{}>".format, nested, nested)
    )


NEAR = [
    "int8",
    "int16",
    "int64",
    "decimal(20,0)",
    "decimal(22,2)",
    "float32",
    "float64",
    "varchar(3)",
    "string",
]


@settings(deadline=None)
@given(st.lists(st.recursive(st.sampled_from(NEAR), _wider, max_leaves=4).map(types.normalise), min_size=3, max_size=3))
def test_lossless_widening_is_transitive_inside_nested_types(chain: list[str]) -> None:
    old, middle, new = chain
    if {classify(old, middle).cls, classify(middle, new).cls} <= MILD:
        assert classify(old, new).cls in MILD


@settings(deadline=None)
@given(st.recursive(st.sampled_from(LEAVES), _wider, max_leaves=6), st.recursive(st.sampled_from(LEAVES), _wider))
def test_a_verdict_is_the_same_only_for_the_same_type(old: str, new: str) -> None:
    verdict = classify(old, new)
    assert (verdict == SAME) == (types.normalise(old) == types.normalise(new))
    assert (verdict.rule_id == "") == (verdict == SAME)


NUMBERS = [text for text in LEAVES if kind(text) in ("int", "float", "decimal")]


def _samples(type: types.Type) -> list[Decimal]:
    """Values of a numeric type that are hardest to keep: its ends, its finest steps, its longest digits."""
    if isinstance(type, types.Int):
        low, high = (-(2 ** (type.bits - 1)), 2 ** (type.bits - 1) - 1) if type.signed else (0, 2**type.bits - 1)
        return [Decimal(low), Decimal(high), Decimal(high - 1)]
    if isinstance(type, types.Decimal):
        top = Decimal(10**type.precision - 1).scaleb(-type.scale)
        return [top, -top, Decimal(1).scaleb(-type.scale)]
    top = {16: 65504.0, 32: (2 - 2**-23) * 2.0**127, 64: (2 - 2**-52) * 2.0**1023}[type.bits]
    return [Decimal(top), Decimal(-top), Decimal({16: 2.0**-24, 32: 2.0**-149, 64: 2.0**-1074}[type.bits])]


def _takes(type: types.Type, value: Decimal) -> bool:
    if isinstance(type, types.Int):
        low, high = (-(2 ** (type.bits - 1)), 2 ** (type.bits - 1) - 1) if type.signed else (0, 2**type.bits - 1)
        return value == int(value) and low <= value <= high
    if isinstance(type, types.Decimal):
        unscaled = value.scaleb(type.scale)
        return unscaled == int(unscaled) and abs(unscaled) < 10**type.precision
    try:
        code = {16: "e", 32: "f", 64: "d"}[type.bits]
        (packed,) = struct.unpack(code, struct.pack(code, float(value)))
    except OverflowError:
        return False
    return math.isfinite(packed) and Decimal(packed) == value


def test_lossless_is_what_keeps_every_number() -> None:
    with localcontext(Context(prec=2000, Emax=9999, Emin=-9999)):
        for old, new in product(NUMBERS, NUMBERS):
            kept = all(_takes(types.parse(new), value) for value in _samples(types.parse(old)))
            lossless = classify(old, new).cls in MILD
            unlisted = (kind(old), kind(new)) in [("decimal", "int"), ("decimal", "float")]
            assert kept == lossless or (kept and unlisted), (old, new)
