"""The algebra of records: uniting fragments, carrying forward what was not seen."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lumos_core.model import aspects
from lumos_core.model.elements import Description, Lineage, LineageEdge, Owner, TagLink
from lumos_core.model.entities import Dataset, Entity, Field, Tag, User
from lumos_core.model.merge import captured_by_both, carry_forward, strip_captured, unite
from lumos_core.model.record import AnyRecord, Record, canonical, decode, encode, normalise
from lumos_core.testing.strategies import records

ORDERS = "urn:lumos:dataset:(postgres,shop.orders,PROD)"
TABULAR = st.sampled_from(["dataset", "job", "asset", "term", "container", "user"])


@st.composite
def twins(draw: st.DrawFn, count: int = 2) -> list[AnyRecord]:
    """Fragments of one thing."""
    kind = draw(TABULAR)
    found = [normalise(draw(records(kind))) for _ in range(count)]
    for other in found[1:]:
        other.urn = found[0].urn
    return found


def keys_of(record: AnyRecord) -> frozenset[str]:
    return aspects.present(record.value)


@given(records())
def test_uniting_with_itself_changes_nothing(record: AnyRecord) -> None:
    normalise(record)
    conflicts: list[Any] = []
    assert unite(record, decode(encode(record)), lambda *found: conflicts.append(found)) == record
    assert not conflicts


@given(twins())
def test_uniting_leaves_both_as_they_were_and_loses_no_key(pair: list[AnyRecord]) -> None:
    one, other = pair
    lines = encode(one), encode(other)
    both = unite(one, other)
    assert (encode(one), encode(other)) == lines
    if one.value.__class__.__name__ != "Foreign":
        assert keys_of(both) >= keys_of(one)
        assert {key for key in keys_of(both) if "." not in key} >= {key for key in keys_of(other) if "." not in key}
        assert set(both.value.captured) == {*one.value.captured, *other.value.captured}
    assert canonical(unite(both, other)) == canonical(both)


@given(twins(3))
def test_uniting_is_associative(three: list[AnyRecord]) -> None:
    one, two, other = three
    assert canonical(unite(unite(one, two), other)) == canonical(unite(one, unite(two, other)))


@given(twins())
def test_sets_are_united_whoever_comes_first(pair: list[AnyRecord]) -> None:
    one, other = pair
    for key in ("owners", "terms", "domains"):
        both, reverse = (getattr(unite(*order).value, key) for order in ((one, other), (other, one)))
        names = [[getattr(item, "owner", getattr(item, "term", item)) for item in side] for side in (both, reverse)]
        assert names[0] == names[1]


def test_texts_are_united_by_layer_and_the_first_wins_elsewhere() -> None:
    one = Record(
        ORDERS, Dataset(name="a", description=Description(source="s"), fields=[Field("id"), Field("x", type="bool")])
    )
    two = Record(
        ORDERS,
        Dataset(
            name="b",
            description=Description(source="t", manual="m"),
            fields=[Field("x", type="int8", tags=[TagLink("urn:lumos:tag:a")]), Field("y")],
            owners=[Owner("urn:lumos:user:a")],
        ),
    )
    conflicts: list[tuple[str, Any, Any]] = []
    value = unite(one, two, lambda *found: conflicts.append(found)).value
    assert value.name == "a" and value.description == Description(source="s", manual="m")
    assert [(f.path, f.type, len(f.tags)) for f in value.fields] == [("id", "unknown", 0), ("x", "bool", 1)]
    assert value.owners == [Owner("urn:lumos:user:a")]
    assert ("name", "a", "b") in conflicts and ("description.source", "s", "t") in conflicts
    assert {key for key, _, _ in conflicts} == {"name", "description.source", "fields[x].type", "fields[y]"}


@given(twins())
def test_carrying_forward_keeps_what_was_not_looked_at(pair: list[AnyRecord]) -> None:
    before, after = pair
    lines = encode(before), encode(after)
    carried = carry_forward(before, after)
    assert (encode(before), encode(after)) == lines
    assert set(carried.value.captured) == {*before.value.captured, *after.value.captured}
    for key in after.value.captured:
        if "." not in key and key not in ("fields", "lineage"):
            assert getattr(carried.value, key) == getattr(after.value, key)
    for key in set(before.value.captured) - set(after.value.captured):
        if "." not in key and not aspects.said(getattr(after.value, key)):
            assert getattr(carried.value, key) == getattr(before.value, key)
    assert canonical(carry_forward(before, carried)) == canonical(carried)


@given(records())
def test_carrying_forward_what_was_seen_whole_changes_nothing(record: AnyRecord) -> None:
    normalise(record)
    assert carry_forward(decode(encode(record)), record) == record


def test_keys_of_fields_are_carried_by_path() -> None:
    a, b = TagLink("urn:lumos:tag:a"), TagLink("urn:lumos:tag:b")
    before = Record(
        ORDERS, Dataset(captured=["fields", "fields.tags"], fields=[Field("id", tags=[a]), Field("gone", tags=[b])])
    )
    after = Record(ORDERS, Dataset(captured=["fields"], fields=[Field("new"), Field("id", type="int64")]))
    value = carry_forward(before, after).value
    assert [(f.path, f.type, f.tags) for f in value.fields] == [("new", "unknown", []), ("id", "int64", [a])]
    assert value.captured == ["fields", "fields.tags"]


def test_what_was_seen_in_part_is_united_with_what_was_known() -> None:
    old, new = (LineageEdge(f"urn:lumos:dataset:(s3,{name},PROD)") for name in "ab")
    before = Record(ORDERS, Dataset(captured=["lineage"], lineage=Lineage(upstreams=[old])))
    after = Record(ORDERS, Dataset(lineage=Lineage(upstreams=[new])))
    assert carry_forward(before, after).value.lineage == Lineage(upstreams=[old, new])
    seen = Record(ORDERS, Dataset(captured=["lineage"], lineage=Lineage(upstreams=[new])))
    assert carry_forward(before, seen).value.lineage == Lineage(upstreams=[new])


@given(records(), st.sets(st.sampled_from(sorted(aspects.ASPECTS))))
def test_what_was_seen_in_part_leaves_captured(record: AnyRecord, lost: set[str]) -> None:
    stripped = strip_captured(record, lost)
    if isinstance(record.value, Entity):
        assert set(stripped.value.captured) == set(record.value.captured) - lost
    else:
        assert stripped is record


def test_no_is_an_answer() -> None:
    urn = "urn:lumos:user:ann"
    assert aspects.present(User(active=False)) == {"active"}
    assert aspects.present(User()) == frozenset()
    assert unite(Record(ORDERS, User(active=False)), Record(urn, User(active=True))).value.active is False


def test_what_both_sides_looked_at() -> None:
    def tag(*captured: str) -> AnyRecord:
        return Record("urn:lumos:tag:a", Tag(captured=list(captured)))

    assert captured_by_both(tag("owners", "links"), tag("owners", "style")) == {"record", "owners"}
    assert captured_by_both(None, tag("owners")) == captured_by_both(tag("owners"), None) == {"record", "owners"}
    assert captured_by_both(None, None) == {"record"}


def test_what_was_seen_in_part_is_kept_until_it_is_seen_whole() -> None:
    """A key that is present without being captured means "at least this", also in the run after the next."""
    edge = LineageEdge("urn:lumos:dataset:(test,a,PROD)")
    tag = TagLink("urn:lumos:tag:pii")
    fields = [Field("id", type="int64", tags=[tag])]
    before = Record(ORDERS, Dataset(captured=["fields"], fields=fields, lineage=Lineage(upstreams=[edge])))
    unseen = Record(ORDERS, Dataset(captured=["fields"], fields=[Field("id", type="int64")]))
    carried = carry_forward(before, unseen).value
    assert carried.lineage == Lineage(upstreams=[edge])
    assert carried.fields == fields
    assert carried.captured == ["fields"]
    whole = Record(ORDERS, Dataset(captured=["fields", "fields.tags", "lineage"], fields=[Field("id", type="int64")]))
    assert carry_forward(before, whole).value == whole.value
