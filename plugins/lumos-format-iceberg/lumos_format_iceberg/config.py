"""Options of the format `iceberg`."""

from __future__ import annotations

from pydantic import Field

from lumos_core.plugin_api import Config


class IcebergConfig(Config):
    """How much of a table's metadata is read."""

    max_metadata_mib: int = Field(
        default=256,
        ge=1,
        description="Read a metadata file of at most so many MiB, decompressed; a table with a larger one is not "
        "captured. Such files grow by the snapshots that are kept.",
    )
