"""Options of the cost model `acme`."""

from __future__ import annotations

from decimal import Decimal

from lumos_core.plugin_api import Config
from pydantic import Field


class AcmeCostModelConfig(Config):
    """What was paid."""

    bill: Decimal = Field(ge=0, decimal_places=2, description="What the period cost in all, in `currency`.")
    currency: str = Field("EUR", pattern="^[A-Z]{3}$", description="ISO 4217 code.")
