"""The manifest: what this distribution offers."""

from __future__ import annotations

from collections.abc import Iterable

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_catalogs() -> Iterable[Component]:
    """Offer the catalog `datahub`."""
    return [
        Component(
            name="datahub",
            target="lumos_catalog_datahub.catalog:DataHubCatalog",
            config="lumos_catalog_datahub.config:DataHubConfig",
            summary="DataHub: every aspect read and written, what people typed in its pages kept",
            since="0.1.0",
        )
    ]
