"""Scopes and what they license: a record is gone only where everything was seen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lumos_core.model import urns
from lumos_core.model.coverage import Coverage
from lumos_core.model.scope import Covered, Scope

ASPECTS = st.frozensets(st.sampled_from(["record", "fields", "owners"]), min_size=1)
URNS = [
    *(urns.located(kind, platform, name, env) for kind in ("dataset", "container") for platform in "pq"
      for name in ("a", "a.b", "b") for env in ("PROD", "DEV")),
    urns.dataset("p", "a", instance="a"), "urn:lumos:tag:a", "urn:lumos:tag:b",
]  # fmt: skip
SCOPES = st.builds(
    Scope,
    st.frozensets(st.sampled_from(["dataset", "container", "tag"]), max_size=2),
    st.sampled_from(["", "p", "q"]),
    st.sampled_from(["", "PROD"]),
    st.lists(st.sampled_from(["", "a", "a.", "b"]), max_size=2).map(tuple),
    st.frozensets(st.sampled_from(URNS), max_size=2),
)
COVERED = st.builds(Covered, SCOPES, ASPECTS, st.sampled_from(["complete", "complete", "partial", "failed"]))


@given(SCOPES, SCOPES)
def test_inclusion_is_sound(one: Scope, other: Scope) -> None:
    if one.includes(other):
        assert {urn for urn in URNS if other.matches(urn)} <= {urn for urn in URNS if one.matches(urn)}


@given(SCOPES, st.sampled_from(URNS))
def test_parts_count_as_their_host(scope: Scope, urn: str) -> None:
    assert scope.matches(f"{urn}#profile@2026-01-15T10:00:00Z") == scope.matches(urn)
    assert Scope().everything and Scope().matches(urn) and Scope().includes(scope)


def test_all_that_is_given_must_fit() -> None:
    scope = Scope(frozenset({"dataset"}), "p", "PROD", ("a.",), frozenset({urns.dataset("p", "b")}))
    assert [urn for urn in URNS if scope.matches(urn)] == [urns.dataset("p", "a.b"), urns.dataset("p", "b")]


@given(st.lists(COVERED, max_size=5), st.sampled_from(URNS), st.sampled_from(["record", "fields"]))
def test_absence_is_concluded_only_from_a_complete_view_without_gaps(declared, urn: str, aspect: str) -> None:
    fitting = [c.status for c in declared if c.scope.matches(urn) and aspect in c.aspects]
    coverage = Coverage(declared)
    assert coverage.complete(urn, aspect) == ("complete" in fitting and set(fitting) == {"complete"})
    assert (aspect in coverage.gaps(urn)) == bool({"partial", "failed"} & set(fitting))


@given(st.lists(COVERED, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_declarations_does_not_matter(declared, random) -> None:
    shuffled = [*declared, *declared]
    random.shuffle(shuffled)
    assert Coverage(declared).declared() == Coverage(shuffled).declared()


@given(st.lists(COVERED, max_size=4), st.lists(COVERED, max_size=4), st.sampled_from(URNS))
def test_what_was_complete_stays_complete_in_the_state(before, later, urn: str) -> None:
    carried = Coverage(before).carried_by(Coverage(later))
    seen = [c for c in (*before, *later) if c.status == "complete" and c.scope.matches(urn) and "record" in c.aspects]
    gaps = [c for c in carried.incomplete if c.scope.matches(urn) and "record" in c.aspects]
    assert carried.complete(urn) == (bool(seen) and not gaps)


@given(SCOPES, SCOPES, st.sampled_from(URNS))
def test_what_is_asked_of_a_scope_is_what_both_hold(mine: Scope, within: Scope, urn: str) -> None:
    part = mine.narrowed(within)
    both = mine.matches(urn) and within.matches(urn)
    if both:
        assert part is not None and part.matches(urn)
    # A prefix that meets the empty one stays as it is, and then fits the names of an instance that begin with it too.
    elif part is not None and "" not in (*mine.prefixes, *within.prefixes):
        assert not part.matches(urn)


def test_narrowing_within_everything_is_the_scope_itself() -> None:
    mine = Scope(frozenset({"dataset"}), "postgres", "PROD", ("shop.",))
    assert mine.narrowed(Scope()) == mine
    assert mine.narrowed(Scope(prefixes=("shop.public.", "crm."))) == replace(mine, prefixes=("shop.public.",))
    assert mine.narrowed(Scope(prefixes=("sho",))) == mine
    assert mine.narrowed(Scope(platform="mysql")) is None
    assert mine.narrowed(Scope(prefixes=("crm.",))) is None
