"""Arrow and Lumos, both ways: nothing is lost, and memory layout never reaches the canonical type."""

from __future__ import annotations

import msgspec
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lumos_lake.arrow import (
    OVERLAY,
    NativeTextError,
    arrow_type,
    fields_of,
    native_text,
    parse_native,
    schema_of,
)

from lumos_core.plugin_api import Default, Description, Field, paths, types

NAMES = st.text(min_size=1, max_size=5) | st.sampled_from(
    ["a", "b", "a.b", "x`y", "[]", "{key}", "名", "مرحبا", "a b\n"]
)
WORDS = st.dictionaries(
    st.sampled_from(["k", "comment", "doc", "PARQUET:field_id", "ü"]), st.text(max_size=4), max_size=2
)
SAID = WORDS.map(lambda said: dict(sorted(said.items(), key=lambda item: item[0].encode())))

ARROW_LEAVES = st.sampled_from(
    [
        *(
            pa.null(),
            pa.bool_(),
            pa.int8(),
            pa.int64(),
            pa.uint16(),
            pa.float16(),
            pa.float64(),
            pa.date32(),
            pa.date64(),
        ),
        *(pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()),
        *(pa.binary(4), pa.decimal32(5, 2), pa.decimal128(38, 0), pa.decimal128(5, -2), pa.decimal256(76, 40)),
        *(pa.timestamp("s"), pa.timestamp("us", "UTC"), pa.timestamp("ns", "Europe/Berlin"), pa.timestamp("ms", "a]b")),
        *(pa.time32("ms"), pa.time64("ns"), pa.duration("us"), pa.month_day_nano_interval()),
        *(pa.uuid(), pa.json_(), pa.json_(pa.large_string()), pa.bool8(), pa.opaque(pa.binary(), "geo", "pg")),
        *(pa.dictionary(pa.int8(), pa.string(), ordered=True), pa.dictionary(pa.uint32(), pa.large_string())),
        *(pa.run_end_encoded(pa.int16(), pa.string()), pa.fixed_shape_tensor(pa.int64(), [2, 3])),
    ]
)


def arrow_fields(inner: st.SearchStrategy[pa.DataType]) -> st.SearchStrategy[pa.Field]:
    return st.builds(
        lambda name, data, nullable, said: pa.field(name, data, nullable or data.id == pa.lib.Type_NA, said or None),
        *(NAMES, inner, st.booleans(), SAID),
    )


@st.composite
def arrow_unions(draw: st.DrawFn, inner: st.SearchStrategy[pa.DataType]) -> pa.DataType:
    branches = draw(st.lists(arrow_fields(inner), max_size=3))
    codes = draw(st.permutations(range(len(branches) + 2)))[: len(branches)]
    return pa.union(branches, mode=draw(st.sampled_from(["dense", "sparse"])), type_codes=codes)


def arrow_nested(inner: st.SearchStrategy[pa.DataType]) -> st.SearchStrategy[pa.DataType]:
    field = arrow_fields(inner)
    makers = st.sampled_from([pa.list_, pa.large_list, pa.list_view, pa.large_list_view])
    key = field.filter(lambda f: f.type.id != pa.lib.Type_NA).map(lambda f: f.with_nullable(False).with_name("key"))
    value = field.map(lambda f: f.with_name("value"))
    return (
        st.builds(lambda make, f: make(f), makers, field)
        | st.builds(lambda f, size: pa.list_(f, size), field, st.integers(0, 4))
        | st.lists(field, max_size=4).map(pa.struct)
        | st.builds(lambda k, v, order: pa.map_(k, v, keys_sorted=order), key, value, st.booleans())
        | arrow_unions(inner)
        | st.lists(field, max_size=2).map(lambda fs: pa.dictionary(pa.int32(), pa.struct(fs)))
    )


ARROW_TYPES = st.recursive(ARROW_LEAVES, arrow_nested, max_leaves=6)
SCHEMAS = st.lists(arrow_fields(ARROW_TYPES), max_size=4).map(pa.schema)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(SCHEMAS)
def test_arrow_comes_back_from_lumos_as_it_was(schema: pa.Schema) -> None:
    fields = fields_of(schema)
    again = schema_of(fields)
    assert again.equals(schema, check_metadata=True), f"{again}\n---\n{schema}"
    assert again.serialize() == schema.serialize()
    assert len({field.path for field in fields}) == len(fields)
    for field in fields:
        assert types.normalise(field.type) == field.type
        assert paths.join(paths.split(field.path)) == field.path


