"""Options of the executor `acme`."""

from __future__ import annotations

from lumos_core.plugin_api import Config
from pydantic import Field


class AcmeExecutorConfig(Config):
    """How much is done at the same time."""

    workers: int = Field(4, ge=1, le=256, description="How many units are read at the same time.")
