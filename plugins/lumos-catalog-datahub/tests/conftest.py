from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from lumos_testing_datahub import DataHubFake


@pytest.fixture
def datahub() -> Iterator[dict[str, Any]]:
    """A fake of its own for each test."""
    with DataHubFake(token="kit-token-of-the-tests") as fake:
        yield {"server": fake.url, "token": "kit-token-of-the-tests"}
