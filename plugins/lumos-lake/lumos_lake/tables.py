"""Tables that a marker owns: read from the files below the marker, all at once, and never from what lies beside it.

Below `read_log`, which the crawler uses, stands what the formats of tables share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import msgspec
from msgspec import Struct

from lumos_core.plugin_api import (
    AnyRecord,
    Cancelled,
    ConfigError,
    Context,
    Dataset,
    File,
    Format,
    LumosError,
    Record,
    RetryableError,
    Stats,
    decode,
    encode,
)

from .discovery import Grouping
from .heads import read_head, unreadable
from .memory import Memory, Note, Recorder, digest_of, reader_id, replay
from .reading import NOWHERE, Broken, Reading
from .storage import Entry, Storage, reason

_SECRET_KEY = re.compile(
    r"(?i)passw|pwd|secret|token|credential|signature|(?:access|private|account|api|shared)[-_.]?key|\bsas\b"
)
_SECRET_PART = re.compile(
    r"(?i)\b((?:\w*passw\w*|pwd|\w*secret\w*|\w*token|\w*credential|\w*signature|sig|(?:account|access|api)[-_.]?key)"
    r"\s*=\s*)[^&;\s]+"
)
# Keys of stores hold slashes, and stand in old URLs unencoded: better a path is hidden than half a key is shown.
_URL_PASSWORD = re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@'\"]*:)[^\s@'\"]+(?=@)")
_LAST_MS = 253402300799999  # the end of the year 9999


class _Memory(Struct, array_like=True):
    """What is remembered of a table."""

    reader: str
    digest: bytes
    table: bytes
    stats: list[bytes]
    notes: list[Note]


def read_log(files: Sequence[Entry], format: Format[Any], storage: Storage, urn: str, ctx: Context) -> Reading:
    """Read a table from the files of its marker; the last `Dataset` is the table, its `Stats` are kept as they are.

    Raises:
        RetryableError: When the format says so.
        Cancelled: When the run was cancelled.
    """
    reader = reader_id(format)
    key = b"table\0" + urn.encode("utf-8", "surrogateescape")
    digest = digest_of(files)
    memory = None if ctx.full else _recall(ctx, key)
    if memory is not None and memory.reader == reader and memory.digest == digest:
        replay(Memory("", b"", [], [], [], [], [], {0: memory.notes}), ctx)
        return _reading(memory, files, 0)
    if ctx.cancelled():
        raise Cancelled("the run was cancelled")
    recorder = Recorder(ctx)
    table: Dataset | None = None
    stats: list[AnyRecord] = []
    try:
        for record in format.inspect([storage.file(entry, urn) for entry in files], recorder):
            if isinstance(record.value, Dataset):
                table, stats = record.value, []
            elif isinstance(record.value, Stats):
                stats.append(record)
    except (RetryableError, Cancelled, ConfigError):
        raise
    except (LumosError, OSError) as error:
        where = error.where if isinstance(error, LumosError) and error.where else files[-1].path
        return Reading([], [], None, [Broken(where, _why(error))], recorder.take(), len(files))
    if ctx.cancelled():
        raise Cancelled("the run was cancelled")
    if table is None:
        return Reading([], [], None, [Broken(files[-1].path, "the format found no table in it")], [], len(files))
    made = _Memory(
        reader, digest, encode(Record(NOWHERE, table)), [encode(record) for record in stats], recorder.take()
    )
    ctx.memo[key] = msgspec.msgpack.encode(made)
    return _reading(made, files, len(files))


def same_files(grouping: Grouping, urn: str, ctx: Context) -> bool:
    """Tell whether the files of a dataset are those that were read last; False when that is not known."""
    key = urn.encode("utf-8", "surrogateescape")
    if grouping.marked:
        table = _recall(ctx, b"table\0" + key)
        return table is not None and table.digest == digest_of(grouping.files)
    blob = ctx.memo.get(b"dataset\0" + key)
    try:
        known = None if blob is None else msgspec.msgpack.decode(blob, type=Memory)
    except msgspec.DecodeError:
        return False
    return known is not None and known.digest == digest_of(grouping.files)


def _recall(ctx: Context, key: bytes) -> _Memory | None:
    blob = ctx.memo.get(key)
    try:
        return None if blob is None else msgspec.msgpack.decode(blob, type=_Memory)
    except msgspec.DecodeError:
        return None


def _reading(memory: _Memory, files: Sequence[Entry], opened: int) -> Reading:
    return Reading(
        schemas=[decode(memory.table).value],
        examples=[files[-1].path],
        rows=None,
        broken=[],
        notes=memory.notes,
        read=opened,
        stats=[decode(line) for line in memory.stats],
    )


def _why(error: LumosError | OSError) -> str:
    if isinstance(error, OSError):
        return reason(error)
    said = f"{error.what}: {error.why}" if error.why else error.what
    return f"{said}; to mend it, {error.fix}" if error.fix else said


# What formats of tables share


def whole(
    file: File, limit: int, fix: str = "raise the limit in the options of the format, or shorten the file"
) -> bytes:
    """Return all of a file, decompressed.

    Args:
        file: The file.
        limit: Bytes, as they lie and decompressed; it bounds what a bomb can do.
        fix: What to do about a longer one.

    Raises:
        UnitError: When it cannot be read, its compressed stream is broken, or it is longer than `limit`.
        RetryableError: When it changed since it was listed.
    """
    head = read_head(file, limit)
    if not head.whole:
        why = f"it holds more than {limit:,} bytes, which is the most that is read of such a file"
        raise unreadable(file, why, fix)
    return head.data


def time_of(milliseconds: int | None) -> str:
    """Return a time counted in milliseconds since 1970 (UTC) as RFC 3339 text; empty for what is no time."""
    if milliseconds is None or not 0 < milliseconds <= _LAST_MS:
        return ""
    return datetime.fromtimestamp(milliseconds // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def public(properties: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return properties of a table without secrets: people put keys of storage accounts there."""
    pairs = properties.items() if isinstance(properties, Mapping) else properties
    return sorted((key, "***" if _SECRET_KEY.search(key) else hidden(value)) for key, value in pairs)


def hidden(text: str) -> str:
    """Return a text without the password of a URL and the values of `token=...` and its like."""
    return _SECRET_PART.sub(r"\g<1>***", _URL_PASSWORD.sub(r"\g<1>***", text))
