"""Merging snapshots: records of one URN are united, and what contradicts is named."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec
from msgspec import Struct

from ..model.merge import unite
from ..model.record import canonical, decode, line_key


class Conflict(Struct, frozen=True):
    """Two snapshots say different things; the first one's is kept.

    Attributes:
        urn: The record.
        key: The key inside it (`fields[id].type`).
        kept: What stays, as JSON; from `kept_from`.
        dropped: What goes, as JSON; from `dropped_from`.
    """

    urn: str
    key: str
    kept: str
    dropped: str
    kept_from: str
    dropped_from: str


def merge_lines(
    streams: Sequence[tuple[str, Iterable[bytes]]], conflict: Callable[[Conflict], None]
) -> Iterator[bytes]:
    """Merge sorted streams of lines; where two know one record, it is united as several sources' would be.

    Args:
        streams: (name, lines), most trusted first.
        conflict: Called for each contradiction.
    """
    tagged = [_tagged(number, lines) for number, (_, lines) in enumerate(streams)]
    names = [name for name, _ in streams]
    for _, group in groupby(heapq.merge(*tagged), key=lambda item: item[0]):
        (_, first, line), *others = group
        if any(other != line for _, _, other in others):
            line = _united(line, first, others, names, conflict)
        yield line


def _tagged(number: int, lines: Iterable[bytes]) -> Iterator[tuple[bytes, int, bytes]]:
    return ((line_key(line), number, line) for line in lines)


def _united(
    line: bytes,
    first: int,
    others: list[tuple[bytes, int, bytes]],
    names: list[str],
    conflict: Callable[[Conflict], None],
) -> bytes:
    record = decode(line)
    for _, number, other in others:

        def report(key: str, kept: Any, dropped: Any, urn: str = record.urn, name: str = names[number]) -> None:
            conflict(Conflict(urn, key, _json(kept), _json(dropped), names[first], name))

        record = unite(record, decode(other), report)
    return canonical(record)


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
