"""A small service to talk to, and a client that does not wait long."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lumos_remote import Client

# Tests are imported by path, so that a module that they share is given its name here.
_spec = importlib.util.spec_from_file_location("remote_shelf", Path(__file__).with_name("remote_shelf.py"))
assert _spec is not None and _spec.loader is not None
shelf = sys.modules["remote_shelf"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(shelf)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine's environment says of proxies is no part of these tests."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def fake() -> Iterator[object]:
    with shelf.Shelf() as started:
        yield started


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What a client waited between two attempts, without the waiting."""
    waited: list[float] = []
    monkeypatch.setattr("lumos_remote.client.sleep", lambda seconds, cancelled: waited.append(seconds))
    return waited


@pytest.fixture
def client(fake: object, waits: list[float]) -> Iterator[Client]:
    with shelf.make(fake) as made:
        yield made
