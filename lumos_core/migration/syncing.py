"""`sync`: two catalogs kept in step, each change carried to the other side, what contradicts left and told."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from ..contracts.catalog import Operation
from ..contracts.reporter import Many
from ..errors import UsageError
from ..files import atomic_write
from ..model import urns
from ..model.entities import Entity, Foreign, Stats
from ..model.record import AnyRecord, Record, canonical, decode, line_key, make_key, split_key
from ..model.scope import Scope
from ..publish.guard import blocked
from ..publish.order import Trees
from ..publish.steps import NONE, Step, StepFile, bytes_of, raw
from ..running.progress import Progress, Silence
from ..snapshot.frame import SourceInfo
from ..snapshot.select import Selection, parse_selection
from ..snapshot.writer import SnapshotWriter
from ..times import utc
from .deciding import Decided, Decider, Four
from .ends import End, PathLike, distinct, end_of, keeps, readable, state_of, writable
from .folder import Place, alone, read_lines, write_lines
from .lines import ASKED, Asked, lines_of, stop, take
from .names import Names, called, match, renamed
from .planning import Met, operation_between, stats_type
from .results import failures_of, operations_of
from .scratch import Scratch
from .sync_result import SideResult, SyncResult
from .writing import Journal, carry_out

SYNC = "sync"
"""Folder of syncs, in the state folder of the second file."""

NAMES, OWN = "names.db", "own.jsonl"
SIDES = ("left", "right")


def sync(
    left: PathLike,
    right: PathLike,
    *,
    left_catalog: str | None = None,
    right_catalog: str | None = None,
    mirror: bool = False,
    prune: bool = False,
    select: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> SyncResult:
    """Keep two catalogs in step.

    Each side is compared with what it said after the last sync. What only one side changed is carried to the other,
    element by element; what both changed differently stays as it is on each side and is told, every time, until
    people have made it one. What was removed on one side, and not touched on the other, is soft-deleted there, as far
    as the guard of that side's file allows. The first sync unites both.

    Args:
        left: A pipeline file with a catalog; its `sources`, if any, are not looked at.
        right: Another one. What is remembered lies in its state folder.
        left_catalog: Which catalog of the first file, when it has several.
        right_catalog: Which catalog of the second file.
        mirror: One way: the right becomes like the left. What only the right has is left alone and told.
        prune: With `mirror`: soft-delete that, too, as far as the guard allows.
        select: Only a part: the beginning of names, a URN, or a glob.
        dry_run: Say what would be done; write nothing.
        progress: Who is told how far it is.
        cancelled: Set it from another thread to stop; the next sync goes on.

    Returns:
        The result; `exit_code` is 0, or 3 when something failed or the guard stopped it.

    Raises:
        LumosError: When it could not begin or had to stop; the next sync goes on where it stopped.
    """
    if prune and not mirror:
        raise UsageError("--prune needs --mirror", why="a sync in both ways gives each side what the other has")
    event = cancelled or threading.Event()
    more: dict[str, Any] = {"run_id": "sync", "cancelled": event.is_set}
    ends = (
        end_of(left, left_catalog, option="--left-catalog", **more),
        end_of(right, right_catalog, option="--right-catalog", **more),
    )
    distinct(*ends)
    wanted = parse_selection(select) if select else None
    with ExitStack() as stack:
        for end in ends:
            stack.callback(end.close)
        stack.enter_context(alone(ends[1].file.state))
        for end in ends:
            end.open()
        one = _Sync(ends, wanted, progress or Silence(), event, mirror=mirror, prune=prune)
        return one.run(dry_run=dry_run)


class _Remembered(Struct, frozen=True, omit_defaults=True):
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


class _Pointer(Struct):
    """Which files hold what is remembered."""

    left: Place
    right: Place
    number: int = 0


class _Sync:
    def __init__(
        self,
        ends: tuple[End, End],
        selection: Selection | None,
        progress: Progress,
        cancelled: threading.Event,
        *,
        mirror: bool,
        prune: bool,
    ) -> None:
        self.ends, self.selection, self.progress, self.cancelled = ends, selection, progress, cancelled.is_set
        self.mirror = mirror
        places = tuple(Place.of(end) for end in ends)
        mark = hashlib.sha256(f"{places[0].mark} {places[1].mark} {mirror}".encode()).hexdigest()[:16]
        self.root = state_of(ends[1], SYNC, mark)
        self.work = self.root / "work"
        self.places = places
        both = [readable(end) & writable(end) for end in ends]
        if mirror:
            both[0] = readable(ends[0])
        self.aspects = both[0] & both[1]
        self.one_sided = sorted((both[0] | both[1]) - self.aspects)
        self.decider = Decider(self.aspects, mirror=mirror, prune=prune)
        self.conflicts: list[Met] = []
        self.ambiguous: list[tuple[str, str]] = []
        self.counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self.known = [0, 0]
        self.trees = (Trees(), Trees())

    def run(self, *, dry_run: bool) -> SyncResult:
        started = utc()
        self.pointer = self._pointer()
        scratch: Scratch | None = None
        if dry_run:
            scratch = Scratch()
            self.work = scratch.path
            if (self.root / NAMES).exists():
                shutil.copy(self.root / NAMES, self.work / NAMES)
        else:
            self._finish_last()
            shutil.rmtree(self.work, ignore_errors=True)
            self.work.mkdir(parents=True)
        result = SyncResult(
            mode="dry-run" if dry_run else "mirror" if self.mirror else "sync",
            left=SideResult(place=self.places[0]),
            right=SideResult(place=self.places[1]),
            started=started,
            one_sided=self.one_sided,
            kept=scratch,
        )
        self._read()
        names = Names((self.work if dry_run else self.root) / NAMES)
        try:
            self._unify(names)
            self._plan(names)
            result.blocked = self._guarded()
            if not dry_run and not result.blocked:
                self._write()
                self._remember(names)
        finally:
            names.close()
        return self._told(result)

    # ---- reading --------------------------------------------------------------------------------------------------

    def _pointer(self) -> _Pointer:
        path = self.root / "state.json"
        if path.exists():
            return msgspec.json.decode(path.read_bytes(), type=_Pointer)
        return _Pointer(self.places[0], self.places[1])

    def _past(self, side: int) -> Iterator[bytes]:
        path = self._past_file(side, self.pointer.number)
        return lines_of(path) if path.exists() else iter(())

    def _past_file(self, side: int, number: int) -> Path:
        return self.root / f"{SIDES[side]}-{number}.lumos.jsonl"

    def _now_file(self, side: int) -> Path:
        return self.work / f"{SIDES[side]}.lumos.jsonl"

    def _read(self) -> None:
        for side, end in enumerate(self.ends):
            stop(self.cancelled)
            self.progress.stage(f"read {end.name}")
            take(end, self._now_file(side), Scope(), self.progress.advance, self.cancelled, None)

    def _unify(self, names: Names) -> None:
        """Call what the right has by the names that the left has for it; names once found are kept."""
        self.progress.stage("match")
        there = self._now_file(1)
        base = there
        if len(names):
            base = self.work / "known.lumos.jsonl"
            self._save(base, called(lines_of(there), names.new, self.work, tell=False), self.ends[1].name)
        found = list[tuple[str, str]]()
        for one, other, certain in match(lines_of(self._now_file(0)), lines_of(base), self.work):
            if certain:
                found.append((names.old(other), one))
            else:
                self.ambiguous.append((one, other))
        names.fill(found)
        if found:
            base = self.work / "unified.lumos.jsonl"
            self._save(base, called(lines_of(there), names.new, self.work, tell=False), self.ends[1].name)
        self.unified = base

    def _save(self, path: Path, lines: Iterable[bytes], name: str) -> None:
        with SnapshotWriter(path, [SourceInfo(name, ("source",))], ordered=True) as writer:
            for line in lines:
                writer.add_line(line)
            writer.close()

    # ---- planning -------------------------------------------------------------------------------------------------

    def _plan(self, names: Names) -> None:
        """Decide every record; what is to be done and what is to be remembered go into files."""
        self.progress.stage("plan")
        spool = [self.work / f"{name}.steps" for name in SIDES]
        with spool[0].open("wb") as left, spool[1].open("wb") as right, (self.work / OWN).open("wb") as own:
            files = (left, right)
            streams = (self._past(0), lines_of(self._now_file(0)), self._past(1), lines_of(self.unified))

            def remembered() -> Iterator[_Remembered]:
                for number, lines in enumerate(_joined(*streams)):
                    if number % 256 == 0:
                        stop(self.cancelled)
                        self.progress.advance(number, None, split_key(line_key(_some(lines)))[1])
                    four = Four(*(None if line is None else decode(line) for line in lines))
                    decided, steps = self._one(four, names)
                    for file, step in zip(files, steps, strict=True):
                        if step is not None:
                            file.write(msgspec.json.encode(step, order="sorted") + b"\n")
                    if decided.own:
                        own.write(msgspec.json.encode(four.any.urn) + b"\n")
                    yield _remember(four, decided, lines, steps)

            write_lines(self.work / "remembered.jsonl", remembered())
        for side, path in enumerate(spool):
            StepFile.write(self._plan_file(side), StepFile(path, 0, 0), self.trees[side].order)
            path.unlink()

    def _plan_file(self, side: int) -> Path:
        return self.work / f"{SIDES[side]}-plan.jsonl"

    def _one(self, four: Four, names: Names) -> tuple[Decided, tuple[Step | None, Step | None]]:
        record = four.any
        as_it_was = Decided(None, None, _value(four.left_past), _value(four.right_past))
        if self.selection is not None and not self.selection.matches(record.urn):
            return as_it_was, (None, None)
        if isinstance(record.value, (Foreign, Stats)):
            decided = self._opaque(four)
        else:
            for side, past in enumerate((four.left_past, four.right_past)):
                self.known[side] += past is not None

            def conflict(key: str, one: Any, other: Any, why: str) -> None:
                self.conflicts.append(Met(record.kind, record.urn, key, one, other, why))

            decided = self.decider.decide(four, conflict)
        left = self._step(0, four.left, decided.left, record, lambda urn: urn)
        right = self._step(1, four.right, decided.right, record, names.old)
        return decided, (left, right)

    def _opaque(self, four: Four) -> Decided:
        """Facts and foreign records: what one side has new goes to the other; nothing is taken away."""
        left, right = four.left, four.right
        kind = four.any.kind
        fits = [
            end.catalog.foreign if kind == "foreign" else stats_type(four.any.urn) in end.catalog.stats
            for end in self.ends
        ]
        decided = Decided(None, None, _value(left), _value(right))
        if not all(fits) or (left is not None and right is not None and left.value == right.value):
            return decided
        left_new = left is not None and left != four.left_past
        right_new = right is not None and right != four.right_past
        if left is not None and left_new and (right is None or not right_new or self.mirror):
            return Decided(None, left.value, left.value, left.value)
        if right is not None and right_new and (left is None or not left_new) and not self.mirror:
            return Decided(right.value, None, right.value, right.value)
        if left_new and right_new and kind == "foreign":
            self.conflicts.append(Met(kind, four.any.urn, "", reason="both sides say something else"))
            return Decided(None, None, _value(four.left_past), _value(four.right_past))
        return decided

    def _step(self, side: int, held: AnyRecord | None, wanted: Any, record: AnyRecord, name: Any) -> Step | None:
        if wanted is None:
            return None
        urn = name(record.urn)
        meant = renamed(decode(canonical(Record(record.urn, wanted, record.kind))), name)
        now = None if held is None else renamed(decode(canonical(held)), name)
        if not isinstance(wanted, Entity):
            action: Any = "create" if now is None else "update"
            reasons = (("", f"{self._other(side)} says it"),)
            held_value = None if now is None else now.value
            operation = Operation(
                kind=record.kind, urn=urn, action=action, set=meant.value, held=held_value, reasons=reasons
            )
        else:
            keys = self.aspects | {"lifecycle"}
            why = f"{self._other(side)} says so"
            found = operation_between(now, record.kind, urn, meant.value, keys & writable(self.ends[side]), why)
            if found is None:
                return None
            operation = found
        parent = getattr(meant.value, "parent", None)
        if parent and not parent.startswith("#"):
            self.trees[side].add(urn, record.kind, parent, urns.kind(parent))
        self.counts[side][operation.action] += 1
        return Step.of(operation)

    def _other(self, side: int) -> str:
        return self.ends[1 - side].name

    def _guarded(self) -> str:
        """Say why nothing is written, when too much would go at once."""
        for end, counts, known in zip(self.ends, self.counts, self.known, strict=True):
            why = blocked(counts["remove"], known, end.file.publish.guard)
            if why:
                return f"in {end.name}, {why}"
        return ""

    # ---- writing --------------------------------------------------------------------------------------------------

    def _journal(self, side: int) -> Journal:
        return Journal(self.work / f"{SIDES[side]}-journal.jsonl")

    def _write(self) -> None:
        with atomic_write(self.work / "planned.json", "wb") as file:
            file.write(b"{}")
        for side, end in enumerate(self.ends):
            stop(self.cancelled)
            self.progress.stage(f"write {end.name}")
            plan, journal = StepFile(self._plan_file(side), 0, 0), self._journal(side)
            total = sum(self.counts[side].values())
            try:
                for _ in carry_out(end, plan, journal, total, self.progress.advance):
                    pass
            finally:
                journal.close()

    def _finish_last(self) -> None:
        """Remember what a sync wrote that was stopped before it could."""
        if (self.work / "planned.json").exists():
            names = Names(self.root / NAMES)
            try:
                self._remember(names)
            finally:
                names.close()

    def _remember(self, names: Names) -> None:
        """Write down what each side says now; what did not arrive is as if nobody had tried."""
        self.progress.stage("remember")
        done = set[bytes]()
        for side in (0, 1):
            for item in self._journal(side):
                if item.status in ("written", "unchanged"):
                    urn = item.urn if side == 0 else names.new(item.urn)
                    done.add(b"%d" % side + make_key(item.kind, urn))
        number = self.pointer.number + 1
        source = read_lines(self.work / "remembered.jsonl", _Remembered)
        with (
            SnapshotWriter(self._past_file(0, number), ordered=True) as left,
            SnapshotWriter(self._past_file(1, number), ordered=True) as right,
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
        (self.work / "planned.json").unlink(missing_ok=True)
        for side in (0, 1):
            path = self._past_file(side, before)
            for old in (path, path.with_name(path.name.replace(".lumos.jsonl", ".stats.lumos.jsonl"))):
                old.unlink(missing_ok=True)

    def _back(self, side: int, batch: list[_Remembered], names: Names) -> dict[bytes, AnyRecord]:
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

    def _after(self, item: _Remembered, back: list[dict[bytes, AnyRecord]]) -> tuple[bytes | None, bytes | None]:
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

    def _told(self, result: SyncResult) -> SyncResult:
        own = self.work / OWN
        result.own = Many(lambda: read_lines(own, str), sum(1 for _ in read_lines(own, str)))
        result.conflicts, result.ambiguous = self.conflicts, self.ambiguous
        for side, part in enumerate((result.left, result.right)):
            self.ends[side].close()
            part.planned = dict(self.counts[side])
            part.operations = operations_of(self._plan_file(side))
            part.outcomes = dict(Counter(done.status for done in self._journal(side)))
            part.failures = failures_of(self._journal(side).path)
        result.warnings = [*self.ends[0].warnings, *self.ends[1].warnings]
        failed = len(result.left.failures) + len(result.right.failures)
        result.exit_code = 3 if failed or result.blocked else 0
        result.finished = utc()
        return result


def _joined(*streams: Iterator[bytes]) -> Iterator[tuple[bytes | None, ...]]:
    """Join sorted streams of lines by their keys."""
    lines = [next(stream, None) for stream in streams]
    while any(line is not None for line in lines):
        keys = [None if line is None else line_key(line) for line in lines]
        first = min(key for key in keys if key is not None)
        yield tuple(line if key == first else None for line, key in zip(lines, keys, strict=True))
        for number, key in enumerate(keys):
            if key == first:
                lines[number] = next(streams[number], None)


def _some(lines: tuple[bytes | None, ...]) -> bytes:
    return next(line for line in lines if line is not None)


def _remember(
    four: Four, decided: Decided, lines: tuple[bytes | None, ...], steps: tuple[Step | None, Step | None]
) -> _Remembered:
    record = four.any

    def line(value: Any) -> Raw:
        return NONE if value is None else Raw(canonical(Record(record.urn, value, record.kind)))

    touched = (None if step is None else tuple(key for key, _ in step.reasons) for step in steps)
    left, right = touched
    return _Remembered(
        kind=record.kind,
        urn=record.urn,
        left_old=raw(lines[0]),
        right_old=raw(lines[2]),
        left_new=line(decided.left_past),
        right_new=line(decided.right_past),
        left_touched=left,
        right_touched=right,
    )


def _value(record: AnyRecord | None) -> Any:
    return None if record is None else record.value
