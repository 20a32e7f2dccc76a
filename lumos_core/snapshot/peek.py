"""The trailer from the end of a file, without reading what stands before it."""

from __future__ import annotations

from pathlib import Path

from . import zstd
from .blocks import unreadable
from .frame import MAX_LINE, TRAILER_START, is_compressed

_TAIL = 2**16
_COMPRESSED_TAIL = 2**20


def peek_trailer(path: Path) -> bytes | None:
    """Return the last line when it looks like a trailer; None when only a whole pass can tell.

    What it says is a claim: reading the file to its end verifies it.

    Raises:
        SnapshotError: When the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            window = _COMPRESSED_TAIL if is_compressed(path) else _TAIL
            while True:
                file.seek(max(size - window, 0))
                tail = file.read()
                found = _last_frame(tail) if is_compressed(path) else _last_line(tail)
                if found is not None or window >= min(size, MAX_LINE) or is_compressed(path):
                    return found
                window *= 8
    except OSError as error:
        raise unreadable(path, error) from None


def _last_line(tail: bytes) -> bytes | None:
    begin = tail.rfind(b"\n", 0, -1) + 1
    if begin and tail.endswith(b"\n") and tail.startswith(TRAILER_START, begin):
        return tail[begin:-1]
    return None


def _last_frame(tail: bytes) -> bytes | None:
    """Our writer gives the trailer a frame of its own; a file made by other tools has none such."""
    place = len(tail)
    while (place := tail.rfind(zstd.MAGIC, 0, place)) >= 0:
        decompressor = zstd.decompressor()
        try:
            text = decompressor.decompress(tail[place:], max_length=MAX_LINE)
        except zstd.ZstdError:
            continue
        if decompressor.eof and not decompressor.unused_data and text.startswith(TRAILER_START):
            return text[:-1] if text.endswith(b"\n") and text.count(b"\n") == 1 else None
        return None
    return None
