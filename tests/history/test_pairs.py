from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumos_core.errors import SnapshotError
from lumos_core.history.pairs import pairs
from lumos_core.model import urns
from lumos_core.model.coverage import Coverage
from lumos_core.model.entities import Dataset, Stats
from lumos_core.model.record import Record, canonical
from lumos_core.model.scope import Covered, Scope

ALL = Coverage([Covered(Scope(), frozenset({"record"}))])
NAMES = ["a", "b", "c/d", "ü"]
ASPECTS = ["fields", "owners", "tags"]

sides = st.dictionaries(
    st.sampled_from(NAMES), st.tuples(st.integers(0, 1), st.sets(st.sampled_from(ASPECTS))), max_size=4
)
coverages = st.lists(
    st.builds(
        Covered,
        st.builds(Scope, prefixes=st.sampled_from([(), ("a",), ("c/",)])),
        st.sampled_from([frozenset({"record"}), frozenset({"fields"})]),
        st.sampled_from(["complete", "partial", "failed"]),
    ),
    max_size=3,
).map(Coverage)


def lines(side: dict) -> list[bytes]:
    made = [
        canonical(Record(urns.dataset("csv", name), Dataset(name=str(version), captured=sorted(captured))))
        for name, (version, captured) in side.items()
    ]
    made += [
        canonical(Record(urns.dataset("csv", name) + "#profile@2026-01-15T10:00:00Z", Stats(row_count=version)))
        for name, (version, _) in side.items()
    ]
    return sorted(made)


@given(sides, sides, coverages, coverages)
def test_pairs_what_differs_and_removes_only_what_both_sides_saw_whole(
    before: dict, after: dict, seen_before: Coverage, seen_after: Coverage
) -> None:
    found = {
        pair[0].urn if pair[0] else pair[1].urn: pair
        for pair in pairs(iter(lines(before)), iter(lines(after)), seen_before, seen_after)
    }
    assert list(found) == sorted(found, key=str.encode)
    for name in NAMES:
        urn = urns.dataset("csv", name)
        old, new = before.get(name), after.get(name)
        licensed = new is not None or (seen_before.complete(urn) and seen_after.complete(urn))
        assert (urn in found) == (old != new and licensed)
        if urn in found:
            pair = found[urn]
            assert (pair.before is None, pair.after is None) == (old is None, new is None)
            both = [set(side[1]) for side in (old, new) if side is not None]
            assert pair.captured == {"record"} | set.intersection(*both)


@given(sides, sides)
def test_the_other_way_round_swaps_the_sides(before: dict, after: dict) -> None:
    there = list(pairs(iter(lines(before)), iter(lines(after)), ALL, ALL))
    back = list(pairs(iter(lines(after)), iter(lines(before)), ALL, ALL))
    assert [(pair.after, pair.before, pair.captured) for pair in back] == [tuple(pair) for pair in there]


@given(sides)
def test_nothing_differs_from_itself(side: dict) -> None:
    assert list(pairs(iter(lines(side)), iter(lines(side)), ALL, ALL)) == []


def test_a_line_that_cannot_be_read_is_an_error_with_its_place() -> None:
    line = b'{"kind":"dataset","urn":"urn:lumos:dataset:(csv,a,PROD)","value":{"nonsense":1}}'
    with pytest.raises(SnapshotError, match=r"csv,a,PROD.*cannot be read"):
        list(pairs(iter([line]), iter([]), ALL, ALL))
