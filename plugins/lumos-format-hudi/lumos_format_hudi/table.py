"""A table as records: what it is, and how it stands.

Source: the Apache Hudi technical specification, "Table properties", and the documentation of key generators.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from lumos_lake.heads import run_time
from lumos_lake.tables import hidden, public, time_of

from lumos_core.plugin_api import (
    AnyRecord,
    Context,
    Dataset,
    Description,
    Key,
    Layout,
    PartitionField,
    Record,
    Stats,
)

from .commit import Commit
from .schema import Schema
from .slices import Size
from .timeline import Instant

NAME = "hudi"
CAPTURED = ["description", "fields", "fields.description", "fields.properties", "keys", "layout", "properties"]
_ELSEWHERE = frozenset(
    {
        *("hoodie.table.base.file.format", "hoodie.table.create.schema", "hoodie.table.partition.fields"),
        *("hoodie.table.recordkey.fields", "hoodie.table.type", "hoodie.table.version"),
    }
)
"""Properties that stand in the layout, the fields or the keys."""
_VOLATILE = frozenset(
    {
        *("hoodie.table.checksum", "hoodie.table.metadata.partitions"),
        "hoodie.table.metadata.partitions.inflight",
    }
)
_COUNTS = ("numWrites", "numInserts", "numUpdateWrites", "numDeletes", "totalWriteBytes")
_FORMATS = ("hoodie.keygen.timebased.output.dateformat", "hoodie.deltastreamer.keygen.timebased.output.dateformat")
_GRAINS = (("H", "hour"), ("h", "hour"), ("d", "day"), ("D", "day"), ("M", "month"), ("y", "year"))


def partitions_of(properties: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the columns that a table is partitioned by, each with the type of its key generator.

    `hoodie.table.partition.fields` is `a,b`, and from table version 8 on `a:SIMPLE,b:TIMESTAMP` for custom generators.
    """
    kind = properties.get("hoodie.table.keygenerator.type") or properties.get("hoodie.table.keygenerator.class", "")
    usual = next((generator for generator in ("TIMESTAMP", "CUSTOM") if generator in kind.upper()), "SIMPLE")
    found = []
    for part in _listed(properties, "hoodie.table.partition.fields"):
        column, colon, kind = part.rpartition(":")
        found.append((column, kind.upper()) if colon else (part, usual))
    return found


def _listed(properties: Mapping[str, str], key: str) -> list[str]:
    return [part.strip() for part in properties.get(key, "").split(",") if part.strip()]


def dataset(urn: str, properties: Mapping[str, str], version: int, schema: Schema) -> AnyRecord:
    """Make the record of a table.

    Args:
        urn: Of the dataset.
        properties: Of the table.
        version: Of the table.
        schema: Its fields.
    """
    keys = [schema.path(column) for column in _listed(properties, "hoodie.table.recordkey.fields")]
    options = {
        "base-file-format": properties.get("hoodie.table.base.file.format", "PARQUET"),
        "format-version": str(version),
        "table-type": properties.get("hoodie.table.type", "COPY_ON_WRITE"),
    }
    value = Dataset(
        subtype="table",
        captured=list(CAPTURED),
        fields=schema.fields,
        keys=[Key(type="primary", columns=keys, enforced=False)] if keys else [],
        layout=Layout(
            format=NAME,
            partition_by=[
                _partition(schema.path(column), kind, properties) for column, kind in partitions_of(properties)
            ],
            options=sorted(options.items()),
        ),
        properties=public(
            (key, text) for key, text in properties.items() if key not in _ELSEWHERE and key not in _VOLATILE
        ),
    )
    if schema.doc:
        value.description = Description(source=schema.doc)
    return Record(urn, value)


def _partition(path: str, kind: str, properties: Mapping[str, str]) -> PartitionField:
    if kind != "TIMESTAMP":
        # Which of its columns a custom generator takes as they are, older tables do not tell.
        return PartitionField(path=path, transform=None if kind == "CUSTOM" else "identity")
    written = next((properties[key] for key in _FORMATS if properties.get(key)), "")
    if not written:
        return PartitionField(path=path, transform="timestamp")
    grain = next((grain for letter, grain in _GRAINS if letter in written), "timestamp")
    return PartitionField(path=path, transform=grain, extra=[("hudi/dateformat", json.dumps(written))])


def stats(
    urn: str,
    properties: Mapping[str, str],
    last: tuple[Instant, Commit] | None,
    size: Size | None,
    zone: str,
    ctx: Context,
) -> list[AnyRecord]:
    """Make the statistics of a table: its size, and its last operation.

    Args:
        urn: Of the dataset.
        properties: Of the table; they tell in which zone its times are.
        last: Its last commit.
        size: How large it is; None for not known.
        zone: IANA zone of a timeline in local time; empty for not known.
        ctx: Gives the time where the timeline does not.
    """
    utc = properties.get("hoodie.table.timeline.timezone", "LOCAL").upper() == "UTC"
    at = (time_of_instant(last[0].end, "UTC" if utc else zone) if last else "") or run_time(ctx)
    found: list[AnyRecord] = []
    if last:
        found.append(Record(f"{urn}#operation@{at}", _operation(*last)))
    if size is not None:
        value = Stats(row_count=size.rows, size_bytes=size.size, file_count=size.files)
        found.append(Record(f"{urn}#profile@{at}", value))
    return found


def _operation(instant: Instant, commit: Commit) -> Stats:
    said = {"action": instant.action, "instant": instant.requested, "operation": commit.operationType or ""}
    metrics = dict.fromkeys(_COUNTS, 0)
    for _, stat in commit.stats():
        for key in _COUNTS:
            metrics[key] += max(0, getattr(stat, key) or 0)
    return Stats(
        properties=sorted((key, hidden(text)) for key, text in said.items() if text), metrics=sorted(metrics.items())
    )


def time_of_instant(digits: str, zone: str) -> str:
    """Return the time of an instant (`yyyyMMddHHmmss`, then milliseconds) as RFC 3339 text.

    Args:
        digits: The instant.
        zone: IANA zone of the timeline; empty for not known.

    Returns:
        The time; empty where the zone is not known, or the instant is no time.
    """
    if not zone or len(digits) not in (14, 17):
        return ""
    try:
        local = datetime.strptime(digits[:14], "%Y%m%d%H%M%S")
    except ValueError:
        return ""
    known = local.replace(tzinfo=timezone.utc if zone == "UTC" else ZoneInfo(zone))
    return time_of(int(known.timestamp() * 1000))
