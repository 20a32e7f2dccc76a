"""Options of the format `delta`."""

from __future__ import annotations

from pydantic import Field

from lumos_core.plugin_api import Config


class DeltaConfig(Config):
    """How far a transaction log is read."""

    statistics: bool = Field(
        default=True,
        description="Also count rows, bytes and files, for which every action of the log is read; without, reading "
        "stops where the schema is known.",
    )
    max_commits: int = Field(
        default=10_000,
        ge=1,
        description="Read at most so many commits behind the last checkpoint of a table.",
    )
    max_log_mib: int = Field(
        default=2048,
        ge=1,
        description="Read at most so many MiB of the log of one table. Beyond it, what is not known yet is left out, "
        "or the table is not captured.",
    )
