"""What both sides of a sync said after the last one: two files that change places at once, when all is written."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from ..files import atomic_write
from ..model.entities import Entity
from ..model.record import AnyRecord, Record, canonical, decode, line_key, make_key
from ..publish.steps import NONE, Step, bytes_of, raw
from ..snapshot.writer import SnapshotWriter
from .deciding import Decided, Four
from .ends import End, keeps
from .folder import Place, read_lines
from .lines import ASKED, Asked, lines_of
from .names import Names, renamed
from .writing import Journal

SIDES = ("left", "right")
PLANNED = "planned.json"
"""File in the working folder that says that something may have been written."""

REMEMBERED = "remembered.jsonl"


class Remembered(Struct, frozen=True, omit_defaults=True):
    """A line of the spool: what each side is remembered to have said, before and after.

    Attributes:
        kind, urn: The record, as the left calls it.
        left_old, right_old: What was remembered before.
        left_new, right_new: What is, when all is written.
        left_touched, right_touched: Keys that are written on each side; None when nothing is.
    """

    kind: str
    urn: str
    left_old: Raw = NONE
    right_old: Raw = NONE
    left_new: Raw = NONE
    right_new: Raw = NONE
    left_touched: tuple[str, ...] | None = None
    right_touched: tuple[str, ...] | None = None


def remembered(
    four: Four, decided: Decided, lines: tuple[bytes | None, ...], steps: tuple[Step | None, Step | None]
) -> Remembered:
    """Return what is to be remembered of a record that was decided."""
    record = four.any

    def line(value: Any) -> Raw:
        return NONE if value is None else Raw(canonical(Record(record.urn, value, record.kind)))

    touched = (None if step is None else tuple(key for key, _ in step.reasons) for step in steps)
    left, right = touched
    return Remembered(
        kind=record.kind,
        urn=record.urn,
        left_old=raw(lines[0]),
        right_old=raw(lines[2]),
        left_new=line(decided.left_past),
        right_new=line(decided.right_past),
        left_touched=left,
        right_touched=right,
    )


class _Pointer(Struct):
    """Which files hold what is remembered."""

    left: Place
    right: Place
    number: int = 0


class Memory:
    """The memory of a sync.

    Args:
        root: Its folder.
        ends: The two catalogs.
        places: Likewise.
    """

    def __init__(self, root: Path, ends: tuple[End, End], places: tuple[Place, Place]) -> None:
        self.root, self.ends, self.places = root, ends, places
        self.pointer = self._read()

    def past(self, side: int) -> Iterator[bytes]:
        """Return what a side said after the last sync, in the left's names."""
        path = self._file(side, self.pointer.number)
        return lines_of(path) if path.exists() else iter(())

    def keep(self, work: Path, names: Names) -> None:
        """Write down what each side says now; what did not arrive is as if nobody had tried.

        Args:
            work: The folder with the plan, the journals and the lines of `remembered`.
            names: What the right calls things -> what the left does.
        """
        done = set[bytes]()
        for side in (0, 1):
            for item in journal_of(work, side):
                if item.status in ("written", "unchanged"):
                    urn = item.urn if side == 0 else names.new(item.urn)
                    done.add(b"%d" % side + make_key(item.kind, urn))
        number = self.pointer.number + 1
        source = read_lines(work / REMEMBERED, Remembered)
        with (
            SnapshotWriter(self._file(0, number), ordered=True) as left,
            SnapshotWriter(self._file(1, number), ordered=True) as right,
        ):
            while batch := list(islice(source, ASKED)):
                back = [self._back(side, batch, names) for side in (0, 1)]
                for item in batch:
                    key = make_key(item.kind, item.urn)
                    arrived = all(
                        touched is None or b"%d" % side + key in done
                        for side, touched in enumerate((item.left_touched, item.right_touched))
                    )
                    lines = self._after(item, back) if arrived else (bytes_of(item.left_old), bytes_of(item.right_old))
                    for writer, line in zip((left, right), lines, strict=True):
                        if line is not None:
                            writer.add_line(line)
            left.close()
            right.close()
        before, self.pointer = self.pointer.number, _Pointer(self.places[0], self.places[1], number)
        with atomic_write(self.root / "state.json", "wb") as file:
            file.write(msgspec.json.encode(self.pointer))
        (work / PLANNED).unlink(missing_ok=True)
        for side in (0, 1):
            path = self._file(side, before)
            for old in (path, path.with_name(path.name.replace(".lumos.jsonl", ".stats.lumos.jsonl"))):
                old.unlink(missing_ok=True)

    def _read(self) -> _Pointer:
        path = self.root / "state.json"
        if path.exists():
            return msgspec.json.decode(path.read_bytes(), type=_Pointer)
        return _Pointer(self.places[0], self.places[1])

    def _file(self, side: int, number: int) -> Path:
        return self.root / f"{SIDES[side]}-{number}.lumos.jsonl"

    def _back(self, side: int, batch: list[Remembered], names: Names) -> dict[bytes, AnyRecord]:
        """What a side gives back of what was written and what it may not keep whole, in the left's names."""
        name = (lambda urn: urn) if side == 0 else names.old
        again = (lambda urn: urn) if side == 0 else names.new
        wanted = []
        for item in batch:
            touched = item.left_touched if side == 0 else item.right_touched
            if touched is not None and any(not keeps(self.ends[side], key) for key in touched if key):
                wanted.append((item.kind, name(item.urn)))
        found = Asked(self.ends[side]).of(wanted) if wanted else {}
        records = (renamed(decode(line), again) for line in found.values())
        return {make_key(record.kind, record.urn): record for record in records}

    def _after(self, item: Remembered, back: list[dict[bytes, AnyRecord]]) -> tuple[bytes | None, bytes | None]:
        key = make_key(item.kind, item.urn)
        lines = []
        for side, (new, touched) in enumerate(
            ((item.left_new, item.left_touched), (item.right_new, item.right_touched))
        ):
            line, there = bytes_of(new), back[side].get(key)
            if line is not None and there is not None and touched is not None:
                record = decode(line)
                if isinstance(record.value, Entity) and type(record.value) is type(there.value):
                    lossy = [name for name in touched if not keeps(self.ends[side], name)]
                    parts = {name: getattr(there.value, name) for name in lossy}
                    line = canonical(Record(record.urn, replace(record.value, **parts), record.kind))
            lines.append(line)
        return lines[0], lines[1]


def journal_of(work: Path, side: int) -> Journal:
    """Return the journal of one side."""
    return Journal(work / f"{SIDES[side]}-journal.jsonl")


def joined(*streams: Iterator[bytes]) -> Iterator[tuple[bytes | None, ...]]:
    """Join sorted streams of lines by their keys."""
    lines = [next(stream, None) for stream in streams]
    while any(line is not None for line in lines):
        keys = [None if line is None else line_key(line) for line in lines]
        first = min(key for key in keys if key is not None)
        yield tuple(line if key == first else None for line, key in zip(lines, keys, strict=True))
        for number, key in enumerate(keys):
            if key == first:
                lines[number] = next(streams[number], None)
