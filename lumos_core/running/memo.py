"""The disposable cache behind `ctx.memo`: one SQLite file per pipeline, a name space per component.

Losing it costs time only, so that it is never synced, and a damaged file is thrown away. Values are read from the
file and what is new is held until `flush`, so that a run that fails leaves the memo as it was.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, MutableMapping
from pathlib import Path


class MemoFile:
    """The file; safe to use from several threads. A broken or read-only file behaves as an empty one."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._fresh: dict[tuple[str, bytes], bytes | None] = {}
        self._db = _open(path)

    def space(self, name: str) -> Memo:
        """Return the mapping of one component."""
        return Memo(self, name)

    def get(self, name: str, key: bytes) -> bytes | None:
        """Return a value, or None."""
        with self._lock:
            if (name, key) in self._fresh:
                return self._fresh[name, key]
            if self._db is None:
                return None
            try:
                row = self._db.execute("select value from memo where space=? and key=?", (name, key)).fetchone()
            except sqlite3.Error:
                return None
            return None if row is None else bytes(row[0])

    def put(self, name: str, key: bytes, value: bytes | None) -> None:
        """Hold a value (None: take it out) until the next flush."""
        with self._lock:
            self._fresh[name, key] = value

    def keys(self, name: str) -> list[bytes]:
        """Return every key of a component."""
        with self._lock:
            found: set[bytes] = set()
            if self._db is not None:
                with contextlib.suppress(sqlite3.Error):
                    rows = self._db.execute("select key from memo where space=?", (name,))
                    found.update(bytes(row[0]) for row in rows)
            for (space, key), value in self._fresh.items():
                if space == name:
                    found.discard(key) if value is None else found.add(key)
            return sorted(found)

    def flush(self) -> None:
        """Write what is new; a file that cannot be written is left as it is."""
        with self._lock:
            if self._db is not None and self._fresh:
                puts = [(*name, value) for name, value in self._fresh.items() if value is not None]
                gone = [name for name, value in self._fresh.items() if value is None]
                with contextlib.suppress(sqlite3.Error), self._db:
                    self._db.executemany("insert or replace into memo values (?,?,?)", puts)
                    self._db.executemany("delete from memo where space=? and key=?", gone)
            self._fresh.clear()

    def close(self) -> None:
        """Close the file without writing."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None


def _open(path: Path) -> sqlite3.Connection | None:
    for attempt in (1, 2):
        db = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(path, check_same_thread=False, timeout=2)
            db.execute("pragma journal_mode=wal")
            db.execute("pragma synchronous=off")
            db.execute(
                "create table if not exists memo"
                " (space text, key blob, value blob, primary key (space, key)) without rowid"
            )
            return db
        except (sqlite3.Error, OSError):
            if db is not None:
                db.close()
            if attempt == 1:
                with contextlib.suppress(OSError):
                    path.unlink()
    return None


class Memo(MutableMapping[bytes, bytes]):
    """`ctx.memo` of one component."""

    def __init__(self, file: MemoFile, name: str) -> None:
        self._file, self._name = file, name

    def __getitem__(self, key: bytes) -> bytes:
        value = self._file.get(self._name, key)
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._file.put(self._name, key, value)

    def __delitem__(self, key: bytes) -> None:
        self._file.put(self._name, key, None)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._file.keys(self._name))

    def __len__(self) -> int:
        return len(self._file.keys(self._name))
