"""A line to an HTTP server that can fail: what passes is counted, and faults of `HttpFake` stand in its way.

Example:
    ```python
    with Line(server.dsn) as line:
        line.faults.when(method="GET", times=1).cut()
        read_from(line.url)
    ```
"""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from .http import Answer, HttpFake, Request, route


class Line(HttpFake):
    """Pass requests on as they are, the name of the host included, which a client may have signed.

    Args:
        endpoint: Address of the server.
    """

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self._to = urlsplit(endpoint).netloc

    @route("GET", "/{rest:path}")
    @route("HEAD", "/{rest:path}")
    @route("PUT", "/{rest:path}")
    def through(self, request: Request, rest: str) -> Answer:
        """Send a request on as it is, and give the answer back."""
        upstream = http.client.HTTPConnection(self._to, timeout=60)
        try:
            upstream.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                if name != "connection":
                    upstream.putheader(name, value)
            upstream.endheaders(request.body or None)
            answer = upstream.getresponse()
            body = answer.read()
            headers = {k: v for k, v in answer.getheaders() if k.lower() not in ("connection", "transfer-encoding")}
            length = int(headers.pop("Content-Length", 0))
            if request.method == "HEAD":
                body = b"\0" * length  # for its length alone
            return Answer(answer.status, body, headers)
        finally:
            upstream.close()


def refusal(status: int, code: str, message: str = "", more: str = "") -> tuple[int, bytes, dict[str, str]]:
    """Return an error as S3 answers it."""
    body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>"
    return status, body.encode(), {"Content-Type": "application/xml"}
