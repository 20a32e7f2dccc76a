"""Conformance of executors."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ...contracts.executor import Executor
from ..context import MemoryContext
from .base import ComponentKit


def double(number: int) -> int:
    """A task that a remote executor can ship."""
    return number * 2


def picky(number: int) -> int:
    """A task that fails for one item."""
    if number == 3:
        raise ValueError("three")
    return number


def place(number: int) -> int:
    """A task that tells in which process it runs."""
    return os.getpid()


def nested(item: dict[str, list[int]]) -> int:
    """A task over an item that cannot be hashed."""
    return len(item["numbers"])


class ExecutorKit(ComponentKit):
    """Everything that an executor promises.

    Example:
        ```python
        from lumos_core.testing.kit import ExecutorKit

        class TestCluster(ExecutorKit):
            name = "cluster"
            live = "cluster"  # a fixture in conftest.py: yields {"address": ...}, or skips
        ```

    Attributes:
        name, options, live, unproven: As for every kit, see `ComponentKit`.
    """

    kind = "executor"

    def exercise(self, component: Executor[Any], folder: Path, ctx: MemoryContext) -> Iterable[object]:
        """Run some tasks."""
        component.check(ctx)
        yield from component.map(double, range(3))

    def test_every_item_gets_its_result(self, component: Executor[Any]) -> None:
        """Each item comes back once, with its own result, in any order."""
        expected = [(number, number * 2) for number in range(200)]
        assert sorted(component.map(double, range(200))) == expected, "an item is lost, or stands with another result"

    def test_an_exception_is_a_result(self, component: Executor[Any]) -> None:
        """A task that raises must not stop the others; its exception is handed back."""
        results = dict(component.map(picky, range(10)))
        assert len(results) == 10, "an item that failed took others with it"
        assert isinstance(results[3], ValueError)
        assert results[4] == 4

    def test_items_come_back_as_they_are(self, component: Executor[Any]) -> None:
        """Items are paired with their results as they are: also such as are equal, or cannot be hashed."""
        items = [{"numbers": [1] * (number // 2)} for number in range(10)]
        results = list(component.map(nested, items))
        assert sorted(len(item["numbers"]) for item, _ in results) == sorted(number // 2 for number in range(10))
        assert all(result == len(item["numbers"]) for item, result in results), "a result stands with another item"

    def test_items_that_fail_to_come_are_told(self, component: Executor[Any]) -> None:
        """When the items themselves raise, so must `map`: a plan that breaks off is no end of the plan."""

        def items() -> Any:
            yield from range(5)
            raise RuntimeError("the plan broke off")

        with pytest.raises(RuntimeError, match="the plan broke off"):
            list(component.map(double, items()))

    def test_tasks_stay_in_this_process(self, component: Executor[Any]) -> None:
        """The task of a run holds its files and threads: run it here, on threads or one after the other."""
        places = {result for _, result in component.map(place, range(4))}
        assert places == {os.getpid()}, "tasks leave this process, and those of a run cannot"

    def test_nothing_is_nothing(self, component: Executor[Any]) -> None:
        """No items, no results, no hang: do not wait for a first item that never comes."""
        assert list(component.map(double, [])) == []

    def test_items_are_pulled_as_there_is_room(self, component: Executor[Any]) -> None:
        """A million units must not be held: only some are taken before the first result comes."""
        taken = 0

        def items() -> Any:
            nonlocal taken
            for number in range(100_000):
                taken += 1
                yield number

        results = component.map(double, items())
        next(results)
        seen = taken
        results.close()  # type: ignore[attr-defined]
        assert seen < 5_000, f"{seen} items were taken before the first result: take more only as there is room"

    def test_closing_early_stops(self, component: Executor[Any]) -> None:
        """Closing the iterator must end the work under way and hand out nothing more."""
        results = component.map(double, range(100_000))
        for _ in range(3):
            next(results)
        results.close()  # type: ignore[attr-defined]
        assert list(component.map(double, [1])) == [(1, 2)]
