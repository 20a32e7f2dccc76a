"""Units of work as plain bytes, so that names which are not Unicode survive the way to another process."""

from __future__ import annotations

import os
from collections.abc import Set as AbstractSet

import msgspec

from lumos_core.plugin_api import UnitError

from .discovery import Grouping, PartitionColumn
from .storage import Entry


def pack(grouping: Grouping, peeked: AbstractSet[str] = frozenset()) -> bytes:
    """Write a grouping as bytes that a unit can carry; names that are not Unicode survive."""
    return msgspec.msgpack.encode(
        (
            os.fsencode(grouping.name),
            os.fsencode(grouping.root),
            grouping.format,
            [(os.fsencode(e.path), e.size, e.mtime_ns, e.tag) for e in grouping.files],
            [(os.fsencode(p.name), p.type, p.nullable, p.positional) for p in grouping.partitions],
            str(grouping.confidence),
            [os.fsencode(reason) for reason in grouping.evidence],
            grouping.marked,
            grouping.also,
            [os.fsencode(e.path) for e in grouping.files if e.path in peeked] if peeked else [],
        )
    )


def unpack(blob: bytes) -> tuple[Grouping, list[str]]:
    """Read what `pack` wrote: the grouping, and the paths that discovery has read.

    Raises:
        UnitError: When it is of another version.
    """
    try:
        name, root, format, files, columns, confidence, evidence, marked, also, peeked = msgspec.msgpack.decode(blob)
    except (msgspec.DecodeError, ValueError) as error:
        raise UnitError("the unit was written by another version of lumos-lake", fix="start the run again") from error
    return Grouping(
        name=os.fsdecode(name),
        root=os.fsdecode(root),
        format=format,
        files=[Entry(os.fsdecode(path), size, mtime, tag) for path, size, mtime, tag in files],
        partitions=tuple(PartitionColumn(os.fsdecode(n), t, nullable, p) for n, t, nullable, p in columns),
        confidence=float(confidence),
        evidence=tuple(os.fsdecode(reason) for reason in evidence),
        marked=marked,
        also=tuple(also),
    ), [os.fsdecode(path) for path in peeked]
