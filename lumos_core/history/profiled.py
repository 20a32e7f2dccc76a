"""A profile as people read it: a line per field, from the metrics of a `Stats` record."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..model.entities import Stats

COLUMNS = ("field", "nulls", "distinct", "min", "median", "max", "average", "what")
_SHORT = 24
_TOP = 3


def heading(stats: Stats) -> str:
    """Return what the profile is of, in one line: all rows, which sample, or statistics alone."""
    said = dict(stats.properties)
    rows = dict(stats.metrics).get("profiled_rows")
    of = said.get("profile.of", "")
    parts = [f"of {int(rows):,} rows" if of != "all rows" and rows is not None else f"of {of}" if of else ""]
    parts += [said[key] for key in ("profile.sample",) if key in said]
    parts += [f"stopped {said['profile.stopped']}"] if "profile.stopped" in said else []
    parts += [f"left out: {said['profile.left_out']}"] if "profile.left_out" in said else []
    return "Profile " + "; ".join(part for part in parts if part)


def lines(stats: Stats, paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Return (field, nulls, distinct, min, median, max, average, what else) per field that the profile knows.

    Args:
        stats: The profile.
        paths: The fields of the record, whose order is kept; others follow.
    """
    order = {path: place for place, path in enumerate(paths)}
    found = []
    for path, metrics in sorted(stats.fields, key=lambda item: order.get(item[0], len(order))):
        known = {name: str(value) for name, value in metrics}
        distinct = known.get("distinct_count", "")
        if distinct.isdigit():
            distinct = f"{'~' if 'distinct_error' in known else ''}{int(distinct):,}"
        ends = [_number(known.get(name, "")) for name in ("min", "quantile_0.5", "max", "average")]
        found.append((path, _percent(known.get("null_share", "")), distinct, *ends, _what(known)))
    return found


def _what(known: dict[str, str]) -> str:
    if "suspected" in known:
        return f"may hold: {known['suspected']}; no value is shown"
    top = _pairs(known.get("top_values", ""))
    if top:
        return ", ".join(f"{_short(value) or 'empty'} ({count:,})" for value, count in top[:_TOP])
    patterns = _pairs(known.get("patterns", ""))
    return ", ".join(_short(pattern) or "empty" for pattern, _ in patterns[:_TOP])


def _pairs(text: str) -> list[tuple[str, int]]:
    """Read the pairs of a metric; a stranger's source may have written anything."""
    try:
        return [(str(value), int(count)) for value, count in json.loads(text)] if text else []
    except (ValueError, TypeError):
        return []


def _percent(share: str) -> str:
    if not share.replace(".", "", 1).isdigit():
        return share
    value = float(share)
    return "0%" if value == 0 else f"{value:.1%}" if 0.001 <= value <= 0.999 or value == 1 else f"{value:.4%}"


def _number(text: str) -> str:
    """Cut a long decimal to six significant digits; anything else to some characters."""
    if "." in text and len(text) > 7:
        try:
            return f"{float(text):.6g}"
        except ValueError:
            pass
    return _short(text)


def _short(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 3]}..."
