"""The fake that the tests share."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Tests are imported by path, so that a module that they share is given its name here.
_spec = importlib.util.spec_from_file_location("slack_fake", Path(__file__).with_name("slack_fake.py"))
assert _spec is not None and _spec.loader is not None
_module = sys.modules["slack_fake"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)


@pytest.fixture
def fake() -> Iterator[object]:
    with _module.SlackFake() as started:
        yield started


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited between two attempts, without the waiting."""
    waited: list[float] = []
    monkeypatch.setattr("lumos_remote.client.sleep", lambda seconds, cancelled: waited.append(seconds))
    return waited
