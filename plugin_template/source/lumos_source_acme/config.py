"""Options of the source `acme`."""

from __future__ import annotations

from lumos_core.plugin_api import Config, LocalPath
from pydantic import Field


class AcmeSourceConfig(Config):
    """Where the files are."""

    path: LocalPath = Field(description="The folder; a relative path starts from the folder of the pipeline.")
    instance: str = Field("", description="Tells two systems of the same kind apart: a prefix of all names.")
