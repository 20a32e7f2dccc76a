"""Requests and answers of a fake HTTP service, and how they cross a connection."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import parse_qs

_LINE = 65_536
_BODY = 1 << 28
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = (204, 304)


@dataclass(slots=True)
class Request:
    """A request that came.

    Attributes:
        method: Its method.
        target: Path and query as they were sent.
        headers: By name in lower case; of one that came twice, both values with `, ` between them.
        body: The body, unchunked and decompressed.
        parameters: The values of the `{name}` segments of the route, percent-decoded.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path as it was sent, percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, list[str]]:
        """The arguments of the query, decoded; blank ones too."""
        return parse_qs(self.target.partition("?")[2], keep_blank_values=True)

    def argument(self, name: str, default: str = "") -> str:
        """Return the last value of an argument of the query, or `default`."""
        return self.query.get(name, [default])[-1]

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            ValueError: The body is not JSON.
        """
        return json.loads(self.body)


class Answer(NamedTuple):
    """An answer.

    Attributes:
        status: HTTP status.
        body: What is sent.
        headers: Further headers; `Content-Length` is written by the server.
        sent: How many bytes of the body are sent before the connection is closed; -1 for all of them,
            0 for a connection that is closed without any answer, head included.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    sent: int = -1

    @classmethod
    def json(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        """Answer with a JSON value."""
        if status in _BODILESS:
            return cls(status, b"", headers or {})
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return cls(status, body, {"Content-Type": "application/json", **(headers or {})})

    @classmethod
    def html(cls, text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        """Answer with a page."""
        return cls(status, text.encode(), {"Content-Type": "text/html; charset=utf-8", **(headers or {})})


def receive(stream: BinaryIO, connection: socket.socket) -> Request | None:
    """Read the next request of a connection; None when there is no other.

    Raises:
        ValueError: What came is not HTTP.
        OSError: The connection broke.
    """
    first = stream.readline(_LINE)
    if not first:
        return None
    method, target, version = first.decode("latin-1").split()
    if not version.startswith("HTTP/1."):
        raise ValueError(version)
    headers: dict[str, str] = {}
    while (line := stream.readline(_LINE)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if version == "HTTP/1.0":
        headers.setdefault("connection", "close")
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = _body(stream, headers)
    encoding = headers.get("content-encoding", "").lower()
    if encoding == "gzip":
        body = gzip.decompress(body)
    elif encoding == "deflate":
        body = zlib.decompress(body)
    return Request(method, target, headers, body)


def _body(stream: BinaryIO, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return _exactly(stream, int(headers.get("content-length", "0")))
    chunks = []
    while size := int(stream.readline(_LINE).partition(b";")[0], 16):
        chunks.append(_exactly(stream, size))
        stream.readline(_LINE)
    while stream.readline(_LINE) not in (b"\r\n", b"\n", b""):  # trailers
        pass
    return b"".join(chunks)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    if not 0 <= size <= _BODY:
        raise ValueError(f"a body of {size} bytes")
    data = stream.read(size) if size else b""
    if len(data) != size:
        raise ConnectionError("the client went away")
    return data


def send(connection: socket.socket, request: Request, answer: Answer) -> bool:
    """Send an answer; False when the connection is to be closed.

    Raises:
        OSError: The connection broke.
    """
    if answer.sent == 0:
        return False
    keep = request.headers.get("connection", "").lower() != "close"
    lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if answer.status not in _BODILESS:
        lines.append(f"Content-Length: {len(answer.body)}")
    if not keep:
        lines.append("Connection: close")
    body = b"" if request.method == "HEAD" or answer.status in _BODILESS else answer.body
    if answer.sent > 0:
        body, keep = body[: answer.sent], False
    connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body)  # one packet: no delayed ACK
    return keep
