"""Field paths: every name can be written, and what is written is read back."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lumos_core.model import paths
from lumos_core.model.paths import ELEMENT, MAP_KEY, MAP_VALUE, PathError, Segment

HOSTILE = st.text(alphabet=st.sampled_from("ab.[]{}<>#`'\"\n é😀\u202e,:"), max_size=8)
NAMES = HOSTILE | st.text(max_size=5) | st.sampled_from(["", "`", "``", "[]", "{key}", "a.b", "<x>", "key", "#"])
SEGMENTS = st.lists(
    st.builds(Segment, st.just("name"), NAMES)
    | st.builds(Segment, st.just("branch"), NAMES)
    | st.sampled_from([ELEMENT, MAP_KEY, MAP_VALUE]),
    max_size=6,
)


@settings(deadline=None)
@given(SEGMENTS)
@example([Segment("name", ""), Segment("name", "")])
@example([ELEMENT, Segment("name", "a")])
def test_what_is_joined_is_split_again(segments: list[Segment]) -> None:
    assert paths.split(paths.join(segments)) == tuple(segments)


@settings(deadline=None)
@given(st.lists(SEGMENTS, min_size=2, max_size=2, unique_by=tuple))
def test_different_segments_are_different_paths(pair: list[list[Segment]]) -> None:
    assert paths.join(pair[0]) != paths.join(pair[1])


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("ab.[]{}<>`#keyvalu"), max_size=12))
def test_a_text_is_refused_or_is_a_path(text: str) -> None:
    try:
        segments = paths.split(text)
    except PathError as error:
        place = error.position
    else:
        place = -1
        assert paths.split(paths.join(segments)) == segments
    assert -1 <= place < len(text)


@settings(deadline=None)
@given(SEGMENTS, NAMES)
def test_steps_down_are_undone_by_parent(segments: list[Segment], name: str) -> None:
    path = paths.join(segments)
    for below, last in [
        (paths.child(path, name), Segment("name", name)),
        (paths.branch(path, name), Segment("branch", name)),
        (paths.element(path), ELEMENT),
        (paths.map_key(path), MAP_KEY),
        (paths.map_value(path), MAP_VALUE),
    ]:
        assert paths.split(below) == (*segments, last)
        assert paths.parent(below) == path
        assert paths.leaf(below) == (name if last.kind == "name" else last.text)


@pytest.mark.parametrize(
    "text, names",
    [
        ("a.b[].c{value}", ["a", "b", "[]", "c", "{value}"]),
        ("`a.b`", ["a.b"]),
        ("a<int32>.x", ["a", "<int32>", "x"]),
        ("m{key}", ["m", "{key}"]),
        ("``", [""]),
        ("````", ["`"]),
        ("[][].a", ["[]", "[]", "a"]),
        ("u<`list<int64>`>", ["u", "<`list<int64>`>"]),
        ("", []),
    ],
)
def test_paths_as_the_format_writes_them(text: str, names: list[str]) -> None:
    segments = paths.split(text)
    assert [s.name if s.kind == "name" else s.text for s in segments] == names
    assert paths.join(segments) == text


@pytest.mark.parametrize(
    "text, position, expected",
    [
        (".a", 0, "a name"),
        ("a.", 1, "a name after the dot"),
        ("a..b", 1, "a name after the dot"),
        ("a[0]", 1, "`[]`"),
        ("a{keys}", 1, "`{key}`"),
        ("a<b", 1, "`<branch>`"),
        ("a[]b", 3, "`.name`"),
        ("a#b", 1, "`.name`"),
        ("`a", 0, "a closing backquote"),
        ("a.`b", 1, "a closing backquote"),
        ("`a``", 0, "a closing backquote"),
        ("a`b`", 1, "`.` before a quoted name"),
    ],
)
def test_an_error_says_where_and_what(text: str, position: int, expected: str) -> None:
    with pytest.raises(PathError) as caught:
        paths.split(text)
    assert caught.value.position == position
    assert expected in caught.value.expected
    assert repr(text) in str(caught.value)


def test_the_record_itself_is_the_root() -> None:
    assert paths.parent("a") == "" == paths.parent("")
    assert paths.leaf("") == ""
