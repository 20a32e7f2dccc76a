"""Where listeners put what they heard, until it is quiet enough to look."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from ..contracts.source import Event
from .batch import Heard

PATIENCE = 10
"""A burst that does not end is looked at after so many times the quiet that was waited for."""

FULL = 10_000
"""Events of one source that wait; a source that has more to tell waits itself, and a look begins."""


class Burst:
    """The events of one source that wait for a look.

    Args:
        quiet: Seconds without an event after which they are looked at.
    """

    def __init__(self, quiet: float) -> None:
        self.quiet = quiet
        self._events: list[Event] = []
        self._first = self._last = 0.0

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: Event, now: float) -> None:
        """Take an event in; `now` never goes back."""
        if not self._events:
            self._first = now
        self._last = now
        self._events.append(event)

    @property
    def ready_at(self) -> float | None:
        """When it is looked at, if nothing more comes; None while it is empty."""
        if not self._events:
            return None
        if len(self._events) >= FULL:
            return self._first
        return min(self._last + self.quiet, self._first + PATIENCE * self.quiet)

    def take(self) -> list[Event]:
        """Return its events, and forget them."""
        taken, self._events = self._events, []
        return taken


class Inbox:
    """The bursts of all sources; listeners put in from their threads, one thread takes out.

    Args:
        quiet: Number of a source -> its seconds of quiet.
        clock: Seconds of a clock that never goes back.
    """

    def __init__(self, quiet: Mapping[int, float], clock: Callable[[], float]) -> None:
        self._bursts = {number: Burst(seconds) for number, seconds in quiet.items()}
        self._clock = clock
        self._changed = threading.Condition()

    def put(self, source: int, event: Event, given_up: Callable[[], bool]) -> None:
        """Put an event in; waits while the source has too many that nobody took, unless it is given up."""
        with self._changed:
            burst = self._bursts[source]
            while len(burst) >= FULL and not given_up():
                self._changed.wait(0.2)
            burst.add(event, self._clock())
            self._changed.notify_all()

    def wake(self) -> None:
        """Let the one who waits look around."""
        with self._changed:
            self._changed.notify_all()

    @property
    def count(self) -> int:
        """How many events wait."""
        with self._changed:
            return sum(map(len, self._bursts.values()))

    @property
    def full(self) -> bool:
        """True when a source waits itself."""
        with self._changed:
            return any(len(burst) >= FULL for burst in self._bursts.values())

    @property
    def ready_at(self) -> float | None:
        """When the first burst is looked at."""
        with self._changed:
            return min((at for burst in self._bursts.values() if (at := burst.ready_at) is not None), default=None)

    def take(self, now: float) -> list[Heard]:
        """Return what is ready by now."""
        with self._changed:
            found = [
                Heard(number, event)
                for number, burst in self._bursts.items()
                if (at := burst.ready_at) is not None and at <= now
                for event in burst.take()
            ]
            self._changed.notify_all()
            return found

    def wait(self, seconds: float) -> None:
        """Wait until something is put in, or so long."""
        with self._changed:
            self._changed.wait(seconds)
