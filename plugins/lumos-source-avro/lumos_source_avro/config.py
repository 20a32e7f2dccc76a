"""Options of the format `avro`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lumos_core.plugin_api import Config


class AvroConfig(Config):
    """What to take from an Avro header."""

    native_schema: bool = Field(default=True, description="Keep the schema as it stands in the file.")
    max_fields: Annotated[int, Field(ge=1)] = Field(
        default=20_000,
        description="Rows to make of one schema at most; records beyond that are kept by name alone, with a warning.",
    )
