"""The manifest: what this distribution offers. Classes are named, not imported."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_sources() -> list[Component]:
    """Offer the source `acme`."""
    return [
        Component(
            name="acme",
            target="lumos_source_acme.source:AcmeSource",
            config="lumos_source_acme.config:AcmeSourceConfig",
            summary="Tables that are described in files of Acme",
            since="0.1.0",
        )
    ]
