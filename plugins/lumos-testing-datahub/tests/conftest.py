"""A fake that runs, and a client so plain that nothing of it can be mistaken for the fake."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import pytest
from lumos_testing_datahub import DataHubFake


class Reply(NamedTuple):
    status: int
    body: Any
    headers: dict[str, str]


class Client:
    """Asks a fake by `http.client`; bodies are JSON both ways."""

    def __init__(self, fake: DataHubFake) -> None:
        self.fake = fake
        parts = urlsplit(fake.url)
        self.connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)

    def __call__(self, method: str, path: str, body: Any = None, token: str = "") -> Reply:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        given = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        self.connection.request(method, path, given, headers)
        answer = self.connection.getresponse()
        raw = answer.read()
        is_json = answer.headers.get_content_type() == "application/json" and raw
        return Reply(answer.status, json.loads(raw) if is_json else raw.decode(), dict(answer.headers))

    def write(self, urn: str, **aspects: Any) -> Reply:
        """Write aspects of one entity, at once."""
        entity = urn.split(":")[2]
        item = {"urn": urn, **{name: {"value": value} for name, value in aspects.items()}}
        return self("POST", f"/openapi/v3/entity/{entity}?async=false&systemMetadata=true", [item])

    def read(self, urn: str, arguments: str = "") -> Reply:
        return self("GET", f"/openapi/v3/entity/{urn.split(':')[2]}/{quote(urn, safe='')}?{arguments}")

    def propose(self, urn: str, aspect: str, value: Any, change: str = "UPSERT", **more: Any) -> Reply:
        """Write one aspect by Rest.li."""
        kind = "application/json-patch+json" if change == "PATCH" else "application/json"
        proposal = {
            "entityType": urn.split(":")[2],
            "entityUrn": urn,
            "changeType": change,
            "aspectName": aspect,
            "aspect": {"contentType": kind, "value": json.dumps(value)},
            **more,
        }
        return self("POST", "/aspects?action=ingestProposal", {"proposal": proposal, "async": "false"})

    def act(self, resource: str, action: str, **body: Any) -> Any:
        """Call an action of Rest.li; returns its value."""
        reply = self("POST", f"/{resource}?action={action}", body)
        assert reply.status == 200, reply
        return reply.body["value"]

    def scroll(self, arguments: str = "", **body: Any) -> Iterator[dict[str, Any]]:
        """Yield all entities of a scroll."""
        cursor = ""
        while True:
            path = f"/openapi/v3/entity/scroll?{arguments}" + (f"&scrollId={quote(cursor)}" if cursor else "")
            reply = self("POST", path, body)
            assert reply.status == 200, reply
            yield from reply.body["entities"]
            cursor = reply.body["scrollId"]
            if not cursor:
                return


@pytest.fixture
def connect() -> Iterator[Callable[[DataHubFake], Client]]:
    clients: list[Client] = []

    def make(fake: DataHubFake) -> Client:
        clients.append(Client(fake))
        return clients[-1]

    yield make
    for client in clients:
        client.connection.close()


@pytest.fixture
def gms(connect: Callable[[DataHubFake], Client]) -> Iterator[Client]:
    with DataHubFake() as fake:
        yield connect(fake)
