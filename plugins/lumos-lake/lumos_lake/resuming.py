"""A listing that was cut goes on behind the last key that came, instead of from the start."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Protocol

from lumos_core.plugin_api import RetryableError

from .storage import Entry

TRIES = 4
"""How often a listing may be cut without a single new key before it counts as failed."""


class Lists(Protocol):
    """What begins a listing behind a key."""

    def __call__(self, *, start_after: str) -> Iterator[Entry]:
        """List what comes after a key; everything when it is empty."""


def resumed(lists: Lists, *, pause: Callable[[float], None] = time.sleep) -> Iterator[Entry]:
    """Yield a whole listing; where it is cut, go on behind the last key.

    Args:
        lists: Begins the listing, in order of path.
        pause: Waits so many seconds: twice as long after each cut that brought no new key.

    Raises:
        RetryableError: When it is cut again and again.
    """
    last, cuts = "", 0
    while True:
        try:
            for entry in lists(start_after=last):
                last, cuts = entry.path, 0
                yield entry
            return
        except RetryableError:
            cuts += 1
            if cuts == TRIES:
                raise
            pause(0.5 * 2**cuts)
