"""Declarations of coverage: what they license together, whatever their number and order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lumos_core.model.coverage import Coverage
from lumos_core.model.scope import Covered, Scope
from lumos_core.model.urns import container, dataset

URNS = [
    make(platform, name) for make in (dataset, container) for platform in ("pg", "s3") for name in ("a.x", "a.y", "b")
]
SCOPES = st.builds(
    Scope,
    types=st.frozensets(st.sampled_from(["dataset", "container"]), max_size=1),
    platform=st.sampled_from(["", "pg"]),
    prefixes=st.sampled_from([(), ("a.",), ("a.x", "b")]),
    urns=st.frozensets(st.sampled_from(URNS), max_size=2),
)
COVERED = st.builds(
    Covered,
    SCOPES,
    st.frozensets(st.sampled_from(["record", "fields", "owners"]), min_size=1),
    st.sampled_from(["complete", "complete", "partial", "failed"]),
    st.sampled_from(["", "denied"]),
)
MANY = st.lists(COVERED, max_size=8)


def licences(coverage):
    return {(urn, aspect): coverage.complete(urn, aspect) for urn in URNS for aspect in ("record", "fields", "owners")}


@given(MANY)
def test_fewer_words_say_the_same(declared):
    coverage = Coverage(declared)
    again = Coverage(coverage.declared())
    assert licences(again) == licences(coverage)
    assert {urn: again.gaps(urn) for urn in URNS} == {urn: coverage.gaps(urn) for urn in URNS}
    assert len(coverage.declared()) <= len(set(declared))
    assert again.declared() == coverage.declared()


def test_a_declaration_about_one_record_does_not_narrow_that_of_its_platform():
    every = Covered(Scope(platform="pg"), frozenset({"record", "fields"}))
    elsewhere = Covered(Scope(platform="pg", urns=frozenset({"urn:lumos:dataset:(s3,a.x,PROD)"})), every.aspects)
    again = Coverage(Coverage([every, elsewhere]).declared())
    assert again.complete("urn:lumos:dataset:(pg,b,PROD)", "fields")


@given(MANY, st.randoms())
def test_the_order_does_not_matter(declared, random):
    shuffled = list(declared)
    random.shuffle(shuffled)
    assert Coverage(shuffled).declared() == Coverage(declared).declared()


@given(MANY)
def test_it_means_what_it_says(declared):
    for (urn, aspect), licence in licences(Coverage(declared)).items():
        about = [c for c in declared if aspect in c.aspects and c.scope.matches(urn)]
        assert licence == (any(c.status == "complete" for c in about) and all(c.status == "complete" for c in about))


@given(MANY, MANY)
def test_what_was_complete_stays_complete(before, after):
    carried = Coverage(before).carried_by(Coverage(after))
    for (urn, aspect), licence in licences(carried).items():
        every = [*before, *after]
        seen = [c for c in every if c.status == "complete" and aspect in c.aspects and c.scope.matches(urn)]
        assert licence == bool(seen)


def test_what_is_said_of_many_records_is_said_once():
    one = frozenset({"fields"})
    declared = [Covered(Scope(urns=frozenset({dataset("pg", f"t{n}")})), one) for n in range(2_000)]
    coverage = Coverage(declared)
    assert coverage.complete(dataset("pg", "t7"), "fields")
    assert not coverage.complete(dataset("pg", "t2000"), "fields")
    assert len(coverage.declared()) == 1
    coverage.add(Covered(Scope(platform="pg"), frozenset({"fields", "record"})))
    assert [covered.scope for covered in coverage.declared()] == [Scope(platform="pg")]
