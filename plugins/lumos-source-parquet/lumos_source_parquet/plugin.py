"""The manifest: what this distribution offers; it imports no driver."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_formats() -> list[Component]:
    """Offer the format `parquet`."""
    return [
        Component(
            name="parquet",
            target="lumos_source_parquet.format:ParquetFormat",
            config="lumos_source_parquet.config:ParquetConfig",
            summary="Parquet: schema, row count and layout from the footer alone",
            since="0.1.0",
        )
    ]


@hookimpl
def lumos_sources() -> list[Component]:
    """Offer the crawler of `lumos-lake`, fixed to this format."""
    return [
        Component(
            name="parquet",
            target="lumos_source_parquet.source:ParquetSource",
            config="lumos_source_parquet.source:ParquetSourceConfig",
            summary="Datasets of Parquet files in a folder",
            since="0.1.0",
        )
    ]
