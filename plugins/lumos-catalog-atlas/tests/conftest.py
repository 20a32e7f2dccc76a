"""Servers for the tests of this plugin: the real Atlas, and one that answers as Atlas was seen to answer."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lumos_core.testing.servers import atlas, running

_SPEC = importlib.util.spec_from_file_location("fake_atlas", Path(__file__).parent / "fake_atlas.py")
assert _SPEC is not None and _SPEC.loader is not None
sys.modules["fake_atlas"] = _MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
FakeAtlas = _MODULE.FakeAtlas


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


@pytest.fixture
def fake_atlas() -> Iterator[Any]:
    """A server that answers as Atlas was seen to answer."""
    with FakeAtlas() as fake:
        yield fake


@pytest.fixture(scope="session")
def fake_options() -> Iterator[dict[str, Any]]:
    """Options that lead to one such server for the whole session."""
    with FakeAtlas() as fake:
        yield {"server": fake.url, "user": "admin", "password": "secret", "retries": 1, "workers": 2}
