"""The tail of an ORC file: postscript and footer, and not a byte of the data or of the stripes' statistics.

Source of the rules: ORC specification v1, sections File Tail, Postscript, Footer; `orc_proto.proto` of `orc-format`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from msgspec import Struct

from . import wire
from .compression import KINDS, decompress

MAGIC = b"ORC"
FIRST_LOOK = 16 * 1024
"""So many bytes are read at first, as other readers do; most tails are smaller."""
LARGEST = 64 * 1024 * 1024
"""A footer that is larger, stored or decompressed, is not read."""
MOST_PARTS = 2_000_000
"""A footer of more columns, stripes, statistics and pairs together is not read."""
WRITERS = ("ORC Java", "ORC C++", "Presto", "Scritchley Go", "Trino", "cuDF")


class Kind(Struct, frozen=True):
    """One node of the schema, as the file has it (message `Type`).

    Attributes:
        kind: Number of its kind.
        children: Numbers of the nodes below it.
        names: Of the children of a struct.
        length: Of `varchar` and `char`.
        precision, scale: Of `decimal`.
        attributes: Key-value pairs that the writer put there.
        crs: Of a geometry.
        spherical: Edges of a geometry run on a globe.
    """

    kind: int = 0
    children: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    length: int = 0
    precision: int = 0
    scale: int = 0
    attributes: tuple[tuple[str, str], ...] = ()
    crs: str = ""
    spherical: bool = False


class Tail(Struct):
    """What a tail says.

    Attributes:
        compression: Name of the kind of compression.
        version: Of the file format, such as `0.12`.
        writer: Name of the software that wrote it; empty where nobody says.
        software: Its version; empty where nobody says.
        rows: How many rows the file has.
        kinds: The message of each node of the schema, in order; `kind_of` reads one.
        metadata: Of the user.
        statistics: The message of each column's statistics, in order of the nodes; empty where there are none.
        encrypted: Numbers of the nodes below which the data is encrypted.
    """

    compression: str = "uncompressed"
    version: str = ""
    writer: str = ""
    software: str = ""
    rows: int = 0
    kinds: list[bytes] = []
    metadata: list[tuple[str, bytes]] = []
    statistics: list[bytes] = []
    encrypted: list[int] = []


class TailError(ValueError):
    """The file has no tail that can be read.

    Attributes:
        why: What is wrong.
        fix: What to do.
    """

    def __init__(self, why: str, fix: str = "write the file again") -> None:
        super().__init__(why)
        self.why, self.fix = why, fix


class _Postscript(Struct):
    footer: int = 0
    compression: int = 0
    block: int = 256 * 1024
    version: tuple[int, ...] = ()
    writer_version: int = 0
    magic: bytes = b""


def read_tail(stream: BinaryIO, size: int) -> Tail:
    """Read the tail of a file: one read for most files, a second one where the footer is large.

    Args:
        stream: The file, seekable.
        size: Its bytes.

    Raises:
        TailError: When it is no ORC file, is truncated or corrupt, or its footer is too large.
        OSError: When the storage refuses.
    """
    end = _read_end(stream, size, min(size, FIRST_LOOK))
    length = end[-1] if end else 0
    if length + 1 > len(end):
        raise _foreign(stream, size)
    try:
        postscript = _postscript(end[-1 - length : -1])
    except (ValueError, IndexError):
        raise _foreign(stream, size) from None
    if postscript.magic != MAGIC and not _begins_as_orc(stream):
        raise _foreign(stream, size)
    wanted = postscript.footer + length + 1
    if not postscript.footer or wanted > size:
        raise TailError(f"its footer of {postscript.footer:,} bytes is not in its {size:,} bytes")
    if postscript.footer > LARGEST:
        raise TailError(f"its footer has {postscript.footer:,} bytes, and at most {LARGEST:,} are read")
    if wanted > len(end):
        end = _read_end(stream, size, wanted)
    if postscript.compression >= len(KINDS):
        raise TailError("it is compressed in a way that nobody knew when this reader was written", "update Lumos")
    tail = Tail(KINDS[postscript.compression], ".".join(str(part) for part in postscript.version))
    try:
        footer = decompress(end[-wanted : -1 - length], tail.compression, postscript.block, LARGEST)
        _read_footer(footer, tail)
    except ValueError as error:
        raise TailError(f"its footer cannot be read: {error}") from error
    if not tail.writer and postscript.writer_version < 6:
        tail.writer = WRITERS[0]  # only ORC for Java may use the versions below 6 (comment in `orc_proto.proto`)
    return tail


def kind_of(message: bytes) -> Kind:
    """Return a node of the schema.

    Raises:
        ValueError: When the bytes are none.
    """
    children: list[int] = []
    names: list[str] = []
    attributes: list[tuple[str, str]] = []
    numbers = {1: 0, 4: 0, 5: 0, 6: 0}
    crs, spherical = "", False
    for field, value in wire.fields(message):
        if field in numbers:
            numbers[field] = wire.number(value)
        elif field == 2:
            children.extend(wire.packed(value))
        elif field == 3:
            names.append(wire.text(value))
        elif field == 7:
            pair = {key: wire.text(part) for key, part in wire.fields(wire.raw(value)) if key in (1, 2)}
            attributes.append((pair.get(1, ""), pair.get(2, "")))
        elif field == 8:
            said = dict(wire.fields(wire.raw(value)))
            crs, spherical = wire.text(said.get(3, b"")), said.get(2) == 1
    return Kind(
        *(numbers[1], tuple(children), tuple(names), numbers[4], numbers[5], numbers[6]),
        *(tuple(attributes), crs, spherical),
    )


def _read_end(stream: BinaryIO, size: int, count: int) -> bytes:
    stream.seek(size - count)
    data = stream.read(count)
    if len(data) < count:
        raise TailError("it is shorter than it was when it was listed", "run again")
    return data


def _begins_as_orc(stream: BinaryIO) -> bool:
    stream.seek(0)
    return stream.read(len(MAGIC)) == MAGIC


def _foreign(stream: BinaryIO, size: int) -> TailError:
    """Say what is wrong with a file whose end is no postscript."""
    if _begins_as_orc(stream):
        return TailError(
            f"it is truncated: it begins as ORC, but the last of its {size:,} bytes are not a tail",
            "write the file again, or wait until whoever writes it has finished",
        )
    return TailError("it is no ORC file: its first bytes are not `ORC`", "name it after the format that it has")


def _postscript(data: bytes) -> _Postscript:
    found = _Postscript()
    version: list[int] = []
    for field, value in wire.fields(data):
        if field == 1:
            found.footer = wire.number(value)
        elif field == 2:
            found.compression = wire.number(value)
        elif field == 3:
            found.block = wire.number(value)
        elif field == 4:
            version.extend(wire.packed(value))
        elif field == 6:
            found.writer_version = wire.number(value)
        elif field == 8000:
            found.magic = wire.raw(value)
    found.version = tuple(version)
    return found


def _read_footer(data: bytes, tail: Tail) -> None:
    for count, (field, value) in enumerate(wire.fields(data)):
        if count >= MOST_PARTS:
            raise ValueError(f"it has more than {MOST_PARTS:,} parts")
        if field == 4:
            tail.kinds.append(wire.raw(value))
        elif field == 5:
            pair = dict(wire.fields(wire.raw(value)))
            tail.metadata.append((wire.text(pair.get(1, b"")), wire.raw(pair.get(2, b""))))
        elif field == 6:
            tail.rows = wire.number(value)
        elif field == 7:
            tail.statistics.append(wire.raw(value))
        elif field == 9:
            writer = wire.number(value)
            tail.writer = WRITERS[writer] if writer < len(WRITERS) else f"writer {writer}"
        elif field == 10:
            tail.encrypted.extend(_encrypted(wire.raw(value)))
        elif field == 12:
            tail.software = wire.text(value)
    if not tail.kinds:
        raise ValueError("there is no schema in it")


def _encrypted(message: bytes) -> Iterator[int]:
    """Yield the root node of each encrypted part (message `Encryption`)."""
    for field, value in wire.fields(message):
        if field == 3:
            yield next((wire.number(part) for key, part in wire.fields(wire.raw(value)) if key == 1), 0)
