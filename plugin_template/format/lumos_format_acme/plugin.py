"""The manifest: what this distribution offers. Classes are named, not imported."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_formats() -> list[Component]:
    """Offer the format `acme`."""
    return [
        Component(
            name="acme",
            target="lumos_format_acme.format:AcmeFormat",
            config="lumos_format_acme.config:AcmeFormatConfig",
            summary="Files of Acme: one column a line",
            since="0.1.0",
        )
    ]
