"""Options of the reporter `acme`."""

from __future__ import annotations

from pathlib import Path

from lumos_core.plugin_api import Config, LocalPath
from pydantic import Field


class AcmeReporterConfig(Config):
    """Where the text is written."""

    path: LocalPath = Field(Path("out/acme.txt"), description="The file, replaced atomically.")
