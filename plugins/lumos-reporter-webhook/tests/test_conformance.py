"""The conformance kit, against a receiver that verifies every signature."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from lumos_reporter_webhook.signing import key_of, signature

from lumos_core.testing.kit import ReporterKit
from lumos_core.testing.servers.http import Answer, HttpFake, Request, route

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Receiver(HttpFake):
    """Takes what is signed, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[bytes] = []

    @route("POST", "/hooks/t0p-s3cret")
    def take(self, request: Request) -> Answer:
        id, at = request.headers["webhook-id"], int(request.headers["webhook-timestamp"])
        if request.headers.get("webhook-signature") != signature(key_of(SECRET), id, at, request.body):
            return Answer.json({"message": "who are you?"}, 401)
        self.bodies.append(request.body)
        return Answer(204)


RECEIVER = Receiver()


@pytest.fixture(scope="session")
def receiver() -> Iterator[Mapping[str, Any]]:
    with RECEIVER as fake:
        yield {"url": f"{fake.url}/hooks/t0p-s3cret"}


@pytest.fixture(autouse=True)
def _clean() -> None:
    RECEIVER.bodies.clear()


class TestWebhook(ReporterKit):
    name = "webhook"
    options = {"url": "http://127.0.0.1:9/hooks/none", "secret": SECRET, "proxy": "", "retries": 0}
    live = "receiver"
    markup = False

    def text(self, result):
        said = b"\n".join(RECEIVER.bodies).decode()
        RECEIVER.bodies.clear()
        return said
