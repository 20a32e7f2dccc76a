"""What goes wrong under a component: listings in another order, files that may not be read, work in `__init__`."""

from __future__ import annotations

import builtins
import io
import os
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch


class _Listing:
    """What `os.scandir` returns, from a list."""

    def __init__(self, entries: list[Any]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Any]:
        return self._entries

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> _Listing:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def listed_backwards() -> Iterator[None]:
    """List folders in the opposite order: another file system, another machine, another day."""
    scandir, listdir = os.scandir, os.listdir

    def backwards(*arguments: Any, **more: Any) -> _Listing:
        with scandir(*arguments, **more) as entries:
            return _Listing(list(entries)[::-1])

    with (
        patch.object(os, "scandir", backwards),
        patch.object(os, "listdir", lambda *arguments, **more: listdir(*arguments, **more)[::-1]),
    ):
        yield


@contextmanager
def forbidden(place: Path) -> Iterator[None]:
    """Deny listing and reading of a file or folder, as its owner would; root is denied too."""
    target = os.path.realpath(place)

    def denied(path: Any) -> bool:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return False
        real = os.path.realpath(os.fsdecode(path))
        return real == target or real.startswith(target + os.sep)

    def guard(function: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(path: Any = ".", *arguments: Any, **more: Any) -> Any:
            if denied(path):
                raise PermissionError(13, "Permission denied", os.fsdecode(path))
            return function(path, *arguments, **more)

        return guarded

    with (
        patch.object(os, "scandir", guard(os.scandir)),
        patch.object(os, "listdir", guard(os.listdir)),
        patch.object(os, "open", guard(os.open)),
        patch.object(io, "open", guard(io.open)),
        patch.object(builtins, "open", guard(builtins.open)),
    ):
        yield


class TouchedError(Exception):
    """A component did in `__init__` what belongs into its methods."""


@contextmanager
def nothing_touched() -> Iterator[None]:
    """Refuse files, folders, connections and processes.

    Raises:
        TouchedError: When one of them is asked for.
    """

    def refuse(what: str) -> Callable[..., Any]:
        def refused(*arguments: Any, **more: Any) -> Any:
            shown = next((argument for argument in arguments if isinstance(argument, (str, os.PathLike, tuple))), "")
            raise TouchedError(f"{what}({shown!s})")

        return refused

    with (
        patch.object(builtins, "open", refuse("open")),
        patch.object(io, "open", refuse("open")),
        patch.object(os, "scandir", refuse("os.scandir")),
        patch.object(os, "listdir", refuse("os.listdir")),
        patch.object(os, "mkdir", refuse("os.mkdir")),
        patch.object(socket.socket, "connect", refuse("socket.connect")),
        patch.object(socket, "getaddrinfo", refuse("socket.getaddrinfo")),
        patch.object(sqlite3, "connect", refuse("sqlite3.connect")),
        patch.object(subprocess, "Popen", refuse("subprocess.Popen")),
    ):
        yield
