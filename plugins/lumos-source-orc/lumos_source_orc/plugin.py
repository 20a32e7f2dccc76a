"""The manifest: what this distribution offers; it imports no driver."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_formats() -> list[Component]:
    """Offer the format `orc`."""
    return [
        Component(
            name="orc",
            target="lumos_source_orc.format:OrcFormat",
            config="lumos_source_orc.config:OrcConfig",
            summary="ORC: schema, row count and layout from the tail alone",
            since="0.1.0",
        )
    ]


@hookimpl
def lumos_sources() -> list[Component]:
    """Offer the crawler of `lumos-lake`, fixed to this format."""
    return [
        Component(
            name="orc",
            target="lumos_source_orc.source:OrcSource",
            config="lumos_source_orc.source:OrcSourceConfig",
            summary="Datasets of ORC files in a folder",
            since="0.1.0",
        )
    ]
