"""The manifest: what this distribution offers."""

from __future__ import annotations

from collections.abc import Iterable

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_stores() -> Iterable[Component]:
    """Offer the store `sqlite`."""
    return [
        Component(
            name="sqlite",
            target="lumos_store_sqlite.store:SqliteStore",
            config="lumos_store_sqlite.config:SqliteStoreConfig",
            summary="Every state, run and version in one SQLite file",
            since="0.1.0",
        )
    ]
