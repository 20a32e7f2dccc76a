"""Options of the format `csv`."""

from __future__ import annotations

import codecs
from typing import Annotated

from pydantic import Field, field_validator

from lumos_core.plugin_api import Config


class CsvConfig(Config):
    """How delimited text is to be read; what is not given is found out per file."""

    delimiter: str | None = Field(
        default=None, description="One character; by default one of `,` `;` tab `|` is found out.", examples=[";"]
    )
    header: bool | None = Field(
        default=None, description="Whether the first line holds the names; found out by default, preferring yes."
    )
    encoding: str | None = Field(
        default=None,
        description="Name of the encoding; by default a byte order mark decides, else UTF-8, else Latin-1.",
        examples=["windows-1252"],
    )
    quote: str = Field(default='"', max_length=1, description="The quote character; empty when there is none.")
    escape: str = Field(default="", max_length=1, description="The escape character; empty when quotes are doubled.")
    null_values: list[str] | None = Field(
        default=None,
        description="Texts that stand for null; by default the empty text, NA, N/A, NULL, null, NaN and their like.",
    )
    skip_lines: Annotated[int, Field(ge=0)] = Field(default=0, description="Lines above the header to leave out.")
    sample_bytes: Annotated[int, Field(ge=1024, le=256 * 2**20)] = Field(
        default=65_536,
        description="Bytes to read from the start of each file, compressed and decompressed; names and types are taken "
        "from these. When not even two lines fit, as many as needed are read, up to 64 times this.",
    )

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        if value is None:
            return None
        value = "\t" if value.lower() in ("tab", "\\t") else value
        if len(value) != 1 or ord(value) > 127 or value in '"\r\n':
            raise ValueError("one ASCII character such as `;`, or `tab`")
        return value

    @field_validator("quote", "escape")
    @classmethod
    def _ascii(cls, value: str) -> str:
        if value and (ord(value) > 127 or value in "\r\n"):
            raise ValueError("one ASCII character, or nothing")
        return value

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                codecs.lookup(value)
            except LookupError:
                raise ValueError("an encoding that Python knows, such as `utf-8` or `windows-1252`") from None
        return value
