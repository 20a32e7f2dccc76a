"""The manifest: what this distribution offers."""

from __future__ import annotations

from collections.abc import Iterable

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_reporters() -> Iterable[Component]:
    """Offer the reporter `webhook`."""
    return [
        Component(
            name="webhook",
            target="lumos_reporter_webhook.reporter:WebhookReporter",
            config="lumos_reporter_webhook.config:WebhookReporterConfig",
            summary="Tells other programs what changed: signed JSON to a webhook",
            since="0.1.0",
        )
    ]
