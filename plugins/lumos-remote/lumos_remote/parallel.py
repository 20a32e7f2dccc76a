"""A parallel map in order, with bounded look-ahead and cancellation."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Protocol, TypeVar

from lumos_core.plugin_api import Cancelled

_GLANCE = 0.1
_T = TypeVar("_T")
_R = TypeVar("_R")


class _Run(Protocol):
    """The part of a `Context` that is needed."""

    @property
    def cancelled(self) -> Callable[[], bool]:
        """Whether the run was cancelled."""


def each(
    function: Callable[[_T], _R], items: Iterable[_T], workers: int = 8, ctx: _Run | None = None, ahead: int = 0
) -> Iterator[_R]:
    """Yield `function(item)` for each item, in order, with several at work at the same time.

    An exception of the function, or of `items`, is raised where its result would have been yielded; what follows it
    is not started. Closing the iterator waits only for what is at work.

    Args:
        function: Called in other threads; with one worker, in this one.
        items: Read only as far as is needed.
        workers: How many calls run at the same time.
        ctx: A run; polled while waiting.
        ahead: How many results may wait to be taken; 0 = twice the workers.

    Raises:
        Cancelled: The run was cancelled.
    """
    cancelled = ctx.cancelled if ctx is not None else _never
    if workers <= 1:
        for item in items:
            _stop(cancelled)
            yield function(item)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="lumos-each")
    waiting: deque[Future[_R]] = deque()
    source = iter(items)
    failure: BaseException | None = None
    try:
        while True:
            while failure is None and len(waiting) < (ahead or 2 * workers):
                _stop(cancelled)
                try:
                    item = next(source)
                except StopIteration as end:
                    failure = end
                except Exception as error:
                    failure = error
                else:
                    waiting.append(pool.submit(function, item))
            if not waiting:
                break
            while not wait([waiting[0]], timeout=_GLANCE).done:
                _stop(cancelled)
            yield waiting.popleft().result()
        if not isinstance(failure, StopIteration) and failure is not None:
            raise failure
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _never() -> bool:
    return False


def _stop(cancelled: Callable[[], Any]) -> None:
    if cancelled():
        raise Cancelled("cancelled between two requests")
