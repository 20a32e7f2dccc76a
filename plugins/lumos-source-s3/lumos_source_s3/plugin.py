"""The manifest: what this distribution offers; it imports no SDK."""

from __future__ import annotations

from lumos_core.plugin_api import Component, hookimpl


@hookimpl
def lumos_sources() -> list[Component]:
    """Offer the source `s3`."""
    return [
        Component(
            name="s3",
            target="lumos_source_s3.source:S3Source",
            config="lumos_source_s3.config:S3Config",
            summary="Datasets in a bucket of S3 or of any server that speaks its protocol, found by their layout",
            since="0.1.0",
        )
    ]
