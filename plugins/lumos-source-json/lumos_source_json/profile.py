"""Records of JSON for a profile: all of a small file, evenly spaced blocks of a large one with a record per line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from lumos_lake.blocks import lines_of
from lumos_lake.heads import Head, read_head
from lumos_lake.profiling import Sampling

from lumos_core.plugin_api import File

from .config import Records
from .infer import lenient
from .records import MAX_DEPTH, Found, NoRecordError, as_utf8, depth, split

BATCH = 4_096
"""Documents that are held at once."""
BLOCKS = 16
MOST_PACKED = 64 * 2**20
"""What has to be read from its beginning (compressed, or one array) is read up to so many bytes."""
_PLAIN = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def batches(file: File, head: Head, found: Found, shape: Records | None, ask: Sampling) -> Iterator[list[Any]]:
    """Yield lists of documents.

    Args:
        file: The file.
        head: Its beginning.
        found: The records of the head.
        shape: How records stand; None when it is found out.
        ask: How many are wanted.

    Raises:
        UnitError: When the file cannot be read.
    """
    if head.whole and (ask.rows is None or len(found.records) <= ask.rows):
        yield from _documents(found.records)
        return
    row = max(1.0, sum(map(len, found.records)) / max(1, len(found.records)) + 1)
    wanted = None if ask.rows is None else int(ask.rows * row)
    if found.shape != "lines" or head.compression or head.data.startswith(_PLAIN):
        yield from _beginning(file, shape, ask, MOST_PACKED if wanted is None else min(wanted, MOST_PACKED))
        return
    from lumos_profile import blocks

    parts = blocks(file.size, file.size if wanted is None else wanted, BLOCKS)
    if len(parts) > 1:
        ask.partial(f"{len(parts)} evenly spaced blocks of lines")
    for piece in lines_of(file, parts, ask.over):
        yield from _documents(piece.splitlines())


def _beginning(file: File, shape: Records | None, ask: Sampling, size: int) -> Iterator[list[Any]]:
    head = read_head(file, size)
    data, _ = as_utf8(head.data)
    try:
        found = split(data, head.whole, shape) if depth(data) <= MAX_DEPTH else None
    except NoRecordError:
        found = None
    if found is None or not head.whole:
        ask.partial("the beginning of the file")
    if found is not None:
        yield from _documents(found.records)


def _documents(records: Iterable[bytes]) -> Iterator[list[Any]]:
    decode = msgspec.json.Decoder().decode
    batch: list[Any] = []
    for record in records:
        try:
            batch.append(decode(record))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if not record.strip():
                continue
            try:
                batch.append(lenient(record))
            except (ValueError, RecursionError):
                continue  # the schema's reading has told about broken records
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