TEXT = st.text(max_size=4)
UNITS = st.sampled_from(["s", "ms", "us", "ns"])
LEAVES = (
    st.sampled_from([types.Unknown(), types.Bool(), types.Uuid(), types.Json(), types.Variant(), types.Date()])
    | st.builds(types.Int, st.sampled_from([8, 16, 32, 64, 128]), st.booleans())
    | st.builds(types.Float, st.sampled_from([16, 32, 64]))
    | st.integers(1, 76).flatmap(lambda p: st.builds(types.Decimal, st.just(p), st.integers(0, p)))
    | st.builds(types.String, st.integers(0, 2**33), st.booleans(), st.sampled_from(["chars", "bytes"]))
    | st.builds(types.Bytes, st.integers(0, 2**33), st.booleans())
    | st.sampled_from([types.Bytes(), types.String(), types.String(collation="de")])
    | st.builds(types.Geography, st.none() | TEXT, st.sampled_from([None, "spherical", "karney"]))
    | st.builds(types.Time, UNITS, st.booleans())
    | st.builds(types.Timestamp, UNITS, st.sampled_from(["none", "instant", "offset"]))
    | st.builds(types.Interval, st.sampled_from(["year-month", "day-time", "month-day-nano"]))
    | st.builds(types.Interval, st.just("day-time"), UNITS)
    | st.builds(types.Opaque, TEXT | st.just("int32"))
    | st.lists(TEXT, unique=True, max_size=3).map(lambda symbols: types.Enum(tuple(symbols)))
)


def unions(inner: st.SearchStrategy[types.Type]) -> st.SearchStrategy[types.Type]:
    branch = st.builds(types.Branch, inner, st.just("") | NAMES)
    some = st.lists(branch, max_size=3, unique_by=types.branch_name)
    return some.map(lambda branches: types.union(*branches)[0])


def nested(inner: st.SearchStrategy[types.Type]) -> st.SearchStrategy[types.Type]:
    members = st.lists(st.builds(types.Member, NAMES, inner, st.booleans()), max_size=3, unique_by=lambda m: m.name)
    return (
        st.builds(types.List, inner, st.booleans(), st.none() | st.integers(0, 4))
        | st.builds(types.Map, inner, inner, st.booleans())
        | members.map(lambda some: types.Struct(tuple(some)))
        | st.just(types.Struct())
        | unions(inner)
    )


TYPES = st.recursive(LEAVES, nested, max_leaves=5)


def places(type: types.Type, path: str) -> list[str]:
    if isinstance(type, types.Struct):
        return [path] if type.members is None else []
    return [place for child in types.children(type) for place in places(child.type, path + child.segment.text)]


@st.composite
def field_lists(draw: st.DrawFn) -> list[Field]:
    fields: list[Field] = []

    def fill(path: str, depth: int) -> None:
        for name in draw(st.lists(NAMES, max_size=3, unique=True)):
            type = draw(TYPES if depth < 2 else LEAVES)
            field = Field(paths.child(path, name), types.render(type))
            field.nullable = draw(st.sampled_from([None, True, False]))
            field.native_type = draw(st.sampled_from([None, "bigint", "int64", "list<item: int32>", "struct", "«"]))
            field.id = draw(st.sampled_from([None, "7", ""]))
            field.description = draw(st.sampled_from([None, Description(source="d"), Description(manual="m")]))
            field.default = draw(st.sampled_from([None, Default(initial="0")]))
            field.part = draw(st.sampled_from([None, "key"]))
            field.properties = sorted(draw(WORDS).items())
            fields.append(field)
            if isinstance(type, types.List) and draw(st.booleans()):
                fields.append(Field(f"{field.path}[]", types.render(type.element), id="9"))
            for place in dict.fromkeys(places(type, field.path)):
                fill(place, depth + 1)

    fill("", 0)
    return fields


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(field_lists())
def test_lumos_comes_back_from_arrow_as_it_was(fields: list[Field]) -> None:
    schema = schema_of(fields)
    assert msgspec.to_builtins(fields_of(schema)) == msgspec.to_builtins(fields)
    through_ipc = pa.ipc.read_schema(schema.serialize())
    assert msgspec.to_builtins(fields_of(through_ipc)) == msgspec.to_builtins(fields)


