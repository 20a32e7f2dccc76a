"""Reading the files of one dataset through a format, with a memory of the files that did not change.

The memory is one entry per dataset, not per file: the distinct fragments as lines, and for each file its etag and which
fragment is its own. A file that is broken is not remembered; it is read again next time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from lumos_core.plugin_api import (
    AnyRecord,
    Cancelled,
    ConfigError,
    Context,
    Dataset,
    Format,
    LumosError,
    Record,
    RetryableError,
    Stats,
    decode,
    encode,
)

from .memory import Memory, Note, Quiet, Recorder, digest_of, file_key, reader_id, recall, replay
from .storage import Entry, Storage, reason

BATCH = 512
"""Files handed to a format at once."""
_READ_AGAIN = 2
NOWHERE = "urn:lumos:dataset:(file,-,PROD)"


class Broken(Struct, frozen=True):
    """A file that could not be read, and why."""

    path: str
    why: str


class Reading(Struct):
    """What the files of one dataset say.

    Attributes:
        schemas: Distinct fragments, the one of the newest file (by name) last.
        examples: For each of `schemas` the first file that has it.
        rows: Number of rows, when every file tells.
        broken: Files that could not be read.
        notes: What the format said about the files.
        read: How many files were opened.
        stats: What the log of a table says beyond its schema, as whole records.
        left: Files that were not asked for, since the storage does not give them out, and why.
    """

    schemas: list[Dataset]
    examples: list[str]
    rows: int | None
    broken: list[Broken]
    notes: list[Note]
    read: int = 0
    stats: list[AnyRecord] = []
    left: list[Broken] = []


def read(
    files: Sequence[Entry],
    format: Format[Any],
    storage: Storage,
    urn: str,
    ctx: Context,
    peeked: Iterable[str] = (),
) -> Reading:
    """Read the schema of every file, taking those that did not change from the memo.

    Args:
        files: The files, in order of path.
        format: Reads them.
        storage: Opens them.
        urn: The dataset.
        ctx: Memo, cancellation, warnings.
        peeked: Paths whose fragment discovery has already read.

    Raises:
        RetryableError: When a file keeps changing while it is read.
        Cancelled: When the run was cancelled.
    """
    reader = reader_id(format)
    key = b"dataset\0" + urn.encode("utf-8", "surrogateescape")
    digest = digest_of(files)
    memory = None if ctx.full else recall(ctx, key, reader)
    if memory is not None and memory.digest == digest:
        replay(memory, ctx)
        return _reading(memory, files, [], 0)
    job = _Job(reader, format, storage, urn, ctx)
    known = {path: index for index, path in enumerate(memory.paths)} if memory is not None else {}
    early = set(peeked)
    todo: list[int] = []
    for index, entry in enumerate(files):
        place = known.get(os.fsencode(entry.path), -1)
        if memory is not None and place >= 0 and memory.etags[place] == entry.etag:
            job.remember(index, entry, memory, place)
        elif entry.path in early and (one := recall(ctx, file_key(entry.path), reader)) is not None:
            if one.etags == [entry.etag]:
                job.remember(index, entry, one, 0)
            else:
                todo.append(index)
        elif not entry.size:
            job.empty(index, entry)
        elif why := storage.withheld(entry):
            job.leave(index, entry, why)
        else:
            todo.append(index)
    for start in range(0, len(todo), BATCH):
        job.inspect([(index, files[index]) for index in todo[start : start + BATCH]])
    made = job.memory(digest if not job.broken else b"", files)
    ctx.memo[key] = msgspec.msgpack.encode(made)
    reading = _reading(made, files, job.broken, len(todo))
    reading.left = job.left
    return reading


def peek(entry: Entry, format: Format[Any], storage: Storage, ctx: Context) -> Dataset | None:
    """Read the schema of one file for discovery, and remember it for `read`; None when it cannot be read."""
    reader = reader_id(format)
    key = file_key(entry.path)
    memory = None if ctx.full else recall(ctx, key, reader)
    if memory is None or memory.etags != [entry.etag]:
        if storage.withheld(entry):
            return None
        job = _Job(reader, format, storage, NOWHERE, Quiet(ctx))
        job.inspect([(0, entry)])
        if job.broken or not job.fragments:
            return None
        memory = job.memory(digest_of([entry]), [entry])
        ctx.memo[key] = msgspec.msgpack.encode(memory)
    value: Dataset = decode(memory.fragments[0]).value
    return value


def _natural(path: str) -> list[tuple[int, str]]:
    return [(len(part.lstrip("0")) if part.isdigit() else -1, part) for part in re.split(r"(\d+)", path)]


def _reading(memory: Memory, files: Sequence[Entry], broken: list[Broken], opened: int) -> Reading:
    examples: dict[int, int] = {}
    last: dict[int, int] = {}
    order: Sequence[int] = range(len(files))
    if len(memory.fragments) > 1:
        order = sorted(order, key=lambda index: _natural(files[index].path))
    for rank, index in enumerate(order):
        which = memory.which[index]
        if which >= 0:
            examples.setdefault(which, index)
            last[which] = rank
    ranked = sorted(last, key=last.__getitem__)
    rows = None if any(count < 0 for count in memory.rows) or broken else sum(memory.rows)
    return Reading(
        schemas=[decode(memory.fragments[which]).value for which in ranked],
        examples=[files[examples[which]].path for which in ranked],
        rows=rows,
        broken=broken,
        notes=[note for _, notes in sorted(memory.notes.items()) for note in notes],
        read=opened,
    )


class _Job:
    """The reading of one dataset: which file has which fragment."""

    def __init__(self, reader: str, format: Format[Any], storage: Storage, urn: str, ctx: Context) -> None:
        self._reader = reader
        self._format = format
        self._storage = storage
        self._urn = urn
        self._ctx = ctx
        self._which: dict[int, int] = {}
        self._rows: dict[int, int] = {}
        self._etags: dict[int, str] = {}
        self._index: dict[bytes, int] = {}
        self._latest: Dataset | None = None
        self._latest_index = -1
        self.fragments: list[bytes] = []
        self.notes: dict[int, list[Note]] = {}
        self.broken: list[Broken] = []
        self.left: list[Broken] = []

    def remember(self, index: int, entry: Entry, memory: Memory, place: int) -> None:
        """Take one file from the memory of the last run."""
        which = memory.which[place]
        self._which[index] = self._line(memory.fragments[which]) if which >= 0 else -1
        self._rows[index] = memory.rows[place]
        self._etags[index] = entry.etag
        if place in memory.notes:
            self.notes[index] = memory.notes[place]
            replay(Memory("", b"", [], [], [], [], [], {0: memory.notes[place]}), self._ctx)

    def empty(self, index: int, entry: Entry) -> None:
        """Note a file without a byte."""
        self._which[index], self._rows[index], self._etags[index] = -1, 0, entry.etag

    def leave(self, index: int, entry: Entry, why: str) -> None:
        """Note a file that is not asked for; it is not remembered, so that it is when it can be."""
        self._which[index], self._rows[index], self._etags[index] = -1, -1, ""
        self.left.append(Broken(entry.path, why))

    def inspect(self, batch: list[tuple[int, Entry]]) -> None:
        """Read a batch; a file that fails is noted, and the rest is read all the same."""
        changed: dict[str, int] = {}
        while batch:
            if self._ctx.cancelled():
                raise Cancelled("the run was cancelled")
            done = 0
            recorder = Recorder(self._ctx)
            try:
                handles = [self._storage.file(entry, self._urn) for _, entry in batch]
                for record in self._format.inspect(handles, recorder):
                    if isinstance(record.value, Dataset):
                        # A `Dataset` opens the next file; `Stats` behind it belong to it.
                        index, entry = batch[done]
                        self._keep(index, entry, record.value)
                        if notes := recorder.take():
                            self.notes[index] = notes
                        done += 1
                    elif done and isinstance(record.value, Stats) and record.value.row_count is not None:
                        self._rows[batch[done - 1][0]] = int(record.value.row_count)
                    if self._ctx.cancelled():
                        raise Cancelled("the run was cancelled")
                if done < len(batch):
                    raise TypeError(
                        f"{type(self._format).__name__}.inspect gave {done} fragments for {len(batch)} files"
                    )
                return
            except (Cancelled, ConfigError):  # who may read nothing at all need not ask for every file
                raise
            except RetryableError as error:
                index, entry = batch[done]
                changed[entry.path] = changed.get(entry.path, 0) + 1
                if changed[entry.path] > _READ_AGAIN:
                    raise
                batch = batch[done:]
                fresh = self._fresh(entry)
                if fresh is None:
                    self._fail(index, entry, error.what)
                    batch = batch[1:]
                else:
                    batch[0] = (index, fresh)
            except (LumosError, OSError) as error:
                index, entry = batch[done]
                self._fail(index, entry, reason(error) if isinstance(error, OSError) else _why(error))
                batch = batch[done + 1 :]

    def _fresh(self, entry: Entry) -> Entry | None:
        try:
            return self._storage.stat(entry.path)
        except OSError:
            return None

    def _fail(self, index: int, entry: Entry, why: str) -> None:
        self._which[index], self._rows[index], self._etags[index] = -1, -1, ""
        self.broken.append(Broken(entry.path, why))

    def _keep(self, index: int, entry: Entry, fragment: Dataset) -> None:
        if not self._storage.pinned and self._storage.stat(entry.path).etag != entry.etag:
            raise RetryableError(
                "the file changed while it was being read",
                fix="run again when whoever writes it has finished",
                where=entry.path,
            )
        if fragment != self._latest:
            self._latest = fragment
            self._latest_index = self._line(encode(Record(NOWHERE, fragment)))
        self._which[index] = self._latest_index
        self._rows[index] = -1
        self._etags[index] = entry.etag

    def _line(self, line: bytes) -> int:
        place = self._index.get(line)
        if place is None:
            place = self._index[line] = len(self.fragments)
            self.fragments.append(line)
        return place

    def memory(self, digest: bytes, files: Sequence[Entry]) -> Memory:
        """Return what is to be remembered."""
        count = range(len(files))
        return Memory(
            reader=self._reader,
            digest=digest if all(self._etags[index] == files[index].etag for index in count) else b"",
            paths=[os.fsencode(entry.path) for entry in files],
            etags=[self._etags[index] for index in count],
            which=[self._which[index] for index in count],
            rows=[self._rows[index] for index in count],
            fragments=self.fragments,
            notes=self.notes,
        )


def _why(error: LumosError) -> str:
    return f"{error.what}: {error.why}" if error.why else error.what
