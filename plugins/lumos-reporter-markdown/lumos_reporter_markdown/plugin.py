"""The manifest: what this distribution offers."""

from __future__ import annotations

from collections.abc import Iterable

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_reporters() -> Iterable[Component]:
    """Offer the reporter `markdown`."""
    return [
        Component(
            name="markdown",
            target="lumos_reporter_markdown.reporter:MarkdownReporter",
            config="lumos_reporter_markdown.config:MarkdownReporterConfig",
            summary="The run as Markdown, for pull requests and wikis",
            since="0.1.0",
        )
    ]
