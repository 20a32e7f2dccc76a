"""Options of the format `acme`."""

from __future__ import annotations

from lumos_core.plugin_api import Config
from pydantic import Field


class AcmeFormatConfig(Config):
    """How the files are to be read."""

    encoding: str = Field("utf-8", description="Name of the encoding of the text.", examples=["windows-1252"])
