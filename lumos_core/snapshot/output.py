"""A file that appears whole or not at all, compressed when its name ends in `.zst`."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ..errors import DiskError
from ..files import disk_full
from . import zstd
from .frame import is_compressed

_BLOCK = 2**18


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a failure to write below `path` into a `DiskError` that says what to do."""
    try:
        yield
    except OSError as error:
        fix = "choose a place that can be written"
        if disk_full(error):
            fix = "free space there, then run again; nothing half-written stays"
        raise DiskError(f"cannot write {path}", why=error.strerror or str(error), fix=fix, where=str(path)) from error


class Output:
    """Lines on their way into a file; nothing is seen under its name before `commit`.

    Attributes:
        path: Where the file will stand.
        sha256: Hash of all bytes so far, as they are before compression.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sha256 = hashlib.sha256()
        self._also: list[_Hash] = []
        self._pending: list[bytes] = []
        self._held = 0
        self._compressor = zstd.compressor() if is_compressed(path) else None
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self.temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
            self._file = self.temporary.open("xb", buffering=0)

    def write(self, line: bytes) -> None:
        """Add a line, without its newline.

        Raises:
            DiskError: When the disk is full; the temporary file is gone then.
        """
        self._pending.append(line)
        self._held += len(line)
        if self._held > _BLOCK:
            self._drain()

    def also_hash(self, hash: _Hash | None) -> None:
        """Feed the lines that follow to another hash too; None ends that."""
        self._drain()
        self._also = [] if hash is None else [hash]

    def end_frame(self) -> None:
        """End a compressed frame, so that what follows can be found from the end of the file."""
        self._drain()
        if self._compressor is not None:
            self._put(self._compressor.flush(self._compressor.FLUSH_FRAME))

    def close(self) -> None:
        """Write everything out and make it durable; `commit` or `discard` comes next."""
        self.end_frame()
        with self._guard():
            os.fsync(self._file.fileno())
            self._file.close()

    def commit(self) -> None:
        """Put the closed file in its place."""
        with self._guard():
            self.temporary.replace(self.path)

    def discard(self) -> None:
        """Remove the temporary file."""
        self._file.close()
        self.temporary.unlink(missing_ok=True)

    def _drain(self) -> None:
        if not self._pending:
            return
        data = b"\n".join([*self._pending, b""])
        self._pending, self._held = [], 0
        self.sha256.update(data)
        for hash in self._also:
            hash.update(data)
        self._put(data if self._compressor is None else self._compressor.compress(data))

    def _put(self, data: bytes) -> None:
        with self._guard():
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]

    @contextmanager
    def _guard(self) -> Iterator[None]:
        with disk_errors(self.path):
            try:
                yield
            except OSError:
                self.discard()
                raise
