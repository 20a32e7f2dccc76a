"""The manifest: what this distribution offers. Classes are named, not imported."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_catalogs() -> list[Component]:
    """Offer the catalog `acme`."""
    return [
        Component(
            name="acme",
            target="lumos_catalog_acme.catalog:AcmeCatalog",
            config="lumos_catalog_acme.config:AcmeCatalogConfig",
            summary="A folder with a JSON file for each record",
            since="0.1.0",
        )
    ]
