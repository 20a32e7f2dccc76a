"""Residue: adding what was subtracted gives the native object back, whatever the two hold."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_remote.residue import Rules, add, strip, subtract

NAMES = st.sampled_from(["a", "b", "name", "~gone", "~~x", "~by", "é", "", "x.y", "tags", "columns"])
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 1.5]) | st.text(max_size=2)
IDENTIFIED = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["p", "q", "r", 1, True, None])},
        optional={"type": SCALARS, "tags": st.lists(st.sampled_from("xyz")), "deleted": st.booleans(), "at": SCALARS},
    ),
    max_size=4,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.builds(
    lambda free, columns, deep: {**free, **({"columns": columns} if columns else {}), **({"a": deep} if deep else {})},
    st.dictionaries(NAMES, VALUES, max_size=4),
    IDENTIFIED,
    st.fixed_dictionaries({}, optional={"columns": IDENTIFIED, "at": SCALARS, "free": VALUES}),
)
RULES = st.sampled_from(
    [
        Rules(),
        Rules(keys={"columns": "name", "tags": ""}),
        Rules(keys={"columns": "name", "a.columns": ["name", "type"]}, drop={"at"}, defaults={"deleted": False}),
        Rules(keys={"columns": "name"}, drop={"columns.at"}, nulls=True),
    ]
)


def same(left: object, right: object) -> bool:
    """Equal as JSON: 1, 1.0 and true differ."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@given(OBJECTS, OBJECTS, RULES)
def test_adding_what_was_subtracted_gives_the_native_object(native: dict, understood: dict, rules: Rules) -> None:
    before = copy.deepcopy((native, understood))
    rest = json.loads(json.dumps(subtract(native, understood, rules)))
    assert same(add(strip(understood, rules), rest), strip(native, rules))
    assert (native, understood) == before


@given(OBJECTS, OBJECTS)
def test_without_rules_it_is_exactly_the_native_object(native: dict, understood: dict) -> None:
    assert same(add(understood, subtract(native, understood)), native)


@given(OBJECTS, RULES)
def test_nothing_is_left_of_what_is_understood(native: dict, rules: Rules) -> None:
    assert subtract(native, native, rules) == {}
    assert same(add(native, {}), native)


@given(OBJECTS, RULES)
def test_all_is_left_of_what_is_not_understood(native: dict, rules: Rules) -> None:
    assert same(add({}, subtract(native, {}, rules)), strip(native, rules))


COLUMNS = Rules(keys={"columns": "name", "children": "name", "tags": "tagFQN source"}, drop={"updatedAt"})


def test_a_residue_reads_like_the_native_object() -> None:
    native = {"name": "orders", "uri": "pg://x", "updatedAt": 7, "owner": {"id": 1, "avatar": "a.png"}}
    assert subtract(native, {"name": "orders", "owner": {"id": 1}}, COLUMNS) == {
        "uri": "pg://x",
        "owner": {"avatar": "a.png"},
    }


def test_elements_are_told_by_their_identity_at_any_depth() -> None:
    native = {"columns": [{"name": "x"}, {"name": "s", "children": [{"name": "y", "ordinal": 3}]}]}
    understood = {"columns": [{"name": "x"}, {"name": "s", "children": [{"name": "y"}]}]}
    rest = subtract(native, understood, COLUMNS)
    assert "ordinal" in json.dumps(rest) and '"x"' not in json.dumps(rest)
    moved = {"columns": [{"name": "s", "children": [{"name": "z"}, {"name": "y", "type": "int"}]}, {"name": "new"}]}
    assert add(moved, rest) == {
        "columns": [
            {"name": "s", "children": [{"name": "z"}, {"name": "y", "type": "int", "ordinal": 3}]},
            {"name": "new"},
        ]
    }


def test_what_is_known_of_an_element_that_is_gone_does_not_come_back() -> None:
    rest = subtract({"columns": [{"name": "x", "ordinal": 1}]}, {"columns": [{"name": "x"}]}, COLUMNS)
    assert add({"columns": []}, rest) == {"columns": []}
    assert add({}, rest) == {"columns": []}


def test_a_list_that_can_no_longer_be_told_apart_is_left_alone() -> None:
    rest = subtract({"columns": [{"name": "x", "ordinal": 1}]}, {"columns": [{"name": "x"}]}, COLUMNS)
    twice = {"columns": [{"name": "x"}, {"name": "x"}]}
    assert add(twice, rest) == twice


@pytest.mark.parametrize(
    ("left", "right"), [(1, True), (1, 1.0), (0, False), (None, {}), ([], {}), ("1", 1), ([1], [True]), ({}, [])]
)
def test_types_of_json_are_told_apart(left: object, right: object) -> None:
    rest = subtract({"v": left}, {"v": right})
    assert rest != {}
    assert same(add({"v": right}, rest), {"v": left})


def test_the_longest_place_decides() -> None:
    rules = Rules(defaults={"kind": "a", "columns.kind": "b"}, drop={"columns.noise"})
    assert strip({"kind": "a", "noise": 1, "columns": {"kind": "b", "noise": 1}}, rules) == {"noise": 1, "columns": {}}
    assert strip({"kind": "b", "columns": {"kind": "a"}}, rules) == {"kind": "b", "columns": {"kind": "a"}}
