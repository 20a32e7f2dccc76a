"""Receiving: one thread waits at the queue, others join it while there is a backlog."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

from lumos_core.plugin_api import LumosError, RetryableError

from .queue import BATCH, Letter, Mailbox

RECEIVERS = 4
"""Requests under way at once while there is a backlog."""
LAST = 1
"""Seconds that `once` waits at a queue before that counts as empty: without, only some of its machines are asked."""
_TICK = 0.2
"""Seconds that `arrived` waits, so that its caller can look at whether to stop."""
_LATEST = 60.0
"""Seconds, at most, before a queue that cannot be reached is asked again."""


class Receivers:
    """What arrives in a queue, until it is stopped.

    Args:
        mailbox: The queue.
        once: End when nothing waits in the queue any more.
        delay: Asked before each request for the seconds to wait first.

    Attributes:
        ended: True when nothing waited, with `once`, and all that was received was returned by `arrived`.
    """

    def __init__(self, mailbox: Mailbox, *, once: bool, delay: Callable[[], float]) -> None:
        self._mailbox, self._once, self._delay = mailbox, once, delay
        self._arrived: SimpleQueue[list[Letter] | LumosError | None] = SimpleQueue()
        self._stop, self._backlog = threading.Event(), threading.Event()
        self._lock, self._busy = threading.Lock(), 0
        self.ended = False

    def start(self) -> None:
        """Begin to receive."""
        for number in range(RECEIVERS):
            work = self._help if number else self._wait
            threading.Thread(target=work, name=f"lumos-sqs-{number}", daemon=True).start()

    def stop(self) -> None:
        """End, and give back what arrived and was not asked for; a request under way is left to its own end."""
        self._stop.set()
        self._backlog.set()
        with suppress(Empty):
            while True:
                self._give_back(self._arrived.get_nowait())

    def arrived(self) -> tuple[list[Letter], list[LumosError], bool]:
        """Wait a moment for something to arrive.

        Returns:
            What was received; what went wrong; and whether the queue answered.
        """
        found: list[list[Letter] | LumosError | None] = []
        with suppress(Empty):
            found.append(self._arrived.get(timeout=_TICK))
            while True:
                found.append(self._arrived.get_nowait())
        letters = [one for part in found if isinstance(part, list) for one in part]
        errors = [one for one in found if isinstance(one, LumosError)]
        self.ended = None in found
        return letters, errors, any(isinstance(one, list) for one in found)

    # The threads

    def _wait(self) -> None:
        """Wait at the queue all the time; say when nothing waits there."""
        failed = 0
        while self._may_go_on():
            letters = self._receive(LAST if self._once else self._mailbox.wait)
            if letters is None:
                failed += 1
                self._stop.wait(min(_LATEST, 2.0**failed) * random.uniform(0.5, 1))
                continue
            failed = 0
            self._put(letters)
            with self._lock:
                if len(letters) == BATCH:
                    self._backlog.set()
                if self._once and not letters and not self._busy and not self._backlog.is_set():
                    self._arrived.put(None)
                    return

    def _help(self) -> None:
        """Receive as long as there is a backlog."""
        while True:
            self._backlog.wait()
            if not self._may_go_on():
                return
            with self._lock:
                if not self._backlog.is_set():
                    continue
                self._busy += 1
            letters = self._receive(0)
            if letters:
                self._put(letters)
            with self._lock:
                self._busy -= 1
                if len(letters or ()) < BATCH and not self._stop.is_set():
                    self._backlog.clear()

    def _may_go_on(self) -> bool:
        while not self._stop.is_set() and (seconds := self._delay()) > 0:
            self._stop.wait(seconds)
            if self._delay() <= seconds:
                break
        return not self._stop.is_set()

    def _receive(self, wait: int) -> list[Letter] | None:
        """Receive; None when that failed, which is told."""
        try:
            return self._mailbox.receive(wait)
        except RetryableError as error:
            self._arrived.put(error)
        except LumosError as error:
            self._arrived.put(error)
            self._stop.set()
        except Exception as error:  # a thread that ends without a word would end the watch without one
            what = f"{self._mailbox.title}: messages cannot be received"
            self._arrived.put(RetryableError(what, why=f"{type(error).__name__}"))
        return None

    def _put(self, letters: list[Letter]) -> None:
        if self._stop.is_set():
            self._give_back(letters)
        else:
            self._arrived.put(letters)

    def _give_back(self, letters: Sequence[Letter] | LumosError | None) -> None:
        if isinstance(letters, list):
            with suppress(LumosError):  # they come again by themselves
                self._mailbox.extend({letter.id: letter.receipt for letter in letters}, 0)
