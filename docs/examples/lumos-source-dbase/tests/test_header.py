"""Headers, byte by byte as the published layouts say."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_core.plugin_api import types

from lumos_source_dbase.header import Column, Header, read_header
from lumos_source_dbase.types import canonical_type


def field(name: bytes, kind: str, length: int, decimals: int = 0, flags: int = 0) -> bytes:
    """Return a descriptor of 32 bytes."""
    return struct.pack("<11sc4xBBB13x", name, kind.encode(), length, decimals, flags)


def field7(name: bytes, kind: str, length: int, decimals: int = 0) -> bytes:
    """Return a descriptor of dBASE 7: 48 bytes."""
    return struct.pack("<32scBB13x", name, kind.encode(), length, decimals)


def table(
    *fields: bytes, version: int = 0x03, language: int = 0, rows: int = 0, record: int | None = None, more: bytes = b""
) -> bytes:
    """Return a header, without records."""
    body = (bytes(36) if version in (0x04, 0x8C) else b"") + b"".join(fields) + b"\r" + more
    at = (33, 34) if version in (0x04, 0x8C) else (16, 17)
    length = 1 + sum(one[at[0]] + (256 * one[at[1]] if one[11:12] == b"C" else 0) for one in fields)
    start = struct.pack("<4BIHH", version, 126, 1, 15, rows, 32 + len(body), length if record is None else record)
    return start.ljust(29, b"\0") + bytes([language, 0, 0]) + body


def read(content: bytes, encoding: str | None = None) -> Header:
    return read_header(BytesIO(content), encoding)


def shapes(header: Header) -> list[tuple[str, str]]:
    return [(column.name, canonical_type(column, header.version)) for column in header.columns]


def test_dbase_iii() -> None:
    header = read(
        table(
            field(b"NAME", "C", 30),
            field(b"AMOUNT", "N", 8, 2),
            field(b"BORN", "D", 8),
            field(b"ACTIVE", "L", 1),
            field(b"NOTES", "M", 10),
            version=0x83,
            rows=7,
        )
    )
    assert (header.version, header.rows, header.encoding, header.exact) == ("dBASE III", 7, None, True)
    assert header.size == 32 + 5 * 32 + 1 + 7 * (1 + 30 + 8 + 8 + 1 + 10)
    assert shapes(header) == [
        ("NAME", "string"),
        ("AMOUNT", "decimal(7,2)"),
        ("BORN", "date"),
        ("ACTIVE", "bool"),
        ("NOTES", "string"),
    ]
    assert {column.nullable for column in header.columns} == {None}


def test_dbase_7_has_longer_names_and_more_types() -> None:
    columns = [field7(b"A_NAME_OF_MORE_THAN_ELEVEN_BYTES", "I", 4), field7(b"AT", "@", 8), field7(b"ID", "+", 4)]
    header = read(table(*columns, field7(b"PRICE", "O", 8), version=0x04, more=bytes(50)))
    assert shapes(header) == [
        ("A_NAME_OF_MORE_THAN_ELEVEN_BYTES", "int32"),
        ("AT", "timestamp(ms)"),
        ("ID", "int32"),
        ("PRICE", "float64"),
    ]


def test_visual_foxpro_knows_nulls_binary_texts_and_hides_its_own_field() -> None:
    columns = [
        field(b"id", "I", 4, flags=0x04),
        field(b"price", "Y", 8),
        field(b"ratio", "B", 8, 2, flags=0x02),
        field(b"seen", "T", 8),
        field(b"key", "C", 16, flags=0x04),
        field(b"_NullFlags", "0", 1, flags=0x05),
    ]
    header = read(table(*columns, version=0x30, language=0x03, more=bytes(263)))
    assert shapes(header) == [
        ("id", "int32"),
        ("price", "decimal(19,4)"),
        ("ratio", "float64"),
        ("seen", "timestamp(ms)"),
        ("key", "bytes"),
    ]
    assert [column.nullable for column in header.columns] == [False, False, True, False, False]


def test_long_texts_of_clipper_use_the_byte_of_decimals() -> None:
    (column,) = read(table(field(b"LETTER", "C", 0xE8, 3))).columns
    assert (column.length, column.decimals) == (1000, 0)


@pytest.mark.parametrize(
    ("language", "raw", "said", "name"),
    [
        (0x02, "GRÖSSE", "cp850", "GRÖSSE"),
        (0x03, "GRÖSSE", "cp1252", "GRÖSSE"),
        (0xC9, "ЦЕНА", "cp1251", "ЦЕНА"),
        (0x65, "ЦЕНА", "cp866", "ЦЕНА"),
        (0x7B, "金額", "cp932", "金額"),
    ],
)
def test_the_language_driver_decodes_names(language: int, raw: str, said: str, name: str) -> None:
    header = read(table(field(raw.encode(said), "C", 5), language=language))
    assert (header.columns[0].name, header.encoding, header.exact) == (name, said, True)


def test_names_without_a_language_driver_are_a_guess_unless_the_user_says() -> None:
    content = table(field("GRÖSSE".encode("cp1252"), "C", 5))
    assert not read(content).exact
    header = read(content, "cp1252")
    assert (header.columns[0].name, header.exact) == ("GRÖSSE", True)


SOUND = table(field(b"A", "C", 5))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "does not begin like"),
        (b"\x02" + bytes(600), "does not begin like"),
        (b"id,name\n1,Ada\n" * 9, "does not begin like"),
        (SOUND[:-8], "the file ends after"),
        (SOUND.replace(b"\r", b" "), "has no end"),
        (table(), "no fields"),
        (table(field(b"", "C", 5)), "is damaged"),
        (table(field(b"A", "C", 5), record=3), "its fields take 6 bytes, its records 3"),
        (table(field(b"A", "C", 5), field(b"A", "N", 5)), "two of its fields"),
        (SOUND[:15] + b"\1" + SOUND[16:], "encrypted"),
        (b"\x03\x7e\x0d\x01" + SOUND[4:], "fit no table"),
    ],
)
def test_what_is_no_table_is_refused_with_a_reason(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(content)


@given(st.binary(max_size=400), st.sampled_from([0x03, 0x04, 0x30, 0x83, 0x8B, 0xF5]))
def test_any_bytes_are_read_or_refused(content: bytes, version: int) -> None:
    """Nothing but a ValueError, whatever the bytes."""
    try:
        header = read(bytes([version]) + content)
    except ValueError:
        return
    assert header.columns or header.version == "Visual FoxPro"


COLUMNS = st.builds(
    Column,
    name=st.just("A"),
    type=st.characters(codec="ascii"),
    length=st.integers(1, 255),
    decimals=st.integers(0, 255),
    nullable=st.none(),
    binary=st.booleans(),
)


@given(COLUMNS, st.sampled_from(["dBASE III", "Visual FoxPro"]))
def test_every_type_is_canonical(column: Column, version: str) -> None:
    text = canonical_type(column, version)
    assert types.render(types.parse(text)) == text


@given(
    st.lists(st.tuples(st.text("ABCDEFGHIJ_", min_size=1, max_size=10), st.integers(1, 254)), min_size=1, max_size=20)
)
def test_what_is_written_is_read(columns: list[tuple[str, int]]) -> None:
    columns = list(dict(columns).items())
    header = read(table(*(field(name.encode(), "C", length) for name, length in columns)))
    assert [(column.name, column.length) for column in header.columns] == columns
