"""The manifest: what this distribution offers."""

from __future__ import annotations

from collections.abc import Iterable

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_reporters() -> Iterable[Component]:
    """Offer the reporter `terminal`."""
    return [
        Component(
            name="terminal",
            target="lumos_reporter_terminal.reporter:TerminalReporter",
            config="lumos_reporter_terminal.config:TerminalReporterConfig",
            summary="The summary that `lumos run` prints",
            since="0.1.0",
        )
    ]
