"""The guard: publishing stops before anything is written when too much would go at once."""

from __future__ import annotations

from pydantic import Field

from ..contracts.component import Config


class GuardConfig(Config):
    """When publishing stops. Both limits must be passed."""

    max_removed_percent: float = Field(
        10.0, ge=0, le=100, description="Largest share of the published records that may go in one run."
    )
    max_removed: int = Field(4, ge=0, description="As many may always go, whatever their share.")


def blocked(removed: int, published: int, config: GuardConfig) -> str:
    """Return why publishing must stop; empty when it may go on.

    The default stops when more than 10 % of the scope and at least 5 records would go.
    """
    if removed <= config.max_removed or removed * 100 <= published * config.max_removed_percent:
        return ""
    return (
        f"{removed} of {published} published records would be removed, more than "
        f"{config.max_removed_percent:g} %; check the sources, then raise `publish.guard.max_removed_percent` "
        "for one run if they are really gone"
    )
