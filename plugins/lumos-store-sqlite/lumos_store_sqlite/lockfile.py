"""A lock that names its holder and dies with it.

The system's own file lock is held, never a row or the mere existence of a file: when a process ends, however
it ends, the system lets go, so that a dead run blocks nobody.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from lumos_core.plugin_api import LockedError

from .database import STORE

_NOTE_BYTES = 4096


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock file for the time of the `with` block.

    Raises:
        LockedError: When somebody holds it; names process, host and since when.
        StoreError: When the file cannot be made.
    """
    with STORE.explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _try_lock(handle):
            raise LockedError(
                "another run holds the store",
                why=_holder(handle),
                fix="wait for it to end; the lock of a process that has died is released by the system",
                where=str(path),
            )
        with STORE.explained(path):
            os.ftruncate(handle, 0)
            os.write(handle, json.dumps(_note()).encode())
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _note() -> dict[str, object]:
    since = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since}


def _holder(handle: int) -> str:
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        note = json.loads(os.read(handle, _NOTE_BYTES))
        return f"process {note['pid']} on {note['host']}, since {note['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "it has not said yet who it is"


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        # far behind the note: what is locked here cannot be read by others
        os.lseek(handle, 1 << 30, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(handle, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
