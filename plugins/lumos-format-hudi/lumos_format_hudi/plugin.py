"""The manifest: what this distribution offers; it imports no driver."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_formats() -> list[Component]:
    """Offer the format `hudi`."""
    return [
        Component(
            name="hudi",
            target="lumos_format_hudi.format:HudiFormat",
            config="lumos_format_hudi.config:HudiConfig",
            summary="Apache Hudi tables: schema, keys, partitioning, statistics and last operation from the timeline",
            since="0.1.0",
        )
    ]
