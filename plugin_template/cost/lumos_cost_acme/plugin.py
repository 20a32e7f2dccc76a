"""The manifest: what this distribution offers. Classes are named, not imported."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_cost_models() -> list[Component]:
    """Offer the cost model `acme`."""
    return [
        Component(
            name="acme",
            target="lumos_cost_acme.cost_model:AcmeCostModel",
            config="lumos_cost_acme.config:AcmeCostModelConfig",
            summary="A bill, divided among datasets by their size",
            since="0.1.0",
        )
    ]
