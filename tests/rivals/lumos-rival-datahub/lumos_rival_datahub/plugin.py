"""The manifest."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_sources() -> list[Component]:
    """Offer the source."""
    return [
        Component(
            name="rival-datahub",
            target="lumos_rival_datahub.source:RivalSource",
            config="lumos_rival_datahub.source:RivalConfig",
            summary="Datasets in a file of DataHub's own events",
        )
    ]
