"""What every format does with a file: a bounded head, decompressed; proof that it stood still; the words of a failure.

Formats of strangers may use this too; nothing here knows a format.
"""

from __future__ import annotations

import bz2
import lzma
import os
import re
import sys
import zlib
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, NamedTuple

from lumos_core.plugin_api import AnyRecord, Context, Dataset, File, Layout, Record, RetryableError, Stats, UnitError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_MAGIC = (
    (re.compile(rb"\x1f\x8b\x08"), "gzip"),
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), "bzip2"),
    (re.compile(rb"\x28\xb5\x2f\xfd"), "zstd"),
    (re.compile(rb"\xfd7zXZ\x00"), "xz"),
)
_DECOMPRESSORS: dict[str, Any] = {
    "bzip2": bz2.BZ2Decompressor,
    "zstd": zstd.ZstdDecompressor,
    "xz": lzma.LZMADecompressor,
}
_BROKEN = (zlib.error, OSError, EOFError, lzma.LZMAError, zstd.ZstdError, ValueError)
_LOCAL_ETAG = re.compile(r"\d+-\d+\Z")
_RUN_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z")


class Head(NamedTuple):
    """The beginning of a file, as text formats see it.

    Attributes:
        data: Bytes, decompressed.
        whole: True when this is all of the file.
        compression: `gzip`, `bzip2`, `zstd`, `xz`, or empty.
    """

    data: bytes
    whole: bool
    compression: str = ""


def read_head(file: File, limit: int) -> Head:
    """Read at most `limit` bytes from the start of a file, and return at most as many when they are decompressed.

    Compression is known by its first bytes, whatever the file is called.

    Raises:
        UnitError: When the file cannot be opened, or its compressed stream is broken or cut short.
        RetryableError: When the file changed since it was listed.
    """
    try:
        with file.open() as stream:
            raw = stream.read(limit)
            more = len(raw) == limit and bool(stream.read(1))
    except OSError as error:
        raise cannot_open(file, error) from error
    check_unchanged(file)
    compression = next((name for magic, name in _MAGIC if magic.match(raw)), "")
    if not compression:
        return Head(raw, not more)
    try:
        data, ended = _decompress(raw, compression, limit)
    except _BROKEN as error:
        raise unreadable(file, f"its {compression} stream is broken ({error})", "write the file again") from error
    if not ended and not more and len(data) < limit:
        raise unreadable(file, f"its {compression} stream is cut short", "write the file again")
    return Head(data, ended and not more, compression)


def unpacked(raw: bytes, limit: int) -> bytes:
    """Return at most `limit` bytes of what is packed in the first bytes of a file; these, when nothing is packed.

    Nothing comes back where the stream is broken: that is said when the file is read.
    """
    compression = next((name for magic, name in _MAGIC if magic.match(raw)), "")
    if not compression:
        return raw
    try:
        return _decompress(raw, compression, limit)[0]
    except _BROKEN:
        return b""


def _decompress(raw: bytes, compression: str, limit: int) -> tuple[bytes, bool]:
    """Return at most `limit` bytes, and whether the stream ended there; concatenated streams are one."""
    parts: list[bytes] = []
    left = limit
    while raw:
        if compression == "gzip":
            inflate = zlib.decompressobj(31)
            part = inflate.decompress(raw, left)
            ended, raw = inflate.eof, inflate.unused_data
        else:
            stream = _DECOMPRESSORS[compression]()
            part = stream.decompress(raw, left)
            ended, raw = stream.eof, stream.unused_data
        parts.append(part)
        left -= len(part)
        if not ended:
            return b"".join(parts), False
        raw = raw.lstrip(b"\0")  # padding behind a stream is allowed
        if left <= 0:
            return b"".join(parts), not raw
    return b"".join(parts), True


def check_unchanged(file: File) -> None:
    """Prove that a local file is still the one that was listed; call it after reading.

    Raises:
        RetryableError: When it changed.
        UnitError: When it is gone.
    """
    if file.local is None:
        return
    try:
        status = os.stat(file.local)  # noqa: PTH116
    except OSError as error:
        raise cannot_open(file, error) from error
    same = status.st_size == file.size
    if same and _LOCAL_ETAG.match(file.etag):
        same = file.etag == f"{status.st_size}-{status.st_mtime_ns}"
    if not same:
        raise RetryableError(
            "the file changed while it was being read",
            why=f"it was listed with {file.size:,} bytes and has {status.st_size:,} now",
            fix="run again when whoever writes it has finished",
            where=file.path,
        )


def cannot_open(file: File, error: OSError) -> UnitError:
    """Return the error for a file that the storage refuses."""
    why = error.strerror or type(error).__name__
    fix = "give the user that runs Lumos the right to read it"
    if isinstance(error, FileNotFoundError):
        fix = "run again; it was removed after the folder was listed"
    return unreadable(file, why, fix)


def unreadable(file: File, why: str, fix: str) -> UnitError:
    """Return the error for a file that cannot be read.

    Args:
        file: The file.
        why: The cause, in the format's own words.
        fix: What to do.
    """
    return UnitError("the file cannot be read", why=why, fix=fix, where=file.path)


def empty(file: File, format: str, ctx: Context) -> AnyRecord:
    """Return the fragment of a file that holds nothing, and say so; nothing is concluded about its fields."""
    ctx.warn("empty-file", "the file is empty, so that it says nothing about its fields", file.path)
    return Record(file.urn, Dataset(captured=["layout"], layout=Layout(format=format)))


def profile(file: File, ctx: Context, *, rows: int | None = None, **facts: Any) -> AnyRecord:
    """Return what is known for free of a file's size as a `Stats` fragment.

    Args:
        file: The file.
        ctx: Gives the time of the run.
        rows: Number of rows, where it is known without reading all of the file.
        facts: More attributes of `Stats`.
    """
    value = Stats(row_count=rows, size_bytes=file.size, file_count=1, **facts)
    return Record(f"{file.urn}#profile@{run_time(ctx)}", value)


def run_time(ctx: Context) -> str:
    """Return when the run began (RFC 3339, UTC), as its id says."""
    return _time_of(ctx.run_id) or datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=16)
def _time_of(run_id: str) -> str:
    found = _RUN_TIME.match(run_id)
    if found is None:
        return ""
    year, month, day, hour, minute, second = found.groups()
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}Z"
