"""The canonical type system: texts, their normal form, and what bad text is answered with."""

from __future__ import annotations

import doctest

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumos_core.model import paths, types
from lumos_core.model.types import TypeTextError, normalise, parse, parse_nullable, render

SYMBOLS = st.text(max_size=6) | st.text(alphabet=st.sampled_from("a',`\n\"😀\u202e.<>()? "), max_size=6)
UNITS = st.sampled_from(["s", "ms", "us", "ns"])
LENGTHS = st.integers(0, 2**40)


@st.composite
def enums(draw: st.DrawFn) -> types.Enum:
    symbols = tuple(draw(st.lists(SYMBOLS, max_size=4, unique=True)))
    default = draw(st.none() | st.sampled_from(symbols)) if symbols else None
    return types.Enum(symbols, draw(st.booleans()), default)


def unions(inner: st.SearchStrategy[types.Type]) -> st.SearchStrategy[types.Type]:
    branches = st.lists(st.builds(types.Branch, inner, st.just("") | SYMBOLS), max_size=4)
    return branches.map(lambda some: types.union(*some)[0])


def nested(inner: st.SearchStrategy[types.Type]) -> st.SearchStrategy[types.Type]:
    members = st.lists(st.builds(types.Member, SYMBOLS, inner, st.booleans()), max_size=3).map(tuple)
    return (
        st.builds(types.List, inner, st.booleans(), st.none() | st.integers(0, 9))
        | st.builds(types.Map, inner, inner, st.booleans())
        | st.builds(types.Struct, st.none() | members)
        | unions(inner)
    )


LEAVES = (
    st.sampled_from([types.Unknown(), types.Bool(), types.Uuid(), types.Json(), types.Variant(), types.Date()])
    | st.builds(types.Int, st.sampled_from([8, 16, 32, 64, 128]), st.booleans())
    | st.builds(types.Float, st.sampled_from([16, 32, 64]))
    | st.integers(1, 76).flatmap(lambda p: st.builds(types.Decimal, st.just(p), st.integers(0, p)))
    | st.builds(types.String, st.none(), collation=st.none() | st.text(min_size=1, max_size=4))
    | st.builds(types.String, LENGTHS, st.booleans(), st.sampled_from(["chars", "bytes"]), st.just("de_DE"))
    | st.builds(types.Bytes, LENGTHS, st.booleans())
    | st.just(types.Bytes())
    | st.builds(types.Geometry, st.none() | SYMBOLS)
    | st.builds(types.Geography, st.none() | SYMBOLS, st.sampled_from([None, "spherical", "karney"]))
    | st.builds(types.Time, UNITS, st.booleans())
    | st.builds(types.Timestamp, UNITS, st.sampled_from(["none", "instant", "offset"]))
    | st.builds(types.Interval, st.sampled_from(["year-month", "day-time", "month-day-nano"]))
    | st.builds(types.Interval, st.just("day-time"), st.none() | UNITS)
    | st.builds(types.Opaque, SYMBOLS)
    | enums()
)
TYPES = st.recursive(LEAVES, nested, max_leaves=8)


@settings(deadline=None)
@given(TYPES, st.booleans())
def test_what_is_rendered_is_parsed_again(type: types.Type, nullable: bool) -> None:
    text = render(type, nullable=nullable)
    assert parse_nullable(text) == (type, nullable)
    assert normalise(text) == text


@settings(deadline=None)
@given(TYPES, TYPES)
def test_types_are_equal_exactly_if_their_texts_are(one: types.Type, other: types.Type) -> None:
    assert (one == other) == (render(one) == render(other))
    assert one != other or hash(one) == hash(other)


@settings(deadline=None)
@given(st.lists(TYPES, max_size=4))
def test_a_union_is_normal_however_it_was_written(branches: list[types.Type]) -> None:
    text = f"union<{', '.join(render(b, nullable=i == 1) for i, b in enumerate(branches))}>"
    type, nullable = parse_nullable(text)
    assert normalise(normalise(text)) == normalise(text) == render(type, nullable=nullable)
    has_null = any(isinstance(b, types.Unknown) for b in branches)
    assert nullable == (has_null or len(branches) > 1)


