"""The join of types is an upper bound that no order changes; the union of schemas keeps places and says drift."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_lake import join_fields, join_types

from lumos_core.plugin_api import Field, types

SCALARS = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "decimal(10,2)",
    "decimal(38,9)",
    "string",
    "varchar(5)",
    "varchar(20)",
    "char(3)",
    "bytes",
    "fixed(16)",
    "fixed(8)",
    "uuid",
    "json",
    "date",
    "timestamp(ms)",
    "timestamp(us)",
    "timestamptz(us)",
    "timestamptz(ns)",
    "time(us)",
    "unknown",
    "struct",
]
TEXTS = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.one_of(
        inner.map(lambda text: f"list<{text}>"),
        inner.map(lambda text: f"list<{text}?>"),
        inner.map(lambda text: f"map<string,{text}>"),
    ),
    max_leaves=3,
)


@pytest.mark.parametrize(
    "kinds, joined",
    [
        (["int32", "int64"], "int64"),
        (["int32", "uint32"], "int64"),
        (["uint8", "uint16"], "uint16"),
        (["uint64", "int8"], "int128"),
        (["int64", "float32"], "float64"),
        (["float32", "float64"], "float64"),
        (["int32", "decimal(10,2)"], "decimal(12,2)"),
        (["decimal(10,2)", "decimal(8,4)"], "decimal(12,4)"),
        (["decimal(76,0)", "decimal(76,76)"], "float64"),
        (["varchar(5)", "varchar(20)"], "varchar(20)"),
        (["varchar(5)", "string"], "string"),
        (["uuid", "string"], "string"),
        (["date", "timestamp(ms)"], "timestamp(ms)"),
        (["timestamp(ms)", "timestamp(us)"], "timestamp(us)"),
        (["enum('a','b')", "enum('b','c')"], "enum('a','b','c')"),
        (["enum('a')", "string"], "string"),
        (["unknown", "int32"], "int32"),
        (["unknown"], "unknown"),
        (["list<int32>", "list<int64?>"], "list<int64?>"),
        (["map<string,int32>", "map<string,float64>"], "map<string,float64>"),
        (["fixed(8)", "fixed(16)"], types.render(types.Bytes(16))),
        (["int64", "string"], "union<int64,string>"),
        (["timestamp(us)", "timestamptz(us)"], "union<timestamp(us),timestamptz(us)>"),
        (["union<int32,string>", "int64"], "union<int64,string>"),
    ],
)
def test_joins_that_people_expect(kinds, joined):
    assert join_types(kinds) == joined


def test_text_formats_fall_back_to_text():
    assert join_types(["int64", "date"], textual=True) == "string"
    assert join_types(["int64", "float64"], textual=True) == "float64"
    assert join_types(["list<int64>", "list<date>"], textual=True) == "list<string>"


@given(st.lists(TEXTS, min_size=1, max_size=5), st.randoms(), st.booleans())
def test_order_and_repetition_do_not_matter(kinds, random, textual):
    joined = join_types(kinds, textual=textual)
    shuffled = kinds * 2
    random.shuffle(shuffled)
    assert join_types(shuffled, textual=textual) == joined
    assert types.render(types.parse(joined)) == joined


@given(st.lists(TEXTS, min_size=1, max_size=4), st.booleans())
def test_the_join_is_an_upper_bound_and_idempotent(kinds, textual):
    joined = join_types(kinds, textual=textual)
    assert join_types([joined], textual=textual) == joined
    for kind in kinds:
        assert join_types([joined, kind], textual=textual) == joined


def field(path, type="int64", nullable=False):
    return Field(path=path, type=type, nullable=nullable)


def test_older_fields_keep_their_place_and_become_nullable():
    old = [field("id"), field("a"), field("gone"), field("z")]
    new = [field("id"), field("a"), field("z"), field("added")]
    union = join_fields([old, new])
    assert [f.path for f in union.fields] == ["id", "a", "gone", "z", "added"]
    assert [f.nullable for f in union.fields] == [False, False, True, False, True]
    assert {(d.path, d.kind) for d in union.drift} == {("gone", "missing"), ("added", "missing")}


def test_a_type_that_differs_is_joined_and_told():
    union = join_fields([[field("q", "int32")], [field("q", "int64", True)]])
    assert (union.fields[0].type, union.fields[0].nullable) == ("int64", True)
    assert union.drift[0].kind == "type" and union.drift[0].detail == "q: int32, int64" and union.drift[0].where == 0


def test_members_of_structs_stay_together():
    old = [field("s", "struct"), field("s.a"), field("s.gone"), field("t")]
    new = [field("s", "struct"), field("s.a"), field("s.b"), field("t")]
    assert [f.path for f in join_fields([old, new]).fields] == ["s", "s.a", "s.gone", "s.b", "t"]
    old = [field("s", "struct"), field("s.a"), field("between"), field("t")]
    assert [f.path for f in join_fields([old, new]).fields] == ["s", "s.a", "s.b", "between", "t"]


NAMES = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_every_field_is_in_the_union_once(schemas):
    union = join_fields([[field(name) for name in names] for names in schemas])
    paths = [f.path for f in union.fields]
    assert sorted(paths) == sorted({name for names in schemas for name in names})
    assert [name for name in paths if name in schemas[-1]] == schemas[-1]
    everywhere = set.intersection(*map(set, schemas))
    assert {f.path for f in union.fields if not f.nullable} == everywhere


def test_nothing_is_nothing():
    assert join_fields([]).fields == []
