"""First-party components by name, so that what is not installed can be answered with the line that installs it."""

from __future__ import annotations

from collections.abc import Mapping

from ..contracts.component import ComponentKind

# Only distributions that are published stand here: a line that names another would install a stranger's code.
KNOWN: Mapping[ComponentKind, Mapping[str, str]] = {
    "source": {
        "files": "lumos-lake",
        "csv": "lumos-source-csv",
        "parquet": "lumos-source-parquet",
        "avro": "lumos-source-avro",
        "json": "lumos-source-json",
        "mongo": "lumos-source-mongo",
        "orc": "lumos-source-orc",
        "postgres": "lumos-source-postgres",
        "s3": "lumos-source-s3",
        "snapshot": "lumos-core",
    },
    "format": {
        "csv": "lumos-source-csv",
        "parquet": "lumos-source-parquet",
        "avro": "lumos-source-avro",
        "json": "lumos-source-json",
        "orc": "lumos-source-orc",
        "delta": "lumos-format-delta",
        "hudi": "lumos-format-hudi",
        "iceberg": "lumos-format-iceberg",
    },
    "enricher": {"rules": "lumos-enricher-rules", "sql": "lumos-lineage-sql"},
    "differ": {"semantic": "lumos-differ-semantic"},
    "catalog": {
        "atlas": "lumos-catalog-atlas",
        "datahub": "lumos-catalog-datahub",
        "local": "lumos-catalog-local",
        "openmetadata": "lumos-catalog-openmetadata",
    },
    "store": {"sqlite": "lumos-store-sqlite"},
    "cost_model": {},
    "reporter": {
        "terminal": "lumos-reporter-terminal",
        "json": "lumos-reporter-json",
        "markdown": "lumos-reporter-markdown",
        "html": "lumos-reporter-html",
        "webhook": "lumos-reporter-webhook",
        "slack": "lumos-reporter-slack",
        "email": "lumos-reporter-email",
    },
    "executor": {"threads": "lumos-core", "serial": "lumos-core"},
}
"""Kind -> name in YAML -> distribution."""
