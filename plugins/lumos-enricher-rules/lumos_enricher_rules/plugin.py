"""The manifest: what this distribution offers."""

from __future__ import annotations

from collections.abc import Iterable

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_enrichers() -> Iterable[Component]:
    """Offer the enricher `rules`."""
    return [
        Component(
            name="rules",
            target="lumos_enricher_rules.enricher:RulesEnricher",
            config="lumos_enricher_rules.config:RulesEnricherConfig",
            summary="Owners, tags, domains, docs, lineage, people and PII by name, from one YAML file",
            since="0.1.0",
        )
    ]
