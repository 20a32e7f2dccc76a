"""The manifest: what this distribution offers; it imports no driver."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_sources() -> list[Component]:
    """Offer the source `mongo`."""
    return [
        Component(
            name="mongo",
            target="lumos_source_mongo.source:MongoSource",
            config="lumos_source_mongo.config:MongoConfig",
            summary="Collections and views of MongoDB: declared schema, observed schema, keys",
            since="0.1.0",
        )
    ]
