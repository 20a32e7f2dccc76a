"""Tables whose files are cut, removed and scribbled over: refused with a remedy, or read, and nothing in between."""

from __future__ import annotations

from pathlib import Path

import pytest
from lumos_format_hudi.config import HudiConfig
from lumos_format_hudi.format import HudiFormat
from lumos_lake.testing import mishaps, tables_below

TABLES = [table for version in tables_below(Path(__file__).parent / "data") for table in tables_below(version)]


@pytest.mark.parametrize("seed", range(8))
def test_what_is_spoiled_is_refused_or_read(seed):
    assert mishaps(HudiFormat(HudiConfig()), TABLES, seed) == {"refused", "read"}
