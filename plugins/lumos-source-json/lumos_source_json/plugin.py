"""The manifest: what this distribution offers; it imports no driver."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_formats() -> list[Component]:
    """Offer the format `json`."""
    return [
        Component(
            name="json",
            target="lumos_source_json.format:JsonFormat",
            config="lumos_source_json.config:JsonConfig",
            summary="JSON lines, arrays and documents: types from a bounded head",
            since="0.1.0",
        )
    ]


@hookimpl
def lumos_sources() -> list[Component]:
    """Offer the crawler of `lumos-lake`, fixed to this format."""
    return [
        Component(
            name="json",
            target="lumos_source_json.source:JsonSource",
            config="lumos_source_json.source:JsonSourceConfig",
            summary="Datasets of JSON files in a folder",
            since="0.1.0",
        )
    ]
