"""What a watch owes: looks that failed, and notifiers whose other side asked to be left alone."""

from __future__ import annotations

from collections.abc import Iterator

from .batch import NO_BATCH, Batch

SOONEST, LATEST = 1.0, 300.0
"""Seconds before what failed is looked at again: the first time, and at most."""

FORGOTTEN = 50_000
"""Events that wait to be looked at again, and tokens to be acknowledged; the oldest are given up: they come again, of a
queue that is kept from sending them twice with the next watch, so that it is more than such a queue gives out."""


class Later:
    """What is looked at again after a while, longer each time.

    Attributes:
        resting: Notifier -> moment until which it is left alone; `deliver` fills it.
    """

    def __init__(self) -> None:
        self._batch, self._at, self._delay = NO_BATCH, 0.0, SOONEST
        self.resting: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._batch)

    def add(self, batch: Batch, now: float) -> None:
        """Take in what failed; what waits already is not put off by what fails meanwhile."""
        if not batch:
            if not self._batch:
                self._delay = SOONEST
            return
        if not self._batch:
            self._at = now + self._delay
            self._delay = min(LATEST, self._delay * 2)
        self._join(batch)

    def hold(self, batch: Batch, until: float) -> None:
        """Take in what could not even begin."""
        self._at = until
        self._join(batch)

    def _join(self, batch: Batch) -> None:
        both = self._batch.joined(batch)
        self._batch = both._replace(events=both.events[-FORGOTTEN:])

    def take(self, now: float) -> Batch:
        """Return what is looked at again now."""
        taken = NO_BATCH
        if self._batch and self._at <= now:
            taken, self._batch = self._batch, NO_BATCH
        rested = [name for name, until in self.resting.items() if until <= now]
        for name in rested:
            del self.resting[name]
        return taken._replace(kick=True) if rested else taken

    def moments(self) -> Iterator[float]:
        """When something is to be looked at again."""
        if self._batch:
            yield self._at
        yield from self.resting.values()
