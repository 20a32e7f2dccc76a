"""The manifest: one source, `files`."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_sources() -> list[Component]:
    """Offer the crawler of local folders."""
    return [
        Component(
            name="files",
            target="lumos_lake.source:FilesSource",
            config="lumos_lake.config:FilesConfig",
            summary="Datasets in a folder of files, found by their layout; every file's schema is looked at",
            since="0.1.0",
        )
    ]
