"""Options of the catalog `acme`."""

from __future__ import annotations

from lumos_core.plugin_api import Config, LocalPath
from pydantic import Field


class AcmeCatalogConfig(Config):
    """Where the catalog is."""

    path: LocalPath = Field(description="The folder; a relative path starts from the folder of the pipeline.")
