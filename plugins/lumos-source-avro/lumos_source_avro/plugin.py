"""The manifest: what this distribution offers; it imports no driver."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_formats() -> list[Component]:
    """Offer the format `avro`."""
    return [
        Component(
            name="avro",
            target="lumos_source_avro.format:AvroFormat",
            config="lumos_source_avro.config:AvroConfig",
            summary="Avro: schema from the header alone, with its names, defaults and descriptions",
            since="0.1.0",
        )
    ]


@hookimpl
def lumos_sources() -> list[Component]:
    """Offer the crawler of `lumos-lake`, fixed to this format."""
    return [
        Component(
            name="avro",
            target="lumos_source_avro.source:AvroSource",
            config="lumos_source_avro.source:AvroSourceConfig",
            summary="Datasets of Avro files in a folder",
            since="0.1.0",
        )
    ]
