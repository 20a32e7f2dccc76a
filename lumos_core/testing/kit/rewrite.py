"""Lets pytest show both sides of every comparison in the kit, as it does for tests; imported before the rest of it."""

from __future__ import annotations

import pytest

MODULES = (
    *("base", "catalog", "catalog_claims", "checks", "cost", "differ", "enricher"),
    *("executor", "format", "reporter", "source", "source_runs", "store"),
)

pytest.register_assert_rewrite(*(f"lumos_core.testing.kit.{name}" for name in MODULES))
