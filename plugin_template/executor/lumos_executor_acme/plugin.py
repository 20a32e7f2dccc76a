"""The manifest: what this distribution offers. Classes are named, not imported."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_executors() -> list[Component]:
    """Offer the executor `acme`."""
    return [
        Component(
            name="acme",
            target="lumos_executor_acme.executor:AcmeExecutor",
            config="lumos_executor_acme.config:AcmeExecutorConfig",
            summary="Units on threads, batch by batch",
            since="0.1.0",
        )
    ]
