"""What goes wrong under a component: listings in another order, files that may not be read, work in `__init__`."""

from __future__ import annotations

import builtins
import glob
import io
import os
import pathlib
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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
def _replaced(function: Callable[..., Any], wrapper: Callable[..., Any]) -> Iterator[None]:
    """Replace a function of `os` or `io` wherever Python's own libraries keep it; which do differs by version."""
    owners = [os, io, builtins, *(getattr(glob, name, None) for name in ("_Globber", "_StringGlobber"))]
    owners += [getattr(pathlib, "_NormalAccessor", None)]  # Python 3.10
    with ExitStack() as stack:
        for owner in filter(None, owners):
            for name, value in list(vars(owner).items()):
                if getattr(value, "__func__", value) is function:
                    new = staticmethod(wrapper) if isinstance(owner, type) else wrapper
                    stack.enter_context(patch.object(owner, name, new))
        yield


@contextmanager
def listed_backwards() -> Iterator[None]:
    """List folders in the opposite order: another file system, another machine, another day."""
    scandir, listdir = os.scandir, os.listdir

    def backwards(*arguments: Any, **more: Any) -> _Listing:
        with scandir(*arguments, **more) as entries:
            return _Listing(list(entries)[::-1])

    def names(*arguments: Any, **more: Any) -> list[Any]:
        return listdir(*arguments, **more)[::-1]

    with _replaced(scandir, backwards), _replaced(listdir, names):
        yield


@contextmanager
def forbidden(place: Path) -> Iterator[None]:
    """Deny listing and reading of a file or folder, as its owner would; root is denied too.

    What a library opens by itself, without Python's functions, is not denied.
    """
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

    with ExitStack() as stack:
        for function in (os.scandir, os.listdir, os.open, io.open):
            stack.enter_context(_replaced(function, guard(function)))
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

    with ExitStack() as stack:
        for function in (io.open, os.scandir, os.listdir, os.mkdir):
            stack.enter_context(_replaced(function, refuse(f"{function.__name__}")))
        for owner, name in (
            (socket.socket, "connect"),
            (socket, "getaddrinfo"),
            (sqlite3, "connect"),
            (subprocess, "Popen"),
        ):
            stack.enter_context(patch.object(owner, name, refuse(f"{owner.__name__}.{name}")))
        yield
