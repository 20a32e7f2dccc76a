"""Options of the enricher `acme`."""

from __future__ import annotations

from lumos_core.plugin_api import Config
from pydantic import Field


class AcmeEnricherConfig(Config):
    """Who owns what."""

    owners: dict[str, str] = Field(
        description="Pattern of names of datasets (`*` stands for anything) -> the group that owns them.",
        examples=[{"orders*": "sales"}],
    )