@given(ARROW_LEAVES)
def test_the_text_of_a_leaf_is_arrows_own_and_says_all_or_is_refused(data: pa.DataType) -> None:
    assert native_text(data) == str(data)
    try:
        assert parse_native(str(data)) == data or data == pa.json_(pa.large_string())
    except NativeTextError:
        assert isinstance(data, pa.BaseExtensionType) or "]b]" in str(data)


@pytest.mark.parametrize(
    "data, text, canonical",
    [
        (pa.large_string(), "large_string", "string"),
        (pa.dictionary(pa.int8(), pa.string()), "dictionary<values=string, indices=int8, ordered=0>", "string"),
        (pa.run_end_encoded(pa.int16(), pa.int8()), "run_end_encoded<run_ends: int16, values: int8>", "int8"),
        (pa.timestamp("us", "Europe/Berlin"), "timestamp[us, tz=Europe/Berlin]", "timestamptz(us)"),
        (pa.timestamp("ns"), "timestamp[ns]", "timestamp(ns)"),
        (pa.date64(), "date64[ms]", "date"),
        (pa.decimal128(5, -2), "decimal128(5, -2)", "opaque('decimal128(5, -2)')"),
        (pa.decimal256(50, 3), "decimal256(50, 3)", "decimal(50,3)"),
        (pa.list_(pa.field("e", pa.int32(), False)), "list<e: int32 not null>", "list<int32>"),
        (pa.list_(pa.int8(), 3), "fixed_size_list<item: int8>[3]", "list<int8?,3>"),
        (pa.map_(pa.string(), pa.struct([("x", pa.int8())])), "map<string, struct>", "map<string,struct?>"),
        (pa.dense_union([pa.field("i", pa.int8()), pa.field("s", pa.utf8())]), "dense_union<i: int8=0, s: string=1>",
         "union<i:int8,s:string>"),
        (pa.uuid(), "extension<arrow.uuid>", "uuid"),
        (pa.json_(), "extension<arrow.json>", "json"),
        (pa.duration("ms"), "duration[ms]", "interval(day-time,ms)"),
        (pa.binary(16), "fixed_size_binary[16]", "fixed(16)"),
        (pa.fixed_shape_tensor(pa.int8(), [2]), str(pa.fixed_shape_tensor(pa.int8(), [2])), "list<int8?,2>"),
    ],
)  # fmt: skip
def test_what_a_type_means_and_what_it_is_called(data: pa.DataType, text: str, canonical: str) -> None:
    (field, *_) = fields_of([pa.field("f", data)])
    assert (field.native_type, field.type) == (text, canonical)


def test_members_are_rows_wherever_the_struct_stands() -> None:
    line = pa.struct([pa.field("sku", pa.string(), False), pa.field("tags", pa.list_(pa.string()))])
    schema = pa.schema(
        [
            pa.field("id", pa.int64(), False, {"PARQUET:field_id": "1", "comment": "Number of the order"}),
            pa.field("lines", pa.list_(pa.field("element", line, False))),
            pa.field("by_day", pa.map_(pa.date32(), pa.struct([("n", pa.int32())]))),
            pa.field("either", pa.dense_union([pa.field("one", line), pa.field("none", pa.null())])),
        ]
    )
    fields = fields_of(schema)
    assert [(f.path, f.type, f.nullable) for f in fields] == [
        ("id", "int64", False),
        ("lines", "list<struct>", True),
        ("lines[].sku", "string", False),
        ("lines[].tags", "list<string?>", True),
        ("by_day", "map<date,struct?>", True),
        ("by_day{value}.n", "int32", True),
        ("either", "union<one:struct>", True),
        ("either<one>.sku", "string", False),
        ("either<one>.tags", "list<string?>", True),
    ]
    assert fields[0].id == "1"
    assert fields[0].description == Description(source="Number of the order")


