"""The manifest: what this distribution offers. Classes are named, not imported."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_reporters() -> list[Component]:
    """Offer the reporter `acme`."""
    return [
        Component(
            name="acme",
            target="lumos_reporter_acme.reporter:AcmeReporter",
            config="lumos_reporter_acme.config:AcmeReporterConfig",
            summary="The changes of a run as plain text",
            since="0.1.0",
        )
    ]
