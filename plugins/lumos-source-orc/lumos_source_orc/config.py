"""Options of the format `orc`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lumos_core.plugin_api import Config


class OrcConfig(Config):
    """What to take from the tail of an ORC file."""

    properties: bool = Field(
        default=True,
        description="Keep the writer, its version, and the short texts of the user metadata as properties.",
    )
    statistics: bool = Field(
        default=False,
        description="Keep the null counts of the columns that are no part of a list or map.",
    )
    max_fields: Annotated[int, Field(ge=1)] = Field(
        default=20_000,
        description="Rows to make of one schema at most; what is beyond that is left out, with a warning.",
    )
