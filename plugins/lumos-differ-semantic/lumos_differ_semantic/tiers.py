"""Tiers of importance, as tags write them."""

from __future__ import annotations

import re

from lumos_core.plugin_api import urns

_TIER = re.compile(r"(?:.*[./])?tier[ ._:-]?(\d)\Z", re.IGNORECASE)


def tier_of(ref: str) -> int | None:
    """Return the number of a tier tag (`tier1`, `Tier.Tier2`); 1 is the highest; None for any other tag."""
    match = _TIER.match(urns.name(ref))
    return int(match.group(1)) if match else None
