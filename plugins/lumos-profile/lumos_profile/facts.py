"""What is known of the values of one field, and how a record says it: in whole numbers and texts, nothing private."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from .pii import masked

SHOWN = 60
"""Characters of a text that are shown."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_DAY = 86_400_000_000

Metric = tuple[str, "int | str"]


class Facts(Struct, kw_only=True):
    """The facts of one field; what is not known is absent.

    Attributes:
        rows: Values that were looked at, nulls included.
        nulls: Nulls among them.
        all_nulls: Nulls in all rows, where something knows.
        distinct: Different values.
        distinct_error: Relative standard error of `distinct`; 0 when it was counted.
        minimum, maximum, average: As texts.
        quantiles: (rank, text).
        edges: Ends of the bars of the histogram, one more than there are bars.
        bars: How many values each bar has.
        top: (text, count), the most frequent first.
        patterns: (pattern, count), the most frequent first.
        lengths: Average, shortest and longest length of texts, in characters.
        more: Further metrics, such as the number of NaN.
        whole: Metrics that hold for all rows though only some were looked at.
        suspected: What the field may hold that is personal or secret; then no value is shown.
    """

    rows: int = 0
    nulls: int | None = None
    all_nulls: int | None = None
    null_share: str | None = None
    distinct: int | None = None
    distinct_error: float = 0
    minimum: str | None = None
    maximum: str | None = None
    average: str | None = None
    quantiles: list[tuple[float, str]] = []
    edges: list[str] = []
    bars: list[int] = []
    top: list[tuple[str, int]] = []
    patterns: list[tuple[str, int]] = []
    lengths: tuple[str, int, int] | None = None
    more: list[tuple[str, int]] = []
    whole: list[str] = []
    suspected: str = ""


def metrics(facts: Facts) -> list[tuple[str, int | str]]:
    """Return the metrics of a field as a `Stats` record has them, sorted; values that look personal are masked.

    Args:
        facts: Of the field. When it is `suspected`, everything that holds a value is left out.
    """
    found: dict[str, int | str] = dict(facts.more)
    nulls = facts.nulls if facts.all_nulls is None else facts.all_nulls
    if nulls is not None:
        found["null_count"] = nulls
    if facts.null_share is not None:
        found["null_share"] = facts.null_share
    elif facts.rows and nulls is not None:
        found["null_share"] = share(nulls, facts.rows)
    if facts.distinct is not None:
        found["distinct_count"] = facts.distinct
        if facts.distinct_error:
            found["distinct_error"] = decimal(round(facts.distinct_error, 4))
    if facts.lengths is not None:
        average, shortest, longest = facts.lengths
        found |= {"average_length": average, "min_length": shortest, "max_length": longest}
    if facts.suspected:
        found["suspected"] = facts.suspected
        facts = Facts(whole=[name for name in facts.whole if name not in ("min", "max")])
    for name, value in (("min", facts.minimum), ("max", facts.maximum), ("average", facts.average)):
        if value is not None:
            found[name] = _shown(value)
    for rank, value in facts.quantiles:
        found[f"quantile_{decimal(rank)}"] = _shown(value)
    if facts.bars:
        bars = {"counts": facts.bars, "edges": [_shown(edge) for edge in facts.edges]}
        found["histogram"] = msgspec.json.encode(bars, order="sorted").decode()
    if facts.top:
        found["top_values"] = msgspec.json.encode(_masked_top(facts.top)).decode()
    if facts.patterns:
        found["patterns"] = msgspec.json.encode(facts.patterns).decode()
    if facts.whole:
        found["of_all_rows"] = ", ".join(sorted(facts.whole))
    return sorted(found.items())


def _masked_top(top: list[tuple[str, int]]) -> list[tuple[str, int]]:
    shown: dict[str, int] = {}
    for value, count in top:
        text = _shown(value)
        shown[text] = shown.get(text, 0) + count
    return list(shown.items())


def _shown(text: str) -> str:
    hidden = masked(text)
    if hidden != text:
        return hidden
    text = "".join(char if char.isprintable() else "?" for char in text[: SHOWN + 1])
    return f"{text[:SHOWN]}..." if len(text) > SHOWN else text


def share(part: int, of: int) -> str:
    """Return a part of a whole as a decimal text between 0 and 1, of at most 6 places; never 0 or 1 by rounding."""
    if part in (0, of) or not of:
        return "1" if part and part == of else "0"
    return decimal(min(max(round(part / of, 6), 1e-06), 0.999999))


def decimal(value: float | int | Decimal) -> str:
    """Return a number as text: 12 significant digits, no exponent where it is short without one."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if abs(value.adjusted()) < 40 else str(value)
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = format(value, ".12g")
    if "e-" in text and abs(value) >= 1e-9:
        return format(Decimal(text), "f")
    return text


def moment(value: float | int, form: str) -> str:
    """Return a point in time as text.

    Args:
        value: Microseconds since 1970 (UTC), or since midnight.
        form: `date`, `timestamp` (without a zone), `timestamptz` or `time`.
    """
    micro = math.floor(value)
    if form == "time":
        return str((_EPOCH + timedelta(microseconds=min(max(micro, 0), _DAY - 1))).time())
    try:
        at = _EPOCH + timedelta(microseconds=micro)
    except OverflowError:
        return f"{micro // _DAY} days since 1970"
    if form == "date":
        return at.date().isoformat()
    text = at.replace(tzinfo=None).isoformat()
    return f"{text}Z" if form == "timestamptz" else text


def plain(value: Any) -> str:
    """Return a value of Python as the text that profiles have for it.

    Args:
        value: A number, truth value, text, date, time or timestamp.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return moment(micros(value), "timestamp" if value.tzinfo is None else "timestamptz")
    if hasattr(value, "toordinal"):
        return moment(micros(value), "date")
    if hasattr(value, "microsecond"):
        return moment(micros(value), "time")
    return value if isinstance(value, str) else decimal(value)


def micros(value: Any) -> int:
    """Return a date, time or timestamp of Python as microseconds; the inverse of `moment`."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)
        return (aware - _EPOCH) // timedelta(microseconds=1)
    if hasattr(value, "toordinal"):
        return int((value.toordinal() - _EPOCH.toordinal()) * _DAY)
    return int(((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond)
