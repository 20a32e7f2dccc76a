"""A table as records: what it is, and how it stands.

Source: the Delta transaction log protocol, "Change Metadata", "Protocol Evolution", "Table Features",
"Clustered Table"; CHECK constraints are table properties.
"""

from __future__ import annotations

import json
from typing import Any

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
    SortField,
    Stats,
    UnitError,
    paths,
)

from .actions import MetaData, Protocol
from .replay import Table
from .schema import Schema
from .state import CLUSTERING, State
from .types import Malformed

NAME = "delta"
CAPTURED = ["description", "fields", "fields.description", "fields.properties", "keys", "layout", "properties"]
READER_FEATURES = frozenset(
    {
        *("columnMapping", "deletionVectors", "timestampNtz", "v2Checkpoint", "vacuumProtocolCheck", "geospatial"),
        *("typeWidening", "typeWidening-preview", "variantType", "variantType-preview"),
        *("variantShredding", "variantShredding-preview"),
    }
)
"""Reader features under which the log is read as it is read here."""
CATALOG_MANAGED = frozenset({"catalogManaged", "catalogOwned-preview"})
"""Reader features under which the newest commits are known to a catalog alone."""
_NEWEST_READER = 3
_CONSTRAINT = "delta.constraints."
_INFO = (("operation", "operation"), ("engine", "engineInfo"))


def check_protocol(protocol: Protocol, where: str) -> None:
    """Refuse a table that may not be read by its protocol.

    Raises:
        UnitError: When it may not.
    """
    features = frozenset(protocol.readerFeatures or ())
    if features & CATALOG_MANAGED:
        raise UnitError(
            "the table is managed by a catalog",
            why="its newest commits are known to that catalog alone, so that its folder may be behind",
            fix="read it through the catalog, and leave its folder out with `exclude`",
            where=where,
        )
    if unknown := sorted(features - READER_FEATURES):
        raise UnitError(
            "the table needs a reader of a newer kind",
            why=f"its protocol asks for {', '.join(unknown)}",
            fix="update lumos-format-delta",
            where=where,
        )
    if protocol.minReaderVersion > _NEWEST_READER:
        raise UnitError(
            "the table needs a reader of a newer kind",
            why=f"its protocol asks for reader version {protocol.minReaderVersion}",
            fix="update lumos-format-delta",
            where=where,
        )


def dataset(urn: str, state: State, where: str) -> AnyRecord:
    """Make the record of a table.

    Args:
        urn: Of the dataset.
        state: What the log says; its schema and protocol are known.
        where: A file of the log, for errors.

    Raises:
        UnitError: When its schema is none.
    """
    metadata, protocol = state.metadata, state.protocol
    assert metadata is not None
    assert protocol is not None
    options = {key: value for key, value in metadata.configuration.items() if value is not None}
    try:
        schema = Schema(metadata.schemaString, mapped=options.get("delta.columnMapping.mode", "none") != "none")
    except Malformed as error:
        fix = "restore the commit that changed the schema from a copy"
        raise UnitError("the schema in the log cannot be read", why=str(error), fix=fix, where=where) from error
    checks = [
        Key(type="check", name=key.removeprefix(_CONSTRAINT), expression=value, enforced=True)
        for key, value in options.items()
        if key.startswith(_CONSTRAINT)
    ]
    value = Dataset(
        subtype="table",
        captured=list(CAPTURED),
        aliases=[(NAME, metadata.id)] if metadata.id else [],
        fields=schema.fields,
        keys=sorted([*schema.keys, *checks], key=lambda key: (key.name or "", key.columns, key.expression or "")),
        layout=Layout(
            format=NAME,
            partition_by=[
                PartitionField(path=paths.quote(name), transform="identity") for name in metadata.partitionColumns
            ],
            cluster_by=_clustering(state.domains.get(CLUSTERING), schema),
        ),
        properties=public([*_protocol(protocol), *_properties(options, metadata)]),
    )
    if metadata.description:
        value.description = Description(source=metadata.description)
    return Record(urn, value)


def _properties(options: dict[str, str], metadata: MetaData) -> list[tuple[str, str]]:
    found = {key: value for key, value in options.items() if not key.startswith(_CONSTRAINT)}
    if metadata.name:
        found["delta.name"] = metadata.name
    return list(found.items())


def _protocol(protocol: Protocol) -> list[tuple[str, str]]:
    """Return the protocol as Spark's `SHOW TBLPROPERTIES` has it."""
    features = {*(protocol.readerFeatures or ()), *(protocol.writerFeatures or ())}
    return [
        ("delta.minReaderVersion", str(protocol.minReaderVersion)),
        ("delta.minWriterVersion", str(protocol.minWriterVersion)),
        *((f"delta.feature.{feature}", "supported") for feature in sorted(features)),
    ]


def _clustering(text: str | None, schema: Schema) -> list[SortField]:
    """Return the columns of a clustered table, which the log keeps by their physical names."""
    if not text:
        return []
    try:
        columns = json.loads(text)["clusteringColumns"]
        return [SortField(path=schema.logical(tuple(map(str, column)))) for column in columns]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []


def stats(urn: str, table: Table, ctx: Context) -> list[AnyRecord]:
    """Make the statistics of a table: its size, and its last operation, each at the time that the log gives it.

    Args:
        urn: Of the dataset.
        table: As the log has it.
        ctx: Gives the time where the log has none.
    """
    state, info = table.state, table.info
    at = time_of(_number(info.get("inCommitTimestamp"))) or time_of(_number(info.get("timestamp")))
    found: list[AnyRecord] = []
    if at:
        properties = [("version", str(table.version))]
        for name, key in _INFO:
            if isinstance(text := info.get(key), str) and text:
                properties.append((name, hidden(text)))
        said = info.get("operationMetrics")
        metrics = {key: _number(value) for key, value in said.items()} if isinstance(said, dict) else {}
        value = Stats(
            properties=sorted(properties),
            metrics=sorted((key, number) for key, number in metrics.items() if number is not None and number >= 0),
        )
        found.append(Record(f"{urn}#operation@{at}", value))
    if table.counted:
        created = state.metadata.createdTime if state.metadata is not None else None
        at = at or time_of(state.modified) or time_of(created) or run_time(ctx)
        counted = Stats(row_count=state.rows, size_bytes=state.size, file_count=state.files)
        found.append(Record(f"{urn}#profile@{at}", counted))
    return found


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19 else None
