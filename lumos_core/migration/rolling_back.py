"""`roll_back`: what a migration touched becomes again what it was, but for what people changed since."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Any, NamedTuple

from msgspec.structs import replace

from ..contracts.reporter import Many
from ..model import urns
from ..model.elements import Lifecycle
from ..model.entities import Entity
from ..model.record import AnyRecord, Record, decode, line_key, make_key, normalise, split_key
from ..publish.order import Trees
from ..publish.steps import Step, StepFile, decode_step, encode
from ..running.progress import Progress, Silence
from ..snapshot.sorter import LineSorter
from ..times import utc
from .ends import End, PathLike, end_of, keeps, state_of, writable
from .folder import MIGRATIONS, Folder, Place, alone
from .lines import ASKED, SORTED, Asked, lines_of, stop
from .planning import Met, alive, is_removed, operation_between
from .reconcile import settle
from .result import MigrationResult
from .results import failures_of, operations_of
from .writing import Journal, carry_out, failures

WHY = "somebody changed it in the target after the migration; it stays so"


def roll_back(
    target: PathLike,
    migration: str = "",
    *,
    to_catalog: str | None = None,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> MigrationResult:
    """Undo a migration in the target: each record that it touched becomes again what it was before.

    What the migration made is soft-deleted. What people changed since stays as it is, and is told. It may be called
    again after an interruption; it finds nothing to do when all is done.

    Args:
        target: The pipeline file that was written to.
        migration: The id of the migration; the last one into this catalog by default.
        to_catalog: Which catalog of the file, when it has several.
        progress: Who is told how far it is.
        cancelled: Set it from another thread to stop.

    Returns:
        The result; `exit_code` is 0, or 3 when something failed.

    Raises:
        LumosError: When there is no such migration, or the catalog fails.
    """
    cancelled, progress = cancelled or threading.Event(), progress or Silence()
    end = end_of(target, to_catalog, option="--to-catalog", run_id="rollback", cancelled=cancelled.is_set)
    try:
        with alone(end.file.state):
            folder = Folder.find(state_of(end, MIGRATIONS), migration, Place.of(end), None)
            end.open()
            return _RollBack(end, folder, progress, cancelled).run()
    finally:
        end.close()


class _RollBack:
    def __init__(self, end: End, folder: Folder, progress: Progress, cancelled: threading.Event) -> None:
        self.end, self.folder, self.progress, self.cancelled = end, folder, progress, cancelled
        self.aspects = writable(end)
        self.conflicts: list[Met] = []
        self.trees = Trees()
        self.counts: dict[str, int] = {}

    def run(self) -> MigrationResult:
        folder = self.folder
        plan, journal = folder.path / "rollback.jsonl", Journal(folder.path / "rollback-journal.jsonl")
        journal.path.unlink(missing_ok=True)
        self.progress.stage("compare")
        steps = StepFile.write(plan, self._steps(), self._order)
        self.progress.stage("write")
        outcomes: dict[str, int] = {}
        try:
            for done in carry_out(self.end, steps, journal, steps.operations, self.progress.advance):
                outcomes[done.status] = outcomes.get(done.status, 0) + 1
        finally:
            journal.close()
        failed = len(failures(journal))
        self.end.close()
        folder.state.rolled_back = utc()
        folder.save()
        return MigrationResult(
            id=folder.state.id,
            mode="rollback",
            source=folder.state.source,
            target=folder.state.target,
            wishes=folder.state.wishes,
            folder=folder.path,
            started=folder.state.started,
            finished=folder.state.rolled_back,
            planned=self.counts,
            outcomes=outcomes,
            operations=operations_of(plan),
            failures=failures_of(journal.path) if failed else Many(lambda: (), 0),
            conflicts=self.conflicts,
            warnings=self.end.warnings,
            exit_code=3 if failed else 0,
        )

    def _order(self, step: Step) -> tuple[int, bytes]:
        return self.trees.order(step)

    def _steps(self) -> Iterator[Step]:
        """Hold what the target was before, and after, against what it is."""
        folder = self.folder
        with LineSorter(folder.path, SORTED) as touched:
            for step in self._tried():
                touched.add(b'%b","value":%b' % (make_key(step.kind, step.urn), encode(step)))
            after = lines_of(folder.after) if folder.after.exists() else iter(())
            both = _with(_with(_by_record(touched.sorted()), lines_of(folder.target)), after)
            while batch := list(islice(both, ASKED)):
                stop(self.cancelled.is_set)
                yield from self._batch(batch)

    def _tried(self) -> Iterator[Step]:
        return (step for step in StepFile(self.folder.plan, 0, 0) if step.action != "keep")

    def _batch(self, batch: list[_Touched]) -> Iterator[Step]:
        names = [split_key(item.key) for item in batch]
        held = Asked(self.end).of(names)
        for item, (kind, urn) in zip(batch, names, strict=True):
            was, after = (None if line is None else decode(line) for line in item.lines)
            line = held.get(item.key)
            then = self._given(item.steps, was, after)
            for step in self._record(kind, urn, was, then, None if line is None else decode(line)):
                self.counts[step.action] = self.counts.get(step.action, 0) + 1
                yield step

    def _given(self, steps: list[Step], was: AnyRecord | None, after: AnyRecord | None) -> AnyRecord | None:
        """What the migration left there: what it wrote, and of what the catalog cannot say, what was read back."""
        given = was
        for step in steps:
            operation = step.operation
            if operation is not None:
                given = operation.apply(given)
        if given is None or after is None or type(given.value) is not type(after.value):
            return given
        if not isinstance(given.value, Entity):
            return after
        lossy = [key for key in type(given.value).__struct_fields__ if not keeps(self.end, key)]
        parts = {key: getattr(after.value, key) for key in lossy if key != "captured"}
        return normalise(Record(given.urn, replace(given.value, **parts), given.kind))

    def _record(
        self, kind: str, urn: str, was: AnyRecord | None, then: AnyRecord | None, now: AnyRecord | None
    ) -> Iterator[Step]:
        if now is None:
            if was is not None:
                self.conflicts.append(Met(kind, urn, "", reason="it is not there any more; nothing was made anew"))
            return
        if not isinstance(now.value, Entity):
            return  # facts age by themselves, and what is foreign harms nobody
        if was is None:
            yield from self._made(kind, urn, then, now)
            return
        if type(was.value) is not type(now.value):
            return
        past = then.value if then is not None and type(then.value) is type(now.value) else was.value

        def conflict(key: str, one: Any, other: Any) -> None:
            self.conflicts.append(Met(kind, urn, key, one, other, WHY))

        wanted = settle((past, was.value), (past, now.value), self.aspects, conflict).right
        operation = operation_between(now, kind, urn, wanted, self.aspects, "as it was before the migration")
        if operation is not None:
            yield Step.of(operation)

    def _made(self, kind: str, urn: str, then: AnyRecord | None, now: AnyRecord) -> Iterator[Step]:
        """What the migration made is soft-deleted, unless people took it up."""
        if is_removed(now.value):
            return
        if then is not None and self._taken_up(then, now):
            why = "the migration made it, and somebody has worked on it since; it stays"
            self.conflicts.append(Met(kind, urn, "", reason=why))
            return
        value = type(now.value)(lifecycle=Lifecycle(removed=True))
        lifecycle = alive(now.value.lifecycle)
        if lifecycle is not None:
            lifecycle.removed = True
            value.lifecycle = lifecycle
        operation = operation_between(now, kind, urn, value, {"lifecycle"}, "the migration made it")
        if operation is not None:
            parent = now.value.parent
            if parent and not parent.startswith("#"):
                self.trees.add(urn, kind, parent, urns.kind(parent))
            yield Step.of(operation)

    def _taken_up(self, then: AnyRecord, now: AnyRecord) -> bool:
        keys = [key for key in type(now.value).__struct_fields__ if key in self.aspects]
        return any(getattr(then.value, key) != getattr(now.value, key) for key in keys)


class _Touched(NamedTuple):
    """A record that the migration touched.

    Attributes:
        key: Kind and URN.
        steps: What was to be done with it.
        lines: What other snapshots hold of it.
    """

    key: bytes
    steps: list[Step]
    lines: tuple[bytes | None, ...] = ()


def _by_record(lines: Iterable[bytes]) -> Iterator[_Touched]:
    for key, group in groupby(lines, key=line_key):
        # Of two steps of one record, the removal is the later one.
        steps = [decode_step(line[len(key) + len('","value":') :]) for line in group]
        yield _Touched(key, sorted(steps, key=lambda step: step.action == "remove"))


def _with(items: Iterable[_Touched], lines: Iterator[bytes]) -> Iterator[_Touched]:
    """Add the line of another snapshot to each record."""
    line = next(lines, None)
    for item in items:
        while line is not None and line_key(line) < item.key:
            line = next(lines, None)
        found = line if line is not None and line_key(line) == item.key else None
        yield item._replace(lines=(*item.lines, found))
