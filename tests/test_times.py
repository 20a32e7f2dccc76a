"""Times as every file writes them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from lumos_core.contracts.store import instant
from lumos_core.times import utc


def test_utc() -> None:
    winter = timezone(timedelta(hours=1))
    assert utc(datetime(2026, 1, 15, 0, 30, 59, 999_999, winter)) == "2026-01-14T23:30:59Z"
    assert abs(instant(utc()) - datetime.now(timezone.utc)) < timedelta(minutes=1)
