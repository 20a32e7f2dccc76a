"""What SQLite says, as errors that say what to do."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lumos_core.plugin_api import CatalogError, DiskError, LumosError, RetryableError

_REBUILD = "restore a copy; or move the file away and run again: what sources say is published anew, edits are lost"

_KNOWN: tuple[tuple[str, type[LumosError], str, str], ...] = (
    ("is full", DiskError, "the disk is full", "free space, then run again; the catalog is as it was before"),
    ("disk i/o", DiskError, "the catalog cannot be written or read", "check the disk and its free space"),
    ("locked", RetryableError, "another program is writing to the catalog", "wait for it to end, then run again"),
    ("busy", RetryableError, "another program is writing to the catalog", "wait for it to end, then run again"),
    ("readonly", CatalogError, "the catalog is read-only", "make the file and its folder writable"),
    ("unable to open", CatalogError, "the catalog cannot be opened", "check the path and its rights"),
    (
        "not a database",
        CatalogError,
        "the catalog is not a SQLite database",
        "name another file in `catalogs: [{type: local, path: ...}]`, or move this one away",
    ),
    ("malformed", CatalogError, "the catalog is corrupt", _REBUILD),
    ("corrupt", CatalogError, "the catalog is corrupt", _REBUILD),
    (
        "no such module: fts5",
        CatalogError,
        "this Python's SQLite has no full-text search",
        "use a Python whose SQLite is built with FTS5, as those of python.org, conda and the distributions are",
    ),
)
"""(what the message holds, error, what happened, what to do), first match first."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an error of SQLite into one of Lumos.

    The text is read, not the error code, which Python offers from 3.11 on only.

    Raises:
        CatalogError: The file cannot be used.
        RetryableError: Another program is writing.
        DiskError: The disk is full or failing.
    """
    try:
        yield
    except sqlite3.Error as error:
        text = str(error).lower()
        for part, kind, what, fix in _KNOWN:
            if part in text:
                raise kind(what, why=str(error), fix=fix, where=str(path)) from error
        raise CatalogError("the catalog cannot be used", why=str(error), fix=_REBUILD, where=str(path)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskError("the disk is full", fix="free space, then run again", where=str(path)) from error
        raise CatalogError(
            "the catalog cannot be opened",
            why=error.strerror or str(error),
            fix="check the path and its rights",
            where=str(path),
        ) from error
