"""The manifest: what this distribution offers. Classes are named, not imported."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_stores() -> list[Component]:
    """Offer the store `acme`."""
    return [
        Component(
            name="acme",
            target="lumos_store_acme.store:AcmeStore",
            config="lumos_store_acme.config:AcmeStoreConfig",
            summary="The history in one SQLite file",
            since="0.1.0",
        )
    ]
