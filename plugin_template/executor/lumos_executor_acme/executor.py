"""The executor `acme`: units on threads, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from lumos_core.plugin_api import Executor

from .config import AcmeExecutorConfig

T = TypeVar("T")
R = TypeVar("R")


class AcmeExecutor(Executor[AcmeExecutorConfig]):
    """Units on threads, batch by batch."""

    def map(self, task: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R | Exception]]:
        """Return each item with its result, in order; the next batch is taken when the last one is done."""

        def tried(item: T) -> tuple[T, R | Exception]:
            try:
                return item, task(item)
            except Exception as error:
                return item, error  # a result like any other, so that the rest goes on

        waiting = iter(items)
        with ThreadPoolExecutor(self.config.workers) as pool:
            while batch := list(islice(waiting, self.config.workers)):
                yield from pool.map(tried, batch)
