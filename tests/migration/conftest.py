"""Two worlds and the files that name them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lumos_core.testing.reference import WORLDS

sys.path.insert(0, str(Path(__file__).parent))

from worlds import Ends


@pytest.fixture
def ends(tmp_path):
    made = Ends(tmp_path)
    yield made
    for name in [name for name in WORLDS if name.startswith(f"{tmp_path.name}-")]:
        del WORLDS[name]
