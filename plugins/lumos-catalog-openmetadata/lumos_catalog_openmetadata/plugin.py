"""The manifest: what this distribution offers."""

from __future__ import annotations

from collections.abc import Iterable

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_catalogs() -> Iterable[Component]:
    """Offer the catalog `openmetadata`."""
    return [
        Component(
            name="openmetadata",
            target="lumos_catalog_openmetadata.catalog:OpenMetadata",
            config="lumos_catalog_openmetadata.config:OpenMetadataConfig",
            summary="OpenMetadata 1.6 to 2.x, over its REST API",
            since="0.1.0",
        )
    ]
