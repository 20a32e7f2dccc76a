"""The base of fakes of HTTP services: routes, the log, and everything that it can do wrong on purpose."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from lumos_core.testing.servers.http import Answer, HttpFake, Refusal, Request, route


class Shelf(HttpFake):
    """A service with one collection."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.books: dict[str, Any] = {}

    def check(self, request: Request) -> Answer | None:
        return Answer.json({"message": "who are you?"}, 401) if "x-nobody" in request.headers else None

    @route("GET", "/books")
    def listing(self, request: Request) -> Any:
        return {"data": sorted(self.books)[: int(request.argument("limit", "10"))], "query": request.query}

    @route("GET", "/books/latest")
    def latest(self, request: Request) -> Any:
        return "latest"

    @route("GET", "/books/{name}")
    def book(self, request: Request, name: str) -> Any:
        if name not in self.books:
            raise Refusal(Answer.json({"message": f"no {name}"}, 404))
        return self.books[name]

    @route("PUT", "/books/{name}")
    @route("POST", "/books/{name}")
    def put(self, request: Request, name: str) -> Answer:
        self.books[name] = request.json()
        return Answer.json(self.books[name], 201, {"ETag": "1"})

    @route("DELETE", "/books/{name}")
    def delete(self, request: Request, name: str) -> None:
        self.books.pop(name, None)

    @route("GET", "/files/{folder}/{rest:path}")
    def file(self, request: Request, folder: str, rest: str) -> Answer:
        return Answer(200, f"{folder}|{rest}".encode(), {"Content-Type": "text/plain"})

    @route("GET", "/defect")
    def defect(self, request: Request) -> Any:
        raise KeyError("mistake")


@pytest.fixture
def fake() -> Iterator[Shelf]:
    with Shelf() as started:
        yield started


@pytest.fixture
def connection(fake: Shelf) -> Iterator[http.client.HTTPConnection]:
    made = http.client.HTTPConnection("127.0.0.1", port_of(fake), timeout=10)
    yield made
    made.close()


def port_of(fake: HttpFake) -> int:
    return int(fake.url.rpartition(":")[2])


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, headers: Any = None
) -> tuple[int, Any]:
    sent = json.dumps(body).encode() if body is not None and not isinstance(body, bytes) else body
    connection.request(method, path, sent, headers or {})
    answer = connection.getresponse()
    content = answer.read()
    kind = answer.headers.get("Content-Type", "")
    return answer.status, json.loads(content) if content and "json" in kind else content


def test_routes_answer_with_what_handlers_return(fake: Shelf, connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "PUT", "/books/a%2Fb%20%C3%A9", {"pages": 3}) == (201, {"pages": 3})
    assert fake.books == {"a/b é": {"pages": 3}}
    assert ask(connection, "GET", "/books/a%2fb%20%c3%a9") == (200, {"pages": 3})
    assert ask(connection, "GET", "/books/latest") == (200, "latest")  # literal segments win
    assert ask(connection, "GET", "/books/nobody") == (404, {"message": "no nobody"})
    assert ask(connection, "DELETE", "/books/a%2Fb%20%C3%A9") == (204, b"")
    assert ask(connection, "GET", "/files/x/a/b%2Fc") == (200, b"x|a/b/c")
    assert fake.connections == 1
    assert fake.statuses == {200: 3, 201: 1, 204: 1, 404: 1}


def test_arguments_are_decoded(fake: Shelf, connection: http.client.HTTPConnection) -> None:
    status, value = ask(connection, "GET", "/books?limit=2&q=a%20b&q=%26&empty=")
    assert (status, value["query"]) == (200, {"limit": ["2"], "q": ["a b", "&"], "empty": [""]})
    assert fake.log[-1][:4] == ("GET", "/books", "limit=2&q=a%20b&q=%26&empty=", 200)


def test_what_no_route_fits_is_404_or_405(fake: Shelf, connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "GET", "/nowhere")[0] == 404
    assert ask(connection, "GET", "/books/")[0] == 404  # an empty segment is no name
    connection.request("PATCH", "/books/x")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Allow"]) == (405, "DELETE, GET, POST, PUT")
    answer.read()
    assert fake.calls == {"GET ?": 2, "PATCH ?": 1}


