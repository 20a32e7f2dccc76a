"""The manifest: what this distribution offers."""

from __future__ import annotations

from collections.abc import Iterable

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_catalogs() -> Iterable[Component]:
    """Offer the catalog `atlas`."""
    return [
        Component(
            name="atlas",
            target="lumos_catalog_atlas.catalog:AtlasCatalog",
            config="lumos_catalog_atlas.config:AtlasConfig",
            summary="Apache Atlas 2.x: entities, columns, classifications, glossary and lineage, without loss",
            since="0.1.0",
        )
    ]
