"""Options of the format `hudi`."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from lumos_core.plugin_api import Config


class HudiConfig(Config):
    """How far a timeline is read."""

    statistics: bool = Field(
        default=True,
        description="Also count rows, bytes and files, for which every commit of the active timeline is read; without, "
        "reading stops where the schema is known.",
    )
    max_commits: int = Field(
        default=10_000,
        ge=1,
        description="Read at most so many commits of a table, the newest first.",
    )
    max_log_mib: int = Field(
        default=2048,
        ge=1,
        description="Read at most so many MiB of the commits of one table. Beyond it, what is not known yet is left "
        "out, or the table is not captured.",
    )
    time_zone: str = Field(
        default="",
        description="IANA zone of the programs that write tables whose timeline is in local time "
        "(`hoodie.table.timeline.timezone`); without it, the statistics of such tables have the time of the run.",
    )

    @field_validator("time_zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            return zone if not zone or ZoneInfo(zone) else ""
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{zone!r} is no IANA time zone, such as `Europe/Berlin`") from None
