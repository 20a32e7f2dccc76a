"""The older commits of a table from version 8 on: Parquet files, which the newest manifest names.

Each row is an action with the bytes of its metadata. Tables that were upgraded have older history elsewhere.

Source: the Apache Hudi technical specification, "Timeline", "LSM timeline" (1.0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from lumos_lake.heads import unreadable
from lumos_lake.parquet import opened, size_of
from lumos_lake.tables import whole
from msgspec import Struct

from lumos_core.plugin_api import File

from .commit import Commit, decode
from .timeline import FIRST_OF_LAYOUT_2, WRITES, Instant, Timeline

_COLUMNS = ("instantTime", "completionTime", "action", "metadata")
_VERSION = "_version_"
_BATCH = 16
"""Commits that are held at once."""
_LIMIT = 16 * 2**20
_FIX = "run again; if that does not help, restore the history from a copy"


class _Named(Struct):
    fileName: str


class _Manifest(Struct):
    files: list[_Named]


_manifest = msgspec.json.Decoder(_Manifest)


def whole_life(timeline: Timeline, properties: Mapping[str, str]) -> bool:
    """Tell whether all commits since the first can be read.

    Args:
        timeline: Of the table.
        properties: Of the table; they tell of which version it was at first.
    """
    if not timeline.history:
        return True
    first = properties.get("hoodie.table.initial.version", "")
    return timeline.layout == 2 and first.isascii() and first.isdigit() and int(first) >= FIRST_OF_LAYOUT_2


def older(timeline: Timeline, spend: Callable[[int, int, File], None]) -> Iterator[tuple[Instant, Commit]]:
    """Yield the commits of the history, in no order.

    Args:
        timeline: Of the table.
        spend: Is told of bytes and of commits before they are read; raises when they are too many.

    Raises:
        UnitError: When the history is broken, or not whole.
        RetryableError: When a file changed since it was listed.
    """
    for file in _files(timeline.history):
        with opened(file, _FIX) as parquet:
            spend(size_of(parquet, _COLUMNS), parquet.metadata.num_rows, file)
            for batch in parquet.iter_batches(_BATCH, columns=list(_COLUMNS), use_threads=False):
                for row in batch.to_pylist():
                    if row["action"] in WRITES:
                        yield _instant(row, file), decode(row["metadata"] or b"", file)


def _instant(row: Mapping[str, Any], file: File) -> Instant:
    requested, completed = row["instantTime"], row["completionTime"] or ""
    if not isinstance(requested, str) or not isinstance(completed, str):
        raise unreadable(file, "a commit in it has no time", _FIX)
    return Instant(requested, completed, row["action"], file)


def _files(history: Mapping[str, File]) -> list[File]:
    """Return the files that the newest manifest names."""
    pointer = history.get(_VERSION) or next(iter(history.values()))
    number = whole(pointer, _LIMIT, _FIX).strip() if pointer.path.endswith(_VERSION) else b""
    if not number.isdigit():
        raise unreadable(pointer, f"no `{_VERSION}` tells which manifest of the history is the newest", _FIX)
    manifest = history.get(f"manifest_{number.decode()}")
    if manifest is None:
        raise unreadable(pointer, f"it names the manifest {number.decode()}, which is not there", _FIX)
    try:
        names = [file.fileName for file in _manifest.decode(whole(manifest, _LIMIT, _FIX)).files]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable(manifest, "it is no manifest", _FIX) from error
    if missing := [name for name in names if name not in history]:
        raise unreadable(manifest, f"it names {missing[0][:100]}, which is not there", _FIX)
    return [history[name] for name in names]
