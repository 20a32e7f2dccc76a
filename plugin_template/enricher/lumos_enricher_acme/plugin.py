"""The manifest: what this distribution offers. Classes are named, not imported."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_enrichers() -> list[Component]:
    """Offer the enricher `acme`."""
    return [
        Component(
            name="acme",
            target="lumos_enricher_acme.enricher:AcmeEnricher",
            config="lumos_enricher_acme.config:AcmeEnricherConfig",
            summary="Owners of datasets, by patterns of their names",
            since="0.1.0",
        )
    ]
