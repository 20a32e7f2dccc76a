"""What every benchmark shares: its size, and how strictly its ratios hold."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

SCALE = float(os.environ.get("LUMOS_BENCH_SCALE", "1"))
FIXED_COSTS = 3.0
"""Below full size the fixed costs (threads, first queries, a cold cache) weigh more than the work that a target is
about; a tenth of the size is then a smoke test that notices a change of order, not of per cent."""


@pytest.fixture
def hold() -> Callable[[float, float], None]:
    """Hold a ratio against its target: as it stands at full size, with room for fixed costs below it."""

    def check(ratio: float, target: float) -> None:
        assert ratio <= (target if SCALE >= 1 else target * FIXED_COSTS)

    return check
