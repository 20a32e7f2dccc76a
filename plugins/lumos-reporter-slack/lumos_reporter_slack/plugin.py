"""The manifest: what this distribution offers."""

from __future__ import annotations

from collections.abc import Iterable

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_reporters() -> Iterable[Component]:
    """Offer the reporter `slack`."""
    return [
        Component(
            name="slack",
            target="lumos_reporter_slack.reporter:SlackReporter",
            config="lumos_reporter_slack.config:SlackReporterConfig",
            summary="Tells a channel of Slack what changed, and the people who care",
            since="0.1.0",
        )
    ]
