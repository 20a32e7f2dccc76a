"""What is remembered of the files of a dataset from one run to the next, and the context that takes notes for it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from lumos_core.plugin_api import Context, Covered, Format

from .storage import Entry

Note = tuple[str, str, str, str]
"""What a format said about a file: (`warn`, code, message, where) or (status, aspects, reason, '') of a coverage."""


class Memory(Struct, array_like=True):
    """What is remembered of the files of one dataset."""

    reader: str
    digest: bytes
    paths: list[bytes]
    etags: list[str]
    which: list[int]
    rows: list[int]
    fragments: list[bytes]
    notes: dict[int, list[Note]]


def reader_id(format: Format[Any]) -> str:
    """Return what must be equal for a remembered fragment to be used: the format, its options and its version."""
    config = format.config.model_dump_json() if hasattr(format.config, "model_dump_json") else ""
    cls = type(format)
    text = f"{cls.__module__}:{cls.__qualname__}:{cls.memo_version}:{config}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def file_key(path: str) -> bytes:
    """Return the key under which discovery remembers one file."""
    return b"file\0" + os.fsencode(path)


def digest_of(files: Sequence[Entry]) -> bytes:
    """Return what changes whenever a file of a dataset does."""
    sha = hashlib.sha256()
    for entry in files:
        sha.update(os.fsencode(f"{entry.path}\0{entry.etag}\0"))
    return sha.digest()


def recall(ctx: Context, key: bytes, reader: str) -> Memory | None:
    """Return what is remembered under a key; None when there is nothing, or another reader wrote it."""
    blob = ctx.memo.get(key)
    if blob is None:
        return None
    try:
        memory = msgspec.msgpack.decode(blob, type=Memory)
    except msgspec.DecodeError:
        return None
    return memory if memory.reader == reader else None


def replay(memory: Memory, ctx: Context) -> None:
    """Say again what the format said when it read the files."""
    for notes in memory.notes.values():
        for kind, code, message, where in notes:
            if kind == "warn":
                ctx.warn(code, message, where)


class Recorder:
    """A context that also notes what a format says about the file at hand, so that it can be said again."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._notes: list[Note] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ctx, name)

    def warn(self, code: str, message: str, where: str = "") -> None:
        """Pass a warning on, and note it."""
        self._notes.append(("warn", code, message, where))
        self._ctx.warn(code, message, where)

    def covered(self, covered: Covered) -> None:
        """Note a declaration; the source makes one of all files' declarations."""
        status: Literal["complete", "partial", "failed"] = covered.status
        self._notes.append((status, ",".join(sorted(covered.aspects)), covered.reason, ""))

    def take(self) -> list[Note]:
        """Return what was noted since the last call."""
        notes, self._notes = self._notes, []
        return notes


class Quiet:
    """A context for looking ahead: warnings are given when the file is read for good."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ctx, name)

    def warn(self, code: str, message: str, where: str = "") -> None:
        """Say nothing yet."""
