"""Objects as files: only the byte ranges that are read are asked for, and the next files' in advance.

Formats open the files of a dataset one after another, and read the same part of each: the head of a text, the footer
of a Parquet file. So what the first file was asked for is asked of the following ones while the first is still being
read. How many follow grows only as files are really opened in order.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import BinaryIO, NamedTuple, cast

AHEAD = 64 * 1024
"""Bytes that one request asks for at least: a footer, and small files whole."""
BEHIND = 4 * 1024
"""Bytes that are asked for beyond what is wanted, so that a look at whether there is more costs no request."""
KEPT = 2 * 2**20
"""Bytes of a file that are held; what was read longest ago goes."""
IN_ADVANCE = 2**20
"""Bytes of one file that are asked for in advance at most."""

Fetch = Callable[[int, int], bytes]
"""Returns the bytes from an offset up to another."""


class Shape(NamedTuple):
    """What of a file was asked for first.

    Attributes:
        tail: Its end, rather than its beginning; None when it was all of a small file, which tells nothing.
        length: So many bytes.
    """

    tail: bool | None
    length: int

    def place(self, size: int) -> tuple[int, int] | None:
        """Return the offsets in a file of a size; None when they are not known."""
        length = min(max(self.length, AHEAD), IN_ADVANCE, size)
        if self.tail is None and size > AHEAD:
            return None
        return (size - length, size) if self.tail else (0, length)


class Reader:
    """What the files of one storage share: the shape of the first read, and how far to look ahead.

    Args:
        pool: Makes requests in advance; None = none are made.
        most: Files that are asked for in advance at most.
    """

    def __init__(self, pool: Callable[[], Executor] | None = None, most: int = 0) -> None:
        self._pool, self._most = pool, most
        self._last: ObjectFile | None = None
        self._opened: ObjectFile | None = None
        self._row = 0
        self.shape: Shape | None = None

    def add(self, file: ObjectFile) -> None:
        """Note that a file follows those before it."""
        if self._last is not None:
            self._last.following = file
        self._last = file

    def opening(self, file: ObjectFile) -> None:
        """Ask for what follows, when files are opened in order."""
        in_order = self._opened is not None and self._opened.following is file
        self._row = self._row + 1 if in_order else 0
        self._opened = file
        if self._pool is None or self.shape is None or not self._row:
            return
        pool, ahead = self._pool(), file.following
        for _ in range(min(self._most, 2**self._row)):
            if ahead is None:
                return
            ahead.prefetch(pool, self.shape)
            ahead = ahead.following


class ObjectFile:
    """An object as formats see a file (`lumos_core.plugin_api.File`).

    Attributes:
        path: Path below the root of the source.
        size: Bytes.
        etag: As it was listed.
        local: None: it is not on this machine.
        urn: The dataset that it belongs to.
        following: The file that was made after it.
    """

    local: str | None = None

    def __init__(self, path: str, size: int, etag: str, urn: str, fetch: Fetch, reader: Reader) -> None:
        self.path, self.size, self.etag, self.urn = path, size, etag, urn
        self.following: ObjectFile | None = None
        self._fetch, self._reader = fetch, reader
        self._early: tuple[int, Future[bytes]] | None = None
        reader.add(self)

    def open(self) -> BinaryIO:
        """Open for reading and seeking; the first request is made by the first read.

        Raises:
            OSError: Never; what goes wrong is raised by the reads, as an error of Lumos.
        """
        self._reader.opening(self)
        early, self._early = self._early, None
        return cast("BinaryIO", Stream(self.size, self._fetch, self._reader, early))

    def prefetch(self, pool: Executor, shape: Shape) -> None:
        """Ask for a part before the file is opened."""
        place = shape.place(self.size)
        if self._early is None and self.size and place is not None:
            start, end = place
            self._early = start, pool.submit(self._fetch, start, end)


class Stream(io.RawIOBase):
    """A file over byte ranges.

    Args:
        size: Bytes.
        fetch: Returns a range.
        reader: Learns the shape of the first read.
        early: Offset and bytes of what was asked for in advance.
    """

    def __init__(self, size: int, fetch: Fetch, reader: Reader, early: tuple[int, Future[bytes]] | None = None) -> None:
        super().__init__()
        self._size, self._fetch, self._reader = size, fetch, reader
        self._early = early
        self._place = 0
        self._blocks: list[tuple[int, bytes]] = []
        self._first = True

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be sought in."""
        return True

    def tell(self) -> int:
        """Return the place of the next read."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the place of the next read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._place = base + offset
        return self._place

    def read(self, size: int | None = -1) -> bytes:
        """Return as many bytes as asked for, or what is left.

        Raises:
            RetryableError: When the object changed since it was listed, or the server does not answer.
            LumosError: When the server refuses.
        """
        if self.closed:
            raise ValueError("I/O operation on closed file")
        end = self._size if size is None or size < 0 else min(self._size, self._place + size)
        if end <= self._place:
            return b""
        data = self._between(self._place, end)
        self._place = end
        return data

    def readall(self) -> bytes:
        """Return what is left."""
        return self.read()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer, and return how much of it is filled."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def peek(self, size: int = 1) -> bytes:
        """Return bytes ahead without moving, so that a line is not read byte by byte."""
        end = min(self._size, self._place + max(size, 8192))
        return self._between(self._place, end) if end > self._place else b""

    def close(self) -> None:
        """Forget what is held."""
        self._blocks.clear()
        self._early = None
        super().close()

    def _between(self, start: int, end: int) -> bytes:
        if self._early is not None:
            offset, coming = self._early
            self._early = None
            if start < offset + IN_ADVANCE and end > offset:
                self._keep(offset, coming.result())
                self._first = False
        parts: list[bytes] = []
        while start < end:
            part = self._held(start, end)
            if not part:
                upto = self._next_held(start, end)
                part = self._asked(start, upto)[: upto - start]
            parts.append(part)
            start += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _held(self, start: int, end: int) -> bytes:
        for offset, block in reversed(self._blocks):
            if offset <= start < offset + len(block):
                return block[start - offset : end - offset]
        return b""

    def _next_held(self, start: int, end: int) -> int:
        """Where what is held begins again, if it does before `end`."""
        return min((offset for offset, _ in self._blocks if start < offset < end), default=end)

    def _asked(self, start: int, end: int) -> bytes:
        """Ask for a range, wider where that saves a request."""
        upto = end
        if end - start < IN_ADVANCE:
            upto = min(self._size, max(end + BEHIND, start + AHEAD))
            if upto == self._size and self._first and end == self._size:
                start_wide = max(0, min(start, self._size - AHEAD))
            else:
                start_wide = start
        else:
            start_wide = start
        if self._first:
            self._first = False
            ends = start_wide == 0, upto == self._size
            self._reader.shape = Shape(None if all(ends) else ends[1], upto - start_wide)
        data = self._fetch(start_wide, upto)
        self._keep(start_wide, data)
        return data[start - start_wide :]

    def _keep(self, offset: int, data: bytes) -> None:
        if len(data) > KEPT:
            return
        self._blocks.append((offset, data))
        while sum(len(block) for _, block in self._blocks) > KEPT:
            self._blocks.pop(0)