def test_the_check_comes_before_routes(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "GET", "/books", headers={"X-Nobody": "1"})[0] == 401
    assert ask(connection, "GET", "/nowhere", headers={"X-Nobody": "1"})[0] == 401


def test_head_is_a_get_without_a_body(connection: http.client.HTTPConnection) -> None:
    connection.request("HEAD", "/books")
    answer = connection.getresponse()
    assert (answer.status, int(answer.headers["Content-Length"]) > 0, answer.read()) == (200, True, b"")
    assert ask(connection, "GET", "/books")[0] == 200


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_bodies_are_taken(fake: Shelf, connection: Any, encoding: str, pack: Any) -> None:
    assert ask(connection, "PUT", "/books/x", pack(b"[1]"), {"Content-Encoding": encoding})[0] == 201
    assert fake.books["x"] == [1]


def test_chunked_bodies_are_taken(fake: Shelf, connection: http.client.HTTPConnection) -> None:
    connection.request("PUT", "/books/x", iter([b"[1,", b"2]"]), encode_chunked=True)
    assert connection.getresponse().read() == b"[1,2]"
    assert ask(connection, "GET", "/books/x") == (200, [1, 2])


def test_a_client_that_waits_for_a_go_ahead_gets_it(fake: Shelf) -> None:
    with socket.create_connection(("127.0.0.1", port_of(fake)), timeout=10) as raw, raw.makefile("rb") as stream:
        raw.sendall(b"PUT /books/x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\nX: 1\r\nX: 2\r\n\r\n")
        assert stream.readline().split()[1] == b"100"
        raw.sendall(b"7")
        stream.readline()
        assert stream.readline().split()[1] == b"201"
    assert fake.books["x"] == 7


@pytest.mark.parametrize(
    "said",
    [
        b"nonsense\r\n\r\n",
        b"GET / SPDY/3\r\n\r\n",
        b"PUT /books/x HTTP/1.1\r\nContent-Length: 9\r\n\r\n12",
        b"PUT /books/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"",
    ],
)
def test_what_is_not_http_is_hung_up_on(fake: Shelf, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port_of(fake)), timeout=10) as raw:
        raw.sendall(said)
        raw.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            assert raw.recv(100) == b""
    assert fake.books == {}


@pytest.mark.parametrize("request_line", [b"GET /books HTTP/1.0\r\n", b"GET /books HTTP/1.1\r\nConnection: close\r\n"])
def test_a_connection_is_closed_for_whom_asks(fake: Shelf, request_line: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port_of(fake)), timeout=10) as raw, raw.makefile("rb") as stream:
        raw.sendall(request_line + b"\r\n")
        assert stream.read().endswith(b'"query":{}}')


def visit_once(fake: HttpFake, path: str) -> None:
    with fake:
        connection = http.client.HTTPConnection("127.0.0.1", port_of(fake), timeout=10)
        assert ask(connection, "GET", path)[0] == 500
        connection.close()


def test_a_mistake_of_a_handler_is_not_swallowed() -> None:
    with pytest.raises(KeyError, match="mistake"):
        visit_once(Shelf(), "/defect")


def test_a_mistake_in_a_fault_is_not_swallowed() -> None:
    fake = Shelf()
    fake.faults.when().alter(lambda request, answer: 1 / 0)  # type: ignore[arg-type, return-value]
    with pytest.raises(ZeroDivisionError):
        visit_once(fake, "/books")


def test_it_stops_and_starts_again_with_what_it_has() -> None:
    fake = Shelf()
    for _ in range(2):
        fake.start()
        connection = http.client.HTTPConnection("127.0.0.1", port_of(fake), timeout=10)
        assert ask(connection, "PUT", "/books/x", 1)[0] == 201
        fake.stop()
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(connection, "GET", "/books")
        connection.close()
    assert fake.books == {"x": 1}
    assert fake.calls == {"PUT /books/{name}": 2}


