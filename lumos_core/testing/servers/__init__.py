"""Real servers for tests, each in a module of its own behind one interface.

A module has `start(folder)`, a context manager that yields a `Server`, and raises `Unavailable` with the reason where
the machine cannot run it. Servers listen on 127.0.0.1 only, on a free port, keep their data below `folder`, prove that
they are the process that was started, and are stopped by its id.

Example:
    ```python
    @pytest.fixture(scope="session")
    def server(tmp_path_factory):
        with running(postgres, tmp_path_factory.mktemp("postgres")) as server:
            yield server
    ```
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol


class Server(NamedTuple):
    """A server that runs.

    Attributes:
        host: Where it listens.
        port: Where it listens.
        user: Who may do everything there.
        password: That user's; made up for this server.
        dsn: All of it as a URL, to a database or the whole server.
        pid: Its process.
        version: What it calls itself.
    """

    host: str
    port: int
    user: str
    password: str
    dsn: str
    pid: int
    version: str


class Unavailable(Exception):
    """This machine cannot run the server; the text says why and what to install."""


class Module(Protocol):
    """What every module of this package offers."""

    def start(self, folder: Path) -> AbstractContextManager[Server]:
        """Start a server whose data lies in a folder."""


@contextmanager
def running(module: Module, folder: Path) -> Iterator[Server]:
    """Start a server for the tests of a session; skips them, visibly and with the reason, where it cannot be had."""
    import pytest

    try:
        context = module.start(folder)
        server = context.__enter__()
    except Unavailable as reason:
        pytest.skip(str(reason))
    try:
        yield server
    finally:
        context.__exit__(None, None, None)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
