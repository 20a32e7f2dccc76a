"""The manifest: what this distribution offers."""

from __future__ import annotations

from collections.abc import Iterable

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_enrichers() -> Iterable[Component]:
    """Offer the enricher `sql`."""
    return [
        Component(
            name="sql",
            target="lumos_lineage_sql.enricher:SqlEnricher",
            config="lumos_lineage_sql.config:SqlEnricherConfig",
            summary="Table and column lineage from view definitions, .sql files, query logs and dbt manifests",
            since="0.1.0",
        )
    ]
