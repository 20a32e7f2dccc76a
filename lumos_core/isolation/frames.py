"""How a run and its worker write to each other: frames of bytes on two private pipes.

A frame is one byte that says what it holds, four bytes with the number of the call that it belongs to, four bytes with
its length, then its content: canonical lines (many in one frame, each with its newline) or one control message.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
import threading
from typing import IO, NamedTuple

LINES = 1
"""The frame holds canonical lines of records."""

MESSAGE = 2
"""The frame holds one control message (`messages`)."""

MAX_LINE = 64 << 20
"""Bytes of the longest line that crosses; a longer one fails its unit."""

BATCH = 256 << 10
"""Bytes of lines that are gathered before they cross together."""

WINDOW = 16
"""Frames of lines or items that one call may send ahead of its reader."""

PIPE = 1 << 20
"""Bytes that a pipe should hold, so that neither side waits for the other at every frame."""

_HEADER = struct.Struct(">BII")


class Frame(NamedTuple):
    """One frame.

    Attributes:
        kind: `LINES` or `MESSAGE`.
        call: The call that it belongs to; 0 for the worker as a whole.
        content: Its bytes.
    """

    kind: int
    call: int
    content: bytes


class BrokenStream(Exception):
    """What came is not a frame: something else wrote into the pipe, or it was cut within a frame."""


class Pipes:
    """Both directions; `send` may be called by many threads, `receive` by one."""

    def __init__(self, reader: IO[bytes], writer: IO[bytes]) -> None:
        self._reader, self._writer = reader, writer
        self._lock = threading.Lock()

    def send(self, kind: int, call: int, content: bytes) -> None:
        """Write one frame whole.

        Raises:
            OSError: When the other side is gone.
            ValueError: When this side was closed.
        """
        with self._lock:
            self._writer.write(_HEADER.pack(kind, call, len(content)))
            self._writer.write(content)
            self._writer.flush()

    def receive(self) -> Frame | None:
        """Read one frame; None at the end of the stream.

        Raises:
            BrokenStream: When it is none.
        """
        header = self._reader.read(_HEADER.size)
        if not header:
            return None
        if len(header) < _HEADER.size:
            raise BrokenStream("the stream was cut within a frame")
        kind, call, length = _HEADER.unpack(header)
        if kind not in (LINES, MESSAGE) or length > MAX_LINE + BATCH:
            raise BrokenStream(f"{header!r} does not begin a frame")
        content = self._reader.read(length)
        if len(content) < length:
            raise BrokenStream("the stream was cut within a frame")
        return Frame(kind, call, content)

    def close(self) -> None:
        """Close the writing direction: the other side reads its end."""
        with self._lock, contextlib.suppress(OSError):  # what was not written yet has no reader any more
            self._writer.close()

    def disown(self) -> None:
        """Let go of the pipes in a copy of this process, made by a fork: they are the original's."""
        self._lock = threading.Lock()
        nothing = os.open(os.devnull, os.O_RDWR)
        for pipe in (self._reader, self._writer):
            with contextlib.suppress(OSError, ValueError):  # closed already
                os.dup2(nothing, pipe.fileno(), inheritable=False)
        os.close(nothing)

    def release(self) -> None:
        """Close both directions; called by the one who receives, when nothing more can come."""
        self.close()
        self._reader.close()


def widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold more, where the system can."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError, AttributeError):  # AttributeError: a Python that was built elsewhere
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE)
