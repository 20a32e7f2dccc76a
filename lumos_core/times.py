"""Times as every file of Lumos writes them."""

from __future__ import annotations

from datetime import datetime, timezone


def utc(moment: datetime | None = None) -> str:
    """Return an RFC 3339 time in UTC with whole seconds.

    Args:
        moment: With a time zone; now by default.

    Example:
        >>> utc(datetime(2026, 1, 15, 11, 30, tzinfo=timezone.utc))
        '2026-01-15T11:30:00Z'
    """
    return (moment or datetime.now(timezone.utc)).astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
