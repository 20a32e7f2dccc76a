"""The conformance kit on the cost model `acme`, and what it promises beyond that."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from lumos_core.plugin_api import AnyRecord
from lumos_core.testing.kit import CostModelKit


class TestAcmeCostModel(CostModelKit):
    name = "acme"
    options = {"bill": "100.00"}

    def spent(self, stats: Sequence[AnyRecord]) -> Decimal:
        known = any(int(record.value.size_bytes or 0) for record in stats)
        return Decimal("100.00") if known else Decimal(0)  # without any size, the bill is told to be undivided

    @pytest.mark.parametrize("bill", ["0.00", "0.01", "0.02", "99.99", "100000000.01"])
    def test_no_cent_is_lost_whatever_the_bill(self, folder: Path, bill: str) -> None:
        amounts = [Decimal(record.value.amount) for record in self.priced(self.build(folder, bill=bill))]
        assert sum(amounts) == Decimal(bill)

    def test_more_bytes_cost_more(self, folder: Path) -> None:
        amounts = {record.urn: Decimal(record.value.amount) for record in self.priced(self.build(folder))}
        clean, mart, raw = (amounts[urn] for urn in sorted(amounts))
        assert raw > clean > mart > 0
