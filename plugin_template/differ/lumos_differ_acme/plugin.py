"""The manifest: what this distribution offers. Classes are named, not imported."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_differs() -> list[Component]:
    """Offer the differ `acme`."""
    return [
        Component(
            name="acme",
            target="lumos_differ_acme.differ:AcmeDiffer",
            config="lumos_differ_acme.config:AcmeDifferConfig",
            summary="Datasets and fields that came, went or changed their type",
            since="0.1.0",
        )
    ]
