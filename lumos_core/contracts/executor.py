"""The contract of an executor. It knows no source; Dask and Ray are a few lines each.

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
    """Runs a task over items, somewhere.

    Attributes:
        remote: True when tasks run outside this process; the kernel then ships picklable tasks only.
    """

    component_kind: ClassVar[ComponentKind] = "executor"
    remote: ClassVar[bool] = False

    @abstractmethod
    def map(self, task: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R | Exception]]:
        """Return (item, result or exception) for every item, in any order; items are pulled as there is room.

        Closing the iterator early stops handing out items and waits for those under way.
        """
