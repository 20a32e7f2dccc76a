"""The executors that come with the kernel: threads (the default) and one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from pydantic import Field

from ..contracts.component import Config
from ..contracts.executor import Executor, R, T

UNIT = "lumos-unit"
"""What the names of threads that read units begin with."""


class ThreadConfig(Config):
    """Options of the executor `threads`."""

    workers: int = Field(
        default_factory=lambda: min(8, (os.cpu_count() or 2) * 2),
        ge=1,
        le=256,
        description="How many units are read at the same time.",
    )


class ThreadExecutor(Executor[ThreadConfig]):
    """Runs units on threads; at most twice as many are handed out as there are workers."""

    def map(self, task: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R | Exception]]:
        """Return results as they come."""
        pool = ThreadPoolExecutor(self.config.workers, thread_name_prefix=UNIT)
        hurry = False
        waiting: dict[Future[R], T] = {}
        source = iter(items)
        exhausted = False
        try:
            while waiting or not exhausted:
                while not exhausted and len(waiting) < self.config.workers * 2:
                    try:
                        item = next(source)
                    except StopIteration:
                        exhausted = True
                        break
                    waiting[pool.submit(task, item)] = item
                # A short timeout lets ^C through on every system while units are long.
                done, _ = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in done:
                    item = waiting.pop(future)
                    error = future.exception()
                    if error is None:
                        yield item, future.result()
                    elif isinstance(error, Exception):
                        yield item, error
                    else:
                        raise error
        except KeyboardInterrupt:
            hurry = True  # somebody pressed ^C twice: a unit that hangs is not waited for
            raise
        finally:
            pool.shutdown(wait=not hurry, cancel_futures=True)


class SerialConfig(Config):
    """Options of the executor `serial`: none."""


class SerialExecutor(Executor[SerialConfig]):
    """Runs units one after the other, in order: for debugging and for tests."""

    def map(self, task: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R | Exception]]:
        """Return results in order."""
        for item in items:
            try:
                yield item, task(item)
            except Exception as error:  # handed to the caller as the contract says
                yield item, error
