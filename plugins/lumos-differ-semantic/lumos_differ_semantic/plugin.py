"""Manifest: what this distribution brings to Lumos."""

from __future__ import annotations

from collections.abc import Iterable

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_differs() -> Iterable[Component]:
    """Offer the differ `semantic`."""
    return [
        Component(
            name="semantic",
            target="lumos_differ_semantic.differ:SemanticDiffer",
            config="lumos_differ_semantic.config:SemanticConfig",
            summary="What a change means: breaking for whom, why, what to do",
            since="0.1.0",
        )
    ]
