"""The contract of an executor: how many units at once, in which order, at which pace. It knows no source.

Example:
    ```python
    class Serial(Executor[SerialConfig]):
        def map(self, task, items):
            for item in items:
                try:
                    yield item, task(item)
                except Exception as error:
                    yield item, error
    ```
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, TypeVar

from .component import BaseComponent, C, ComponentKind

T = TypeVar("T")
R = TypeVar("R")


class Executor(BaseComponent[C]):
    """Runs a task over items, in this process: the task of a run holds its files and cannot be shipped."""

    component_kind: ClassVar[ComponentKind] = "executor"

    @abstractmethod
    def map(self, task: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R | Exception]]:
        """Return (item, result or exception) for every item, in any order; items are pulled as there is room.

        Closing the iterator early stops handing out items and waits for those under way.
        """
