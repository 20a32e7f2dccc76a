"""The manifest: what this distribution offers."""

from __future__ import annotations

from collections.abc import Iterable

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_reporters() -> Iterable[Component]:
    """Offer the reporter `email`."""
    return [
        Component(
            name="email",
            target="lumos_reporter_email.reporter:EmailReporter",
            config="lumos_reporter_email.config:EmailReporterConfig",
            summary="Tells people by e-mail what changed in the data they care for",
            since="0.1.0",
        )
    ]
