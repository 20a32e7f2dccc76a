"""Options of the reporter `markdown`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from lumos_core.plugin_api import Config, LocalPath


class MarkdownReporterConfig(Config):
    """Where the text is written, and how long it may be."""

    path: LocalPath = Field(
        default=Path("out/report.md"), validate_default=True, description="The file, replaced atomically."
    )
    max_size: int = Field(
        default=65_536,
        ge=1_000,
        description="Characters; a longer report says what it left out (65,536 is the limit of a comment on GitHub).",
    )
