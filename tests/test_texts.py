"""What strangers wrote is shown, never obeyed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumos_core.plugin_api import visible
from lumos_core.texts import size


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("orders", "orders"),
        ("größe 数 שלום", "größe 数 שלום"),
        ("a\x1b[31mb\x07", r"a\u{1b}[31mb\u{7}"),
        ("a\u202eb\u2066c", r"a\u{202e}b\u{2066}c"),
        ("one\ntwo\rthree\u2028", r"one\u{a}two\u{d}three\u{2028}"),
        ("tab\there", r"tab\u{9}here"),
        ("lone \udcff", r"lone \u{dcff}"),
        ("\ufeffbom, zero\u200bwidth, soft\xadhyphen", r"\u{feff}bom, zero\u{200b}width, soft\u{ad}hyphen"),
        ("👨\u200d👩\u200d👧 می\u200cخواهم", "👨\u200d👩\u200d👧 می\u200cخواهم"),
        (17, "17"),
    ],
)
def test_examples(text: object, shown: str) -> None:
    assert visible(text) == shown


def test_line_feeds_are_kept_on_request_and_nothing_else() -> None:
    assert visible("one\ntwo\r\x85\u2029", lines=True) == "one\ntwo\\u{d}\\u{85}\\u{2029}"


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_nothing_that_steers_is_left(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert visible(shown) == shown
    assert {unicodedata.category(char) for char in shown if char not in "\u200c\u200d"}.isdisjoint(
        {"Cc", "Cf", "Cs", "Zl", "Zp"}
    )
    assert visible(text, lines=True).replace("\n", r"\u{a}") == shown


def test_sizes_for_people() -> None:
    assert [size(n) for n in (0, 1023, 1536, 5 << 40)] == ["0 B", "1023 B", "1.5 KiB", "5.0 TiB"]
