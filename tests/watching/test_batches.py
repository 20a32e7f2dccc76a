"""The algebra of a watch: united scopes, bursts, and what is acknowledged."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from lumos_core.contracts.source import Event
from lumos_core.model.scope import NOTHING, Covered, Scope, united
from lumos_core.plugin_api import urns
from lumos_core.watching.batch import NO_BATCH, Batch, Heard, unread
from lumos_core.watching.inbox import FULL, PATIENCE, Burst, Inbox
from lumos_core.watching.later import FORGOTTEN, LATEST, SOONEST, Later
from lumos_core.watching.telling import worse

NAMES = ["a", "ab", "a.b", "b", "eu:a", "eu:b"]
URNS = [urns.dataset(platform, name, env) for platform in ("s3", "file") for name in NAMES for env in ("PROD", "DEV")]
URNS += [urns.plain("tag", "a"), urns.plain("group", "b")]

scopes = st.one_of(
    st.just(NOTHING),
    st.builds(
        Scope,
        types=st.frozensets(st.sampled_from(["dataset", "tag"]), max_size=2),
        platform=st.sampled_from(["", "s3", "file"]),
        env=st.sampled_from(["", "PROD", "DEV"]),
        prefixes=st.lists(st.sampled_from(["", "a", "ab", "eu:", "b"]), max_size=2, unique=True).map(tuple),
        urns=st.frozensets(st.sampled_from(URNS), max_size=3),
    ),
)


@given(st.lists(scopes, max_size=5))
def test_a_united_scope_holds_whatever_one_holds(some):
    whole = united(some)
    for urn in URNS:
        if any(scope.matches(urn) for scope in some):
            assert whole.matches(urn)


@given(st.lists(st.frozensets(st.sampled_from(URNS), min_size=1, max_size=3), max_size=5))
def test_single_records_unite_exactly(some):
    whole = united(Scope(urns=each) for each in some)
    assert {urn for urn in URNS if whole.matches(urn)} == set().union(*some)


@given(scopes, scopes, scopes)
def test_uniting_has_no_order_that_matters(a, b, c):
    def held(scope):
        return {urn for urn in URNS if scope.matches(urn)}

    assert held(united([a, a])) == held(a)
    assert held(united([a, NOTHING])) == held(a)
    assert held(united([a, b])) == held(united([b, a]))
    assert held(united([a, b])) <= held(united([a, b, c]))


def test_nothing_holds_nothing():
    assert not any(NOTHING.matches(urn) for urn in URNS)
    assert united([]) == NOTHING


@given(st.floats(0, 100), st.lists(st.floats(0, 50), min_size=1, max_size=30))
def test_a_burst_waits_for_quiet_but_not_for_ever(quiet, gaps):
    burst, now, first = Burst(quiet), 0.0, None
    assert burst.ready_at is None
    for gap in gaps:
        now += gap
        first = now if first is None else first
        burst.add(Event(Scope()), now)
        assert burst.ready_at == min(now + quiet, first + PATIENCE * quiet)
    assert len(burst.take()) == len(gaps)
    assert burst.ready_at is None


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 5)), max_size=40), st.floats(0, 10))
def test_nothing_is_lost_or_taken_twice(puts, quiet):
    now = [0.0]
    inbox = Inbox(dict.fromkeys(range(3), quiet), lambda: now[0])
    taken = []
    for number, (source, gap) in enumerate(puts):
        now[0] += gap
        inbox.put(source, Event(Scope(), str(number)), lambda: False)
        taken += inbox.take(now[0])
    taken += inbox.take(float("inf"))
    assert sorted(int(heard.event.token) for heard in taken) == list(range(len(puts)))
    assert inbox.count == 0
    assert inbox.ready_at is None
    for source in range(3):
        tokens = [int(heard.event.token) for heard in taken if heard.source == source]
        assert tokens == sorted(tokens), "the events of a source keep their order"


def test_a_source_that_tells_too_much_waits():
    inbox = Inbox({0: 1000}, lambda: 0.0)
    for _ in range(FULL):
        inbox.put(0, Event(Scope()), lambda: False)
    assert inbox.full
    thread = threading.Thread(target=inbox.put, args=(0, Event(Scope()), lambda: False))
    thread.start()
    assert len(inbox.take(0.0)) == FULL, "a look begins though it is not quiet"
    thread.join(10)
    assert inbox.count == 1
    inbox.put(0, Event(Scope()), lambda: True)


def heard(name, token=""):
    return Heard(0, Event(Scope(urns=frozenset({urns.dataset("s3", name)})), token))


def test_what_could_not_be_read_is_left():
    gap = Covered(Scope(prefixes=("bad/",), platform="s3"), frozenset({"record"}), "failed", "denied")
    partial = Covered(Scope(), frozenset({"fields"}), "partial")
    good, bad, none = heard("good/x"), heard("bad/x"), Heard(0, Event(NOTHING, "t"))
    assert unread([good, bad, none], [gap, partial]) == ([good, none], [bad])


def test_batches_join():
    one = Batch((heard("a"),), {0: Scope()})
    both = one.joined(Batch((heard("b"),), {1: NOTHING}, kick=True))
    assert (len(both.events), set(both.due), both.kick, both.whole) == (2, {0, 1}, True, False)
    assert not NO_BATCH
    assert not Batch((Heard(0, Event(NOTHING)),)).looks
    assert Batch((Heard(0, Event(NOTHING)),))
    assert Batch(kick=True).looks


def test_what_failed_is_looked_at_later_and_later():
    later, now, waits = Later(), 0.0, []
    for _ in range(12):
        later.add(Batch((heard("a"),)), now)
        (at,) = later.moments()
        assert not later.take(at - 0.001)
        assert later.take(at).events
        waits.append(at - now)
        now = at
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (SOONEST, LATEST)
    later.add(NO_BATCH, now)
    later.add(Batch(kick=True), now)
    assert [*later.moments()] == [now + SOONEST], "what went well begins anew"


def test_what_waits_is_not_put_off_and_is_bounded():
    later = Later()
    later.add(Batch((heard("a", "0"),)), 0.0)
    more = [heard("a", str(number)) for number in range(1, FORGOTTEN + 5)]
    for start in range(0, len(more), 1000):
        later.add(Batch(tuple(more[start : start + 1000])), 0.9)
    events = later.take(SOONEST).events
    assert (len(events), events[-1].event.token) == (FORGOTTEN, str(FORGOTTEN + 4))
    assert not later


def test_a_notifier_that_rested_is_worth_a_look():
    later = Later()
    later.resting["slack"] = 5.0
    assert [*later.moments()] == [5.0]
    assert not later.take(4.9)
    assert later.take(5.0) == Batch(kick=True)
    assert not later.resting


@given(st.lists(st.sampled_from([0, 1, 2, 3, 4])))
def test_looks_end_with_the_worst_code_in_any_order(codes):
    code = 0
    for one in codes:
        code = worse(code, one)
    assert code == next((one for one in (4, 2, 1, 3) if one in codes), 0)
