"""The manifest: what this distribution offers."""

from __future__ import annotations

from collections.abc import Iterable

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_reporters() -> Iterable[Component]:
    """Offer the reporter `json`."""
    return [
        Component(
            name="json",
            target="lumos_reporter_json.reporter:JsonReporter",
            config="lumos_reporter_json.config:JsonReporterConfig",
            summary="The whole result of a run as JSON",
            since="0.1.0",
        )
    ]
