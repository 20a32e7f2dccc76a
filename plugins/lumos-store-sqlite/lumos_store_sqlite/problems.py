"""What SQLite says, as errors that say what to do."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lumos_core.plugin_api import DiskError, LockedError, LumosError, StoreError

_KNOWN: tuple[tuple[str, type[LumosError], str, str], ...] = (
    ("is full", DiskError, "the disk is full", "free space, then run again; the store is as it was before"),
    ("disk i/o", DiskError, "the store cannot be written or read", "check the disk and its free space"),
    ("locked", LockedError, "another program is writing to the store", "wait for it to end, then run again"),
    ("busy", LockedError, "another program is writing to the store", "wait for it to end, then run again"),
    ("readonly", StoreError, "the store is read-only", "make the file and its folder writable"),
    (
        "unable to open",
        StoreError,
        "the store cannot be opened",
        "check the path and its rights",
    ),
    (
        "not a database",
        StoreError,
        "the store is not a SQLite database",
        "name another file, or move this one away",
    ),
    (
        "malformed",
        StoreError,
        "the store is corrupt",
        "restore a copy; or move the file away and run again, which begins a new history",
    ),
)
"""(what the message holds, error, what happened, what to do), first match first."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an error of SQLite into one of Lumos.

    The text is read, not the error code, which Python offers from 3.11 on only.

    Raises:
        StoreError: The file cannot be used.
        LockedError: Another program is writing.
        DiskError: The disk is full or failing.
    """
    try:
        yield
    except sqlite3.Error as error:
        text = str(error).lower()
        for part, kind, what, fix in _KNOWN:
            if part in text:
                raise kind(what, why=str(error), fix=fix, where=str(path)) from error
        raise StoreError(
            "the store cannot be used",
            why=str(error),
            fix="restore a copy, or move the file away and run again",
            where=str(path),
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskError("the disk is full", fix="free space, then run again", where=str(path)) from error
        raise StoreError(
            "the store cannot be opened",
            why=error.strerror or str(error),
            fix="check the path and its rights",
            where=str(path),
        ) from error
