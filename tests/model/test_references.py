"""References: one visitor from the schema finds and rewrites all of them."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given

from lumos_core.model.elements import Code, Description, Lineage, LineageEdge, Native, NativeSchema, TagLink
from lumos_core.model.entities import KINDS, Contract, Dataset, Field, Foreign, Stats
from lumos_core.model.record import AnyRecord, Record, canonical, decode, encode, line_urn
from lumos_core.model.references import Reference, links, rewrite, visit
from lumos_core.model.shapes import shapes
from lumos_core.testing.strategies import markdowns, records, values

ORDERS = "urn:lumos:dataset:(postgres,shop.orders,PROD)"
RAW = "urn:lumos:dataset:(s3,raw/orders,PROD)"


def without_untyped(record: AnyRecord) -> bytes:
    """The record as JSON, without the places in which a URN may stand untyped."""

    def clear(part: object) -> None:
        if isinstance(part, (Code, Native, NativeSchema)):
            part.text = ""
        if isinstance(part, list):
            for item in part:
                clear(item)
        elif isinstance(part, msgspec.Struct):
            if hasattr(part, "aliases"):
                part.aliases = []
            for name in part.__struct_fields__:
                clear(getattr(part, name))

    copy = decode(encode(record))
    clear(copy)
    return encode(copy)


@given(records())
def test_brute_force_finds_no_urn_that_the_visitor_misses(record: AnyRecord) -> None:
    text = without_untyped(record)
    urns = [reference for reference in visit(record) if "urn:lumos:" in reference.text]
    assert text.count(b"urn:lumos:") == len(urns)


@given(records())
def test_every_reference_is_rewritten_and_nothing_else(record: AnyRecord) -> None:
    before = encode(record)
    assert encode(rewrite(record, lambda reference: reference.text)) == before
    seen = list(visit(record))
    rewrite(record, lambda r: r.text.replace("urn:lumos:", "urn:moved:") if r.role == "ref" else r.text + "X")
    after = without_untyped(record)
    assert b"urn:lumos:" not in after
    assert after.count(b"urn:moved:") == sum("urn:lumos:" in reference.text for reference in seen)
    if not any(reference.role == "path" for reference in seen):
        assert encode(record).replace(b"urn:moved:", b"urn:lumos:") == before


@given(records())
def test_each_reference_has_a_place_in_the_schema(record: AnyRecord) -> None:
    for reference in visit(record):
        assert reference.place == "" or reference.place.split(".")[0] in type(record.value).__struct_fields__


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_typed_place_of_a_kind_is_reached(kind: str) -> None:
    """Fill every typed place of a kind once, and find all of them."""

    def fill(struct: type[msgspec.Struct], place: str, found: set[str]) -> None:
        for attribute, shape in shapes(struct):
            stack = [shape]
            here = f"{place}.{attribute.rstrip('_')}".lstrip(".")
            while stack:
                part = stack.pop()
                if part.role in ("ref", "path", "markdown"):
                    found.add(here)
                if part.struct is not None:
                    fill(part.struct, here, found)
                stack.extend(part.inner)

    wanted: set[str] = {""}
    fill(KINDS[kind], "", wanted)
    found: set[str] = set()

    @given(values(KINDS[kind]))
    def search(value: object) -> None:
        record = Record("urn:lumos:tag:x", value, kind)  # type: ignore[type-var]
        found.update(reference.place for reference in visit(record))

    search()
    assert found <= wanted
    assert len(found) > min(len(wanted), 4) // 2


def test_line_keys_of_parts_follow_their_host() -> None:
    stats = Record(f"{ORDERS}#profile@2026-01-15T10:00:00Z", Stats(fields=[("id", [("null_count", 0)])]))
    foreign = Record(f"{ORDERS}#datahub/siblings", Foreign(body="{}", refs=[("/a/0", RAW)]))
    for record in (stats, foreign):
        rewrite(record, lambda r: r.text.replace("postgres", "mysql") if r.role == "ref" else r.text)
        assert record.urn.startswith("urn:lumos:dataset:(mysql,shop.orders,PROD)#")
        assert line_urn(canonical(record)) == record.urn
    assert [(r.place, r.text) for r in visit(foreign)][1:] == [("refs", RAW)]
    assert [(r.place, r.role, r.text) for r in visit(stats)][1:] == [("fields", "path", "id")]


def test_paths_and_parts_of_the_same_record_are_references() -> None:
    edge = LineageEdge(urn=RAW, via="urn:lumos:task:(airflow,load%2Forders,PROD)")
    field = Field("email", tags=[TagLink(tag="urn:lumos:tag:pii", from_=f"{RAW}#mail")])
    record = Record(ORDERS, Dataset(fields=[field], lineage=Lineage(upstreams=[edge])))
    assert set(visit(record)) == {
        Reference("", "ref", ORDERS),
        Reference("lineage.upstreams.urn", "ref", RAW),
        Reference("lineage.upstreams.via", "ref", "urn:lumos:task:(airflow,load%2Forders,PROD)"),
        Reference("fields.path", "path", "email"),
        Reference("fields.tags.tag", "ref", "urn:lumos:tag:pii"),
        Reference("fields.tags.from", "ref", f"{RAW}#mail"),
    }


def test_code_and_native_texts_are_never_rewritten() -> None:
    dataset = Dataset(code=[Code(text=ORDERS)], native_schema=[NativeSchema(format="avro", text=ORDERS)])
    contract = Contract(native=Native(format="odcs", text=ORDERS))
    for record in (Record(ORDERS, dataset), Record("urn:lumos:contract:c", contract)):
        rewrite(record, lambda reference: reference.text.replace("orders", "sales"))
        assert encode(record).count(b"shop.orders") == (2 if record.kind == "dataset" else 1)


@pytest.mark.parametrize(
    "text, targets",
    [
        (f"see [orders]({ORDERS}).", [ORDERS]),
        (f'see [orders]({ORDERS}#id "title") and <{RAW}>', [f"{ORDERS}#id", RAW]),
        (f"[o][1]\n\n[1]: {ORDERS}\n", [ORDERS]),
        (f"[o](<{ORDERS}#a b>)", [f"{ORDERS}#a b"]),
        ("[tag](urn:lumos:tag:pii.email), [x](https://urn:lumos:tag:no)", ["urn:lumos:tag:pii.email"]),
        (f"{ORDERS} is no link", []),
        ("", []),
    ],
)
def test_link_targets_in_markdown(text: str, targets: list[str]) -> None:
    record = Record(ORDERS, Dataset(description=Description(source=text)))
    found = [reference for reference in visit(record) if reference.place]
    assert found == [Reference("description.source", "ref", target) for target in targets]
    rewrite(record, lambda reference: "urn:lumos:tag:new" if reference.place else reference.text)
    expected = text
    for target in targets:
        expected = expected.replace(target, "urn:lumos:tag:new", 1)
    assert record.value.description.source == expected


@given(markdowns())
def test_markdown_keeps_everything_but_targets(text: str) -> None:
    assert links(text, "", lambda reference: reference.text) == text
    assert len(re.findall("urn:lumos:", links(text, "", lambda reference: "urn:moved:"))) == 0
