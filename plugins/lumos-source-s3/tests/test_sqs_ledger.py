"""The ledger: nothing is deleted before all that it tells of is done, nothing is told twice, nothing is lost."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from lumos_source_s3.ledger import Ledger

EVENTS = [("lake", key, kind) for key in "abcd" for kind in ("created", "deleted")]


class Queue(RuleBasedStateMachine):
    """A queue that delivers as it likes, a kernel that is slow, and the ledger between them."""

    @initialize()
    def begin(self) -> None:
        self.ledger = Ledger(remembered=5)
        self.letters: dict[str, tuple[list[tuple[str, ...]], bool]] = {}
        self.receipts = 0
        self.told: dict[str, tuple[str, ...]] = {}
        self.latest: dict[str, str] = {}
        self.open: set[tuple[str, ...]] = set()
        self.done: list[tuple[str, ...]] = []
        self.deleted: set[str] = set()

    @rule(events=st.lists(st.sampled_from(EVENTS), max_size=3), ours=st.booleans())
    def send(self, events: list[tuple[str, ...]], ours: bool) -> None:
        self.letters[f"m{len(self.letters)}"] = (events, ours)

    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        waiting = sorted(set(self.letters) - self.deleted)
        if not waiting:
            return
        id = data.draw(st.sampled_from(waiting))
        self.receipts += 1
        self.latest[id] = f"r{self.receipts}"
        events, ours = self.letters[id]
        fresh = self.ledger.take(id, self.latest[id], events, ours=ours)
        assert set(fresh) <= set(events)
        assert not set(fresh) & self.open, "what waits for a look is not told again"
        for event in events:
            assert event in self.open or event in fresh or event in self.done, "nothing is swallowed"
        self.open |= set(fresh)
        self.told.update({token: event for event, token in fresh.items()})

    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        if not self.told:
            return
        tokens = data.draw(st.lists(st.sampled_from(sorted(self.told)), unique=True, min_size=1))
        self.ledger.done([*tokens, "unknown"])
        for token in tokens:
            event = self.told.pop(token)
            self.open.discard(event)
            self.done.append(event)

    @rule(data=st.data())
    def fail_to_tell(self, data: st.DataObject) -> None:
        if not self.told:
            return
        token = data.draw(st.sampled_from(sorted(self.told)))
        event = self.told.pop(token)
        self.open.discard(event)
        assert set(self.ledger.forget([token])) <= {id for id in self.letters if event in self.letters[id][0]}

    @rule()
    def delete(self) -> None:
        for id, receipt in self.ledger.finished().items():
            events, ours = self.letters[id]
            assert ours, "what is not ours is left alone"
            assert set(events) <= set(self.done), "all of it was committed before"
            assert receipt == self.latest[id], "only the newest receipt is sure to work"
            self.deleted.add(id)

    @rule(data=st.data())
    def run_out(self, data: st.DataObject) -> None:
        held = sorted(self.ledger.held())
        if held:
            self.ledger.drop([data.draw(st.sampled_from(held))])

    @rule()
    def fail_to_delete(self) -> None:
        finished = self.ledger.finished()
        self.ledger.again(finished)

    @invariant()
    def held_messages_wait_for_something(self) -> None:
        for id in self.ledger.held():
            assert set(self.letters[id][0]) & self.open

    def teardown(self) -> None:
        """In the end everything of ours is deleted, and only that."""
        for id in sorted(set(self.letters) - self.deleted):
            self.receipts += 1
            self.latest[id] = f"r{self.receipts}"
            fresh = self.ledger.take(id, self.latest[id], self.letters[id][0], ours=self.letters[id][1])
            self.told.update({token: event for event, token in fresh.items()})
        self.done += self.told.values()
        self.ledger.done(list(self.told))
        self.delete()
        assert not self.ledger.held()
        ours = {id for id, (_, mine) in self.letters.items() if mine}
        assert self.deleted == ours


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_an_event_that_comes_after_it_is_done_finishes_its_message_at_once() -> None:
    ledger = Ledger()
    (token,) = ledger.take("m1", "r1", [EVENTS[0]]).values()
    ledger.done([token])
    assert ledger.finished() == {"m1": "r1"}
    assert ledger.take("m2", "r2", [EVENTS[0]]) == {}
    assert ledger.finished() == {"m2": "r2"}


def test_a_message_of_two_events_waits_for_both() -> None:
    ledger = Ledger()
    first, second = ledger.take("m", "r", EVENTS[:2]).values()
    ledger.done([first])
    assert ledger.finished() == {}
    assert ledger.held() == {"m": "r"}
    ledger.done([second])
    assert ledger.finished() == {"m": "r"}
    assert len(ledger) == 0


def test_only_so_much_is_remembered() -> None:
    ledger = Ledger(remembered=1)
    for event in EVENTS[:2]:
        ledger.done(list(ledger.take(str(event), "r", [event]).values()))
    assert set(ledger.take("late", "r", EVENTS[:2])) == {EVENTS[0]}
