"""Options of the reporter `json`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from lumos_core.plugin_api import Config, LocalPath


class JsonReporterConfig(Config):
    """Where the document is written, and for whom."""

    path: LocalPath = Field(
        default=Path("out/run.json"), validate_default=True, description="The file, replaced atomically."
    )
    indent: bool = Field(default=False, description="Indent for people; one line otherwise.")
