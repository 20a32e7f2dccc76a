"""What the tests of bad days share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lumos_core.testing.servers import Server, moto, running

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("lakes")


@pytest.fixture(scope="session")
def cloud_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(moto, tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture
def cloud(cloud_server: Server) -> Any:
    from clouds import Cloud

    return Cloud(cloud_server)
