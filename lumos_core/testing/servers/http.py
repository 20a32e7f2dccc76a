"""The base of strict fakes of HTTP services: an HTTP/1.1 server of this process, with routes, a log and faults.

Example, complete:
    ```python
    class Shelf(HttpFake):
        def __init__(self, **options):
            super().__init__(**options)
            self.books = {}

        def check(self, request):  # before every route: who may come in
            if request.headers.get("authorization") != "Bearer secret":
                return Answer.json({"message": "who are you?"}, 401)

        @route("GET", "/api/books")
        def listing(self, request):
            return {"data": sorted(self.books)[: int(request.argument("limit", "10"))]}  # any JSON value: 200

        @route("PUT", "/api/books/{name}")  # "{rest:path}" takes several segments
        def put(self, request, name):
            if name not in self.books and not request.body:
                raise Refusal(Answer.json({"message": "empty body"}, 400))
            self.books[name] = request.json()
            return Answer.json(self.books[name], 201, {"ETag": "1"})

        @route("DELETE", "/api/books/{name}")
        def delete(self, request, name):
            self.books.pop(name)  # None: 204

    with Shelf() as fake:
        fake.faults.when(method="PUT", path="/api/books/", times=1).answer(503, headers={"Retry-After": "0"})
        fake.faults.when(path="/api/books$", after=1, times=1).cut()
        ...  # requests to fake.url
        assert fake.calls["PUT /api/books/{name}"] == 2 and fake.log[0].status == 503
    ```

It listens on 127.0.0.1 only, on a free port, keeps connections alive, and takes gzip and chunked request bodies.
Handlers run one at a time, so that a fake needs no locks; faults that wait or lose an answer do so outside of that.
What a handler raises by mistake answers 500, stands in `defects`, and is raised where the `with` block ends.
`fake.run()` serves until ^C, for a fake that is also a program. Faults: `lumos_core.testing.servers.http_faults`.
"""

from __future__ import annotations

import inspect
import re
import socket
import ssl
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote

from .http_faults import Fault, Faults
from .http_wire import Answer, Request, receive, send

__all__ = ["Answer", "Call", "Faults", "HttpFake", "Refusal", "Request", "route"]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_PARAMETER = re.compile(r"\{(\w+)(:path)?\}\Z")


def route(method: str, pattern: str) -> Callable[[_Function], _Function]:
    """Make a method of a fake answer requests; may be given several times.

    Args:
        method: `GET`, `PUT`, ... (`HEAD` is answered by `GET` where it has no route of its own).
        pattern: The path. A segment `{name}` becomes the keyword argument of that name, percent-decoded;
            `{name:path}`, at the end, takes all that is left. Literal segments win over parameters.
    """

    def mark(function: _Function) -> _Function:
        function.__dict__.setdefault("routes", []).append((method, pattern))
        return function

    return mark


