"""Conformance of executors."""

from __future__ import annotations

from typing import Any

from ...contracts.executor import Executor
from .base import ComponentKit


def double(number: int) -> int:
    """A task that a remote executor can ship."""
    return number * 2


def picky(number: int) -> int:
    """A task that fails for one item."""
    if number == 3:
        raise ValueError("three")
    return number


class ExecutorKit(ComponentKit):
    """Fill in `name` and `options`."""

    kind = "executor"

    def test_every_item_gets_its_result(self, component: Executor[Any]) -> None:
        """Each item comes back once, with its own result, in any order."""
        assert sorted(component.map(double, range(200))) == [(number, number * 2) for number in range(200)]

    def test_an_exception_is_a_result(self, component: Executor[Any]) -> None:
        """A task that raises must not stop the others; its exception is handed back."""
        results = dict(component.map(picky, range(10)))
        assert len(results) == 10
        assert isinstance(results[3], ValueError)
        assert results[4] == 4

    def test_nothing_is_nothing(self, component: Executor[Any]) -> None:
        """No items, no results, no hang."""
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
        assert seen < 5_000

    def test_closing_early_stops(self, component: Executor[Any]) -> None:
        """Closing the iterator must end the work under way and hand out nothing more."""
        results = component.map(double, range(100_000))
        for _ in range(3):
            next(results)
        results.close()  # type: ignore[attr-defined]
        assert list(component.map(double, [1])) == [(1, 2)]
