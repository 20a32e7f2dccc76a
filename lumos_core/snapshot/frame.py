"""The first and the last line of a snapshot, its names, and the bounds that a reader keeps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from ..errors import SnapshotError
from ..model.coverage import Coverage
from ..model.scope import Covered, Scope

FORMAT = "lumos-snapshot/1"
"""Name and version of the format; an older version always reads."""

TRAILER_START = b'{"kind":"~end","urn":"","value":'
HEADER_START = b'{"exported_at":'

MAX_LINE = 64 * 2**20
"""A longer line is refused: no record is that large, and memory stays bounded."""

MAX_RATIO = 1000
"""A compressed file that grows more than this, beyond `FREE_SIZE`, is refused as a bomb."""

FREE_SIZE = 256 * 2**20
"""Decompressed bytes that are read whatever the ratio."""

_FORMAT = re.compile(r"lumos-snapshot/(\d{1,9})\Z")


class SourceInfo(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who reported, and on which layers (`source`, `manual`, ...)."""

    name: str
    layers: tuple[str, ...] = ()


class Header(Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of a snapshot."""

    exported_at: str
    format: str = FORMAT
    sources: tuple[SourceInfo, ...] = ()


class Declared(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A `Covered` as the trailer writes it: its status always stands there."""

    scope: Scope
    aspects: frozenset[str]
    status: Literal["complete", "partial", "failed"]
    reason: str = ""


class TrailerValue(Struct, frozen=True, forbid_unknown_fields=True):
    """What the last line holds; `coverage` alone licenses removals."""

    count: int
    sha256: str
    coverage: tuple[Declared, ...] = ()


class Trailer(Struct, frozen=True, forbid_unknown_fields=True):
    """The last line of a snapshot: a file without it is not a snapshot."""

    value: TrailerValue
    kind: str = "~end"
    urn: str = ""

    def declared(self) -> Coverage:
        """Return the coverage."""
        return Coverage(Covered(c.scope, c.aspects, c.status, c.reason) for c in self.value.coverage)


_encoder = msgspec.json.Encoder(order="sorted")
_headers = msgspec.json.Decoder(Header)
_trailers = msgspec.json.Decoder(Trailer)


def header_line(sources: Iterable[SourceInfo], exported_at: str) -> bytes:
    """Return a header, without the newline."""
    ordered = tuple(sorted(set(sources), key=lambda source: source.name))
    return _encoder.encode(Header(exported_at, sources=ordered))


def trailer_line(count: int, sha256: str, coverage: Coverage) -> bytes:
    """Return a trailer, without the newline."""
    declared = tuple(Declared(c.scope, c.aspects, c.status, c.reason) for c in coverage.declared())
    return _encoder.encode(Trailer(TrailerValue(count, sha256, declared)))


def parse_header(line: bytes, where: str) -> Header:
    """Read the first line.

    Raises:
        SnapshotError: When it is not the header of a version that this reader knows.
    """
    if not line.startswith(HEADER_START):
        raise SnapshotError(
            "this is not a Lumos snapshot",
            why=f"its first line begins with {bytes(line[:40])!r}, not with {HEADER_START.decode()}",
            where=where,
        )
    check_version(_loose_format(line), where)
    try:
        header = _headers.decode(line)
    except (msgspec.MsgspecError, ValueError) as error:
        raise SnapshotError("the header is damaged", why=str(error), where=where) from None
    if _encoder.encode(header) != line:
        raise SnapshotError("the header is not in canonical form", where=where)
    return header


def check_version(format: str, where: str) -> None:
    """Refuse a format that this reader does not know.

    Raises:
        SnapshotError: When the format is of a newer version, or no snapshot format at all.
    """
    match = _FORMAT.match(format)
    if match is None:
        raise SnapshotError(f"unknown snapshot format {format[:60]!r}", why=f"expected {FORMAT}", where=where)
    if int(match.group(1)) != 1:
        raise SnapshotError(
            f"this snapshot is of version {match.group(1)}, and this Lumos reads version 1",
            why="a newer Lumos wrote it",
            fix="upgrade with `pip install -U lumos-core`",
            where=where,
        )


def _loose_format(line: bytes) -> str:
    try:
        found = msgspec.json.decode(line, type=dict[str, object]).get("format")
    except (msgspec.MsgspecError, ValueError):
        return FORMAT  # damaged beyond this question: the strict decoder says how
    return found if isinstance(found, str) else ""


def parse_trailer(line: bytes, where: str) -> Trailer:
    """Read the last line.

    Raises:
        SnapshotError: When it is damaged.
    """
    try:
        trailer = _trailers.decode(line)
    except (msgspec.MsgspecError, ValueError) as error:
        raise SnapshotError("the trailer is damaged", why=str(error), where=where) from None
    if trailer_line(trailer.value.count, trailer.value.sha256, trailer.declared()) != line:
        raise SnapshotError("the trailer is not in canonical form", where=where)
    return trailer


def is_compressed(path: Path) -> bool:
    """Tell by its name whether a snapshot is compressed."""
    return path.name.endswith(".zst")


def stats_path(path: Path) -> Path:
    """Return where the `stats` lines of a snapshot stand: `NAME.lumos.jsonl` -> `NAME.stats.lumos.jsonl`."""
    for ending in (".lumos.jsonl.zst", ".lumos.jsonl", ".jsonl.zst", ".jsonl", ".zst"):
        if path.name.endswith(ending):
            return path.with_name(f"{path.name[: -len(ending)]}.stats{ending}")
    return path.with_name(f"{path.name}.stats")
