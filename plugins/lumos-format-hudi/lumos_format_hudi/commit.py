"""The metadata of one commit, of which only what is needed is decoded: JSON, and from table version 8 on Avro.

Source: the Apache Hudi technical specification, "Commit metadata"; `HoodieCommitMetadata.avsc`,
`HoodieReplaceCommitMetadata.avsc`.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

import msgspec
from lumos_lake.heads import unreadable
from lumos_lake.tables import whole
from msgspec import Struct

from lumos_core.plugin_api import File

from .properties import Malformed

LARGEST = 256 * 2**20
"""Bytes of the largest commit, which grows by the files that it wrote."""
_AVRO = b"Obj\x01"
_SERVICES = frozenset({"CLUSTER", "COMPACT", "INDEX", "LOG_COMPACT"})
"""Operations that rewrite what is there, by a schema that may be older than the table's (`canUpdateSchema`)."""
_UNREADABLE = (
    *(msgspec.DecodeError, msgspec.ValidationError, UnicodeError, RecursionError, EOFError, StopIteration),
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, MemoryError, struct.error),
)
"""What the decoders raise for bytes that are no commit."""
_FIX_LARGE = "leave the table out with `exclude`, or let Hudi commit again in smaller pieces"
_FIX = "wait until its writer has finished, or restore the file from a copy; a commit that is complete never changes"


class WriteStat(Struct, gc=False):
    """One file that a commit wrote."""

    fileId: str | None = None
    path: str | None = None
    numWrites: int | None = None
    numInserts: int | None = None
    numUpdateWrites: int | None = None
    numDeletes: int | None = None
    totalWriteBytes: int | None = None
    fileSizeInBytes: int | None = None


class Commit(Struct, gc=False):
    """What a commit did."""

    partitionToWriteStats: dict[str, list[WriteStat]] | None = None
    partitionToReplaceFileIds: dict[str, list[str]] | None = None
    extraMetadata: dict[str, str | None] | None = None
    operationType: str | None = None

    @property
    def schema(self) -> str:
        """The schema of the table as Avro; empty where the commit does not say it, or may say an older one."""
        if self.operationType in _SERVICES:
            return ""
        return (self.extraMetadata or {}).get("schema") or ""

    @property
    def ids(self) -> str:
        """The schema with the ids of its columns, where columns are evolved on read; empty for none."""
        return (self.extraMetadata or {}).get("latest_schema") or ""

    def stats(self) -> Iterator[tuple[str, WriteStat]]:
        """Yield each file that it wrote, after its partition."""
        for partition, stats in (self.partitionToWriteStats or {}).items():
            for stat in stats:
                yield partition, stat


_json = msgspec.json.Decoder(Commit)


def read(file: File) -> Commit:
    """Read a commit.

    Raises:
        UnitError: When it cannot be read, is empty, cut off, too long, or no commit.
        RetryableError: When it changed since it was listed.
    """
    return decode(whole(file, LARGEST, _FIX_LARGE), file)


def decode(data: bytes, file: File) -> Commit:
    """Read a commit from its bytes.

    Args:
        data: All of them.
        file: Where they come from, for errors.

    Raises:
        UnitError: When they are none, cut off, or no commit.
    """
    if not data:
        raise unreadable(file, "it is empty", _FIX)
    try:
        return msgspec.convert(_avro(data), Commit) if data.startswith(_AVRO) else _json.decode(data)
    except Malformed as error:
        raise unreadable(file, str(error), _FIX) from error
    except _UNREADABLE as error:
        raise unreadable(file, f"it is no metadata of a commit ({_short(error)})", _FIX) from error


def _avro(data: bytes) -> Any:
    """Return the one record of an Avro file; Hudi never compresses it, so that its size bounds what is made of it."""
    import fastavro

    reader = fastavro.reader(io.BytesIO(data))
    if (codec := reader.metadata.get("avro.codec", "null")) != "null":
        raise Malformed(f"it is compressed ({codec[:20]}), which no commit of Hudi is")
    _weigh(reader.writer_schema, set())
    return next(reader)


def _weigh(schema: Any, hollow: set[str]) -> bool:
    """Tell whether a value of a schema takes a byte at least; arrays of what takes none have no end.

    Args:
        schema: As `fastavro` has it, with full names.
        hollow: Names of types of which none does.

    Raises:
        Malformed: When there is such an array inside.
    """
    if isinstance(schema, str):
        return schema != "null" and schema not in hollow
    if isinstance(schema, list):
        for branch in schema:
            _weigh(branch, hollow)
        return True
    kind = schema["type"]
    if kind == "array":
        if not _weigh(schema["items"], hollow):
            raise Malformed("it has an array of nothing")
        return True
    if kind == "map":
        _weigh(schema["values"], hollow)
        return True
    if kind not in ("record", "fixed"):
        return _weigh(kind, hollow)
    parts = [_weigh(field["type"], hollow) for field in schema["fields"]] if kind == "record" else [schema["size"] > 0]
    if not any(parts):
        hollow.add(schema["name"])
    return any(parts)


def _short(error: BaseException) -> str:
    """Return the words of a decoding error."""
    return " ".join(str(error).split())[:200] or type(error).__name__
