"""`sync`: two catalogs kept in step, each change carried to the other side, what contradicts left and told."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from ..contracts.catalog import Operation
from ..contracts.reporter import Many
from ..errors import UsageError
from ..files import atomic_write
from ..model import urns
from ..model.entities import Entity, Foreign, Stats
from ..model.record import AnyRecord, Record, canonical, decode, line_key, split_key
from ..model.scope import Scope
from ..publish.guard import blocked
from ..publish.order import Trees
from ..publish.steps import Step, StepFile
from ..running.progress import Progress, Silence
from ..snapshot.select import Selection, parse_selection
from ..times import utc
from .deciding import Decided, Decider, Four
from .ends import End, PathLike, distinct, end_of, readable, state_of, writable
from .folder import Place, alone, read_lines, write_lines
from .lines import lines_of, save, stop, take
from .names import Names, called, match, renamed
from .own_ids import systems, with_ids, without_ids
from .planning import Met, operation_between, stats_type
from .remembering import PLANNED, REMEMBERED, SIDES, Memory, Remembered, joined, journal_of, remembered
from .results import failures_of, operations_of
from .scratch import Scratch
from .sync_result import SideResult, SyncResult
from .writing import carry_out

SYNC = "sync"
"""Folder of syncs, in the state folder of the second file."""

NAMES, OWN = "names.db", "own.jsonl"


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
        places = (Place.of(ends[0]), Place.of(ends[1]))
        mark = hashlib.sha256(f"{places[0].mark} {places[1].mark} {mirror}".encode()).hexdigest()[:16]
        self.root = state_of(ends[1], SYNC, mark)
        self.work = self.root / "work"
        self.places, self.own = places, systems(*ends)
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
        self.memory = Memory(self.root, self.ends, self.places)
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
            save(base, called(lines_of(there), names.new, self.work, tell=False), self.ends[1].name)
        found = list[tuple[str, str]]()
        for one, other, certain in match(lines_of(self._now_file(0)), lines_of(base), self.work):
            if certain:
                found.append((names.old(other), one))
            else:
                self.ambiguous.append((one, other))
        names.fill(found)
        if found:
            base = self.work / "unified.lumos.jsonl"
            save(base, called(lines_of(there), names.new, self.work, tell=False), self.ends[1].name)
        self.unified = base

    # ---- planning -------------------------------------------------------------------------------------------------

    def _plan(self, names: Names) -> None:
        """Decide every record; what is to be done and what is to be remembered go into files."""
        self.progress.stage("plan")
        spool = [self.work / f"{name}.steps" for name in SIDES]
        with spool[0].open("wb") as left, spool[1].open("wb") as right, (self.work / OWN).open("wb") as own:
            files = (left, right)
            streams = (self.memory.past(0), lines_of(self._now_file(0)), self.memory.past(1), lines_of(self.unified))

            def decided_all() -> Iterator[Remembered]:
                for number, lines in enumerate(joined(*streams)):
                    if number % 256 == 0:
                        stop(self.cancelled)
                        self.progress.advance(number, None, split_key(line_key(_some(lines)))[1])
                    held = Four(*(None if line is None else decode(line) for line in lines))
                    four = Four(*(None if side is None else without_ids(side, self.own) for side in held))
                    decided, steps = self._one(four, held, names)
                    for file, step in zip(files, steps, strict=True):
                        if step is not None:
                            file.write(msgspec.json.encode(step, order="sorted") + b"\n")
                    if decided.own:
                        own.write(msgspec.json.encode(four.any.urn) + b"\n")
                    yield remembered(four, decided, lines, steps)

            write_lines(self.work / REMEMBERED, decided_all())
        for side, path in enumerate(spool):
            StepFile.write(self._plan_file(side), StepFile(path, 0, 0), self.trees[side].order)
            path.unlink()

    def _plan_file(self, side: int) -> Path:
        return self.work / f"{SIDES[side]}-plan.jsonl"

    def _one(self, four: Four, held: Four, names: Names) -> tuple[Decided, tuple[Step | None, Step | None]]:
        """Decide one record; `four` is without the ids that the catalogs give it, `held` as they hold it."""
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
        left = self._step(0, held.left, decided.left, record, lambda urn: urn)
        right = self._step(1, held.right, decided.right, record, names.old)
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
        if isinstance(wanted, Entity):
            wanted = with_ids(wanted, held, self.own)
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

    def _write(self) -> None:
        with atomic_write(self.work / PLANNED, "wb") as file:
            file.write(b"{}")
        for side, end in enumerate(self.ends):
            stop(self.cancelled)
            self.progress.stage(f"write {end.name}")
            plan, journal = StepFile(self._plan_file(side), 0, 0), journal_of(self.work, side)
            total = sum(self.counts[side].values())
            try:
                for _ in carry_out(end, plan, journal, total, self.progress.advance):
                    pass
            finally:
                journal.close()

    def _finish_last(self) -> None:
        """Remember what a sync wrote that was stopped before it could."""
        if (self.work / PLANNED).exists():
            names = Names(self.root / NAMES)
            try:
                self._remember(names)
            finally:
                names.close()

    def _remember(self, names: Names) -> None:
        self.progress.stage("remember")
        self.memory.keep(self.work, names)

    def _told(self, result: SyncResult) -> SyncResult:
        own = self.work / OWN
        result.own = Many(lambda: read_lines(own, str), sum(1 for _ in read_lines(own, str)))
        result.conflicts, result.ambiguous = self.conflicts, self.ambiguous
        for side, part in enumerate((result.left, result.right)):
            self.ends[side].close()
            part.planned = dict(self.counts[side])
            part.operations = operations_of(self._plan_file(side))
            part.outcomes = dict(Counter(done.status for done in journal_of(self.work, side)))
            part.failures = failures_of(journal_of(self.work, side).path)
        result.warnings = [*self.ends[0].warnings, *self.ends[1].warnings]
        failed = len(result.left.failures) + len(result.right.failures)
        result.exit_code = 3 if failed or result.blocked else 0
        result.finished = utc()
        return result


def _some(lines: tuple[bytes | None, ...]) -> bytes:
    return next(line for line in lines if line is not None)


def _value(record: AnyRecord | None) -> Any:
    return None if record is None else record.value
