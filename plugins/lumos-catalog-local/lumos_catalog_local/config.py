"""Options of the catalog `local`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from lumos_core.plugin_api import Config, LocalPath


class LocalCatalogConfig(Config):
    """Where the file is, and how patient its users are."""

    path: LocalPath = Field(
        default=Path(".lumos/catalog.db"),
        validate_default=True,
        description="The database file; its folder is made when it is missing. Put it on a local disk.",
    )
    timeout: float = Field(
        default=10.0,
        ge=0,
        le=3600,
        description="Seconds to wait for another program that is writing to the file.",
    )
