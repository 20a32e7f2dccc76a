"""The manifest: what this distribution offers. Classes are named, not imported."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_reporters() -> list[Component]:
    """Offer the reporter `junit`."""
    return [
        Component(
            name="junit",
            target="lumos_reporter_junit.reporter:JunitReporter",
            config="lumos_reporter_junit.config:JunitReporterConfig",
            summary="The changes of a run as JUnit XML, for CI systems",
            since="0.1.0",
        )
    ]
