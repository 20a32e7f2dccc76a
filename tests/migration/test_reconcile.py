"""The four-way merge: what only one side changed travels, what both changed stays, and nothing moves twice."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lumos_core.migration.reconcile import contains, settle
from lumos_core.model.elements import Description, Lifecycle, TagLink, Text
from lumos_core.model.entities import Dataset, Field
from lumos_core.model.record import Record, canonical, decode
from lumos_core.model.shapes import Shape
from lumos_core.testing.strategies import values

KEYS = [key for key in Dataset.__struct_fields__ if key != "captured"]


def clean(value):
    """A value in canonical shape, every field once."""
    value.fields = list({(field.part, field.path): field for field in value.fields}.values())
    return decode(canonical(Record("urn:lumos:dataset:(kit,x,PROD)", value))).value


datasets = values(Dataset).map(clean)


def found_by(call):
    told = []
    return call(lambda path, one, other: told.append(path)), told


@settings(max_examples=50, deadline=None)
@given(datasets, datasets)
def test_what_one_side_changed_is_taken_whole(past, now):
    verdict, told = found_by(lambda conflict: settle((past, now), (past, past), KEYS, conflict))
    assert not told
    assert clean(verdict.right) == clean(verdict.left) == now


@settings(max_examples=50, deadline=None)
@given(datasets, datasets, datasets)
def test_nothing_moves_twice_and_a_conflict_stays_one(past, left, right):
    first, told = found_by(lambda conflict: settle((past, left), (past, right), KEYS, conflict))
    again, more = found_by(
        lambda conflict: settle((first.left_past, first.left), (first.right_past, first.right), KEYS, conflict)
    )
    assert (again.left, again.right) == (first.left, first.right)
    assert sorted(told) == sorted(more)


@settings(max_examples=50, deadline=None)
@given(datasets, datasets, datasets)
def test_both_sides_are_treated_alike(past, left, right):
    one, told = found_by(lambda conflict: settle((past, left), (past, right), KEYS, conflict))
    other, more = found_by(lambda conflict: settle((past, right), (past, left), KEYS, conflict))
    assert (one.left, one.right) == (other.right, other.left)
    assert sorted(told) == sorted(more)


@settings(max_examples=50, deadline=None)
@given(datasets, datasets)
def test_a_decision_leaves_no_conflict_and_all_that_the_winner_says_is_said(left, right):
    verdict, told = found_by(lambda conflict: settle((None, left), (None, right), KEYS, conflict, decide="left"))
    assert not told
    assert contains(Shape("struct", struct=Dataset), clean(verdict.right), left)


@given(st.sampled_from(["one", "other"]))
def test_a_loss_does_not_travel_back(word):
    full = Dataset(description=Description(source="said", manual=word))
    native = Dataset(description=Description(manual=f"said; {word}"))
    kept, told = found_by(lambda conflict: settle((full, full), (native, native), KEYS, conflict))
    assert (kept.left, kept.right, told) == (full, native, [])
    edited = Dataset(description=Description(manual="better"))
    kept, told = found_by(lambda conflict: settle((full, full), (native, edited), KEYS, conflict))
    assert kept.left.description == Description(source="said", manual="better")
    assert not told


def test_elements_layers_and_fields_are_merged_one_by_one():
    past = Dataset(tags=[TagLink("urn:lumos:tag:a")], fields=[Field("id"), Field("x")], display_name=Text(source="a"))
    left = Dataset(
        tags=[TagLink("urn:lumos:tag:a"), TagLink("urn:lumos:tag:b")],
        fields=[Field("id", type="int64"), Field("new"), Field("x")],
        display_name=Text(source="b"),
    )
    right = Dataset(
        tags=[],
        fields=[Field("id", description=Description(manual="key")), Field("x")],
        display_name=Text(source="a", manual="c"),
        lifecycle=Lifecycle(status="draft"),
    )
    verdict, told = found_by(lambda conflict: settle((past, left), (past, right), KEYS, conflict))
    assert not told
    assert verdict.left == verdict.right
    assert verdict.right.tags == [TagLink("urn:lumos:tag:b")]
    assert verdict.right.display_name == Text(source="b", manual="c")
    assert verdict.right.fields == [
        Field("id", type="int64", description=Description(manual="key")),
        Field("new"),
        Field("x"),
    ]


def test_both_sides_keep_their_word_in_a_conflict():
    past, left, right = (Dataset(description=Description(manual=text)) for text in ("a", "b", "c"))
    verdict, told = found_by(lambda conflict: settle((past, left), (past, right), KEYS, conflict))
    assert told == ["description.manual"]
    assert (verdict.left, verdict.right, verdict.left_past, verdict.right_past) == (left, right, past, past)
