"""How long a thing is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..case import Found

if TYPE_CHECKING:
    from ..case import Part

_ISO = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?\Z")
_ISO_SECONDS = (31_557_600, 2_629_800, 604_800, 86_400, 3_600, 60, 1)
_WORDS = re.compile(r"(\d+)\s*([a-z]+?)s?\Z", re.IGNORECASE)
_WORD_SECONDS = {
    **dict.fromkeys(("y", "yr", "year"), 31_557_600),
    **dict.fromkeys(("mo", "month"), 2_629_800),
    **dict.fromkeys(("w", "week"), 604_800),
    **dict.fromkeys(("d", "day"), 86_400),
    **dict.fromkeys(("h", "hr", "hour"), 3_600),
    **dict.fromkeys(("m", "min", "minute"), 60),
    **dict.fromkeys(("s", "sec", "second"), 1),
    **dict.fromkeys(("ms", "millisecond"), 0.001),
}


def seconds(text: str) -> float | None:
    """Read a length of time (`P30D`, `30 days`, `12h`) in seconds; None when it is none."""
    text = text.strip()
    if (iso := _ISO.match(text.upper())) and any(iso.groups()):
        return float(sum(int(n or 0) * unit for n, unit in zip(iso.groups(), _ISO_SECONDS, strict=True)))
    if (words := _WORDS.match(text)) and words.group(2).lower() in _WORD_SECONDS:
        return int(words.group(1)) * _WORD_SECONDS[words.group(2).lower()]
    return None


def detect_retention(part: Part) -> Iterator[Found]:
    """Judge how long a record or field is kept."""
    old, new = part.old.lifecycle, part.new.lifecycle
    before, after = old.retention if old else None, new.retention if new else None
    if before == after:
        return
    place = part.at("lifecycle")
    if before and after:
        was, is_now = seconds(before), seconds(after)
        if was is None or is_now is None:
            rule = "retention-changed"
        elif was == is_now:
            return
        else:
            rule = "retention-shortened" if is_now < was else "retention-lengthened"
        yield Found(rule, place, before, after, subject=part.subject)
    elif part.knows("lifecycle"):
        rule = "retention-policy-removed" if before else "retention-policy-added"
        yield Found(rule, place, before, after, subject=part.subject)
