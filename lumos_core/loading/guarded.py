"""What the import of a plugin may not do to the process that imports it: print to stdout, or change what all share.

Code that runs in our process can do anything; this undoes what is done by carelessness, and says so. What is not
undone: replaced attributes of other modules, threads that were started, the locale, anything below Python.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


class _Quiet:
    """How many threads want stdout to be quiet now, and what it was before the first of them."""

    lock = threading.Lock()
    depth = 0
    stdout: Any = None
    kept = -1


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """Send what a plugin prints to stderr, descriptor 1 included, since stdout may be somebody's JSON.

    Unlike `contextlib.redirect_stdout`, threads may overlap: the last one out puts stdout back.
    """
    with _Quiet.lock:
        if _Quiet.depth == 0:
            _Quiet.stdout, _Quiet.kept = sys.stdout, _divert(sys.stdout)
            sys.stdout = sys.stderr
        _Quiet.depth += 1
    try:
        yield
    finally:
        with _Quiet.lock:
            _Quiet.depth -= 1
            if _Quiet.depth == 0:
                sys.stdout, _Quiet.stdout = _Quiet.stdout, None
                if _Quiet.kept >= 0:
                    _restore(_Quiet.kept)


def _divert(stdout: Any) -> int:
    """Let descriptor 1 lead to stderr, when that is where stdout writes; return where it led before."""
    try:
        if stdout.fileno() != 1:
            return -1
        stdout.flush()
        kept = os.dup(1)
    except (AttributeError, OSError, ValueError):  # no file: nothing below Python can write to it
        return -1
    try:
        os.dup2(2, 1)
    except OSError:  # there is no stderr
        os.close(kept)
        return -1
    return kept


def _restore(kept: int) -> None:
    with suppress(OSError, ValueError):
        sys.stdout.flush()  # what was printed past `sys.stdout`, by `sys.__stdout__`
    os.dup2(kept, 1)
    os.close(kept)


@contextmanager
def undone(*, everything: bool = True) -> Iterator[list[str]]:
    """Put back what an import changes in the process, however the import ends.

    Args:
        everything: Also what a driver may have reasons to change, once a pipeline names it: environment variables,
            the module path, warning filters, the root logger.

    Yields:
        A list that names, after the block, what was put back: `environment variables A, B`; never a value.
    """
    told: list[str] = []
    before = [look() for look in (_folder, _signals)]
    rest = [look() for look in (_environment, _path, _hooks, _logging)] if everything else []
    filters, mark = list(warnings.filters), warnings.catch_warnings()
    if everything:
        mark.__enter__()
    try:
        yield told
    finally:
        if everything:
            if list(warnings.filters) != filters:
                told.append("warning filters")
            mark.__exit__(None, None, None)
        for put_back in [*before, *rest]:
            told += filter(None, [put_back()])


PutBack = Callable[[], str]
"""Puts one thing back and says what it was; nothing when it had not changed."""


def _folder() -> PutBack:
    folder = _cwd()

    def put_back() -> str:
        if folder is None or _cwd() == folder:
            return ""
        with suppress(OSError):
            os.chdir(folder)
        return "the working folder"

    return put_back


def _cwd() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - text is enough
    except OSError:  # somebody removed it
        return None


def _signals() -> PutBack:
    if threading.current_thread() is not threading.main_thread():
        return lambda: ""  # there, nobody can change them
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}

    def put_back() -> str:
        changed = [number for number, handler in handlers.items() if signal.getsignal(number) is not handler]
        for number in changed:
            if handlers[number] is not None:  # None: set by code below Python, which cannot be put back
                signal.signal(number, handlers[number])
        return _list("signal handlers", [getattr(number, "name", str(number)) for number in changed])

    return put_back


def _environment() -> PutBack:
    variables = dict(os.environ)

    def put_back() -> str:
        present = dict(os.environ)
        changed = sorted(name for name in {*variables, *present} if variables.get(name) != present.get(name))
        for name in changed:
            if name in variables:
                os.environ[name] = variables[name]
            else:
                del os.environ[name]
        return _list("environment variables", changed)

    return put_back


def _path() -> PutBack:
    path = list(sys.path)

    def put_back() -> str:
        if sys.path == path:
            return ""
        sys.path[:] = path
        return "the module path"

    return put_back


def _hooks() -> PutBack:
    found = {name: getattr(sys, name) for name in ("stdout", "stderr", "excepthook", "displayhook")}

    def put_back() -> str:
        changed = [name for name, value in found.items() if getattr(sys, name) is not value]
        for name in changed:
            setattr(sys, name, found[name])
        return ", ".join(f"sys.{name}" for name in changed)

    return put_back


def _logging() -> PutBack:
    state = _logging_state()

    def put_back() -> str:
        if _logging_state() == state:
            return ""
        import logging

        logging.root.setLevel(state[0])
        logging.root.handlers[:] = state[1]
        logging.disable(state[2])
        return "the root logger"

    return put_back


def _logging_state() -> tuple[int, list[Any], int]:
    logging: Any = sys.modules.get("logging")  # not imported for its own sake: that takes milliseconds
    if logging is None or not hasattr(logging, "root"):
        return 30, [], 0
    return logging.root.level, list(logging.root.handlers), logging.root.manager.disable


def _list(what: str, names: list[str]) -> str:
    return f"{what} {', '.join(names)}" if names else ""
