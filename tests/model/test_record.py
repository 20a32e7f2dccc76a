"""The canonical form: one line per record, whoever writes it and however it was put together."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumos_core.model.elements import (
    Description,
    Key,
    Lineage,
    LineageEdge,
    Link,
    Owner,
    RefValue,
    StructuredValue,
    TagLink,
    Text,
)
from lumos_core.model.entities import KINDS, Dataset, Field, Foreign, Stats, Tag, Term
from lumos_core.model.record import (
    MAX_INTEGER,
    AnyRecord,
    Record,
    canonical,
    decode,
    digest,
    encode,
    is_canonical,
    line_key,
    line_kind,
    line_urn,
    make_key,
    normalise,
    split_key,
    without_stats,
)
from lumos_core.model.shapes import Shape, key_function, shapes
from lumos_core.testing.strategies import records

ORDERS = "urn:lumos:dataset:(postgres,shop.orders,PROD)"


def tag(**keys: Any) -> AnyRecord:
    return Record("urn:lumos:tag:a", Tag(**keys))


@given(records())
def test_a_canonical_line_is_read_back_to_the_same_bytes(record: AnyRecord) -> None:
    line = canonical(record)
    found = decode(line)
    assert encode(found) == line == canonical(found)
    assert is_canonical(line)
    assert found == record  # normalised in place
    assert (line_kind(line), line_urn(line)) == (record.kind, record.urn)
    assert line_key(line) == make_key(record.kind, record.urn)
    assert re.fullmatch("[0-9a-f]{64}", digest(line))


@given(records())
def test_a_line_is_strict_json(record: AnyRecord) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        assert keys == sorted(set(keys))
        assert all(re.fullmatch("[a-z0-9_]+", key) for key in keys)
        return dict(pairs)

    def refuse(text: str) -> None:
        raise AssertionError(text)

    line = canonical(record)
    data = json.loads(line, object_pairs_hook=unique, parse_float=refuse, parse_constant=refuse)
    again = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert again.replace("\x7f", "\x7f").encode() == line
    assert set(data) == {"kind", "urn", "value"}

    def check(part: Any, top: bool = False) -> None:
        assert top or part not in (None, [], {})
        if isinstance(part, dict):
            for inner in part.values():
                check(inner)
        if type(part) is int:
            assert abs(part) <= MAX_INTEGER

    check(data["value"], top=True)


@given(records(), st.randoms(use_true_random=False))
def test_the_order_of_sets_does_not_matter(record: AnyRecord, random: Any) -> None:
    line = canonical(record)
    shuffled = decode(line)

    def shuffle(part: Any, shape: Shape | None = None) -> None:
        if isinstance(part, msgspec.Struct):
            for attribute, inner in shapes(type(part)):
                shuffle(getattr(part, attribute), inner)
        elif isinstance(part, list) and shape is not None:
            for item in part:
                shuffle(item, shape.inner[0])
            if shape.keys is not None:
                random.shuffle(part)
                part += copy.deepcopy(part)

    shuffle(shuffled.value)
    assert canonical(shuffled) == line


@given(records())
def test_sets_are_unique_and_sorted_by_the_bytes_of_their_key(record: AnyRecord) -> None:
    def check(part: Any, shape: Shape | None = None) -> None:
        if isinstance(part, msgspec.Struct):
            for attribute, inner in shapes(type(part)):
                check(getattr(part, attribute), inner)
        elif isinstance(part, list) and shape is not None:
            for item in part:
                check(item, shape.inner[0])
            if shape.keys is not None:
                keys = [tuple(text.encode() for text in key_function(shape)(item)) for item in part]
                assert keys == sorted(set(keys))

    normalise(record)
    check(record.value)


@pytest.mark.parametrize(
    "before, after",
    [
        (Dataset(description=Description(), display_name=Text(others=[])), Dataset()),
        (Dataset(lineage=Lineage(upstreams=[], columns=[])), Dataset()),
        (Dataset(name="", description=Description(source="")), Dataset(name="", description=Description(source=""))),
        (
            Dataset(
                owners=[Owner("urn:lumos:user:b"), Owner("urn:lumos:user:a", layer="manual"), Owner("urn:lumos:user:a")]
            ),
            Dataset(
                owners=[Owner("urn:lumos:user:a"), Owner("urn:lumos:user:a", layer="manual"), Owner("urn:lumos:user:b")]
            ),
        ),
        (
            Dataset(links=[Link("b", label="x"), Link("a"), Link("b", label="y")]),
            Dataset(links=[Link("a"), Link("b", label="x")]),
        ),
        (
            Dataset(fields=[Field("b", tags=[TagLink("urn:lumos:tag:z"), TagLink("urn:lumos:tag:y")]), Field("a")]),
            Dataset(fields=[Field("b", tags=[TagLink("urn:lumos:tag:y"), TagLink("urn:lumos:tag:z")]), Field("a")]),
        ),
        (
            Dataset(keys=[Key("unique", ["b", "a"]), Key("primary", ["c"])]),
            Dataset(keys=[Key("primary", ["c"]), Key("unique", ["b", "a"])]),
        ),
        (
            Dataset(domains=["urn:lumos:domain:é", "urn:lumos:domain:z"]),
            Dataset(domains=["urn:lumos:domain:z", "urn:lumos:domain:é"]),
        ),
        (
            Dataset(
                structured=[StructuredValue("urn:lumos:property:p", [2**60, True, "1", RefValue("urn:lumos:tag:a")])]
            ),
            Dataset(
                structured=[
                    StructuredValue("urn:lumos:property:p", [str(2**60), True, "1", RefValue("urn:lumos:tag:a")])
                ]
            ),
        ),
    ],
)
def test_what_normal_is(before: Dataset, after: Dataset) -> None:
    assert normalise(Record(ORDERS, before)).value == after


def test_integers_that_json_readers_lose_are_text() -> None:
    stats = Stats(row_count=2**53, size_bytes=MAX_INTEGER, fields=[("id", [("max", -(2**53)), ("min", 0)])])
    line = canonical(Record(f"{ORDERS}#profile@2026-01-15T10:00:00Z", stats))
    assert b'"row_count":"9007199254740992","size_bytes":9007199254740991' in line
    assert b'["max","-9007199254740992"],["min",0]' in line
    assert is_canonical(line)


def test_what_is_not_unicode_never_enters() -> None:
    record = tag(name="a\udce9b", description=Description(source="\ud800"), attributes=[("k\udcff", "v")])
    line = canonical(record)
    assert line.decode("utf-8").count("?") == 3
    assert is_canonical(line)


@pytest.mark.parametrize(
    "urn, kind, message",
    [
        ("urn:lumos:term:a", "tag", "names a term"),
        ("tag", "tag", "not a URN"),
        ("urn:lumos:tag:a b", "tag", "not a URN"),
        ('urn:lumos:tag:"', "tag", "not a URN"),
        ("urn:lumos:dataset:(a,b)", "dataset", "not a URN"),
        (f"{ORDERS}#profile @2026", "stats", "percent-encoded"),
        (f'{ORDERS}#x/"', "foreign", "percent-encoded"),
        ("urn:lumos:foreign:(a b,c)", "foreign", "not a URN"),
    ],
)
def test_a_urn_must_fit_its_line(urn: str, kind: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        normalise(Record(urn, KINDS[kind](), kind))


def test_foreign_and_stats_name_their_host() -> None:
    for urn in (f"{ORDERS}#datahub/x", "urn:lumos:foreign:(atlas,inst:a)"):
        assert line_urn(canonical(Record(urn, Foreign(body="{}")))) == urn


@pytest.mark.parametrize("line", [b"", b"{}", b'{"kind":"tag"}', b'{"urn":"a"}', b'{"exported_at":""}'])
def test_what_is_no_line_has_no_key(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a record line"):
        line_key(line)


@pytest.mark.parametrize(
    "line",
    [
        b'{"kind":"widget","urn":"urn:lumos:widget:a","value":{}}',
        b'{"kind":"tag","urn":"urn:lumos:tag:a","value":{"widget":1}}',
        b'{"kind":"tag","urn":"urn:lumos:tag:a","value":{"name":1}}',
        b'{"kind":"tag","urn":"urn:lumos:tag:a"}',
        b'{"kind":"tag","urn":"urn:lumos:tag:a","value":{}',
        b"[]",
    ],
)
def test_a_bad_line_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):
        decode(line)


@given(records())
def test_a_key_says_whose_it_is(record: AnyRecord) -> None:
    line = canonical(record)
    assert split_key(line_key(line)) == (line_kind(line), line_urn(line)) == (record.kind, record.urn)
    assert list(without_stats([line])) == ([] if record.kind == "stats" else [line])


def test_lines_are_in_byte_order_exactly_if_their_keys_are() -> None:
    urns = [
        "urn:lumos:tag:a",
        "urn:lumos:tag:a#x",
        "urn:lumos:tag:a%20",
        "urn:lumos:tag:ab",
        "urn:lumos:tag:é",
        "urn:lumos:tag:😀",
    ]
    lines = [b'{"kind":"tag","urn":"%s","value":{}}' % urn.encode() for urn in urns]
    assert sorted(lines) == sorted(lines, key=line_key) == lines


def test_a_record_knows_its_kind() -> None:
    assert Record("urn:lumos:term:a", Term()).kind == "term"
    edge = Record(ORDERS, Dataset(lineage=Lineage(upstreams=[LineageEdge(ORDERS)])))
    assert encode(edge).startswith(b'{"kind":"dataset","urn":"urn:lumos:dataset:(postgres,')
