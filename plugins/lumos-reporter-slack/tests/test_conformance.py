"""The conformance kit, against a strict fake, by both ways into Slack."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import slack_fake

from lumos_core.testing.kit import ReporterKit

FAKE = slack_fake.SlackFake()


@pytest.fixture(scope="session")
def by_hook() -> Iterator[Mapping[str, Any]]:
    with FAKE as fake:
        yield {"url": fake.url + slack_fake.PATH}


@pytest.fixture(scope="session")
def by_token() -> Iterator[Mapping[str, Any]]:
    with FAKE as fake:
        yield {"api": f"{fake.url}/api"}


@pytest.fixture(autouse=True)
def _clean() -> None:
    FAKE.messages.clear()


class Both(ReporterKit):
    name = "slack"
    markup = False

    def text(self, result):
        """What people read, in the order of the message."""
        told = [text["text"] for message in FAKE.messages for text in slack_fake.texts(message)]
        FAKE.messages.clear()
        return html.unescape("\n".join(told))


class TestHook(Both):
    options = {"url": f"http://127.0.0.1:9{slack_fake.PATH}", "proxy": "", "retries": 0, "max_events": 20}
    live = "by_hook"


class TestToken(Both):
    options = {"token": slack_fake.TOKEN, "channel": "C024BE91L", "proxy": "", "retries": 0, "max_events": 20}
    live = "by_token"
