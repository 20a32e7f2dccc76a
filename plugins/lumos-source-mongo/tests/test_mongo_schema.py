"""The observed schema: an accumulator with an algebra, and a rule that does not flap."""

from __future__ import annotations

import datetime
import random
import uuid
from typing import Any

import pytest
from bson import (
    SON,
    Binary,
    Code,
    DBRef,
    Decimal128,
    Int64,
    MaxKey,
    MinKey,
    ObjectId,
    Regex,
    Timestamp,
    decode,
    encode,
)
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lumos_source_mongo.client import CODEC
from lumos_source_mongo.kinds import BY_CLASS, ORDER, TYPES, fold
from lumos_source_mongo.node import Known, native, rows
from lumos_source_mongo.settle import ONE_IN, settle
from lumos_source_mongo.shapes import SIZES, Shaper
from lumos_source_mongo.tree import DEEPEST, NAMES, PLACES, Observed

from lumos_core.plugin_api import Field, paths, types

Document = dict[str, Any]

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**60), 2**60).map(Int64),
    st.floats(allow_nan=False),
    st.text(max_size=3),
    st.just(Decimal128("1.5")),
    st.just(datetime.datetime(2026, 1, 15)),
    st.binary(min_size=1, max_size=2).map(lambda data: Binary(data, 5)),
)
NAMES_OF_FIELDS = st.sampled_from(["a", "b", "c", "a.b", "", "$x", "[]", "`q`", "é 🎉"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(NAMES_OF_FIELDS, inner, max_size=3), st.just([])
    ),
    max_leaves=6,
)
DOCUMENTS = st.dictionaries(NAMES_OF_FIELDS, VALUES, max_size=4).map(lambda found: {"_id": 1, **found})
MANY = st.lists(DOCUMENTS, max_size=8)
calm = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def observe(documents: list[Document]) -> Observed:
    observed = Observed()
    for document in documents:
        observed.add(document)
    return observed


def fields(documents: list[Document], known: list[Field] | None = None) -> list[Field]:
    return rows(settle(observe(documents).root, Known(known)).root)


def by_path(documents: list[Document], known: list[Field] | None = None) -> dict[str, str]:
    return {field.path: field.type for field in fields(documents, known)}


# The algebra


@calm
@given(MANY, MANY, MANY)
def test_merging_is_associative(a: list[Document], b: list[Document], c: list[Document]) -> None:
    left = observe(a).merge(observe(b)).merge(observe(c))
    right = observe(a).merge(observe(b).merge(observe(c)))
    assert left.root.state() == right.root.state()
    assert left.documents == right.documents == len(a) + len(b) + len(c)


@calm
@given(MANY, MANY)
def test_merging_is_commutative_and_is_reading_all(a: list[Document], b: list[Document]) -> None:
    together = observe([*a, *b]).root.state()
    assert observe(a).merge(observe(b)).root.state() == together
    assert observe(b).merge(observe(a)).root.state() == together


@calm
@given(MANY)
def test_an_empty_reading_changes_nothing(documents: list[Document]) -> None:
    observed = observe(documents)
    before = observed.root.state()
    assert Observed().merge(observed).root.state() == observed.merge(Observed()).root.state() == before
    assert observed.root.state() == before, "merging changes neither side"


def wide(count: int, start: int = 0) -> list[Document]:
    return [{"_id": 1, "m": {f"key-{start + number}": number}} for number in range(count)]


