"""Options of the source `dbase`."""

from __future__ import annotations

import codecs

from lumos_core.plugin_api import Config, LocalPath
from pydantic import Field, field_validator


class DbaseSourceConfig(Config):
    """Where the tables are, and how their names are encoded."""

    path: LocalPath = Field(description="The folder; a relative path starts from the folder of the pipeline.")
    encoding: str | None = Field(
        None,
        description="Encoding of the names of fields, for tables that do not say their own (or say it wrongly); by "
        "default the language driver in the header decides, and names in other than ASCII are guessed without one.",
        examples=["cp850"],
    )
    instance: str = Field("", description="Tells two collections of tables apart: a prefix of all names.")

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                codecs.lookup(value)
            except LookupError:
                raise ValueError("an encoding that Python knows, such as `cp850` or `windows-1252`") from None
        return value
