"""Options of the reporter `terminal`."""

from __future__ import annotations

from pydantic import Field

from lumos_core.plugin_api import Config, LocalPath


class TerminalReporterConfig(Config):
    """How much is shown, and where."""

    max_changes: int = Field(default=20, ge=0, description="Changes shown one by one; the rest is counted.")
    max_notices: int = Field(default=10, ge=0, description="Failures and warnings shown one by one.")
    verbose: bool = Field(default=False, description="Also show informational changes, every gap and timings.")
    width: int | None = Field(default=None, ge=40, le=400, description="Columns; as the terminal says by default.")
    path: LocalPath | None = Field(default=None, description="A file to write to instead of the standard output.")
