"""Applying a plan: every operation gets its outcome, whatever the catalog does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from lumos_core.errors import Cancelled, CatalogError, DiskError, RetryableError
from lumos_core.plugin_api import Operation, Outcome, Tag
from lumos_core.publish.apply import BACKOFF, BATCH, DEAD, PATIENCE, apply
from lumos_core.publish.steps import Step
from lumos_core.testing.context import MemoryContext

Answer = Callable[[Sequence[Operation]], Iterator[Outcome]]


def operations(count: int) -> list[Operation]:
    return [
        Operation(kind="tag", urn=f"urn:lumos:tag:t{number}", action="create", set=Tag()) for number in range(count)
    ]


def well(batch: Sequence[Operation]) -> Iterator[Outcome]:
    for operation in batch:
        yield Outcome(operation.urn, "written")


def half_then(error: BaseException) -> Answer:
    """Write half of a batch, then fail."""

    def answer(batch: Sequence[Operation]) -> Iterator[Outcome]:
        yield from well(batch[: len(batch) // 2])
        raise error

    return answer


class Scripted:
    """A catalog that answers each call as it was told; the last answer is given again and again."""

    deferred: frozenset[str] = frozenset()

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.batches = list(answers), []

    def write(self, batch: Sequence[Operation], ctx: Any) -> Iterator[Outcome]:
        self.batches.append(len(batch))
        return (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(batch)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr("lumos_core.publish.apply.time", SimpleNamespace(sleep=seconds.append))
    return seconds


def outcomes(catalog: Scripted, count: int, retries: int = 2) -> list[Outcome]:
    planned = operations(count)
    done = list(apply(catalog, [Step.of(operation) for operation in planned], MemoryContext(), retries=retries))
    assert [operation for operation, _ in done] == planned
    assert [outcome.urn for _, outcome in done] == [operation.urn for operation in planned]
    return [outcome for _, outcome in done]


def test_a_plan_is_written_in_batches() -> None:
    catalog = Scripted(well)
    assert {outcome.status for outcome in outcomes(catalog, 2 * BATCH + 1)} == {"written"}
    assert catalog.batches == [BATCH, BATCH, 1]
    assert outcomes(catalog, 0) == []


def test_outcomes_may_come_in_any_order_and_one_that_does_not_come_is_a_failure() -> None:
    found = outcomes(Scripted(lambda batch: well(batch[:0:-1])), 4)
    assert [outcome.status for outcome in found] == ["failed", "written", "written", "written"]
    assert found[0].reason == "the catalog gave no outcome"


def test_it_is_tried_again_when_the_catalog_says_so(slept: list[float]) -> None:
    catalog = Scripted(half_then(RetryableError("busy", after=7)), half_then(RetryableError("busy")), well)
    assert {outcome.status for outcome in outcomes(catalog, 4)} == {"written"}
    assert 7 <= sum(slept) <= 7 + 3 * BACKOFF, "as long as it asks, then a random pause"
    assert max(slept) <= 0.2, "so that ^C is heard"
    assert catalog.batches == [4, 2, 1], "what has an outcome is not tried again"


def test_what_keeps_failing_fails_and_what_was_written_counts(slept: list[float]) -> None:
    catalog = Scripted(half_then(RetryableError("busy", fix="wait")))
    found = outcomes(catalog, 4, retries=1)
    assert [outcome.status for outcome in found] == ["written", "written", "written", "failed"]
    assert found[3].reason == "busy. Wait"
    assert catalog.batches == [4, 2] and slept


@pytest.mark.parametrize(
    ("error", "reason"),
    [(CatalogError("it refuses", why="no rights"), "it refuses: no rights"), (KeyError("odd"), "KeyError: 'odd'")],
)
def test_an_error_ends_its_batch_and_no_other(error: Exception, reason: str) -> None:
    found = outcomes(Scripted(half_then(error), well), BATCH + 3)
    failed = [outcome for outcome in found if outcome.status == "failed"]
    assert len(failed) == BATCH // 2
    assert {outcome.reason for outcome in failed} == {reason}
    assert found[-1].status == "written"


@pytest.mark.parametrize("error", [DiskError("full"), Cancelled("stop"), KeyboardInterrupt()])
def test_what_ends_a_run_ends_it(error: BaseException) -> None:
    with pytest.raises(type(error)):
        outcomes(Scripted(half_then(error)), 2)


def test_it_stops_between_batches_when_cancelled() -> None:
    catalog, ctx = Scripted(well), MemoryContext()
    done = apply(catalog, [Step.of(operation) for operation in operations(BATCH + 1)], ctx, retries=0)
    assert next(done)[1].status == "written"
    ctx.cancelled = lambda: True
    with pytest.raises(Cancelled, match="goes on where it stopped"):
        list(done)
    assert catalog.batches == [BATCH]


def test_it_waits_no_longer_than_is_patient_and_hears_that_it_shall_stop(slept: list[float]) -> None:
    outcomes(Scripted(half_then(RetryableError("busy", after=10**6)), well), 2)
    assert PATIENCE <= sum(slept) <= PATIENCE + BACKOFF + 0.2
    ctx = MemoryContext()
    answers = iter([False, False, False, True])
    ctx.cancelled = lambda: next(answers)
    slept.clear()
    busy = Scripted(half_then(RetryableError("busy", after=60)))
    with pytest.raises(Cancelled):
        list(apply(busy, [Step.of(one) for one in operations(2)], ctx, retries=1))
    assert sum(slept) < 1


def test_the_pauses_grow_and_are_random(slept: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: list[float] = []

    def uniform(low: float, high: float) -> float:
        bounds.append(high)
        return high

    monkeypatch.setattr("random.uniform", uniform)
    outcomes(Scripted(half_then(RetryableError("busy"))), 256, retries=4)
    assert bounds == [BACKOFF * 2**attempt for attempt in range(4)] * 2, "for each of two batches"


def test_when_several_batches_in_a_row_fail_the_rest_is_not_tried() -> None:
    def refuse(batch: Sequence[Operation]) -> Iterator[Outcome]:
        raise CatalogError("it is down")
        yield

    catalog = Scripted(refuse)
    found = outcomes(catalog, (DEAD + 2) * BATCH)
    assert len(catalog.batches) == DEAD
    assert found[-1].reason.startswith("not tried")
    assert found[-1].reason.endswith("it is down")
