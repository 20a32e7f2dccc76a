"""What a source promises that tells of changes: at least once, again until acknowledged, and a prompt end."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ...contracts.source import Event, Source
from ...errors import Cancelled, ConfigError
from ..context import MemoryContext
from .base import ComponentKit

PROMPT = 5.0
"""Seconds in which `watch` returns after it was cancelled."""

PATIENCE = 30.0
"""Seconds in which an event comes."""


class SourceWatch(ComponentKit):
    """The part of `SourceKit` for sources that override `watch`; the others pass it over."""

    def happen(self, folder: Path) -> None:
        """Make something happen that `watch` tells of."""
        self._missing("`happen`", "that `watch` tells of what happens, and again until `ack`, is not proven")

    @pytest.fixture
    def watched(self, folder: Path) -> Source[Any]:
        """The source, when it tells of changes."""
        source: Source[Any] = self.build(folder)
        if type(source).watch is Source.watch:
            pytest.skip("this source tells of no events")
        return source

    def test_watching_ends_when_it_is_cancelled(self, watched: Source[Any]) -> None:
        """Ask `ctx.cancelled()` at least once a second while you wait: ^C must not have to wait for you."""
        listening = _Listening(watched, MemoryContext())
        time.sleep(0.5)
        took = listening.end()
        watched.close()
        listening.tolerate()
        assert took < PROMPT, f"`watch` had not returned {PROMPT:g} s after it was cancelled"

    def test_watching_once_ends_by_itself(self, watched: Source[Any]) -> None:
        """With `ctx.once`, return when nothing waits any more: `lumos watch --once` runs from cron."""
        listening = _Listening(watched, MemoryContext(once=True))
        listening.thread.join(PATIENCE)
        over = not listening.thread.is_alive()
        listening.end()
        watched.close()
        listening.tolerate()
        assert over, f"`watch` was still waiting {PATIENCE:g} s after it was called with `ctx.once`"

    def test_events_come_until_they_are_acknowledged(self, watched: Source[Any], folder: Path) -> None:
        """What was not acknowledged comes again after a restart, and what was does not. Fill in `happen`."""
        listening = _Listening(watched, MemoryContext())
        time.sleep(0.5)  # one that compares has looked once
        self.happen(folder)
        first = listening.wait()
        listening.end()
        watched.close()
        assert first, f"something happened, and `watch` told nothing within {PATIENCE:g} s"
        if not any(event.token for event in first):
            pytest.skip("its events have no token: there is nothing to acknowledge")
        second = self.build(folder)
        again = _Listening(second, MemoryContext())
        found = again.wait()
        assert found, "an event that nobody acknowledged did not come again"
        second.ack([event.token for event in found if event.token])
        again.end()
        second.close()
        third = self.build(folder)
        quiet = _Listening(third, MemoryContext(once=True))
        quiet.thread.join(PATIENCE)
        quiet.end()
        third.close()
        known = {event.scope for event in found}
        left = [event for event in quiet.events if event.token and event.scope in known]
        assert not left, f"{len(left)} events came again though they were acknowledged: look at `ack`"


class _Listening:
    """A call of `watch` on a thread of its own."""

    def __init__(self, source: Source[Any], ctx: MemoryContext) -> None:
        self.events: list[Event] = []
        self.error: Exception | None = None
        self._cancelled = threading.Event()
        ctx.cancelled = self._cancelled.is_set
        self.thread = threading.Thread(target=self._listen, args=(source, ctx), daemon=True)
        self.thread.start()

    def _listen(self, source: Source[Any], ctx: MemoryContext) -> None:
        try:
            for event in source.watch(ctx):
                self.events.append(event)
                if self._cancelled.is_set():
                    return
        except Cancelled:
            return
        except Exception as error:  # told by the test that listens
            self.error = error

    def wait(self) -> list[Event]:
        """Return what was told, a moment after the first event; nothing when none comes."""
        end = time.monotonic() + PATIENCE
        while not self.events and self.thread.is_alive() and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.2)
        if self.error is not None:
            raise self.error
        return list(self.events)

    def end(self) -> float:
        """Cancel it; return the seconds that it took to return."""
        begin = time.monotonic()
        self._cancelled.set()
        self.thread.join(PROMPT)
        return time.monotonic() - begin if not self.thread.is_alive() else PROMPT

    def tolerate(self) -> None:
        """Raise what `watch` raised, unless it says that these options are not enough to watch."""
        if isinstance(self.error, ConfigError):
            pytest.skip(f"with these options it cannot be watched: {self.error.what}")
        if self.error is not None:
            raise self.error
