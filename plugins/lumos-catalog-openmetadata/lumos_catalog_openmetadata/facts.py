"""Volatile facts: profiles of tables, as OpenMetadata keeps them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from lumos_core.plugin_api import AnyRecord, Record, Stats, canonical, paths, urns

from . import fqn

Doc = dict[str, Any]

_COUNTS = {
    "value_count": "valuesCount",
    "valid_count": "validCount",
    "null_count": "nullCount",
    "missing_count": "missingCount",
    "distinct_count": "distinctCount",
    "unique_count": "uniqueCount",
    "duplicate_count": "duplicateCount",
    "min_length": "minLength",
    "max_length": "maxLength",
}
"""Metric of a field -> its name in a column's profile."""

_COUNTS_BACK = {native: name for name, native in _COUNTS.items()}
_EXACT = 2**53 - 1


def parts(urn: str) -> tuple[str, str, int]:
    """Return host, type and time (milliseconds since 1970) of the URN of a fact.

    Raises:
        ValueError: It has no time.
    """
    host, _, fragment = urn.partition("#")
    type_, _, at = fragment.rpartition("@")
    moment = datetime.fromisoformat(at.replace("Z", "+00:00"))
    return host, type_, int(moment.timestamp() * 1000)


def fact_type(record: AnyRecord) -> str:
    """Return the type of a fact; empty for any other record."""
    return record.urn.partition("#")[2].rpartition("@")[0] if record.kind == "stats" else ""


def is_profile(record: AnyRecord) -> bool:
    """Tell whether a record is a profile."""
    return record.kind == "stats" and "#profile@" in record.urn


def to_profile(record: AnyRecord) -> Doc | None:
    """Return the request that stores a profile; None when it says something that a profile cannot hold."""
    stats: Stats = record.value
    _, type_, at = parts(record.urn)
    if type_ != "profile":
        return None
    table: Doc = {"timestamp": at}
    columns = []
    if stats.row_count is not None:
        table["rowCount"] = stats.row_count
    if stats.size_bytes is not None:
        table["sizeInByte"] = stats.size_bytes
    for path, metrics in stats.fields:
        columns.append({"name": _column(path), "timestamp": at, **{_COUNTS.get(name, ""): n for name, n in metrics}})
    request = {"tableProfile": table, **({"columnProfile": columns} if columns else {})}
    return request if _same(of_profile(urns.host(record.urn), table, dict(_named(columns))), record) else None


def _named(columns: list[Doc]) -> list[tuple[str, Doc]]:
    return [(column["name"], column) for column in columns]


def _column(path: str) -> str:
    try:
        steps = paths.split(path)
    except paths.PathError:
        return path
    return fqn.join(fqn.encode(step.name) for step in steps if step.kind == "name")


def _same(made: AnyRecord | None, record: AnyRecord) -> bool:
    numbers = [record.value.row_count, record.value.size_bytes, *(n for _, ms in record.value.fields for _, n in ms)]
    exact = all(n is None or (isinstance(n, int) and 0 <= n <= _EXACT) for n in numbers)
    return exact and made is not None and canonical(made) == canonical(record)


def of_profile(host: str, table: Doc | None, columns: dict[str, Doc]) -> AnyRecord | None:
    """Return the fact that the latest profile of a table is.

    Args:
        host: URN of the table.
        table: Its profile; None when it has none.
        columns: Profiles of columns by their names below the table; those of another time are left out.
    """
    if not table or "timestamp" not in table:
        return None
    at = table["timestamp"]
    moment = datetime.fromtimestamp(at / 1000, timezone.utc)
    told = moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{at % 1000:03}" if at % 1000 else "") + "Z"
    fields: list[tuple[str, list[tuple[str, int | str]]]] = []
    for name, column in sorted(columns.items()):
        metrics: list[tuple[str, int | str]] = [
            (_COUNTS_BACK[key], _whole(value)) for key, value in column.items() if key in _COUNTS_BACK
        ]
        if column.get("timestamp") == at and metrics:
            path = ""
            for part in fqn.split(name):
                path = paths.child(path, fqn.decode(part))
            fields.append((path, sorted(metrics)))
    value = Stats(
        row_count=_count(table.get("rowCount")), size_bytes=_count(table.get("sizeInByte")), fields=sorted(fields)
    )
    return Record(f"{host}#profile@{told}", value)


def _count(value: Any) -> int | None:
    return None if value is None else _whole(value)


def _whole(value: Any) -> int:
    return int(value)


def columns_of(raw: Doc) -> dict[str, Doc]:
    """Return the profiles of a table's columns by their names below the table."""
    found: dict[str, Doc] = {}
    _collect(raw.get("columns") or (), "", found)
    return found


def _collect(members: Any, above: str, into: dict[str, Doc]) -> None:
    for member in members:
        name = f"{above}.{fqn.quote(member['name'])}" if above else fqn.quote(member["name"])
        if member.get("profile"):
            into[name] = member["profile"]
        _collect(member.get("children") or (), name, into)
