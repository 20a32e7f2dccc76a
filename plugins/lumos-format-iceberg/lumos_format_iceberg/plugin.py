"""The manifest: what this distribution offers; it imports no driver."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_formats() -> list[Component]:
    """Offer the format `iceberg`."""
    return [
        Component(
            name="iceberg",
            target="lumos_format_iceberg.format:IcebergFormat",
            config="lumos_format_iceberg.config:IcebergConfig",
            summary="Apache Iceberg tables, v1 to v3: schema with ids, partitioning, keys, statistics, last snapshot",
            since="0.1.0",
        )
    ]