FORMS = """
unknown bool int8 int16 int32 int64 int128 uint8 uint64 float16 float32 float64 decimal(18,2) string
varchar(50) char(3) bytes bytes(9) fixed(16) uuid json variant geometry geometry('EPSG:4326') geography
geography(spherical) geography('OGC:CRS84',karney) date time(us) timetz(ms) timestamp(us)
timestamptz(us) timestampoffset(us)
interval(year-month) interval(day-time) interval(day-time,ns) interval(month-day-nano) enum('a','b') enum()
enum('a','b',...) enum(...) enum('a',default'a') list<int64> list<int64?> list<int64,3> list<int64?,3>
map<string,int64?> struct struct{} struct{a:int64,`b.c`:string?} union<int32,string> union<a:int32>
union<ok:struct,err:string> opaque('SDO_GEOMETRY') list<map<string,list<struct?>>>
"""


@pytest.mark.parametrize("text", FORMS.split())
def test_every_form_has_one_canonical_text(text: str) -> None:
    assert normalise(text).replace(" ", "") == text
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    "text, normal",
    [
        ("decimal(10)", "decimal(10,0)"),
        ("decimal( 010 , 2 )", "decimal(10,2)"),
        (" list < int64 ? , 3 > ", "list<int64?,3>"),
        ("union<unknown,string>", "string?"),
        ("union<string,int32?>", "union<string,int32>?"),
        ("union<string,string>", "string"),
        ("union<union<int8,string>,string,bool>", "union<int8,string,bool>"),
        ("union<>", "unknown"),
        ("list<union<string,unknown>>", "list<string?>"),
        ("struct{`a`:union<unknown,bool>}", "struct{a:bool?}"),
        ("varchar(9 bytes)\ncollate 'C'", "varchar(9 bytes) collate 'C'"),
        ("enum('it''s', 'a' , ... , default 'a')", "enum('it''s','a',...,default 'a')"),
    ],
)
def test_other_spellings_are_normalised(text: str, normal: str) -> None:
    assert normalise(text) == normal


@pytest.mark.parametrize(
    "text, position, expected",
    [
        ("", 0, "a type"),
        ("int33", 0, "perhaps int"),
        ("timestamp", 9, "`(`"),
        ("timestamp(min)", 10, "one of s, ms, us, ns"),
        ("decimal(80,2)", 0, "1 to 76 digits"),
        ("decimal(5,6)", 0, "scale"),
        ("decimal(5,-1)", 10, "a number"),
        ("varchar", 7, "`(`"),
        ("varchar(1234567890123456789)", 8, "at most 18 digits"),
        ("list<int64", 10, "`,` or `>`"),
        ("list<int64,3", 12, "`>`"),
        ("map<string?,int64>", 11, "a map key that is not null"),
        ("struct{a int64}", 9, "`:`"),
        ("struct{a-b:int64}", 8, "`:`"),
        ("struct{1:int64}", 7, "a name"),
        ("enum('a','a')", 0, "distinct"),
        ("enum('a',default 'b')", 0, "one of its symbols"),
        ("enum(...,'a')", 9, "`default` or `)`"),
        ("enum('a)", 5, "single quotes"),
        ("interval(year-month,us)", 0, "day-time"),
        ("geography(flat)", 10, "spherical"),
        ("opaque", 6, "`(`"),
        ("int64 int64", 6, "the end"),
        ("int64??", 6, "the end"),
        ("INT64", 0, "a type"),
    ],
)
def test_an_error_says_where_and_what(text: str, position: int, expected: str) -> None:
    with pytest.raises(TypeTextError) as caught:
        parse_nullable(text)
    assert caught.value.position == position
    assert expected in caught.value.expected
    assert caught.value.expected in str(caught.value)


def test_a_field_type_does_not_say_that_it_is_null_itself() -> None:
    assert parse("list<int64?>") == types.List(types.Int(64), nullable=True)
    for text in ("int64?", "union<unknown,int64>"):
        with pytest.raises(TypeTextError, match="nullable"):
            parse(text)


