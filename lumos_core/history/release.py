"""Releases: `S-312` names the set of states that one run captured (differ.md, section 7)."""

from __future__ import annotations

import re
from collections.abc import Iterable

PREFIX = "S-"
START = 1

_NUMBER = re.compile(r"(0|[1-9]\d*)\Z")


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


def next_release(known: Iterable[str], prefix: str = PREFIX, start: int = START) -> str:
    """Return the release after all that are known: one more than the highest, and at least `start`.

    The number goes on counting when the prefix changes, so that a later release is never mistaken for an earlier.

    Args:
        known: Releases that were cut before, whatever their prefix; other texts are ignored.
        prefix: What a release begins with; it does not end in a digit.
        start: The smallest number to give.

    Raises:
        ValueError: When the prefix ends in a digit or the start is negative.
    """
    if prefix[-1:].isdigit() or start < 0:
        raise ValueError(f"not a release prefix and start: {prefix!r}, {start}")
    numbers = (_trailing_number(text) for text in known)
    return f"{prefix}{max([start, *(number + 1 for number in numbers if number is not None)])}"


def _trailing_number(text: str) -> int | None:
    digits = re.search(r"\d+\Z", text)
    return int(digits.group()) if digits else None
