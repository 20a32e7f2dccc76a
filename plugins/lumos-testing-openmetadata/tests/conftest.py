"""Makes the helper beside the tests importable by name, and starts fakes."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lumos_testing_openmetadata import OpenMetadataFake

if "openmetadata_estate" not in sys.modules:
    spec = importlib.util.spec_from_file_location(
        "openmetadata_estate", Path(__file__).with_name("openmetadata_estate.py")
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["openmetadata_estate"] = module
    spec.loader.exec_module(module)

estate = sys.modules["openmetadata_estate"]


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["1.6", "2.0"])
def fake(request: pytest.FixtureRequest, clock: Clock) -> Iterator[OpenMetadataFake]:
    """A server of either family."""
    with OpenMetadataFake(request.param, clock=clock) as fake:
        yield fake


@pytest.fixture
def old(clock: Clock) -> Iterator[OpenMetadataFake]:
    """A server of 1.6."""
    with OpenMetadataFake("1.6", clock=clock) as fake:
        yield fake


@pytest.fixture
def new(clock: Clock) -> Iterator[OpenMetadataFake]:
    """A server of 2.0."""
    with OpenMetadataFake("2.0", clock=clock) as fake:
        yield fake


@pytest.fixture
def bot(fake: OpenMetadataFake) -> Iterator[Any]:
    """The ingestion bot, with a service, a database and a schema."""
    with estate.Client(fake) as client:
        estate.tables(client)
        yield client


@pytest.fixture
def person(bot: Any) -> Iterator[Any]:
    """An administrator, who is a person, at the same server."""
    with estate.Client(bot.fake, bot.fake.admin_token) as client:
        yield client