@settings(deadline=None)
@given(
    st.text(alphabet=st.sampled_from("<>(){},:?' '`.0123456789abcdefilmnoprstuxy"), max_size=30) | st.text(max_size=8)
)
def test_any_text_is_a_type_or_a_clear_error(text: str) -> None:
    try:
        type, nullable = parse_nullable(text)
    except TypeTextError as error:
        place = error.position
    else:
        place = 0
        assert parse_nullable(render(type, nullable=nullable)) == (type, nullable)
    assert 0 <= place <= len(text)


def test_nesting_is_bounded_in_both_directions() -> None:
    levels = types.MAX_DEPTH - 1
    for start, end in [("struct{a:", "}"), ("union<a:", ",b:bool>"), ("map<string,", ">"), ("list<", ">")]:
        deepest = start * levels + "int64" + end * levels
        assert normalise(deepest) == deepest
        assert len(list(types.walk(parse(deepest)))) >= types.MAX_DEPTH
    for text in (f"list<{deepest}>", "list<" * 100_000, "struct{a:" * 100_000, "union<" * 100_000):
        with pytest.raises(TypeTextError, match="at most 100 levels"):
            parse(text)
    with pytest.raises(ValueError, match="at most 100 levels"):
        render(types.List(parse(deepest)))


def test_long_texts_are_not_kept() -> None:
    from lumos_core.model.types.parse import _parse_cached

    before = _parse_cached.cache_info().currsize
    assert parse("enum(" + ",".join(f"'{n}'" for n in range(5000)) + ")") == types.Enum(
        tuple(str(n) for n in range(5000))
    )
    assert _parse_cached.cache_info().currsize == before


@pytest.mark.parametrize(
    "build",
    [
        lambda: types.Int(24),
        lambda: types.Float(80),
        lambda: types.Decimal(0),
        lambda: types.String(fixed=True),
        lambda: types.String(unit="bytes"),
        lambda: types.String(-1),
        lambda: types.String(collation=""),
        lambda: types.Bytes(fixed=True),
        lambda: types.Bytes(-1),
        lambda: types.Time("m"),
        lambda: types.Timestamp("us", "utc"),
        lambda: types.Interval("week"),
        lambda: types.List(types.Bool(), size=-1),
        lambda: types.Union((types.Branch(types.Bool()),)),
        lambda: types.Union((types.Branch(types.Bool()), types.Branch(types.Unknown()))),
        lambda: types.Union((types.Branch(types.Bool()), types.Branch(types.Bool()))),
    ],
)
def test_a_node_refuses_what_has_no_text(build: object) -> None:
    with pytest.raises(ValueError):
        build()  # type: ignore[operator]


def test_types_are_values() -> None:
    one = types.Decimal(18, 2)
    with pytest.raises(AttributeError):
        one.scale = 3  # type: ignore[misc]
    assert msgspec.structs.replace(one, scale=0) == types.Decimal(18)
    assert {one, types.Decimal(18, 2)} == {one}


@settings(deadline=None)
@given(TYPES)
def test_walk_visits_each_part_once_under_its_own_path(type: types.Type) -> None:
    visited = list(types.walk(type))
    assert visited[0] == ((), type, False)
    for segments, holder, _ in visited:
        below = [(s[-1], t, n) for s, t, n in visited if s[:-1] == segments and len(s) == len(segments) + 1]
        if len({c.segment for c in types.children(holder)}) == len(types.children(holder)):
            assert set(types.children(holder)) <= set(below)
        assert types.is_leaf(holder) <= (not types.children(holder))
        assert paths.split(paths.join(segments)) == segments


def test_a_branch_is_named_or_stands_for_its_type() -> None:
    type = parse("union<ok:struct{a:list<int8?>},list<int64>>")
    found = {paths.join(segments): render(t, nullable=n) for segments, t, n in types.walk(type)}
    assert list(found) == ["", "<ok>", "<ok>.a", "<ok>.a[]", "<`list<int64>`>", "<`list<int64>`>[]"]
    assert found["<ok>.a[]"] == "int8?"


def test_the_examples_of_the_package_run() -> None:
    result = doctest.testmod(types)
    assert (result.attempted, result.failed) == (3, 0)
