"""The three-way merge: nothing a person typed is lost, nothing a source says is invented."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lumos_core.contracts.catalog import Operation
from lumos_core.model.aspects import of_kind
from lumos_core.model.elements import Description, Owner, TagLink, Text
from lumos_core.model.entities import Dataset, Field
from lumos_core.model.record import Record, canonical, decode, normalise
from lumos_core.model.urns import dataset
from lumos_core.publish.merge import HUMAN, Merger
from lumos_core.testing.strategies import records

URN = dataset("memory", "orders")
ALL = of_kind("dataset")


def merged(base, ours, theirs, policies=None, writable=ALL):
    """Merge and apply; returns (record value after, conflicts, was anything to do)."""
    conflicts = []
    merger = Merger(writable, policies or {})
    change, unset = merger.merge(base, ours, theirs, lambda key, why: conflicts.append(key))
    nothing = change == Dataset() and not unset
    held = None if theirs is None else Record(URN, theirs)
    operation = Operation(kind="dataset", urn=URN, action="update", set=change, unset=unset)
    after = decode(canonical(operation.apply(held)))
    return after.value, conflicts, not nothing


def whole(value):
    """Return a dataset that captured all that it could."""
    value = decode(canonical(Record(URN, value))).value
    value.captured = sorted(ALL)
    return value


datasets = records("dataset").map(lambda record: whole(record.value))


def same(left, right):
    left, right = (normalise(Record(URN, decode(canonical(Record(URN, value))).value)).value for value in (left, right))
    for key in (*ALL, "name", "subtype", "parent", "aliases"):
        if "." not in key:
            assert getattr(left, key) == getattr(right, key), key
    return True


@settings(max_examples=60, deadline=None)
@given(datasets)
def test_what_is_new_arrives_whole(ours):
    after, conflicts, _ = merged(None, ours, None)
    assert conflicts == []
    assert same(after, ours)


@settings(max_examples=60, deadline=None)
@given(datasets, datasets)
def test_without_human_edits_the_source_wins(base, ours):
    after, conflicts, _ = merged(base, ours, base)
    for key in ("name", "subtype", "parent", "aliases"):
        # These need no entry in `captured`, so that their absence says nothing.
        setattr(ours, key, getattr(ours, key) or getattr(after, key))
    assert conflicts == []
    assert same(after, ours)


@settings(max_examples=60, deadline=None)
@given(datasets)
def test_a_second_publication_has_nothing_to_do(ours):
    after, _, _ = merged(None, ours, None)
    assert not merged(ours, ours, after)[2]


@settings(max_examples=60, deadline=None)
@given(datasets, datasets)
def test_a_human_edit_stays_where_the_source_did_not_change(base, theirs):
    after, conflicts, _ = merged(base, base, theirs)
    assert conflicts == []
    for key in HUMAN:
        assert getattr(after, key) == getattr(theirs, key), key
    for key in ("fields", "keys", "layout", "lineage"):
        shape = [(f.path, f.type) for f in after.fields] == [(f.path, f.type) for f in base.fields]
        assert shape if key == "fields" else getattr(after, key) == getattr(base, key), key


@settings(max_examples=60, deadline=None)
@given(datasets, datasets, datasets)
def test_merging_again_changes_nothing_more(base, ours, theirs):
    after, _, _ = merged(base, ours, theirs)
    again, conflicts, more = merged(ours, ours, after)
    assert not more
    assert conflicts == []
    assert same(again, after)


NAMES = st.sets(st.sampled_from("abcdef"))


@given(NAMES, NAMES, NAMES)
def test_sets_are_merged_element_by_element(base, ours, theirs):
    def value(names):
        return Dataset(owners=[Owner(f"urn:lumos:user:{name}") for name in sorted(names)], captured=["owners"])

    after, conflicts, _ = merged(value(base), value(ours), value(theirs))
    held = {owner.owner[-1] for owner in after.owners}
    assert conflicts == []
    assert held == (theirs | (ours - base)) - (base - ours)


def test_layers_of_a_text_are_apart():
    base = Dataset(description=Description(source="a"), captured=["description"])
    ours = Dataset(description=Description(source="b"), captured=["description"])
    theirs = Dataset(description=Description(source="a", manual="mine"), captured=["description"])
    after, conflicts, _ = merged(base, ours, theirs)
    assert after.description == Description(source="b", manual="mine")
    assert conflicts == []


def test_both_changed_is_a_conflict_and_stays_with_the_people():
    base, ours, theirs = (Dataset(display_name=Text(source=text), captured=["display_name"]) for text in "abc")
    after, conflicts, _ = merged(base, ours, theirs)
    assert after.display_name == Text(source="c")
    assert conflicts == ["display_name.source"]


def test_policies():
    base, ours, theirs = (Dataset(tags=[TagLink(f"urn:lumos:tag:{name}")], captured=["tags"]) for name in "abc")
    assert merged(base, ours, theirs, {"tags": "source"})[0].tags == ours.tags
    assert merged(base, ours, theirs, {"tags": "catalog"})[0].tags == theirs.tags
    assert [tag.tag[-1] for tag in merged(base, ours, theirs, {"tags": "merge"})[0].tags] == ["b", "c"]


def test_what_was_not_looked_at_is_left_alone():
    base = Dataset(owners=[Owner("urn:lumos:user:a")], captured=["owners"])
    after, _, more = merged(base, Dataset(captured=[]), base)
    assert after.owners == base.owners
    assert not more


def test_what_a_catalog_cannot_hold_is_not_written():
    ours = Dataset(owners=[Owner("urn:lumos:user:a")], name="orders", captured=["owners"])
    after, _, _ = merged(None, ours, None, writable=frozenset({"tags"}))
    assert after.owners == []
    assert after.name == "orders"


def test_words_on_a_field_follow_the_field():
    def value(*fields):
        return Dataset(fields=list(fields), captured=["fields", "fields.description", "fields.tags"])

    base = value(Field("id", type="int32"), Field("mail", type="string"))
    theirs = value(
        Field("id", type="int32", tags=[TagLink("urn:lumos:tag:key")]),
        Field("mail", type="string", description=Description(manual="typed")),
    )
    ours = value(Field("mail", type="string"), Field("id", type="int64"), Field("new", type="date"))
    after, conflicts, _ = merged(base, ours, theirs)
    assert [(field.path, field.type) for field in after.fields] == [
        ("mail", "string"),
        ("id", "int64"),
        ("new", "date"),
    ]
    assert after.fields[0].description == Description(manual="typed")
    assert [tag.tag for tag in after.fields[1].tags] == ["urn:lumos:tag:key"]
    assert conflicts == []


def test_the_properties_of_lumos_are_its_own():
    base = Dataset(properties=[("team", "a")], captured=["properties"])
    theirs = Dataset(properties=[("cloud_version", "old"), ("team", "a")], captured=["properties"])
    ours = Dataset(properties=[("cloud_version", "new"), ("team", "a")], captured=["properties"])
    after, conflicts, _ = merged(base, ours, theirs)
    assert dict(after.properties)["cloud_version"] == "new"
    assert conflicts == []
