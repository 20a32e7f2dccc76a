"""The manifest: what this distribution offers."""

from __future__ import annotations

from collections.abc import Iterable

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_catalogs() -> Iterable[Component]:
    """Offer the catalog `local`."""
    return [
        Component(
            name="local",
            target="lumos_catalog_local.catalog:LocalCatalog",
            config="lumos_catalog_local.config:LocalCatalogConfig",
            summary="The embedded catalog: one SQLite file, searched by words, fields, tags and owners",
            since="0.1.0",
        )
    ]
