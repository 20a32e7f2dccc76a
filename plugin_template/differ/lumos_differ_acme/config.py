"""Options of the differ `acme`."""

from __future__ import annotations

from lumos_core.plugin_api import Config, Severity
from pydantic import Field


class AcmeDifferConfig(Config):
    """How changes are judged."""

    type_changed: Severity = Field("breaking", description="How severe it is when a field changes its type.")
