"""Options of the reporter `html`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from lumos_core.plugin_api import Config, LocalPath


class HtmlReporterConfig(Config):
    """Where the page is written, and how much stands on it."""

    path: LocalPath = Field(
        default=Path("out/report.html"), validate_default=True, description="The file, replaced atomically."
    )
    title: str | None = Field(default=None, description="Heading of the page; the pipeline's name by default.")
    max_changes: int = Field(default=1_000, ge=0, description="Changes shown one by one; the rest is counted.")
    max_datasets: int = Field(default=1_000, ge=0, description="Datasets in the inventory; the rest is counted.")
    max_fields: int = Field(default=200, ge=0, description="Fields shown of each dataset; the rest is counted.")
    max_lineage: int = Field(
        default=60, ge=0, le=400, description="Datasets in the picture of the lineage: those with most neighbours."
    )
