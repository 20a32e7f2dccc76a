"""What a watch says: each trouble once until it is over, without secrets, on the thread that called it."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue

from msgspec.structs import replace

from ..contracts.reporter import Notice, RunResult
from ..errors import LumosError
from .watched import Teller

REMEMBERED = 1_000
"""Troubles that are remembered as told: a watch goes on for months, and some say something new each time."""

Key = tuple[str, str, str, str]


class Voice:
    """Speaks to a teller.

    Args:
        teller: Who is told.
        redact: Takes secrets out of a text.
    """

    def __init__(self, teller: Teller, redact: Callable[[str], str]) -> None:
        self._teller, self._redact = teller, redact
        self._notes: SimpleQueue[Notice] = SimpleQueue()
        self._failures: set[Key] = set()
        self._said: dict[Key, None] = {}

    def note(self, notice: Notice) -> None:
        """Leave a notice to be said; from any thread."""
        self._notes.put(notice)

    def pass_on(self) -> None:
        """Say what was left to be said."""
        while True:
            try:
                self.say(self._notes.get_nowait())
            except Empty:
                return

    def say(self, notice: Notice) -> None:
        """Say something."""
        self._teller.said(self._clean(notice))

    def say_once(self, notice: Notice) -> None:
        """Say something, unless it was said since it was last well."""
        key = _key(notice)
        if key not in self._said:
            if len(self._said) >= REMEMBERED:
                del self._said[next(iter(self._said))]
            self._said[key] = None
            self.say(notice)

    def well_again(self, code: str, component: str = "") -> None:
        """What failed works: when it fails again, that is told."""
        self._said = {key: None for key in self._said if key[:2] != (code, component)}

    def looked(self, result: RunResult) -> None:
        """Tell of a look; a failure that is still the same is told once."""
        found = {_key(notice) for notice in result.failures}
        result.failures = [notice for notice in result.failures if _key(notice) not in self._failures]
        self._failures = found
        self._teller.looked(result)

    def _clean(self, notice: Notice) -> Notice:
        message, where, fix = map(self._redact, (notice.message, notice.where, notice.fix))
        return replace(notice, message=message, where=where, fix=fix)


def words(error: Exception) -> str:
    """Return what an error says: what happened, and why."""
    if isinstance(error, LumosError):
        return error.what + (f": {error.why}" if error.why else "")
    return f"{type(error).__name__}: {error}"


def worse(one: int, other: int) -> int:
    """Return the exit code that several looks end with: a gate that failed comes before something that did."""
    return min(one, other, key=(4, 2, 1, 3, 0).index)


def _key(notice: Notice) -> Key:
    return notice.code, notice.component, notice.where, notice.message
