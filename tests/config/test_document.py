from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumos_core.config.document import MAX_DEPTH, load, parse
from lumos_core.errors import ConfigError


def data(text: str) -> Any:
    return parse(text.encode(), "f.yaml").data()


def error(text: str | bytes) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse(text if isinstance(text, bytes) else text.encode(), "f.yaml").data()
    return caught.value


def test_plain_words_follow_yaml_1_2() -> None:
    text = "[yes, no, on, off, true, False, null, ~, 1:30, 2026-01-31, 0o17, 0x1F, -3, 1.5, .5, 1e3, .inf, 007, 1_000]"
    expected = ["yes", "no", "on", "off", True, False, None, None, "1:30", "2026-01-31", 15, 31, -3, 1.5, 0.5]
    assert data(text) == [*expected, 1000.0, float("inf"), "007", "1_000"]


def test_quoted_words_are_text() -> None:
    assert data("['1', \"true\", !!str 5, '', |-\n  null\n]".replace("|-\n  null\n", "'null'")) == [
        "1",
        "true",
        "5",
        "",
        "null",
    ]


def test_an_empty_file_is_nothing() -> None:
    assert data("") is None
    assert data("# only a comment\n") is None


def test_nodes_know_their_place() -> None:
    node = parse(b"a:\n  - x\n  - bb: 1\n    c: [1, 2]\n", "f.yaml")
    assert node.find(("a", 1, "c", 1)).place == "f.yaml:4:12"
    assert node.find(("a", 1, "bb"), at_key=True).place == "f.yaml:3:5"
    assert node.find(("a", 1, "bb")).place == "f.yaml:3:9"
    # What does not exist is looked for above.
    assert node.find(("a", 1, "nope", "deeper")).place == "f.yaml:3:5"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: the key 'a' is given twice. It stands at line 1 already"),
        ("{a: {b: 1, b: 2}}", "f.yaml:1:12: the key 'b' is given twice"),
        ("1: a", "f.yaml:1:1: a key must be text. Quote it"),
        ("? [a]\n: b", "f.yaml:1:3: a key must be text"),
        ("true: a", "a key must be text"),
        ("a: *x", "f.yaml:1:4: the alias *x has no anchor above it"),
        ("a: &x [1, *x]", "f.yaml:1:11: the alias *x stands inside of its own anchor"),
        ("a: !!python/object:os.system x", "f.yaml:1:4: the tag tag:yaml.org,2002:python/object:os.system is not"),
        ("a: !env X", "the tag !env is not supported"),
        ("a: !!set {b}", "the tag tag:yaml.org,2002:set is not supported"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1: a second document starts here"),
        ("a: [1, 2\n", "f.yaml:2:1: not valid YAML: did not find expected ',' or ']'"),
        ("a: b: c", "f.yaml:1:5: not valid YAML: mapping values are not allowed in this context"),
        ("a:\n\t- b", "f.yaml:2:1: not valid YAML"),
        ("<<: 5", "<<: expected a mapping"),
        ("a: " + "9" * 5000, "the number is too long"),
    ],
)
def test_errors_have_their_place(text: str, message: str) -> None:
    assert message in str(error(text))


@pytest.mark.parametrize("content", [b"a: \xff\xfe\x00", b"\xc3\x28", b"a: \x00", b"\x80abc"])
def test_what_is_not_text_is_refused(content: bytes) -> None:
    assert "not valid YAML" in error(content).what


def test_aliases_are_shared_values() -> None:
    assert data("a: &x {p: 1}\nb: *x\nc: [*x, *x]") == {"a": {"p": 1}, "b": {"p": 1}, "c": [{"p": 1}] * 2}


def test_merge_keys() -> None:
    text = "a: &a {p: 1, q: 2}\nb: &b {q: 3, r: 4}\nc: {<<: [*a, *b], p: 9}"
    assert data(text)["c"] == {"p": 9, "q": 2, "r": 4}


def test_a_billion_laughs_are_refused_at_once() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    assert "expands to more than 1,000,000 values" in error("\n".join(lines)).what
    merged = ["a0: &a0 {k: [lol, lol, lol]}"]
    merged += [f"a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}}}" for n in range(1, 60)]
    assert "expands to more than" in error("\n".join(merged)).what


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000 + "a", "{a: " * 100_000])
def test_deep_nesting_is_refused_and_not_a_crash(text: str) -> None:
    assert error(text).what.startswith((f"nested deeper than {MAX_DEPTH}", "not valid YAML"))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "gone.yaml")
    assert "cannot read the file: no such file" in str(caught.value)
    with pytest.raises(ConfigError, match="cannot read the file: is a directory"):
        load(tmp_path)


PRINTABLE = st.text(st.characters(exclude_categories=["C"]), max_size=20) | st.just("<<")
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | PRINTABLE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PRINTABLE, inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_json_is_read_as_it_is(value: Any) -> None:
    assert data(json.dumps(value, ensure_ascii=False)) == value


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_a_config_error(text: str) -> None:
    try:
        parse(text.encode("utf-8", "surrogatepass"), "f.yaml").data()
    except ConfigError as caught:
        assert str(caught).startswith("f.yaml")  # noqa: PT017


def test_aliases_nest_no_deeper_than_anything_else() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 1000))]
    assert error("\n".join(lines)).what == f"nested deeper than {MAX_DEPTH} levels"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs /dev/zero")
def test_a_file_without_end_is_not_read_whole() -> None:
    with pytest.raises(ConfigError, match="the file is larger than 64 MiB"):
        load(Path("/dev/zero"))
