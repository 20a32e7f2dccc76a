"""What a server holds before anybody wrote to it: data types, entity types, ownership types, platforms, its own user.

Structured properties need the data types and entity types to exist. Of the platforms only the better known are here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .proposals import Engine

_DATA_TYPES = ("string", "number", "date", "urn", "rich_text")
_OWNERSHIP_TYPES = {
    "technical_owner": "Technical Owner",
    "business_owner": "Business Owner",
    "data_steward": "Data Steward",
    "none": "None",
}
_PLATFORMS = {
    "RELATIONAL_DB": ("postgres", "mysql", "mariadb", "oracle", "mssql", "snowflake", "bigquery", "redshift", "db2"),
    "QUERY_ENGINE": ("trino", "presto", "athena", "hive", "spark", "databricks"),
    "FILE_SYSTEM": ("s3", "gcs", "abs", "adls", "hdfs", "file"),
    "MESSAGE_BROKER": ("kafka", "pulsar"),
    "KEY_VALUE_STORE": ("redis", "dynamodb", "mongodb"),
    "SEARCH_ENGINE": ("elasticsearch",),
    "OTHERS": (
        "airflow",
        "dbt",
        "iceberg",
        "delta-lake",
        "looker",
        "tableau",
        "superset",
        "metabase",
        "powerbi",
        "mlflow",
    ),
}
_SLASHED = ("FILE_SYSTEM",)
_STAMP = {"time": 0, "actor": "urn:li:corpuser:__datahub_system"}


def write(engine: Engine) -> None:
    """Write it."""
    engine.commit(
        engine.propose(urn, aspect, "UPSERT", value, {"runId": "no-run-id-provided", "lastObserved": 0})
        for urn, aspect, value in _entities(engine)
    )


def _entities(engine: Engine) -> Iterator[tuple[str, str, Any]]:
    yield (
        "urn:li:corpuser:datahub",
        "corpUserInfo",
        {"active": True, "displayName": "DataHub", "title": "DataHub Root User"},
    )
    for name in _DATA_TYPES:
        yield f"urn:li:dataType:datahub.{name}", "dataTypeInfo", {"qualifiedName": f"datahub.{name}"}
    for name in engine.registry.entities:
        yield f"urn:li:entityType:datahub.{name}", "entityTypeInfo", {"qualifiedName": f"datahub.{name}"}
    for name, shown in _OWNERSHIP_TYPES.items():
        value = {"name": shown, "created": _STAMP, "lastModified": _STAMP}
        yield f"urn:li:ownershipType:__system__{name}", "ownershipTypeInfo", value
    for kind, names in _PLATFORMS.items():
        for name in names:
            delimiter = "/" if kind in _SLASHED else "."
            value = {"name": name, "displayName": name.title(), "type": kind, "datasetNameDelimiter": delimiter}
            yield f"urn:li:dataPlatform:{name}", "dataPlatformInfo", value