def test_ids_of_elements_survive() -> None:
    element = pa.field("element", pa.int32(), metadata={"PARQUET:field_id": "5"})
    schema = pa.schema([pa.field("tags", pa.list_(element), metadata={"PARQUET:field_id": "4"})])
    (field,) = fields_of(schema)
    assert field.id == "4"
    assert field.type == "list<int32?>"
    assert schema_of([field]).equals(schema, check_metadata=True)


def test_names_that_occur_twice_stay_apart_and_come_back() -> None:
    schema = pa.schema([("a", pa.int8()), ("a", pa.string()), ("a_2", pa.bool_())])
    fields = fields_of(schema)
    assert [f.path for f in fields] == ["a", "a_3", "a_2"]
    assert schema_of(fields).equals(schema)


def test_a_changed_type_is_not_undone_by_the_native_one() -> None:
    (field,) = fields_of([pa.field("a", pa.large_string())])
    field.type = "int32"
    schema = schema_of([field])
    assert schema.field("a").type == pa.int32()
    assert fields_of(schema) == [field]


def test_a_changed_member_is_not_undone_by_what_was_kept_of_arrow() -> None:
    data = pa.struct([("a", pa.fixed_shape_tensor(pa.int8(), [2])), ("b", pa.int8())])
    fields = fields_of([pa.field("s", data)])
    fields[-1].type, fields[-1].native_type = "int64", "int64"
    assert schema_of(fields).field("s").type.field("b").type == pa.int64()


def test_what_arrow_lacks_stands_in_metadata() -> None:
    schema = schema_of([Field("name", "varchar(50)", "character varying(50)", False)])
    assert schema.field("name").type == pa.string()
    said = msgspec.json.decode(schema.field("name").metadata[OVERLAY])
    assert said == {"type": "varchar(50)", "native_type": "character varying(50)"}


def test_metadata_that_only_looks_like_ours_is_kept_as_it_is() -> None:
    for text in (b"no json", b'{"type":"no type"}', b"[1]", b'{"nullable":"perhaps"}', b'{"rows":[{"path":"["}]}'):
        schema = pa.schema([pa.field("a", pa.int8(), metadata={OVERLAY: text})])
        assert schema_of(fields_of(schema)).equals(schema, check_metadata=True)
        assert fields_of(schema)[0].type == "int8"


def test_metadata_that_is_not_text_comes_back() -> None:
    schema = pa.schema([pa.field("a", pa.list_(pa.field("e", pa.int8(), metadata={b"\xff": b"\xfe"})))])
    assert schema_of(fields_of(schema)).serialize() == schema.serialize()


def test_an_extension_known_by_its_metadata_alone() -> None:
    said = {
        "ARROW:extension:name": "geoarrow.wkb",
        "ARROW:extension:metadata": '{"crs":"EPSG:4326","edges":"spherical"}',
    }
    schema = pa.schema([pa.field("shape", pa.binary(), metadata=said)])
    (field,) = fields_of(schema)
    assert field.type == "geography('EPSG:4326',spherical)"
    assert schema_of([field]).equals(schema, check_metadata=True)


@pytest.mark.parametrize(
    "text", ["", "int", "list<int32>", "list<item: int32", "decimal128(99, 1)", "map<string>", "int32 "]
)
def test_text_that_is_no_arrow_type(text: str) -> None:
    with pytest.raises(NativeTextError):
        parse_native(text)


@pytest.mark.parametrize(
    "fields, message",
    [
        ([Field("a"), Field("a")], "two fields"),
        ([Field("a.b")], "no struct"),
        ([Field("a", "int8"), Field("a.b")], "no struct"),
        ([Field("")], "record itself"),
    ],
)
def test_fields_that_no_schema_can_say(fields: list[Field], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        schema_of(fields)


@given(TYPES)
def test_every_canonical_type_has_an_arrow_type(type: types.Type) -> None:
    assert isinstance(arrow_type(type), pa.DataType)


def test_ten_thousand_columns_and_deep_nesting() -> None:
    wide = pa.schema([(f"c{n}", pa.int32()) for n in range(10_000)])
    assert len(fields_of(wide)) == 10_000
    deep = pa.int8()
    for _ in range(150):
        deep = pa.list_(deep)
    (field,) = fields_of([pa.field("deep", deep)])
    assert field.type.startswith("opaque(")
    assert schema_of([field]).field(0).type == deep
