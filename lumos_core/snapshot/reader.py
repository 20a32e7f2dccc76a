"""Reading a snapshot: fails closed, so that nothing is ever concluded from a damaged file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..errors import SnapshotError
from ..model.coverage import Coverage
from ..model.entities import KINDS
from ..model.record import STATS_START, AnyRecord, canonical, decode
from .blocks import Block, Limits, read_blocks
from .frame import Header, Trailer, parse_header, parse_trailer, stats_path
from .peek import peek_trailer

_VALUE = b'","value":'


class SnapshotReader:
    """One snapshot file, plain or compressed.

    Every pass verifies what it reads: order and uniqueness of the lines, their number, the hash of all bytes,
    the trailer. An error may come at the very end of the pass: act on what was read only after that.

    Args:
        path: The file.
        limits: What is accepted.

    Raises:
        SnapshotError: When the header is not one of this format and version.

    Example:
        ```python
        reader = SnapshotReader("shop.lumos.jsonl")
        for record in reader.records():
            ...
        ```
    """

    def __init__(self, path: Path | str, limits: Limits = Limits()) -> None:
        self.path = Path(path)
        self.limits = limits
        self._trailer: Trailer | None = None
        self.header: Header = self._read_header()

    @property
    def stats_path(self) -> Path | None:
        """The file with the `stats` lines, when there is one beside this file."""
        beside = stats_path(self.path)
        return beside if beside.exists() else None

    @property
    def coverage(self) -> Coverage:
        """What the sources declared to have seen."""
        return self.trailer().declared()

    def trailer(self) -> Trailer:
        """Return the last line; from the end of the file where that is possible, else by reading all of it.

        Raises:
            SnapshotError: When there is none, or it is damaged.
        """
        if self._trailer is None:
            line = peek_trailer(self.path)
            if line is None:
                for _ in self.lines():
                    pass
            else:
                self._trailer = parse_trailer(line, str(self.path))
        assert self._trailer is not None
        return self._trailer

    def blocks(self, counted: Callable[[], int]) -> Iterator[Block]:
        """Return the record lines in blocks; everything but their order is verified.

        Args:
            counted: Tells, at the end, how many lines the caller found in the blocks.

        Raises:
            SnapshotError: When the file is truncated or altered.
        """
        first = True
        for block in read_blocks(self.path, self.limits):
            if block.trailer is not None:
                self._verify(block, counted())
                return
            if first:
                block = block._replace(start=block.data.index(b"\n", block.start) + 1)
                first = False
            if block.stop > block.start:
                yield block

    def lines(self) -> Iterator[bytes]:
        """Return every record line in order, without its newline.

        Raises:
            SnapshotError: When the file is not what it claims to be, with file and line.
        """
        order = Order(self.path)
        for block in self.blocks(lambda: order.count):
            lines = block.data[block.start : block.stop].split(b"\n")
            lines.pop()
            for line in lines:
                order.check(line)
                yield line

    def records(self) -> Iterator[AnyRecord]:
        """Return every record, in order; each line must be canonical.

        Raises:
            SnapshotError: As `lines`, and when a line is not a record in canonical form.
        """
        for number, line in enumerate(self.lines(), 2):
            yield decode_line(line, f"{self.path}:{number}")

    def digest(self) -> str:
        """Return the SHA-256 of the lines without header, trailer and `stats`.

        Of a file that holds nothing but `stats`, it is the hash of these.
        """
        digest, stats = hashlib.sha256(), hashlib.sha256()
        found = False
        for line in self.lines():
            if line.startswith(STATS_START):
                stats.update(line + b"\n")
            else:
                found = True
                digest.update(line + b"\n")
        return digest.hexdigest() if found else stats.hexdigest()

    def _read_header(self) -> Header:
        blocks = read_blocks(self.path, self.limits)
        try:
            block = next(blocks)
            if block.trailer is not None:
                raise SnapshotError("the snapshot has no header", where=f"{self.path}:1")
            end = block.data.index(b"\n", block.start)
            return parse_header(block.data[block.start : end], f"{self.path}:1")
        finally:
            blocks.close()  # type: ignore[attr-defined]

    def _verify(self, block: Block, count: int) -> None:
        assert block.trailer is not None
        trailer = parse_trailer(block.trailer, f"{self.path}:{count + 2}")
        why = ""
        if trailer.value.count != count:
            why = f"the trailer counts {trailer.value.count} records, the file holds {count}"
        elif trailer.value.sha256 != block.sha256:
            why = "its bytes do not have the hash that the trailer names"
        elif self._trailer is not None and self._trailer != trailer:
            why = "it was replaced while it was read"
        if why:
            raise SnapshotError("the snapshot was altered after it was written", why=why, where=str(self.path))
        self._trailer = trailer


class Order:
    """Checks that lines come in order, each (kind, URN) once, on their prefix, unparsed.

    Attributes:
        count: Lines that were accepted.
        last: The key of the last of them.
        kind: The beginning that all lines of the present kind share.
    """

    def __init__(self, name: Path | str, head: int = 1) -> None:
        self.name = name
        self.head = head
        self.count = 0
        self.last = b""
        self.kind = b"\0"

    def check(self, line: bytes) -> None:
        """Accept the next line.

        Raises:
            SnapshotError: When it is out of order, doubled, or of a kind that this version does not know.
        """
        end = line.find(_VALUE, 9)
        key = line[:end]
        if end < 0 or key <= self.last or not key.startswith(self.kind):
            self._check_slowly(line, key, end)
        self.last = key
        self.count += 1

    def _check_slowly(self, line: bytes, key: bytes, end: int) -> None:
        where = f"{self.name}:{self.count + self.head + 1}"
        if end < 0 or not line.startswith(b'{"kind":"'):
            raise SnapshotError("this is not a record", why=f"it begins with {line[:40]!r}", where=where)
        if key == self.last:
            raise SnapshotError(f"two records are {_urn(key)}", why="(kind, URN) is unique", where=where)
        if key < self.last:
            raise SnapshotError(
                f"{_urn(key)} comes after {_urn(self.last)}",
                why="lines stand in byte order",
                fix="sort and seal it again with `lumos snapshot convert`",
                where=where,
            )
        kind = key[9 : key.find(b'"', 9)].decode("utf-8", "replace")
        if kind == "~end":
            raise SnapshotError("the file goes on after its trailer", where=where)
        if kind not in KINDS:
            raise SnapshotError(
                f"unknown kind {kind!r}",
                why="a newer Lumos may have written it",
                fix="upgrade Lumos",
                where=where,
            )
        self.kind = b'{"kind":"' + kind.encode() + b'"'


def _urn(key: bytes) -> str:
    return key.partition(b'"urn":"')[2].decode("utf-8", "replace")


def decode_line(line: bytes, where: str) -> AnyRecord:
    """Decode a line that must be canonical.

    Raises:
        SnapshotError: When it is not a record, or encoding it gives other bytes.
    """
    try:
        record = decode(line)
        again = canonical(record)
    except ValueError as error:
        raise SnapshotError("this line is not a record of this version", why=str(error), where=where) from None
    if again != line:
        raise SnapshotError(
            f"the line of {record.urn} is not in canonical form",
            why=_difference(line, again),
            fix="write it again with `lumos snapshot convert`",
            where=where,
        )
    return record


def _difference(line: bytes, again: bytes) -> str:
    place = next((i for i, (a, b) in enumerate(zip(line, again, strict=False)) if a != b), min(len(line), len(again)))
    near = slice(max(place - 20, 0), place + 20)
    return f"at byte {place} it has {line[near]!r} where canonical is {again[near]!r}"


def ordered(lines: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Return lines and verify their order; `name` stands for the file in errors."""
    order = Order(name, 0)
    for line in lines:
        order.check(line)
        yield line
