"""The manifest."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_sources() -> list[Component]:
    """Offer the source."""
    return [
        Component(
            name="rival-openmetadata",
            target="lumos_rival_openmetadata.source:RivalSource",
            config="lumos_rival_openmetadata.source:RivalConfig",
            summary="Tables in a file of OpenMetadata's own requests",
        )
    ]
