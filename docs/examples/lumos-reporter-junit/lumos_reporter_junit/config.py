"""Options of the reporter `junit`."""

from __future__ import annotations

from pathlib import Path

from lumos_core.plugin_api import Config, LocalPath
from pydantic import Field


class JunitReporterConfig(Config):
    """Where the report is written."""

    path: LocalPath = Field(Path("out/junit.xml"), description="The file, replaced atomically.")
