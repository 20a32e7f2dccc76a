"""The parallel map: order, bounded look-ahead, exceptions, cancellation."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_remote import each

from lumos_core.plugin_api import Cancelled


@given(st.lists(st.integers(), max_size=30), st.integers(1, 5), st.integers(0, 4))
def test_it_is_a_map(items: list[int], workers: int, ahead: int) -> None:
    assert list(each(lambda item: item * 2, items, workers, ahead=ahead)) == [item * 2 for item in items]


def test_calls_run_at_the_same_time_and_results_stay_in_order() -> None:
    together = threading.Barrier(4, timeout=10)

    def meet(item: int) -> int:
        together.wait()
        time.sleep(0.001 * (4 - item % 4))
        return item

    assert list(each(meet, range(8), 4)) == list(range(8))


def test_items_are_read_only_as_far_as_is_needed() -> None:
    read: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            yield number

    results = each(str, items(), 2)
    assert read == []
    assert next(results) == "0"
    assert len(read) == 4
    next(results)
    assert len(read) == 5
    results.close()  # type: ignore[attr-defined]
    assert len(read) == 5


@pytest.mark.parametrize("workers", [1, 3])
def test_an_exception_stands_in_the_place_of_its_result(workers: int) -> None:
    started: list[int] = []

    def work(item: int) -> int:
        started.append(item)
        if item == 3:
            raise KeyError(item)
        return item

    got: list[int] = []
    with pytest.raises(KeyError):
        got.extend(each(work, range(100), workers))
    results = each(work, range(100), workers)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(KeyError):
        next(results)
    assert max(started) < 20


@pytest.mark.parametrize("workers", [1, 3])
def test_an_exception_of_the_items_comes_after_their_results(workers: int) -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("the listing broke")

    results = each(str, items(), workers)
    assert [next(results), next(results)] == ["1", "2"]
    with pytest.raises(OSError, match="the listing broke"):
        next(results)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_cancelled_run_stops(workers: int) -> None:
    run = SimpleNamespace(cancelled=lambda: len(done) > 5)
    done: list[int] = []
    with pytest.raises(Cancelled):
        done.extend(map(int, each(str, range(10_000), workers, run)))
    assert len(done) < 20


def test_a_cancelled_run_stops_while_it_waits() -> None:
    release = threading.Event()
    stopping = threading.Event()

    def cancelled() -> bool:
        if stopping.is_set():
            release.set()
        return stopping.is_set()

    def work(item: int) -> int:
        stopping.set()
        release.wait(10)
        return item

    with pytest.raises(Cancelled):
        list(each(work, range(2), 2, SimpleNamespace(cancelled=cancelled), ahead=1))
