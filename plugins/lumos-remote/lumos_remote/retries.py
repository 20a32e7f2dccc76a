"""When a request is sent again, and how long to wait before."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from lumos_core.plugin_api import Cancelled

_GLANCE = 0.1
"""Seconds between two looks at whether the run was cancelled."""


@dataclass(frozen=True, slots=True)
class Retries:
    """When a request is sent again: exponential backoff with full jitter, and `Retry-After` where it is given.

    Attributes:
        attempts: How often a request is sent at most; 1 = never again.
        statuses: Sent again when the service refused to work on it: nothing was applied, so that every method may be
            repeated.
        unsure: Sent again only when the request may be repeated: it may have been applied.
        never: Not sent again, whatever the two above say.
        base: Seconds; the n-th wait is a random part of `base * 2**n`.
        longest: Seconds that one such wait has at most.
        patience: Seconds that a `Retry-After` is followed at most; one that asks for more ends the attempts.
        deadline: Seconds for a request with all its attempts; 0 = no limit.
    """

    attempts: int = 5
    statuses: frozenset[int] = frozenset((429, 503))
    unsure: frozenset[int] = frozenset((502, 504))
    never: frozenset[int] = frozenset()
    base: float = 0.5
    longest: float = 30.0
    patience: float = 120.0
    deadline: float = 600.0
    chance: Callable[[], float] = field(default=random.random, compare=False, repr=False)

    def again(self, status: int, repeatable: bool) -> bool:
        """Tell whether a request that was answered with `status` may be sent again."""
        if status in self.never:
            return False
        return status in self.statuses or (repeatable and status in self.unsure)

    def wait(self, attempt: int, after: float | None) -> float:
        """Return the seconds to wait after attempt number `attempt` (from 1), where the service asked for `after`."""
        if after is not None:
            return after
        return min(self.longest, self.base * 2.0 ** min(attempt, 32)) * self.chance()


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds that `Retry-After` asks for (RFC 9110, 10.2.3: seconds or a date); None without."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        return max(0.0, float(text)) if text[0].isdigit() else _until(text, now or datetime.now(timezone.utc))
    except (ValueError, TypeError, OverflowError):
        return None


def _until(text: str, now: datetime) -> float:
    moment = parsedate_to_datetime(text)
    return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)) - now).total_seconds())


def sleep(seconds: float, cancelled: Callable[[], bool]) -> None:
    """Wait, unless the run is cancelled meanwhile.

    Raises:
        Cancelled: The run was cancelled.
    """
    end = time.monotonic() + seconds
    while True:
        if cancelled():
            raise Cancelled("cancelled while waiting for a service")
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, _GLANCE))
