"""One call through a worker as the run sees it: what comes, what is answered, how long silence is borne."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..errors import Cancelled
from . import messages as m
from .frames import WINDOW

if TYPE_CHECKING:
    from .process import Worker

GRACE = 5.0
"""Seconds that a component has to return after it was told that the run is cancelled, or a worker to end."""

_POLL = 0.2
_NOTHING = object()


class Conversation:
    """One call."""

    def __init__(self, worker: Worker, number: int) -> None:
        self.worker, self.number = worker, number
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._told, self._read = 0.0, 0

    def send(self, message: m.Message) -> None:
        """Send a message of this call."""
        self.worker.send(self.number, message)

    def receive(self, cancelled: Callable[[], bool]) -> Any:
        """Return the next piece: bytes of lines, or a message.

        Raises:
            RetryableError: When the worker is gone, or was silent for longer than its environment allows.
            Cancelled: When the run was cancelled and the component did not end in time.
        """
        # Counted, not taken from a clock: time in which this process was stopped is nobody's silence.
        silence = 0.0
        while True:
            if not self._told and cancelled():
                self._told = time.monotonic()
                self.send(m.Cancel())
            try:
                piece = self.inbox.get(timeout=_POLL)
            except queue.Empty:
                piece, silence = _NOTHING, silence + _POLL
            if piece is None:
                raise self.worker.crash()
            if isinstance(piece, (m.Done, m.Failed)):
                return piece
            if self._told and time.monotonic() - self._told > GRACE:
                self.worker.kill("it did not stop when the run was cancelled")
                raise Cancelled("The run was cancelled", fix="run it again; nothing was half-written")
            if piece is not _NOTHING:
                return piece
            if silence > self.worker.environment.deadline:
                self.worker.kill(f"it was silent for {self.worker.environment.deadline:g} seconds")

    def _credit(self) -> None:
        """Let the worker send more, some frames at a time."""
        self._read += 1
        if self._read == WINDOW // 4:
            self.send(m.Credit(self._read))
            self._read = 0

    def pieces(self, answer: Callable[[m.Message], m.Answer | None], cancelled: Callable[[], bool]) -> Iterator[Any]:
        """Yield bytes of lines and items until the call is over; everything else goes to `answer`.

        Raises:
            Exception: What the component raised.
            RetryableError: As `receive`.
        """
        over = False
        try:
            while True:
                piece = self.receive(cancelled)
                if isinstance(
                    piece, (bytes, m.Described, m.UnitItem, m.EventItem, m.OutcomeItem, m.HitItem, m.EntryItem)
                ):
                    yield piece
                    self._credit()
                elif isinstance(piece, m.Failed):
                    over = True
                    raise piece.exception()
                elif isinstance(piece, m.Done):
                    over = True
                    yield piece
                    return
                else:
                    answered = answer(piece)
                    if answered is not None:
                        self.send(answered)
                    elif not isinstance(piece, m.Alive):
                        self._credit()
        finally:
            if not over:
                self.send(m.Abandon())
            self.worker.forget(self.number)
