"""Options of the format `parquet`."""

from __future__ import annotations

from pydantic import Field

from lumos_core.plugin_api import Config


class ParquetConfig(Config):
    """What to take from a Parquet footer."""

    properties: bool = Field(
        default=True,
        description="Keep the short texts that a writer put into the footer's key-value metadata as properties.",
    )
    statistics: bool = Field(
        default=False,
        description="Sum up the null counts that the footer keeps per row group and column; costs time on wide files.",
    )
    max_columns: int = Field(
        default=50_000,
        ge=1,
        description="Leaf columns that a file may have; one with more is not captured, since a few megabytes can claim "
        "so many that reading them takes gigabytes of memory.",
    )
