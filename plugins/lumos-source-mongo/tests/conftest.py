"""Servers for the tests of this plugin: two that are real, one that answers as recorded, and a line that breaks."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import bson
import pytest
from pymongo import MongoClient

from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import AnyRecord, Scope
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.servers import Server, mongo, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """mongo-java-server: right in types, Decimal128 and index options; without views, validators, users."""
    with running(mongo, tmp_path_factory.mktemp("mongo")) as found:
        yield found


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """nx-27017: another opinion on the protocol; renames indexes, refuses Decimal128."""
    with running(mongo.Second, tmp_path_factory.mktemp("nx")) as found:
        yield found


@pytest.fixture
def client(server: Server) -> Iterator[MongoClient[dict[str, Any]]]:
    """A client of the first server, whose databases are gone before each test."""
    with MongoClient[dict[str, Any]](server.dsn) as made:
        for name in made.list_database_names():
            made.drop_database(name)
        yield made


class Reading:
    """What reading everything gave."""

    def __init__(self, records: list[AnyRecord], ctx: MemoryContext, errors: list[Exception]) -> None:
        self.records, self.ctx, self.errors = records, ctx, errors
        self.datasets = {record.value.name: record.value for record in records if record.kind == "dataset"}
        self.stats = {record.urn.partition("#")[0]: record.value for record in records if record.kind == "stats"}

    @property
    def codes(self) -> set[str]:
        return {warning.code for warning in self.ctx.warnings}

    def types(self, name: str) -> dict[str, str]:
        return {field.path: field.type for field in self.datasets[name].fields}

    def texts(self) -> str:
        """Everything that a user could see."""
        said = [warning.message + warning.where for warning in self.ctx.warnings]
        said += [covered.reason for covered in self.ctx.declared] + [str(error) for error in self.errors]
        return "\n".join(said)


Read = Callable[..., Reading]


@pytest.fixture
def read() -> Read:
    """Read everything of a source, as a run would, failed units included."""

    def read(options: dict[str, Any], known: list[AnyRecord] | None = None, within: Scope | None = None) -> Reading:
        ctx = MemoryContext(known or [])
        source = Registry.load().spec("source", {"type": "mongo", **options}, Path()).build()
        records: list[AnyRecord] = []
        errors: list[Exception] = []
        try:
            for unit in source.plan(within or Scope(), ctx):
                try:
                    records += list(source.extract(unit, ctx))
                except Exception as error:  # what a run would report
                    errors.append(error)
        except Exception as error:
            errors.append(error)
        finally:
            source.close()
        return Reading(records, ctx, errors)

    return read


Answer = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any] | None]


class Replay:
    """A server that answers commands as recorded, over the wire (OP_MSG).

    Attributes:
        answers: Command -> reply, or what makes it; None from that cuts the connection.
        asked: Every command that came, in order.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[dict[str, Any]] = []
        replay = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError, ConnectionError):
                    while replay.turn(self.request):
                        pass

        class Threaded(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self._server = Threaded(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.uri = f"mongodb://127.0.0.1:{self.port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def turn(self, line: socket.socket) -> bool:
        """Answer one message; False when the line has ended."""
        head = exactly(line, 16)
        if head is None:
            return False
        length, request, _, opcode = struct.unpack("<iiii", head)
        body = exactly(line, length - 16)
        if body is None:  # whoever asked was closed in the middle of a message
            return False
        if opcode == 2004:  # OP_QUERY: the first hello of a connection
            start = 4 + body.index(b"\0", 4) + 1 - 4 + 8
            reply = bson.encode(self.answer(bson.decode(body[start:])))
            payload = struct.pack("<iqii", 8, 0, 0, 1) + reply
            line.sendall(struct.pack("<iiii", 16 + len(payload), 1, request, 1) + payload)
            return True
        command = bson.decode(body[5 : 5 + struct.unpack("<i", body[5:9])[0]])
        found = self.answer(command)
        if found is None:
            return False
        payload = b"\0\0\0\0\0" + bson.encode(found)
        line.sendall(struct.pack("<iiii", 16 + len(payload), 1, request, 2013) + payload)
        return True

    def answer(self, command: dict[str, Any]) -> dict[str, Any] | None:
        name = next(iter(command))
        self.asked.append(command)
        found = self.answers.get(name)
        if callable(found):
            found = found(command)
            return None if found is None else {"ok": 1.0, **found}
        if found is not None:
            return {"ok": 1.0, **found}
        if name.lower() in ("hello", "ismaster"):
            return {
                "ok": 1.0,
                "helloOk": True,
                "isWritablePrimary": True,
                "ismaster": True,
                "maxBsonObjectSize": 16777216,
                "maxMessageSizeBytes": 48000000,
                "maxWriteBatchSize": 100000,
                "minWireVersion": 0,
                "maxWireVersion": 21,
                "readOnly": False,
            }
        return {"ok": 1.0} if name in ("ping", "endSessions", "killCursors") else refused(59, "CommandNotFound")

    def shop(self, collections: list[dict[str, Any]], documents: dict[str, list[dict[str, Any]]] | None = None) -> None:
        """Serve one database `shop`, as MongoDB's manual shows the replies."""
        rows = documents or {}
        self.answers["listDatabases"] = {"databases": [{"name": "admin"}, {"name": "shop"}]}
        self.answers["listCollections"] = lambda _: cursor("shop.$cmd.listCollections", collections)
        self.answers["listIndexes"] = lambda command: cursor(
            f"shop.{command['listIndexes']}", [{"v": 2, "key": {"_id": 1}, "name": "_id_"}]
        )
        self.answers["collStats"] = lambda command: {"count": len(rows.get(command["collStats"], []))}
        self.answers["count"] = lambda command: {"n": len(rows.get(command["count"], []))}

        def find(command: dict[str, Any]) -> dict[str, Any]:
            found = rows.get(command["find"], [])
            if command.get("sort"):
                ((key, direction),) = command["sort"].items()
                found = sorted(found, key=lambda row: row.get(key, 0), reverse=direction < 0)
            return cursor(f"shop.{command['find']}", found[: command.get("limit") or None])

        self.answers["find"] = find


def cursor(namespace: str, documents: list[dict[str, Any]], number: int = 0) -> dict[str, Any]:
    return {"cursor": {"id": bson.Int64(number), "ns": namespace, "firstBatch": documents}}


def refused(code: int, name: str, text: str = "") -> dict[str, Any]:
    return {"ok": 0.0, "code": code, "codeName": name, "errmsg": text or name}


@pytest.fixture(name="cursor")
def _cursor() -> Callable[..., dict[str, Any]]:
    return cursor


@pytest.fixture(name="refused")
def _refused() -> Callable[..., dict[str, Any]]:
    return refused


@pytest.fixture
def replay() -> Iterator[Replay]:
    made = Replay()
    yield made
    made.close()


def exactly(line: socket.socket, length: int) -> bytes | None:
    parts = b""
    while len(parts) < length:
        part = line.recv(length - len(parts))
        if not part:
            return None
        parts += part
    return parts


class Proxy:
    """A line between client and server that can be cut, or be slow.

    Attributes:
        cut_after: Bytes from the server after which the line breaks, once; None = never.
        delay: Seconds that every answer waits.
        cuts: How often it broke.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self.cut_after: int | None = None
        self.delay = 0.0
        self.cuts = self._passed = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.uri = f"mongodb://127.0.0.1:{self.port}/"
        self._lines: list[socket.socket] = []
        self._open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._open = False
        self._listener.close()
        for line in self._lines:
            with suppress(OSError):
                line.close()

    def _accept(self) -> None:
        while self._open:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._lines += [near, far]
            threading.Thread(target=self._pump, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, True), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, back: bool) -> None:
        with suppress(OSError):
            while part := source.recv(65536):
                if back:
                    time.sleep(self.delay)
                    self._passed += len(part)
                    if self.cut_after is not None and self._passed > self.cut_after:
                        self.cut_after = None
                        self.cuts += 1
                        break
                target.sendall(part)
        for line in (source, target):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    made = Proxy(server.port)
    yield made
    made.close()


@pytest.fixture
def mongo_options(server: Server) -> dict[str, Any]:
    """Options that lead to the first server."""
    return {"uri": server.dsn}


@pytest.fixture
def replay_options(replay: Replay) -> dict[str, Any]:
    """Options that lead to the server that answers as recorded."""
    return {"host": "127.0.0.1", "port": replay.port, "connect_timeout": 2}
