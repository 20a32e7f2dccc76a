"""The manifest: what this distribution offers. Classes are named, not imported."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_sources() -> list[Component]:
    """Offer the source `dbase`."""
    return [
        Component(
            name="dbase",
            target="lumos_source_dbase.source:DbaseSource",
            config="lumos_source_dbase.config:DbaseSourceConfig",
            summary="Tables of dBASE and FoxPro: fields, types and row counts of .dbf files",
            since="0.1.0",
        )
    ]
