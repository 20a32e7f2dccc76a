"""The manifest: one source, `postgres`; it imports no driver."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_sources() -> list[Component]:
    """Offer PostgreSQL as a source."""
    return [
        Component(
            name="postgres",
            target="lumos_source_postgres.source:PostgresSource",
            config="lumos_source_postgres.config:PostgresConfig",
            summary="Tables, views, types, keys, comments, grants and lineage of PostgreSQL databases",
            since="0.1.0",
        )
    ]
