"""Releases: `S-312` names the set of states that one run captured (differ.md, section 7)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Protocol

from ..contracts.store import Store

PREFIX = "S-"
START = 1

_NUMBER = re.compile(r"(0|[1-9]\d*)\Z")
_LAST_DIGITS = re.compile(r"\d+\Z")


class Settings(Protocol):
    """How a pipeline names its releases (`release:`)."""

    @property
    def prefix(self) -> str:
        """What stands before the number."""

    @property
    def start(self) -> int:
        """The smallest number to give."""


def release_number(text: str, prefix: str = PREFIX) -> int | None:
    """Return the number of a release, or None when the text is not a release with this prefix.

    Example:
        >>> release_number("S-312"), release_number("R-312")
        (312, None)
    """
    if not text.startswith(prefix):
        return None
    match = _NUMBER.match(text[len(prefix) :])
    return int(match.group()) if match else None


def release_after(known: Iterable[str], prefix: str = PREFIX, start: int = START) -> str:
    """Return the release after all that are known: one more than the highest, and at least `start`.

    The number goes on counting when the prefix changes, so that a later release is never mistaken for an earlier.

    Args:
        known: Releases that were cut before, whatever their prefix; texts without a number at their end are ignored.
        prefix: What a release begins with.
        start: The smallest number to give, 0 or more.
    """
    numbers = (_number(text, prefix) for text in known)
    return f"{prefix}{max([start, *(number + 1 for number in numbers if number is not None)])}"


def next_release(store: Store[Any], settings: Settings) -> str:
    """Return the release that the next state gets; reads the log, commits nothing.

    Args:
        store: Commits keep their release in `meta["release"]`.
        settings: `prefix` and `start` of the pipeline.
    """
    latest = next((release for entry in store.log() if (release := entry.meta.get("release"))), None)
    return release_after([latest] if latest else [], settings.prefix, settings.start)


def _number(text: str, prefix: str) -> int | None:
    number = release_number(text, prefix)
    if number is None and (digits := _LAST_DIGITS.search(text)):
        return int(digits.group())
    return number
