"""Options of the format `json`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lumos_core.plugin_api import Config

Records = Literal["lines", "array", "documents"]
"""How records stand in a file: one per line, in one array, or as documents that span lines."""


class JsonConfig(Config):
    """How JSON is to be read."""

    records: Records | None = Field(
        default=None,
        description="`lines` (one record per line), `array` (one array of records) or `documents` (one object, or "
        "several one after the other, over many lines); found out by default.",
    )
    sample_bytes: Annotated[int, Field(ge=1024, le=256 * 2**20)] = Field(
        default=65_536,
        description="Bytes to read from the start of each file, compressed and decompressed; fields are taken from the "
        "whole records in these. When not even one fits, as many as needed are read, up to 64 times this.",
    )
