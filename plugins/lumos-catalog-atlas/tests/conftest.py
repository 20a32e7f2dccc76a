"""Servers for the tests of this plugin: the real Atlas, and one that answers as Atlas was seen to answer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from lumos_core.testing.servers import atlas, running


@pytest.fixture(scope="session")
def real_atlas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Options that lead to a real Atlas: that of `LUMOS_TEST_ATLAS`, or one started for this session."""
    named = os.environ.get("LUMOS_TEST_ATLAS")
    if named:
        who = os.environ.get("LUMOS_TEST_ATLAS_USER", "admin"), os.environ.get("LUMOS_TEST_ATLAS_PASSWORD", "admin")
        yield {"server": named, "user": who[0], "password": who[1], "retries": 3}
        return
    with running(atlas, tmp_path_factory.mktemp("atlas")) as server:
        url = server.dsn.partition("?")[0]
        yield {"server": url, "user": server.user, "password": server.password, "retries": 3}
