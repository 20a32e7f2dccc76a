"""`sync`: changes travel both ways, contradictions stay, removals are guarded, and nothing moves twice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumos_core.errors import Cancelled, UsageError
from lumos_core.migration.planning import is_removed
from lumos_core.migration.syncing import sync
from lumos_core.model import urns
from lumos_core.model.elements import Description, Lifecycle, Lineage, LineageEdge, Owner, TagLink
from lumos_core.model.entities import Dataset, Field
from lumos_core.model.record import Record, canonical, decode
from lumos_core.testing.estates import Estate

sys.path.insert(0, str(Path(__file__).parent))

import lossy_catalogs
from lossy_catalogs import LUCK, Luck
from worlds import Ends

ORDERS = urns.dataset("pg", "shop.orders")
CUSTOMERS = urns.dataset("pg", "shop.customers")
UNLUCKY = "lossy_catalogs:Unlucky"


@pytest.fixture(autouse=True)
def _clean():
    yield
    lossy_catalogs.NATIVE.clear()
    LUCK.clear()


def dataset(name="orders", **keys):
    return Dataset(name=name, captured=sorted(keys), **keys)


def many(count):
    return [Record(urns.dataset("pg", f"t{number:02}"), dataset(f"t{number:02}")) for number in range(count)]


def said(records):
    lines = {}
    for urn, record in records.items():
        copy = decode(canonical(record))
        copy.value.captured = []
        lines[urn] = canonical(copy)
    return lines


def quiet(result):
    return not (result.left.planned or result.right.planned or result.left.outcomes or result.right.outcomes)


def test_the_first_sync_unites_and_the_second_writes_nothing(ends):
    estate = list(Estate(datasets=12, fields=5, stats=False).records())
    left, right = ends("a", estate[::2]), ends("b", estate[1::2])
    assert sync(left, right).exit_code == 0
    assert said(ends.records("a")) == said(ends.records("b")) == said({r.urn: r for r in estate})
    assert quiet(sync(left, right))


def test_changes_travel_both_ways_element_by_element(ends):
    left, right = (
        ends("a", [Record(ORDERS, dataset(tags=[TagLink("urn:lumos:tag:a")], fields=[Field("id")]))]),
        ends("b"),
    )
    sync(left, right)
    one, other = ends.records("a")[ORDERS].value, ends.records("b")[ORDERS].value
    one.tags, one.captured = [], ["fields", "tags"]
    one.fields = [Field("id", type="int64"), Field("new")]
    other.tags = [*other.tags, TagLink("urn:lumos:tag:b")]
    other.fields = [Field("id", description=Description(manual="The key"))]
    sync(left, right)
    for name in ("a", "b"):
        value = ends.records(name)[ORDERS].value
        assert [link.tag for link in value.tags] == ["urn:lumos:tag:b"]
        assert value.fields == [Field("id", type="int64", description=Description(manual="The key")), Field("new")]
    assert quiet(sync(left, right))


def test_a_conflict_stays_and_is_told_until_people_agree(ends):
    left, right = ends("a", [Record(ORDERS, dataset(description=Description(manual="0")))]), ends("b")
    sync(left, right)
    ends.records("a")[ORDERS].value.description = Description(manual="A")
    ends.records("b")[ORDERS].value.description = Description(manual="B")
    for _ in range(3):
        result = sync(left, right)
        assert [(met.key, met.source, met.target) for met in result.conflicts] == [("description.manual", "A", "B")]
        assert ends.records("a")[ORDERS].value.description.manual == "A"
        assert ends.records("b")[ORDERS].value.description.manual == "B"
        assert quiet(result)
    ends.records("b")[ORDERS].value.description = Description(manual="A")
    assert not sync(left, right).conflicts
    ends.records("b")[ORDERS].value.description = Description(manual="C")
    sync(left, right)
    assert ends.records("a")[ORDERS].value.description.manual == "C"


def test_removals_travel_under_the_guard(ends):
    left, right = ends("a", many(40)), ends("b")
    sync(left, right)
    del ends.records("a")[urns.dataset("pg", "t00")]
    result = sync(left, right)
    assert result.right.planned == {"remove": 1}
    assert ends.records("b")[urns.dataset("pg", "t00")].value.lifecycle == Lifecycle(removed=True)
    assert quiet(sync(left, right))
    for number in range(1, 8):
        del ends.records("b")[urns.dataset("pg", f"t{number:02}")]
    result = sync(left, right)
    assert result.exit_code == 3
    assert "7 of 39" in result.blocked
    assert not any(is_removed(record.value) for record in ends.records("a").values())


def test_what_was_removed_here_and_changed_there_stays(ends):
    left, right = ends("a", many(3)), ends("b")
    sync(left, right)
    urn = urns.dataset("pg", "t01")
    del ends.records("a")[urn]
    ends.records("b")[urn].value.owners = [Owner("urn:lumos:user:ann")]
    for _ in range(2):
        result = sync(left, right)
        assert [met.urn for met in result.conflicts] == [urn]
        assert not is_removed(ends.records("b")[urn].value)
        assert urn not in ends.records("a")


def test_what_lives_again_lives_on_both_sides(ends):
    left, right = ends("a", many(9)), ends("b")
    sync(left, right)
    urn = urns.dataset("pg", "t01")
    ends.records("a")[urn].value.lifecycle = Lifecycle(removed=True)
    sync(left, right)
    assert is_removed(ends.records("b")[urn].value)
    ends.records("b")[urn].value.lifecycle = None
    result = sync(left, right)
    assert result.left.planned == {"restore": 1}
    assert not is_removed(ends.records("a")[urn].value)
    assert quiet(sync(left, right))


def test_a_failed_listing_removes_nothing(ends):
    left, right = ends("a", many(9)), ends("b")
    sync(left, right)
    ends.of("a").listing = RuntimeError("half")
    with pytest.raises(Exception, match="could not be read"):
        sync(left, right)
    ends.of("a").listing = None
    assert quiet(sync(left, right))


def test_a_thing_with_two_names_is_one(ends):
    other = urns.dataset("pg", "main:shop.orders")
    left = ends("a", [Record(ORDERS, dataset(aliases=[("v", "1")])), Record(CUSTOMERS, dataset("customers"))])
    right = ends("b", [Record(other, dataset(aliases=[("v", "1")], owners=[Owner("urn:lumos:user:ann")]))])
    sync(left, right)
    assert set(ends.records("a")) == {ORDERS, CUSTOMERS}
    assert set(ends.records("b")) == {other, CUSTOMERS}
    assert ends.records("a")[ORDERS].value.owners == [Owner("urn:lumos:user:ann")]
    customers = ends.records("a")[CUSTOMERS].value
    customers.lineage, customers.captured = Lineage(upstreams=[LineageEdge(ORDERS)]), ["lineage"]
    sync(left, right)
    assert [edge.urn for edge in ends.records("b")[CUSTOMERS].value.lineage.upstreams] == [other]
    assert quiet(sync(left, right))


def test_a_mirror_makes_the_right_like_the_left_and_leaves_its_own(ends):
    left, right = ends("a", many(12)), ends("b", [Record(ORDERS, dataset())])
    sync(left, right, mirror=True)
    assert set(ends.records("b")) == {*ends.records("a"), ORDERS}
    assert ORDERS not in ends.records("a")
    one = urns.dataset("pg", "t01")
    ends.records("b")[one].value.description = Description(manual="edited")
    del ends.records("a")[urns.dataset("pg", "t02")]
    result = sync(left, right, mirror=True)
    assert list(result.own) == [ORDERS]
    assert ends.records("b")[one].value.description is None
    assert is_removed(ends.records("b")[urns.dataset("pg", "t02")].value)
    assert not is_removed(ends.records("b")[ORDERS].value)
    assert quiet(sync(left, right, mirror=True))
    assert sync(left, right, mirror=True, prune=True).right.planned == {"remove": 1}
    assert is_removed(ends.records("b")[ORDERS].value)
    with pytest.raises(UsageError, match="--mirror"):
        sync(left, right, prune=True)


def test_a_dry_run_writes_nothing(ends):
    left, right = ends("a", many(3)), ends("b", [Record(ORDERS, dataset())])
    result = sync(left, right, dry_run=True)
    assert (result.left.planned, result.right.planned) == ({"create": 1}, {"create": 3})
    assert [operation.urn for operation in result.left.operations] == [ORDERS]
    assert set(ends.records("b")) == {ORDERS}
    sync(left, right)
    assert set(ends.records("a")) == set(ends.records("b"))


def test_only_what_is_selected_is_synced(ends):
    left, right = ends("a", [*many(3), Record(ORDERS, dataset())]), ends("b")
    sync(left, right)
    for urn in list(ends.records("a")):
        del ends.records("a")[urn]
    ends.records("a")[ORDERS] = Record(ORDERS, dataset(description=Description(manual="x")))
    assert sync(left, right, select="shop.").right.planned == {"update": 1}
    assert not any(is_removed(record.value) for record in ends.records("b").values())


def test_what_a_catalog_cannot_say_never_travels_back(ends):
    value = dataset(
        tags=[TagLink("urn:lumos:tag:a")],
        properties=[("a", "1")],
        fields=[Field("id", tags=[TagLink("urn:lumos:tag:a")])],
        lineage=Lineage(upstreams=[LineageEdge(CUSTOMERS)]),
    )
    left, right = ends("a", [Record(ORDERS, value)]), ends("b", type="lossy_catalogs:Mute")
    result = sync(left, right)
    assert "tags" in result.one_sided
    assert quiet(sync(left, right))
    ends.records("a")[ORDERS].value.properties = [("a", "2")]
    sync(left, right)
    now = ends.records("a")[ORDERS].value
    assert now.tags == [TagLink("urn:lumos:tag:a")]
    assert now.fields == [Field("id", tags=[TagLink("urn:lumos:tag:a")])]
    assert quiet(sync(left, right))


# ---- any history -----------------------------------------------------------------------------------------------------

TABLES = [urns.dataset("pg", f"t{number:02}") for number in range(4)]
EDITS = st.tuples(
    st.sampled_from(["a", "b"]),
    st.sampled_from(TABLES),
    st.sampled_from(["manual", "tag", "untag", "remove", "restore", "field", "owner"]),
    st.integers(0, 3),
)
STEPS = st.lists(EDITS | st.sampled_from(["sync", "stop", "fail"]), max_size=25)


def edit(records, urn, what, number):
    record = records.get(urn)
    if record is None:
        if what == "remove":
            return
        record = records[urn] = Record(urn, dataset("t", description=None))
    value = record.value
    value.captured = ["description", "fields", "lifecycle", "owners", "tags"]
    if what == "manual":
        value.description = Description(source="s", manual=f"text {number}")
    elif what == "tag":
        links = {link.tag: link for link in [*value.tags, TagLink(f"urn:lumos:tag:{number}")]}
        value.tags = [links[tag] for tag in sorted(links)]
    elif what == "untag":
        value.tags = [link for link in value.tags if link.tag != f"urn:lumos:tag:{number}"]
    elif what == "remove":
        value.lifecycle = Lifecycle(removed=True)
    elif what == "restore":
        value.lifecycle = None
    elif what == "field":
        value.fields = [Field(f"f{place}") for place in range(number)]
    elif what == "owner":
        value.owners = [Owner(f"urn:lumos:user:u{number}")]


def attempt(ends, left, right, step, writes):
    if step == "stop":
        LUCK[ends.world("b")] = Luck(stop_after=writes % 3)
    elif step == "fail":
        LUCK[ends.world("b")] = Luck(faults=["refused"])
    try:
        return sync(left, right)
    except Cancelled:
        return None
    finally:
        LUCK.clear()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_history_converges_and_no_lonely_edit_is_lost(tmp_path_factory, steps):
    ends = Ends(tmp_path_factory.mktemp("history"))
    guard = "publish: {guard: {max_removed: 100}}\nrun: {retries: 0}\n"
    left, right = ends("a", type=UNLUCKY), ends("b", type=UNLUCKY)
    for path in (left, right):
        path.write_text(path.read_text() + guard)
    for number, step in enumerate(steps):
        if isinstance(step, str):
            attempt(ends, left, right, step, number)
        else:
            side, urn, what, count = step
            edit(ends.records(side), urn, what, count)
    before = {side: said(ends.records(side)) for side in ("a", "b")}
    first = sync(left, right)
    assert first.exit_code == 0
    second = sync(left, right)
    assert quiet(second)
    told = {met.urn for met in second.conflicts}
    assert told == {met.urn for met in first.conflicts}
    one, other = said(ends.records("a")), said(ends.records("b"))
    for urn in set(one) | set(other):
        removed = [is_removed(ends.records(side)[urn].value) for side in ("a", "b") if urn in ends.records(side)]
        if urn not in told and not all(removed):
            assert one[urn] == other[urn], (before["a"].get(urn), before["b"].get(urn))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, sides=st.lists(st.sampled_from(["a", "b"]), min_size=len(TABLES), max_size=len(TABLES)))
def test_what_only_one_side_does_is_done_on_both_whatever_goes_wrong(tmp_path_factory, steps, sides):
    ends = Ends(tmp_path_factory.mktemp("lonely"))
    guard = "publish: {guard: {max_removed: 100}}\nrun: {retries: 0}\n"
    left, right = ends("a", type=UNLUCKY), ends("b", type=UNLUCKY)
    for path in (left, right):
        path.write_text(path.read_text() + guard)
    who = dict(zip(TABLES, sides, strict=True))
    for number, step in enumerate(steps):
        if isinstance(step, str):
            result = attempt(ends, left, right, step, number)
            assert result is None or not result.conflicts
        else:
            _, urn, what, count = step
            edit(ends.records(who[urn]), urn, what, count)
    meant = {urn: ends.records(side)[urn].value for urn, side in who.items() if urn in ends.records(side)}
    assert not sync(left, right).conflicts
    for urn, value in meant.items():
        for side in ("a", "b"):
            there = ends.records(side).get(urn)
            if is_removed(value):
                assert there is None or is_removed(there.value)
                continue
            assert there is not None
            for key in ("description", "tags", "owners", "fields", "lifecycle"):
                assert getattr(there.value, key) == getattr(value, key)
