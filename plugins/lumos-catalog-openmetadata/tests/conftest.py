"""Servers: the strict fake in both version families, and a real one where its address is given."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from lumos_testing_openmetadata import OpenMetadataFake


@pytest.fixture(scope="session")
def openmetadata_first() -> Iterator[dict[str, Any]]:
    """The fake, as OpenMetadata 1.6."""
    with OpenMetadataFake("1.6") as fake:
        yield {"server": fake.url, "token": fake.bot_token}


@pytest.fixture(scope="session")
def openmetadata_second() -> Iterator[dict[str, Any]]:
    """The fake, as OpenMetadata 2.0."""
    with OpenMetadataFake("2.0") as fake:
        yield {"server": fake.url, "token": fake.bot_token}


@pytest.fixture(scope="session")
def openmetadata_real() -> dict[str, Any]:
    """A real server."""
    server = os.environ.get("LUMOS_TEST_OPENMETADATA")
    if not server:
        pytest.skip("LUMOS_TEST_OPENMETADATA is not set: no real OpenMetadata")
    return {"server": server, "token": os.environ.get("LUMOS_TEST_OPENMETADATA_TOKEN", "")}
