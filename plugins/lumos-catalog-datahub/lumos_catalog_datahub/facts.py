"""Volatile facts: DataHub's time series as records of kind `stats`, and back."""

from __future__ import annotations

from typing import Any, NamedTuple

from lumos_core.plugin_api import AnyRecord, Record, Stats

from .fieldpaths import Spelling
from .fieldpaths import read as read_path
from .names import Names
from .native import View, millis_of, time_of
from .shapes import STATS

ASPECTS = {type_: aspect for aspect, type_ in STATS.items()}
"""Type of fact -> time series aspect."""
PLAIN = Spelling()
"""Spells paths as `fieldpaths.write` does."""
MARK = "lumos"
"""`messageId` of a fact of which more is known than the time series can hold."""

_PROFILE = {"uniqueCount": "distinct_count", "nullCount": "null_count"}
_USAGE = {"totalSqlQueries": "query_count", "uniqueUserCount": "user_count"}
_INT = 2**31 - 1
_LONG = 2**53 - 1
_OPERATIONS = frozenset("INSERT UPDATE DELETE CREATE ALTER DROP".split())  # noqa: SIM905


class Fact(NamedTuple):
    """What the URN of a fact says: the record it is about, its type, an id of its own, when."""

    host: str
    type: str
    id: str
    at: str


def parts(urn: str) -> Fact:
    """Take the URN of a fact apart.

    Raises:
        ValueError: It is none.
    """
    host, _, rest = urn.partition("#")
    name, mark, at = rest.partition("@")
    if not mark or not name:
        raise ValueError(f"not the URN of a fact: {urn!r}")
    type_, _, id_ = name.partition("/")
    return Fact(host, type_, id_, at)


def read(host: str, native: str, aspect: str, value: dict[str, Any], names: Names) -> AnyRecord | None:
    """Return the record of an event; None when it has no time that a record can name."""
    at = time_of(value.get("timestampMillis"))
    if at is None:
        return None
    view = View(native, {}, names)
    stats = _READ[aspect](value, view)
    window = value.get("partitionSpec", {}).get("timePartition")
    if window is not None:
        stats.start, stats.end = _window(window)
    return Record(f"{host}#{STATS[aspect]}@{at}", stats)


def write(record: AnyRecord, names: Names, spelling: Spelling) -> tuple[str, dict[str, Any]]:
    """Return aspect and value of an event.

    Raises:
        ValueError: DataHub has no such time series, or the time says more than milliseconds.
    """
    fact = parts(record.urn)
    aspect, millis = ASPECTS.get(fact.type, ""), millis_of(fact.at)
    if not aspect or millis is None:
        raise ValueError(f"DataHub takes {', '.join(ASPECTS)} with a time in milliseconds, not {record.urn}")
    value = {"timestampMillis": millis, **_WRITE[aspect](record.value, spelling)}
    if aspect == "operation":
        value["lastUpdatedTimestamp"] = millis
    window = _native_window(record.value)
    if window is not None:
        value["partitionSpec"] = {"partition": f"{record.value.start}/{record.value.end}", "timePartition": window}
    return aspect, value


def _window(held: dict[str, Any]) -> tuple[str | None, str | None]:
    start, length = held.get("startTimeMillis"), held.get("length", {})
    seconds = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400, "WEEK": 604_800}.get(length.get("unit", ""))
    if type(start) is not int or seconds is None:
        return time_of(start), None
    return time_of(start), time_of(start + 1000 * seconds * length.get("multiple", 1))


def _native_window(stats: Stats) -> dict[str, Any] | None:
    start, end = millis_of(stats.start), millis_of(stats.end)
    if start is None or end is None or (end - start) % 1000 or not 0 < (end - start) // 1000 <= _INT:
        return None
    return {"startTimeMillis": start, "length": {"unit": "SECOND", "multiple": (end - start) // 1000}}


def _counts(pairs: Any, known: dict[str, str], limit: int) -> dict[str, int]:
    ours = {name: native for native, name in known.items()}
    found = {ours[name]: _number(count) for name, count in pairs if name in ours}
    return {name: count for name, count in found.items() if count is not None and 0 <= count <= limit}


def _number(count: Any) -> int | None:
    try:
        return int(count)
    except (TypeError, ValueError):
        return None


def _named(value: dict[str, Any], known: dict[str, str]) -> list[tuple[str, Any]]:
    return [(name, value[native]) for native, name in known.items() if type(value.get(native)) is int]


def _read_profile(value: dict[str, Any], view: View) -> Stats:
    fields = [
        (read_path(held["fieldPath"])[1], found)
        for held in value.get("fieldProfiles", ())
        if (found := _named(held, _PROFILE))
    ]
    return Stats(row_count=value.get("rowCount"), size_bytes=value.get("sizeInBytes"), fields=fields)


def _write_profile(stats: Stats, spelling: Spelling) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for native, count in (("rowCount", _number(stats.row_count)), ("sizeInBytes", _number(stats.size_bytes))):
        if count is not None and 0 <= count <= _LONG:
            found[native] = count
    fields = {spelling.known(path): _counts(metrics, _PROFILE, _LONG) for path, metrics in stats.fields}
    if rows := [{"fieldPath": path, **counts} for path, counts in fields.items() if counts]:
        found["fieldProfiles"] = rows
    return found


def _read_usage(value: dict[str, Any], view: View) -> Stats:
    fields = [
        (read_path(held["fieldPath"])[1], [("query_count", held["count"])]) for held in value.get("fieldCounts", ())
    ]
    return Stats(metrics=_named(value, _USAGE), fields=fields)


def _write_usage(stats: Stats, spelling: Spelling) -> dict[str, Any]:
    found: dict[str, Any] = _counts(stats.metrics, _USAGE, _INT)
    counted = {spelling.known(path): _counts(pairs, {"count": "query_count"}, _INT) for path, pairs in stats.fields}
    if rows := [{"fieldPath": path, **counts} for path, counts in counted.items() if counts]:
        found["fieldCounts"] = rows
    return found


def _read_operation(value: dict[str, Any], view: View) -> Stats:
    type_ = value.get("operationType", "UNKNOWN")
    status = value.get("customOperationType") if type_ == "CUSTOM" else None if type_ == "UNKNOWN" else type_.lower()
    actor = view.ref(value.get("actor"))
    return Stats(
        row_count=value.get("numAffectedRows"),
        status=status,
        properties=list(value.get("customProperties", {}).items()),
        related=[("actor", actor)] if actor else [],
    )


def _write_operation(stats: Stats, spelling: Spelling) -> dict[str, Any]:
    status = stats.status
    known = status is not None and status.upper() in _OPERATIONS and status == status.lower()
    found: dict[str, Any] = {"operationType": (status or "").upper() if known else "CUSTOM" if status else "UNKNOWN"}
    if status and not known:
        found["customOperationType"] = status
    count = _number(stats.row_count)
    if count is not None and 0 <= count <= _LONG:
        found["numAffectedRows"] = count
    if stats.properties:
        found["customProperties"] = dict(stats.properties)
    return found


_READ = {"datasetProfile": _read_profile, "datasetUsageStatistics": _read_usage, "operation": _read_operation}
_WRITE = {"datasetProfile": _write_profile, "datasetUsageStatistics": _write_usage, "operation": _write_operation}
