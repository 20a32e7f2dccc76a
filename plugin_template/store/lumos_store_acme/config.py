"""Options of the store `acme`."""

from __future__ import annotations

from pathlib import Path

from lumos_core.plugin_api import Config, LocalPath
from pydantic import Field


class AcmeStoreConfig(Config):
    """Where the history is kept."""

    path: LocalPath = Field(Path(".lumos/acme.db"), description="The file; its lock is beside it.")
