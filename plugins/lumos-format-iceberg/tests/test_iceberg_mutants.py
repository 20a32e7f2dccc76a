"""Tables whose files are cut, removed and scribbled over: refused with a remedy, or read, and nothing in between."""

from __future__ import annotations

from pathlib import Path

import pytest
from lumos_format_iceberg.config import IcebergConfig
from lumos_format_iceberg.format import IcebergFormat
from lumos_lake.testing import mishaps, tables_below

TABLES = tables_below(Path(__file__).parent / "data")


@pytest.mark.parametrize("seed", range(8))
def test_what_is_spoiled_is_refused_or_read(seed):
    assert mishaps(IcebergFormat(IcebergConfig()), TABLES, seed) == {"refused", "read"}
