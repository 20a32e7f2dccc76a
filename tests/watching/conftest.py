"""The shelf that the tests of this folder watch."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from watching_house import Shelf


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)
