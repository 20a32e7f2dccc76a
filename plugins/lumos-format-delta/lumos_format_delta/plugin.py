"""The manifest: what this distribution offers; it imports no driver."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_formats() -> list[Component]:
    """Offer the format `delta`."""
    return [
        Component(
            name="delta",
            target="lumos_format_delta.format:DeltaFormat",
            config="lumos_format_delta.config:DeltaConfig",
            summary="Delta Lake tables: schema, layout, constraints, statistics and history from the transaction log",
            since="0.1.0",
        )
    ]