class Refusal(Exception):
    """Raised by a handler to answer at once.

    Args:
        answer: What is answered.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status}")
        self.answer = answer


class Call(NamedTuple):
    """A request that came, as the log keeps it.

    Attributes:
        method: Its method.
        path: Its path as it was sent, percent-encoded, without the query.
        query: Its query as it was sent.
        status: What was answered; 0 when the connection was closed without an answer.
        fault: The fault that was put in its way, as words; "" for none.
    """

    method: str
    path: str
    query: str
    status: int
    fault: str


@dataclass(slots=True)
class _Node:
    """A segment of the paths that are known: what may follow, and who answers when nothing does."""

    literals: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    rest: _Node | None = None
    handlers: dict[str, tuple[str, list[str], Callable[..., Any]]] = field(default_factory=dict)


class HttpFake:
    """A fake of an HTTP service; see the example of the module.

    Args:
        port: Where to listen; 0 takes a free port.
        tls: Serves https with it.
        keep: How many calls `log` holds; the oldest go.

    Attributes:
        log: The latest calls, oldest first.
        calls: Number of calls per `METHOD /pattern` (`METHOD ?` where no route fits).
        statuses: Number of answers per status; 0 for closed connections.
        connections: Number of connections that were accepted.
        faults: What goes wrong on purpose.
        defects: What handlers raised by mistake.
    """

    def __init__(self, *, port: int = 0, tls: ssl.SSLContext | None = None, keep: int = 10_000) -> None:
        self.log: deque[Call] = deque(maxlen=keep)
        self.calls: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.connections = 0
        self.faults = Faults()
        self.defects: list[Exception] = []
        self._port = port
        self._tls = tls
        self._root = _Node()
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._counting = threading.Lock()
        self._handling = threading.RLock()
        for name, member in inspect.getmembers(type(self), inspect.isfunction):
            for method, pattern in getattr(member, "routes", ()):
                self.add(method, pattern, getattr(self, name))

    def add(self, method: str, pattern: str, handler: Callable[..., Any]) -> None:
        """Let a function answer requests, as `route` does for methods; the latest for a path and method wins."""
        node, names = self._root, []
        for segment in pattern.split("/")[1:]:
            found = _PARAMETER.match(segment)
            if found is None:
                node = node.literals.setdefault(segment, _Node())
                continue
            names.append(found[1])
            if found[2]:
                node.rest = node.rest or _Node()
                node = node.rest
            else:
                node.parameter = node.parameter or _Node()
                node = node.parameter
        node.handlers[method] = (pattern, names, handler)

    def check(self, request: Request) -> Answer | None:
        """Answer a request before its route does, a missing token for example; None lets it pass."""
        return None

    def missing(self, request: Request, allowed: list[str]) -> Answer:
        """Answer where no route fits: 405 when other methods do (`allowed`), else 404."""
        if allowed:
            return Answer.json({"message": "method not allowed"}, 405, {"Allow": ", ".join(allowed)})
        return Answer.json({"message": "not found", "path": request.path}, 404)

    def failed(self, request: Request, error: Exception) -> Answer:
        """Answer where a handler raised by mistake."""
        return Answer.json({"message": f"defect of the fake: {type(error).__name__}: {error}"}, 500)

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        assert self._listener is not None, "not started"
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"

    def start(self) -> None:
        """Listen; returns at once."""
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=256)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True, name="http-fake").start()

    def stop(self) -> None:
        """Close the listener and all connections; what was stored and counted stays."""
        listener, self._listener = self._listener, None
        if listener is not None:
            _close(listener)
        with self._counting:
            still_open, self._open = self._open, set()
        for connection in still_open:
            _close(connection)

    def run(self) -> None:
        """Serve until ^C; prints the URL first."""
        with self:
            print(self.url, flush=True)
            with suppress(KeyboardInterrupt):
                threading.Event().wait()

    def __enter__(self: _Fake) -> _Fake:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.stop()
        if kind is None and self.defects:
            raise self.defects[0]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # stopped
                return
            with self._counting:
                if self._listener is not listener:
                    _close(connection)
                    return
                self._open.add(connection)
                self.connections += 1
            threading.Thread(target=self._converse, args=(connection,), daemon=True, name="http-fake").start()

    def _converse(self, raw: socket.socket) -> None:
        """Answer all requests of one connection."""
        connection = raw
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection = self._tls.wrap_socket(raw, server_side=True)
            with connection.makefile("rb") as stream:
                while True:
                    request = receive(stream, connection)
                    if request is None or not self._serve(connection, request):
                        return
        except (OSError, ValueError):  # the client went away, or spoke something else
            pass
        finally:
            _close(connection)
            with self._counting:
                self._open.discard(raw)

    def _serve(self, connection: socket.socket, request: Request) -> bool:
        """Answer one request; False when the connection is to be closed."""
        pattern, handler, allowed = self._find(request)
        fault = self.faults.hit(request)
        answer = self._answer(request, lambda: self._apply(request, handler, allowed), fault)
        with self._counting:
            status = answer.status if answer.sent != 0 else 0
            self.calls[f"{request.method} {pattern}"] += 1
            self.statuses[status] += 1
            path, _, query = request.target.partition("?")
            self.log.append(Call(request.method, path, query, status, fault.name if fault else ""))
        return send(connection, request, answer)

    def _answer(self, request: Request, proceed: Callable[[], Answer], fault: Fault | None) -> Answer:
        try:
            return fault.act(request, proceed) if fault else proceed()
        except Exception as error:  # raised by a function that a test gave to the fault
            self.defects.append(error)
            return self.failed(request, error)

    def _apply(self, request: Request, handler: Callable[..., Any] | None, allowed: list[str]) -> Answer:
        """Give the true answer."""
        with self._handling:
            try:
                given = self.check(request)
                if given is None and handler is None:
                    given = self.missing(request, allowed)
                if given is None and handler is not None:
                    given = handler(request, **request.parameters)
                return given if isinstance(given, Answer) else Answer.json(given, 204 if given is None else 200)
            except Refusal as refusal:
                return refusal.answer
            except Exception as error:
                self.defects.append(error)
                return self.failed(request, error)

    def _find(self, request: Request) -> tuple[str, Callable[..., Any] | None, list[str]]:
        segments = request.path.split("/")[1:]
        allowed: list[str] = []
        for node, values in _walk(self._root, segments, 0):
            for method in (request.method, "GET" if request.method == "HEAD" else request.method):
                if method in node.handlers:
                    pattern, names, handler = node.handlers[method]
                    request.parameters = dict(zip(names, values, strict=True))
                    return pattern, handler, []
            allowed += node.handlers
        return "?", None, sorted(set(allowed))


_Fake = TypeVar("_Fake", bound=HttpFake)


def _walk(node: _Node, segments: list[str], at: int) -> Any:
    """Yield the nodes that fit a path, with the values of their parameters, the most literal first."""
    if at == len(segments):
        if node.handlers:
            yield node, []
        return
    segment = segments[at]
    following = node.literals.get(segment) or node.literals.get(unquote(segment))
    if following is not None:
        yield from _walk(following, segments, at + 1)
    if node.parameter is not None and segment:
        for found, values in _walk(node.parameter, segments, at + 1):
            yield found, [unquote(segment), *values]
    if node.rest is not None:
        yield node.rest, [unquote("/".join(segments[at:]))]


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
