"""The manifest: what this distribution offers."""

from __future__ import annotations

from collections.abc import Iterable

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_reporters() -> Iterable[Component]:
    """Offer the reporter `html`."""
    return [
        Component(
            name="html",
            target="lumos_reporter_html.reporter:HtmlReporter",
            config="lumos_reporter_html.config:HtmlReporterConfig",
            summary="The run as one self-contained page for a browser",
            since="0.1.0",
        )
    ]