@pytest.mark.parametrize("cut", [1, NAMES // 2, NAMES - 1, NAMES, NAMES + 1, NAMES + 200])
def test_the_algebra_holds_where_objects_become_maps(cut: int) -> None:
    documents = wide(NAMES + 300)
    documents[7]["m"]["other"] = {"deep": [1, {"x": "y"}]}
    whole = observe(documents).root.state()
    assert observe(documents[:cut]).merge(observe(documents[cut:])).root.state() == whole
    assert observe(documents[cut:]).merge(observe(documents[:cut])).root.state() == whole
    shuffled = documents[:]
    random.Random(cut).shuffle(shuffled)
    assert observe(shuffled).root.state() == whole


@calm
@given(MANY)
def test_the_cache_of_shapes_changes_nothing(documents: list[Document]) -> None:
    once = Observed()
    for document in documents:
        fresh = Observed(Shaper())
        fresh.add(document)
        once = once.merge(fresh)
    assert once.root.state() == observe(documents).root.state()


@calm
@given(st.lists(VALUES, min_size=1, max_size=6), st.randoms())
def test_the_order_inside_objects_and_arrays_changes_nothing(values: list[Any], chance: random.Random) -> None:
    names = [f"n{number}" for number in range(len(values))]
    pairs = list(zip(names, values, strict=True))
    shuffled = pairs[:]
    chance.shuffle(shuffled)
    mixed = [value for _, value in shuffled]
    first, second = {"o": dict(pairs), "l": values}, {"o": dict(shuffled), "l": mixed}
    assert observe([first]).root.state() == observe([second]).root.state()


# The rule


@calm
@given(MANY, st.randoms())
def test_shuffled_documents_give_the_same_schema(documents: list[Document], chance: random.Random) -> None:
    shuffled = documents[:]
    chance.shuffle(shuffled)
    assert fields(shuffled) == fields(documents)


@calm
@given(MANY)
def test_a_second_reading_of_the_same_changes_nothing(documents: list[Document]) -> None:
    first = fields(documents)
    assert fields(documents, first) == first


@calm
@given(st.lists(DOCUMENTS, min_size=1, max_size=4), DOCUMENTS, st.integers(100, 400), st.data())
def test_documents_rarer_than_one_in_a_hundred_change_nothing(
    usual: list[Document], odd: Document, count: int, data: st.DataObject
) -> None:
    """Whatever the odd ones hold, and wherever they stand."""
    documents = [usual[number % len(usual)] for number in range(count)]
    most = (count - 1) // (ONE_IN - 1)
    rare = data.draw(st.integers(0, most), label="odd documents")
    assume(rare * ONE_IN < count + rare)
    before = fields(documents)
    assert fields([*documents, *[odd] * rare], before) == before
    assert fields([*[odd] * rare, *documents], before) == before


@calm
@given(st.lists(DOCUMENTS, min_size=2, max_size=6), st.integers(150, 300), st.randoms())
def test_noise_that_moves_changes_nothing(kinds: list[Document], count: int, chance: random.Random) -> None:
    """Two samples of the same usual documents, each with another one odd document in it."""
    usual, first, second = kinds[0], kinds[-1], kinds[-2]
    before = fields([*[usual] * count, first])
    sample = [*[usual] * count, second]
    chance.shuffle(sample)
    assert fields(sample, before) == before


def test_what_was_in_the_schema_stays_while_it_is_seen() -> None:
    usual, other = {"_id": 1, "x": 1}, {"_id": 1, "x": "text", "y": None}
    before = fields([*[usual] * 98, *[other] * 2])
    assert {field.path: field.type for field in before} == {
        "_id": "int32",
        "x": "union<int32,string>",
        "y": "unknown",
    }
    assert fields([*[usual] * 999, other], before) == before, "one in a thousand keeps it"
    assert by_path([usual] * 1000, before) == {"_id": "int32", "x": "int32"}, "none takes it out"
    assert by_path([*[usual] * 999, other]) == {"_id": "int32", "x": "int32"}, "one does not bring it in"


def test_the_border_is_one_in_a_hundred() -> None:
    usual, other = {"_id": 1}, {"_id": 1, "x": 1}
    assert "x" not in by_path([*[usual] * 100, other])
    assert "x" in by_path([*[usual] * 99, other])


def test_what_is_left_out_is_told() -> None:
    rare = settle(observe([*[{"_id": 1, "a": [1]}] * 200, {"_id": 1, "a": ["x"], "b": 1}]).root).rare
    assert sorted((item.where, item.kind, item.docs) for item in rare) == [
        ((("name", "a"), ("[]",)), "string", 1),
        ((("name", "b"),), "int", 1),
    ]


def test_types_that_are_all_rare_but_together_are_not_are_kept() -> None:
    odd = [{"_id": 1, "x": value} for value in (True, 1, "x", 2.5, ObjectId())]
    documents = [*[{"_id": 1}] * 145, *odd]
    found = by_path(documents)["x"]
    assert found == "union<bool,float64,string,fixed(12)>"
    assert fields(documents, fields(documents)) == fields(documents)


def test_null_and_missing_are_nullable_and_told_apart() -> None:
    documents = [{"_id": 1, "a": 1, "b": None, "c": 1}] * 50 + [{"_id": 1, "b": 2, "c": 1}] * 50
    found = {field.path: field for field in fields(documents)}
    assert found["a"].nullable is True, "missing"
    assert found["b"].nullable is True, "null"
    assert found["c"].nullable is None, "the next document may lack it"
    assert found["_id"].nullable is False
    place = observe(documents).root.members
    assert (place["a"].docs, place["a"].kinds) == (50, {"int": 50})
    assert (place["b"].docs, place["b"].kinds) == (100, {"null": 50, "int": 50})


def test_a_member_that_is_not_in_every_element_is_nullable() -> None:
    document = {"_id": 1, "l": [{"x": 1, "y": 1}, {"x": 2}]}
    found = {field.path: field.nullable for field in fields([document])}
    assert found == {"_id": False, "l": None, "l[].x": None, "l[].y": True}


# Types

EVERY = {
    "bool": (True, "bool"),
    "int": (1, "int32"),
    "long": (Int64(1), "int64"),
    "double": (1.5, "float64"),
    "decimal": (Decimal128("1.50"), "opaque('decimal128')"),
    "string": ("x", "string"),
    "objectId": (ObjectId(), "fixed(12)"),
    "date": (datetime.datetime(2026, 1, 15), "timestamptz(ms)"),
    "timestamp": (Timestamp(1, 2), "timestamptz(s)"),
    "binData": (b"x", "bytes"),
    "binData(function)": (Binary(b"x", 1), "bytes"),
    "binData(uuid)": (Binary.from_uuid(uuid.UUID(int=7)), "uuid"),
    "binData(uuid-legacy)": (Binary(b"0" * 16, 3), "uuid"),
    "binData(md5)": (Binary(b"0" * 16, 5), "bytes"),
    "binData(encrypted)": (Binary(b"x", 6), "bytes"),
    "binData(column)": (Binary(b"x", 7), "bytes"),
    "binData(sensitive)": (Binary(b"x", 8), "bytes"),
    "binData(vector)": (Binary(b"\x03\x00x", 9), "bytes"),
    "binData(user)": (Binary(b"x", 200), "bytes"),
    "regex": (Regex("a", "i"), "opaque('regex')"),
    "javascript": (Code("f()"), "opaque('javascript')"),
    "javascriptWithScope": (Code("f()", {"a": 1}), "opaque('javascript')"),
    "minKey": (MinKey(), "opaque('minKey')"),
    "maxKey": (MaxKey(), "opaque('maxKey')"),
}


@pytest.mark.parametrize("kind", EVERY)
def test_every_kind_of_value(kind: str) -> None:
    value, expected = EVERY[kind]
    (_, field) = fields([decode(encode({"_id": 1, "x": value}), CODEC)])
    assert (field.native_type, field.type) == (kind, expected)


def test_every_kind_is_in_the_table() -> None:
    cannot_be_decoded = {"symbol", "unknown"}
    assert set(EVERY) | cannot_be_decoded == set(TYPES)
    assert set(BY_CLASS.values()) <= set(ORDER)


def test_old_kinds_are_read_as_the_driver_reads_them() -> None:
    undefined, symbol, pointer = b"\x06u\0", b"\x0es\0\x02\0\0\0x\0", b"\x0cp\0\x02\0\0\0c\0" + bytes(12)
    body = undefined + symbol + pointer + b"\0"
    document = decode((len(body) + 4).to_bytes(4, "little") + body, CODEC)
    found = by_path([document])
    assert found == {"u": "unknown", "s": "string", "p": "struct", "p.$ref": "string", "p.$id": "fixed(12)"}


def test_a_reference_is_the_object_that_it_is() -> None:
    document = decode(encode({"_id": 1, "r": DBRef("orders", ObjectId(), "shop")}), CODEC)
    assert by_path([document]) == {
        "_id": "int32",
        "r": "struct",
        "r.$db": "string",
        "r.$id": "fixed(12)",
        "r.$ref": "string",
    }


@pytest.mark.parametrize(
    "values, expected, words",
    [
        ([1, Int64(2)], "int64", "int | long"),
        ([1, 2.5], "float64", "int | double"),
        ([Int64(1), 2.5], "float64", "long | double"),
        ([1, Decimal128("1")], "opaque('decimal128')", "int | decimal"),
        ([1, 2.5, Decimal128("1"), Int64(1)], "opaque('decimal128')", "int | long | double | decimal"),
        ([1, "x"], "union<int32,string>", "int | string"),
        ([1, 2.5, "x"], "union<float64,string>", "int | double | string"),
        ([[1], [2.5]], "list<float64>", "array<int | double>"),
        ([[1, None], []], "list<int32?>", "array<int | null>"),
        ([[]], "list<unknown>", "array<>"),
        ([[], 1], "union<int32,list:list<unknown>>", "int | array<>"),
        ([{"a": 1}, "x"], "union<string,struct>", "string | object"),
        ([[[1]], [["x"]]], "list<list<union<int32,string>>>", "array<array<int | string>>"),
        ([Binary(b"0" * 16, 3), Binary(b"0" * 16, 4)], "uuid", "binData(uuid) | binData(uuid-legacy)"),
    ],
)
def test_mixtures(values: list[Any], expected: str, words: str) -> None:
    documents = [{"_id": 1, "x": value} for value in values]
    field = next(field for field in fields(documents) if field.path == "x")
    assert (field.type, field.native_type) == (expected, words)


def test_numbers_of_a_mixture_are_one_branch() -> None:
    assert fold({"int", "double", "null", "string"}) == ["double", "string"]


@calm
@given(MANY)
def test_every_schema_is_canonical_and_read_back(documents: list[Document]) -> None:
    """Types and paths are those of the canonical form, and `Known` reads in them what was settled."""
    found = fields(documents)
    known = Known(found)
    assert len({field.path for field in found}) == len(found)
    for field in found:
        assert types.normalise(field.type) == field.type
        assert paths.join(paths.split(field.path)) == field.path
        where = tuple(
            ("name", s.name) if s.kind == "name" else ("[]",) for s in paths.split(field.path) if s.kind != "branch"
        )
        if field.native_type and "<" not in field.native_type:
            for kind in field.native_type.split(" | "):
                assert known.has(where, kind)


@calm
@given(MANY)
def test_parents_stand_before_their_children(documents: list[Document]) -> None:
    seen: set[str] = set()
    for field in fields(documents):
        above = [s for s in paths.split(field.path) if s.kind == "name"][:-1]
        assert not above or any(paths.join(paths.split(place)) in seen for place in [_holder(field.path)])
        seen.add(field.path)


def _holder(path: str) -> str:
    """The nearest row above: up to the last step that is a name."""
    segments = paths.split(path)[:-1]
    while segments and segments[-1].kind != "name":
        segments = segments[:-1]
    return paths.join(segments)


# Maps


def test_thousands_of_keys_are_a_map() -> None:
    documents = [{"_id": 1, "scores": {f"user-{i}-{n}": 1.5 for n in range(30)}} for i in range(100)]
    found = fields(documents)
    assert {field.path: field.type for field in found} == {"_id": "int32", "scores": "map<string,float64>"}
    assert fields(documents, found) == found


def test_a_map_of_structs_has_its_members_below_the_value() -> None:
    documents = [{"_id": 1, "m": {f"k{i}x{n}": {"at": 1, "by": "x"} for n in range(40)}} for i in range(40)]
    assert by_path(documents) == {
        "_id": "int32",
        "m": "map<string,struct>",
        "m{value}.at": "int32",
        "m{value}.by": "string",
    }


def test_one_document_of_a_hundred_thousand_keys() -> None:
    document = {"_id": 1, "m": {f"key-{number}": number for number in range(100_000)}}
    observed = observe([document])
    assert {field.path: field.type for field in rows(settle(observed.root).root)} == {
        "_id": "int32",
        "m": "map<string,int32>",
    }
    place = observed.root.members["m"]
    assert not place.members and place.wide == 1, "no key is kept"


def test_a_document_that_is_a_map_itself() -> None:
    documents = [{"_id": number, **{f"key-{number}-{n}": "x" for n in range(1500)}} for number in range(5)]
    assert by_path(documents) == {"_id": "int32", "{value}": "string"}
    assert fields(documents, fields(documents)) == fields(documents)


@pytest.mark.parametrize(
    "names",
    [
        ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"],
        ["1", "2", "3", "44", "555"],
        [str(ObjectId()) for _ in range(5)],
        [str(uuid.UUID(int=number)) for number in range(5)],
    ],
)
def test_names_that_are_data_make_a_map(names: list[str]) -> None:
    assert by_path([{"_id": 1, "m": dict.fromkeys(names, 1)}] * 3)["m"] == "map<string,int32>"
    assert by_path([{"_id": 1, "m": dict.fromkeys(names[:4], 1)}] * 3)["m"] == "struct", "too few to tell"


def test_one_document_of_very_many_names_makes_no_map_of_the_others() -> None:
    usual = [{"_id": number, "o": {"a": 1, "b": "x"}} for number in range(200)]
    before = fields(usual)
    flood = {f"key-{number}": number for number in range(5_000)}
    for odd in ({"_id": 1, **flood}, {"_id": 1, "o": flood}, {"_id": 1, "o": dict(list(flood.items())[:900])}):
        assert fields([*usual, odd], before) == before
        assert fields([odd, *usual]) == before
    kinds = {item.kind for item in settle(observe([*usual, {"_id": 1, "o": flood}]).root).rare}
    assert kinds == {"object of very many names"}


def test_objects_of_rare_names_only_are_maps() -> None:
    documents = [{"_id": 1, "o": {f"k{number}": 1}} for number in range(500)]
    assert by_path(documents) == {"_id": "int32", "o": "map<string,int32>"}
    assert fields(documents, fields(documents)) == fields(documents)


def test_the_thirtieth_name_of_one_document_makes_no_map() -> None:
    names = [f"f{number}" for number in range(29)]
    usual = [{"_id": 1, "o": {names[number % 29]: 1}} for number in range(580)]
    before = fields(usual)
    assert {field.path: field.type for field in before}["o"] == "struct"
    assert fields([*usual, {"_id": 1, "o": {"g": 1, "h": 2}}], before) == before


def test_a_struct_with_many_members_stays_one() -> None:
    document = {"_id": 1, "s": {f"column_{number}": number for number in range(300)}}
    assert by_path([document] * 10)["s"] == "struct"


def test_scattered_members_of_several_kinds_stay_a_struct() -> None:
    documents = [{"_id": 1, "s": {f"f{i % 40}": i if i % 2 else "text"}} for i in range(400)]
    assert by_path(documents)["s"] == "struct"


def test_a_map_does_not_become_a_struct_when_its_keys_are_few_once() -> None:
    before = fields([{"_id": 1, "m": {f"k{i}": 1}} for i in range(50)])
    assert {field.path: field.type for field in before}["m"] == "map<string,int32>"
    later = [{"_id": 1, "m": {f"k{i % 3}": 1}} for i in range(50)]
    assert by_path(later)["m"] == "struct"
    assert fields(later, before) == before


# Bounds


def test_memory_is_bounded_whatever_the_names() -> None:
    observed = Observed()
    for number in range(60):
        observed.add({"_id": number, **{f"a{number}-{i}": {f"b{j}": 1 for j in range(40)} for i in range(15)}})
    observed.add(
        {"_id": 0, **{f"w{i}": {f"v{i}-{j}": {f"u{k}": 1 for k in range(9)} for j in range(90)} for i in range(90)}}
    )
    assert _places(observed.root) <= PLACES
    assert observed.narrowed


def _places(place: Any) -> int:
    return 1 + sum(_places(inner) for inner in place.inner())


def test_what_nests_deeper_than_is_looked_at_is_an_object() -> None:
    value: Any = 1
    for _ in range(DEEPEST + 20):
        value = {"x": value}
    found = fields([{"_id": 1, "x": value}])
    assert 20 < len(found) <= DEEPEST + 2
    assert found[-1].type == "struct"
    lists: Any = 1
    for _ in range(DEEPEST + 20):
        lists = [lists]
    assert by_path([{"_id": 1, "x": lists}])["x"].count("list<") == DEEPEST


def test_lengths_of_arrays_are_counted_by_magnitude() -> None:
    lengths = (0, 1, 2, 9, 10, 99, 100, 999, 1000, 9999, 10_000, 20_000)
    place = observe([{"_id": 1, "x": [1] * length} for length in lengths]).root.members["x"]
    assert place.sizes == dict(zip(SIZES, (1, 1, 2, 2, 2, 2, 2), strict=True))


def test_documents_of_other_mappings_are_read_too() -> None:
    assert by_path([dict(SON([("_id", 1), ("b", 1), ("a", 2)]))]) == {"_id": "int32", "a": "int32", "b": "int32"}


def test_native_words_of_a_whole_document() -> None:
    root = settle(observe([{"_id": 1, "a": {"b": [1]}}]).root).root
    assert native(root) == "object"
    assert native(root.members["a"].members["b"]) == "array<int>"
