"""The manifest: what this distribution offers; it imports no driver."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_formats() -> list[Component]:
    """Offer the format `csv`."""
    return [
        Component(
            name="csv",
            target="lumos_source_csv.format:CsvFormat",
            config="lumos_source_csv.config:CsvConfig",
            summary="Delimited text: delimiter, encoding, header and types from a bounded head",
            since="0.1.0",
        )
    ]


@hookimpl
def lumos_sources() -> list[Component]:
    """Offer the crawler of `lumos-lake`, fixed to this format."""
    return [
        Component(
            name="csv",
            target="lumos_source_csv.source:CsvSource",
            config="lumos_source_csv.source:CsvSourceConfig",
            summary="Datasets of CSV files in a folder",
            since="0.1.0",
        )
    ]