def test_handlers_run_one_at_a_time() -> None:
    inside, most = 0, 0

    def busy(request: Request) -> Any:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        threading.Event().wait(0.002)
        inside -= 1
        return {}

    with Shelf() as fake:
        fake.add("GET", "/busy", busy)

        def visit() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", port_of(fake), timeout=10)
            for _ in range(5):
                ask(connection, "GET", "/busy")
            connection.close()

        visitors = [threading.Thread(target=visit) for _ in range(4)]
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join()
    assert most == 1
    assert fake.calls == {"GET /busy": 20}


def test_rules_count_and_the_first_that_fits_acts(fake: Shelf, connection: http.client.HTTPConnection) -> None:
    rule = fake.faults.when(method="GET", path=r"/books\?limit=", after=1, times=2)
    rule.answer(429, headers={"Retry-After": "3"})
    fake.faults.when(path="/books/x$").answer(412, {"moved": True}).page(502)
    fake.faults.when(method="DELETE").answer(500, b"no json")
    assert [ask(connection, "GET", "/books?limit=1")[0] for _ in range(4)] == [200, 429, 429, 200]
    assert rule.hits == 2
    assert ask(connection, "GET", "/books")[0] == 200
    assert {ask(connection, "PUT", "/books/x", 1)[0] for _ in range(20)} == {412, 502}
    assert ask(connection, "DELETE", "/books/y") == (500, b"no json")
    assert fake.books == {}
    assert [call.fault for call in fake.log if call.fault][:2] == ["429", "429"]
    fake.faults.clear()
    assert ask(connection, "PUT", "/books/x", 1)[0] == 201


def test_a_closed_connection_is_before_or_after_the_request_was_applied(fake: Shelf, connection: Any) -> None:
    fake.faults.when(path="/books/before").close()
    fake.faults.when(path="/books/after").lose_answer()
    for name in ("before", "after"):
        with pytest.raises(http.client.RemoteDisconnected):
            ask(connection, "PUT", f"/books/{name}", 1)
    assert fake.books == {"after": 1}
    assert fake.statuses == {0: 2}


def test_a_body_is_cut_or_ends_early(fake: Shelf, connection: http.client.HTTPConnection) -> None:
    fake.faults.when(times=1).cut()
    with pytest.raises(http.client.IncompleteRead) as cut:
        ask(connection, "GET", "/books")
    connection.close()  # it is made anew by the next request
    whole = ask(connection, "GET", "/books")[1]
    assert 0 < len(cut.value.partial) < len(json.dumps(whole, separators=(",", ":")))
    fake.faults.when(times=1).truncate(0.3)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        ask(connection, "GET", "/books")
    fake.faults.when(times=1).alter(lambda request, answer: answer._replace(status=207))
    assert ask(connection, "GET", "/books") == (207, whole)


def test_redirects_and_delays(fake: Shelf, connection: http.client.HTTPConnection) -> None:
    fake.faults.when(times=1).redirect("https://login.example/", 307)
    connection.request("GET", "/books")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"], answer.read()) == (307, "https://login.example/", b"")
    fake.faults.when(times=1).delay(0.01)
    assert ask(connection, "GET", "/books")[0] == 200


def outcomes(seed: int) -> list[int]:
    with Shelf() as fake:
        fake.faults.chaos(seed=seed, share=0.5)
        for number in range(40):
            connection = http.client.HTTPConnection("127.0.0.1", port_of(fake), timeout=10)
            with contextlib.suppress(OSError, http.client.HTTPException):
                ask(connection, "PUT", f"/books/{number}", number)
            connection.close()
        return [call.status for call in fake.log]


def test_chaos_is_repeatable() -> None:
    first = outcomes(3)
    assert first == outcomes(3) != outcomes(4)
    assert {0, 201, 429, 502, 503} == set(first)


def test_it_is_a_program_until_it_is_interrupted() -> None:
    code = "from lumos_core.testing.servers.http import HttpFake; HttpFake().run()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        url = program.stdout.readline().strip()
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        assert ask(connection, "GET", "/")[0] == 404
        connection.close()
        program.send_signal(signal.SIGINT)
        try:
            assert program.wait(10) == 0
        finally:
            program.kill()
