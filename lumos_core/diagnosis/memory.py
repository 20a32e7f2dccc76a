"""The store: whether it opens, who holds it, whether it can be read to its end, how big it is."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..config.pipeline import Pipeline
from ..contracts.context import Context
from ..contracts.store import Store
from ..errors import LockedError
from ..model.record import line_key
from ..running.session import own_store
from ..texts import size
from .finding import Finding

AREA = "store"
_HOLDER = re.compile(r"process (\d+) on (\S+?),")


def memory(pipeline: Pipeline, store: Store[Any], ctx: Context) -> Iterator[Finding]:
    """Look at the store of a pipeline, without writing to it.

    Its lock is taken for a moment, when there is something to be locked.

    Raises:
        LumosError: When it cannot be opened, or not be read to its end.
    """
    about = pipeline.store.name
    store.check(ctx)
    refs = store.refs()
    if not refs:
        yield Finding(AREA, about, "ok", "nothing is recorded yet")
        return
    own_store(pipeline, store)
    yield _lock(about, store)
    count, last = 0, b""
    for count, line in enumerate(store.lines("head"), 1):  # noqa: B007 - counted
        key = line_key(line)
        if key <= last:
            why = f"the record {key.decode('utf-8', 'replace')} comes after one that sorts behind it"
            fix = "restore a copy, or move the store away and run again, which begins a new history"
            yield Finding(AREA, about, "fail", "it is out of order", why, fix)
            return
        last = key
        if ctx.cancelled():
            return
    path = getattr(pipeline.store.config, "path", None)
    of = f", {size(_bytes(path))} in {path}" if isinstance(path, Path) and path.is_file() else ""
    yield Finding(AREA, about, "ok", f"{count} records, read to the end{of}")


def _bytes(path: Path) -> int:
    """What a file takes, with what its database keeps beside it."""
    files = (path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm"))
    return sum(file.stat().st_size for file in files if file.is_file())


def _lock(about: str, store: Store[Any]) -> Finding:
    try:
        with store.lock():
            return Finding(AREA, about, "ok", "nobody holds it")
    except LockedError as error:
        held = _HOLDER.search(error.why)
        if held and held[2] == socket.gethostname() and not _alive(int(held[1])):
            why = f"{error.why}; that process has ended, and one that it started holds the lock still"
            fix = "end that process: `fuser` or `lsof` on the lock file names it"
            return Finding(AREA, about, "fail", error.what, why, fix)
        return Finding(AREA, about, "warn", error.what, error.why, error.fix)


def _alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # there, asking would be ending
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
