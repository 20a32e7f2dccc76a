"""`hoodie.properties`: the format of Java, the checksum, the backup, and what is no such file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_format_hudi.properties import Malformed, checksum, parse

from lumos_core.plugin_api import UnitError


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a=b", {"a": "b"}),
        ("a: b", {"a": "b"}),
        ("a b = c", {"a": "b = c"}),
        ("  a\t=\tb ", {"a": "b "}),
        ("a", {"a": ""}),
        ("a=\n=b", {"a": "", "": "b"}),
        ("# a=b\n!c=d\n\n   \n#\\\ne=f", {"e": "f"}),
        ("a=1,\\\n   2,\\\r\n\t3\rb=4", {"a": "1,2,3", "b": "4"}),
        ("a=1\\\\\nb=2", {"a": "1\\", "b": "2"}),
        ("a=1\\\n#b", {"a": "1#b"}),
        (r"a\ b\=\:=\u00e4\t\n\r\f\x\"", {"a b=:": 'ä\t\n\r\fx"'}),
        (r"a=\ud83d\ude00", {"a": "😀"}),
        ("a=1\na=2", {"a": "2"}),
        ("", {}),
    ],
)
def test_the_format_of_java(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize("text", [r"a=\u12", r"a=\uzzzz", r"a=\ud83d", r"a=\ude00\ud83d", "a=b\\"])
def test_escapes_that_are_none(text):
    with pytest.raises(Malformed):
        parse(text)


texts = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)


@given(st.dictionaries(texts, texts, max_size=5))
def test_what_java_stores_comes_back(pairs):
    """`Properties.store`: keys and values with escapes, everything beyond Latin-1 as UTF-16 units."""
    assert parse("".join(f"{stored(key, True)}={stored(value, False)}\n" for key, value in pairs.items())) == pairs


def stored(text: str, key: bool) -> str:
    found = []
    for place, character in enumerate(text):
        named = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f"}.get(character)
        if named is not None:
            found.append(named)
        elif character in "=:#!\\" or (character == " " and (key or place == 0)):
            found.append("\\" + character)
        elif " " <= character <= "~":
            found.append(character)
        else:
            units = character.encode("utf-16-be").hex()
            found += [f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4)]
    return "".join(found)


@given(texts)
def test_any_text_is_read_or_refused(text):
    try:
        assert all("\0" in text or value == value.encode().decode() for value in parse(text).values())
    except Malformed:
        assert "\\" in text


def test_the_checksum_is_that_of_hudi():
    assert checksum({"hoodie.table.name": "t"}) == 498511606
    assert checksum({"hoodie.table.name": "types", "hoodie.database.name": "default"}) == 1885864794


@pytest.mark.parametrize(
    "content, why",
    [
        (b"", "empty"),
        (b"hoodie.table.name=t", "cut off"),
        (b"#Updated\n", "does not name the table"),
        (b"hoodie.table.name=\n", "does not name the table"),
        (b"hoodie.table.name=t\nhoodie.table.checksum=1\n", "checksum"),
        (b"hoodie.table.name=t\0\n", "no text"),
        (b"hoodie.table.name=\\ud800\n", "half a character"),
        (b"\x1f\x8b\x08rubbish", "gzip"),
    ],
)
def test_what_is_broken_is_refused_and_its_backup_counts(table, content, why):
    table.create()
    sound = (table.folder / "hoodie.properties").read_bytes()
    table.commit("20260101000000000")
    table.write("hoodie.properties", content)
    with pytest.raises(UnitError) as caught:
        table.records()
    assert why in caught.value.why and caught.value.fix and caught.value.where == ".hoodie/hoodie.properties"
    table.write("hoodie.properties.backup", b"hoodie.table.name=t")
    with pytest.raises(UnitError, match="properties: "):
        table.records()
    table.write("hoodie.properties.backup", sound)
    assert [field.path for field in table.table(statistics=False).fields][-1] == "id"
    assert why in table.ctx.warnings[-1].message


def test_without_properties_there_is_no_table(table):
    table.commit("20260101000000000")
    with pytest.raises(UnitError, match="no properties") as caught:
        table.records()
    assert caught.value.fix
    table.create()
    (table.folder / "hoodie.properties").rename(table.folder / "hoodie.properties.backup")
    assert table.table().fields and "not there" in table.ctx.warnings[-1].message


def test_bytes_that_are_no_utf_8_are_latin_1_as_java_reads_them(table):
    table.write("hoodie.properties", b"hoodie.table.name=caf\xe9\nhoodie.table.version=6\n")
    table.commit("20260101000000000")
    assert ("hoodie.table.name", "café") in table.table().properties
    table.write("hoodie.properties", "hoodie.table.name=café\nhoodie.table.version=6\n")
    assert ("hoodie.table.name", "café") in table.table().properties


@pytest.mark.parametrize("version, why", [("10", "newest"), ("x", "no number"), ("-1", "no number"), ("9" * 30, "no")])
def test_versions_that_are_not_known(table, version, why):
    table.write("hoodie.properties", f"hoodie.table.name=t\nhoodie.table.version={version}\n")
    with pytest.raises(UnitError, match="version") as caught:
        table.records()
    assert why in caught.value.why and caught.value.fix and caught.value.where
