"""The actions of a log as they are written, of which only what is needed is decoded."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

import msgspec
from lumos_lake.heads import cannot_open, check_unchanged, unreadable
from msgspec import Struct

from lumos_core.plugin_api import File, UnitError

CHUNK = 2**20
"""Bytes that are held at once."""
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the decoder raises for bytes that are no JSON, or not the one that is expected."""
LONGEST = 64 * 2**20
"""Bytes of the longest action: a schema of many thousands of columns."""


class DeletionVector(Struct, gc=False):
    """Which rows of a file are deleted."""

    storageType: str = ""
    pathOrInlineDv: str = ""
    offset: int | None = None
    cardinality: int = 0


class Add(Struct, gc=False):
    """A file that belongs to the table."""

    path: str
    size: int | None = None
    modificationTime: int | None = None
    stats: str | None = None
    deletionVector: DeletionVector | None = None


class Remove(Struct, gc=False):
    """A file that no longer belongs to the table."""

    path: str
    deletionVector: DeletionVector | None = None


class MetaData(Struct, gc=False):
    """What the table is."""

    schemaString: str
    id: str = ""
    name: str | None = None
    description: str | None = None
    partitionColumns: list[str] = []
    configuration: dict[str, str | None] = {}
    createdTime: int | None = None


class Protocol(Struct, gc=False):
    """What a reader and a writer must be able to do."""

    minReaderVersion: int
    minWriterVersion: int
    readerFeatures: list[str] | None = None
    writerFeatures: list[str] | None = None


class DomainMetadata(Struct, gc=False):
    """What a feature keeps in the log under its own name."""

    domain: str
    configuration: str = ""
    removed: bool = False


class Sidecar(Struct, gc=False):
    """A file that holds actions of a version 2 checkpoint."""

    path: str


class Action(Struct, gc=False):
    """One line of a log: one of these, or something that is not needed."""

    add: Add | None = None
    remove: Remove | None = None
    metaData: MetaData | None = None
    protocol: Protocol | None = None
    domainMetadata: DomainMetadata | None = None
    sidecar: Sidecar | None = None
    commitInfo: msgspec.Raw = msgspec.Raw()


class FileStats(Struct, gc=False):
    """What a writer knows of the rows of a file."""

    numRecords: int | None = None


_actions = msgspec.json.Decoder(Action)
_stats = msgspec.json.Decoder(FileStats)


class BudgetSpent(Exception):
    """More of a log would have to be read than the options allow."""


class Budget:
    """How much of one log may still be read.

    Args:
        commits: Number of commits.
        size: Bytes.
    """

    def __init__(self, commits: int, size: int) -> None:
        self._commits = commits
        self._size = size

    def spend(self, size: int = 0, commits: int = 0) -> None:
        """Take from the budget.

        Raises:
            BudgetSpent: When there is not so much left.
        """
        self._commits -= commits
        self._size -= size
        if self._commits < 0:
            raise BudgetSpent("it has more commits behind its last checkpoint than `max_commits` allows")
        if self._size < 0:
            raise BudgetSpent("it holds more bytes than `max_log_mib` allows")


def actions(file: File, budget: Budget) -> Iterator[Action]:
    """Yield the actions of a commit, or of a checkpoint that is JSON, one line at a time.

    Raises:
        UnitError: When it cannot be read, is empty, or a line is no action.
        RetryableError: When it changed since it was listed.
        BudgetSpent: When it is too long.
    """
    count = 0
    with closing(_lines(file, budget)) as lines:
        for line in lines:
            if not line or line.isspace():
                continue
            count += 1
            try:
                yield _actions.decode(line)
            except UNREADABLE as error:
                check_unchanged(file)
                raise _broken(file, f"its line {count} is no action ({_short(error)})") from error
    check_unchanged(file)
    if not count:
        raise _broken(file, "it is empty")


def _lines(file: File, budget: Budget) -> Generator[bytes]:
    rest = b""
    try:
        with file.open() as stream:
            while chunk := stream.read(CHUNK):
                budget.spend(len(chunk))
                *lines, rest = (rest + chunk).split(b"\n")
                yield from lines
                if len(rest) > LONGEST:
                    raise _broken(file, f"it has a line of more than {LONGEST:,} bytes")
    except OSError as error:
        raise cannot_open(file, error) from error
    yield rest


def _broken(file: File, why: str) -> UnitError:
    fix = "wait until its writer has finished, or restore the file from a copy; what Delta has committed never changes"
    return unreadable(file, why, fix)


def _short(error: Exception) -> str:
    """Return the words of a decoding error, which hold no value of the data."""
    return " ".join(str(error).split())[:200]


def rows_of(stats: str | None) -> int | None:
    """Return the number of rows in a file as its statistics (JSON text) say; None where they do not."""
    if not stats:
        return None
    try:
        return _stats.decode(stats).numRecords
    except (*UNREADABLE, UnicodeEncodeError):
        return None


def commit_info(raw: msgspec.Raw) -> dict[str, Any]:
    """Return a `commitInfo`, which each writer fills as it likes; empty for what is no object."""
    try:
        said = msgspec.json.decode(raw)
    except UNREADABLE:
        return {}
    return said if isinstance(said, dict) else {}
