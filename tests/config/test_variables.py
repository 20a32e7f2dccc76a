from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumos_core.config.variables import Resolved, escape


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}", "one"),
        ("x${A}y${B:-z}", "xoneyz"),
        ("${A:-other}", "one"),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY}", ""),
        ("${B:-}", ""),
        ("$A $ $5 {A}", "$A $ $5 {A}"),
        ("$${A}", "${A}"),
        ("$$$${A}", "$${A}"),
        ("$${A}${A}", "${A}one"),
    ],
)
def test_references(text: str, expected: str) -> None:
    resolved = Resolved(text, {"A": "one", "EMPTY": ""})
    assert (resolved.data, resolved.problems) == (expected, [])


def test_a_value_is_not_expanded_again() -> None:
    assert Resolved("${A}", {"A": "${B}"}).data == "${B}"


def test_all_missing_variables_are_named_with_their_place() -> None:
    resolved = Resolved({"a": ["${X}", {"b": "${Y}"}], "c": "${Z:-ok}"}, {})
    assert [(problem.loc, problem.what) for problem in resolved.problems] == [
        (("a", 0), "the environment variable X is not set"),
        (("a", 1, "b"), "the environment variable Y is not set"),
    ]
    assert resolved.data == {"a": [None, {"b": None}], "c": "ok"}


@pytest.mark.parametrize("text", ["${", "${1A}", "${A B}", "${A:-${B}}", "${}", "${A"])
def test_malformed_references_are_refused(text: str) -> None:
    resolved = Resolved(text, {"A": "x", "B": "y"})
    assert resolved.problems[0].what == "a reference to a variable is not complete"


PLAIN: Any = st.recursive(
    st.none() | st.integers() | st.text(alphabet="${}A:-x"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(PLAIN)
def test_what_is_escaped_resolves_to_itself(value: Any) -> None:
    resolved = Resolved(escape(value), {})
    assert (resolved.data, resolved.problems) == (value, [])
