"""`migrate`: everything of one catalog into another, planned, resumable, proven record by record."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any, get_args

from msgspec.structs import replace

from ..errors import UsageError
from ..model.record import decode, line_urn, make_key
from ..model.scope import Scope
from ..publish.steps import Step, StepFile
from ..running.progress import Progress, Silence
from ..snapshot.frame import stats_path
from ..snapshot.select import Selection, parse_selection
from ..snapshot.transform import Transformation
from ..times import utc
from .ends import PathLike, distinct, end_of, state_of, writable
from .folder import MIGRATIONS, Folder, Place, Wishes, alone, plain, read_lines, write_lines
from .lines import count_of, lines_of, save, stop, take
from .names import Names, called, former, match
from .own_ids import systems
from .planning import DECISIONS, Met, OnConflict, Planner
from .proof import Judge, Proven, Tally, paired, read_record
from .report import write_reports
from .rereading import reread
from .result import MigrationResult
from .results import failures_of, operations_of, records_of
from .scratch import Scratch
from .writing import Journal, Refresher, carry_out, failures, pending

SHOWN = 1000
"""Things that may be one and are not known to be: so many are remembered."""


def migrate(
    source: PathLike,
    target: PathLike,
    *,
    from_catalog: str | None = None,
    to_catalog: str | None = None,
    on_conflict: OnConflict = "merge",
    select: str | None = None,
    platforms: Mapping[str, str] | None = None,
    environments: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    dry_run: bool = False,
    resume: str | bool = False,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> MigrationResult:
    """Move everything that one catalog holds into another, and prove record by record what arrived.

    Reads all of the source into a snapshot, reads all of the target into another (for `rollback`), plans, writes,
    reads the target again and compares. Nothing is removed from the target, and nothing that only the target says is
    changed. Things that are in both under different URNs (known by their aliases) are one thing afterwards, and every
    reference follows, those of the target's own records too.

    Args:
        source: A pipeline file with the catalog to read; its `sources`, if any, are not looked at.
        target: A pipeline file with the catalog to write.
        from_catalog: Which catalog of the source file, when it has several.
        to_catalog: Which catalog of the target file.
        on_conflict: Who wins where both say something else: `source`, `target`, `merge` (nobody: it is left to people
            and told) or `stop` (nothing is written when there is any).
        select: Only a part of the source: the beginning of names, a URN, or a glob.
        platforms: Platforms that get another name: old -> new.
        environments: Environments likewise.
        names: Beginnings of names likewise; or a whole URN -> a URN.
        dry_run: Plan and foresee, but write nothing: neither into the target nor beside its file.
        resume: Go on with the last migration between these catalogs, or with that of this id. What the source held
            when it was read is what arrives; it is not read again.
        progress: Who is told how far it is.
        cancelled: Set it from another thread to stop; go on with `resume`.

    Returns:
        The result; `exit_code` is 0, or 3 when something failed.

    Raises:
        LumosError: When it could not begin or had to stop; what was done is remembered.

    Example:
        ```python
        import lumos_core

        result = lumos_core.migrate("datahub.yaml", "openmetadata.yaml", dry_run=True)
        for aspect, verdict, reason, count in result.losses():
            print(aspect, verdict, reason, count)
        ```
    """
    if on_conflict not in get_args(OnConflict):
        raise UsageError(f"unknown way to decide conflicts {on_conflict!r}", fix=f"use {', '.join(DECISIONS)}")
    if dry_run and resume:
        raise UsageError("a dry run has nothing to go on with", fix="leave out one of the two")
    wishes = Wishes(on_conflict, select or "", plain(platforms), plain(environments), plain(names))
    return _Migration(
        source, target, from_catalog, to_catalog, wishes, progress or Silence(), cancelled or threading.Event()
    ).run(dry_run=dry_run, resume=resume)


class _Migration:
    """The steps of one migration, in order; each is skipped when an earlier attempt has done it."""

    def __init__(
        self,
        source: PathLike,
        target: PathLike,
        from_catalog: str | None,
        to_catalog: str | None,
        wishes: Wishes,
        progress: Progress,
        cancelled: threading.Event,
    ) -> None:
        self.wishes, self.progress, self.cancelled = wishes, progress, cancelled.is_set
        more: dict[str, Any] = {"run_id": "migration", "cancelled": self.cancelled}
        self.source = end_of(source, from_catalog, option="--from-catalog", **more)
        self.target = end_of(target, to_catalog, option="--to-catalog", **more)
        distinct(self.source, self.target)
        self.pick: Selection | None = None
        self.scope = Scope()
        self.resumed = False

    def run(self, *, dry_run: bool, resume: str | bool) -> MigrationResult:
        with ExitStack() as stack:
            stack.callback(self.target.close)
            stack.callback(self.source.close)
            if dry_run:
                return self._dry()
            stack.enter_context(alone(self.target.file.state))
            root = state_of(self.target, MIGRATIONS)
            if resume:
                wanted = resume if isinstance(resume, str) else ""
                self.folder = Folder.find(root, wanted, Place.of(self.target), Place.of(self.source))
                self._keep_to(self.folder)
                self.resumed = True
            else:
                self._select(self.wishes)
                self.target.open()
                self.source.open()
                self.folder = Folder.make(root, Place.of(self.source), Place.of(self.target), self.wishes)
            return self._go()

    def _keep_to(self, folder: Folder) -> None:
        """Go on with what was asked for when it began."""
        if self.wishes not in (Wishes(), folder.state.wishes):
            raise UsageError(
                f"the migration {folder.state.id} was begun with other options",
                fix="go on without options, or begin another one without --resume",
            )
        self.wishes = folder.state.wishes
        self._select(self.wishes)

    def _select(self, wishes: Wishes) -> None:
        if wishes.select:
            selection = parse_selection(wishes.select)
            self.scope = selection.scope
            self.pick = selection if selection.pattern else None

    def _dry(self) -> MigrationResult:
        self._select(self.wishes)
        self.target.open()
        self.source.open()
        place = Scratch()
        self.folder = Folder.make(place.path, Place.of(self.source), Place.of(self.target), self.wishes)
        self._read()
        self._name()
        self._plan()
        result = self._result("dry-run")
        result.id, result.folder, result.kept = "", None, place
        self._judge(result, foresee=True)
        self._close()
        result.warnings = self._warnings()
        result.finished = utc()
        return result

    def _go(self) -> MigrationResult:
        folder = self.folder
        self._read()
        self._name()
        self._plan()
        self._refuse()
        self._write()
        self._prove()
        result = self._result("migrate")
        self._judge(result, foresee=False)
        self._close()
        result.warnings = self._warnings()
        folder.state.finished = folder.state.finished or utc()
        folder.save()
        result.finished = folder.state.finished
        result.exit_code = 3 if result.tally.records["failed"] or result.outcomes.get("failed") else 0
        write_reports(result, folder)
        return result

    def _close(self) -> None:
        self.source.close()
        self.target.close()

    def _warnings(self) -> list[Any]:
        return [*self.source.warnings, *self.target.warnings]

    def _read(self) -> None:
        """Snapshot the source, and the target as it is before anything is written."""
        for step, end, path, scope, pick in (
            ("source", self.source, self.folder.source, self.scope, self.pick),
            ("target", self.target, self.folder.target, Scope(), None),
        ):
            if not self.folder.is_done(step):
                stop(self.cancelled)
                self.progress.stage(f"read {end.name}")
                end.open()
                take(end, path, scope, self.progress.advance, self.cancelled, pick)
                self.folder.finish(step)

    def _name(self) -> None:
        """Find out what things are called in the target, and write the source's records in these names."""
        folder = self.folder
        if folder.is_done("named"):
            return
        stop(self.cancelled)
        self.progress.stage("match")
        for path in (folder.names, folder.incoming):
            path.unlink(missing_ok=True)
        move = Transformation(
            platforms=self.wishes.platforms, environments=self.wishes.environments, names=self.wishes.names
        )
        base, names = folder.source, Names(folder.names)
        try:
            if self.wishes.renames:
                base = folder.path / "moved.lumos.jsonl"
                save(base, called(lines_of(folder.source), move.urn, folder.path, tell=False), self.source.name)
            found, ambiguous = list[tuple[str, str]](), list[tuple[str, str]]()
            for old, new, certain in match(lines_of(base), lines_of(folder.target), folder.path):
                (found if certain else ambiguous).append((old, new))
            names.fill(found)
            if found or self.wishes.renames:
                ours = called(lines_of(folder.source), lambda urn: names.new(move.urn(urn)), folder.path)
                save(folder.path / "ours.lumos.jsonl", ours, self.source.name)
                self._follow(move, names)
                folder.state.done.append("renamed")
            folder.state.ambiguous = ambiguous[:SHOWN]
        finally:
            names.close()
            if base != folder.source:
                base.unlink(missing_ok=True)
                stats_path(base).unlink(missing_ok=True)
        folder.finish("named")

    def _follow(self, move: Transformation, names: Names) -> None:
        """Names of the source's that records of the target may point at: those that are nothing there any more."""
        incoming = Names(self.folder.incoming)
        try:
            count = 0

            def pairs() -> Iterator[tuple[str, str]]:
                nonlocal count
                for line in lines_of(self.folder.source):
                    old = line_urn(line)
                    if "#" not in old and (new := names.new(move.urn(old))) != old:
                        count += 1
                        yield old, new

            incoming.fill(pairs())
            if self.wishes.renames:
                # What the target has under the old name is its own, and is still meant.
                incoming.forget(line_urn(line) for line in lines_of(self.folder.target))
            self.folder.state.renamed = count
        finally:
            incoming.close()

    def _plan(self) -> None:
        folder = self.folder
        if folder.is_done("planned"):
            return
        stop(self.cancelled)
        self.progress.stage("plan")
        incoming = Names(folder.incoming) if folder.incoming.exists() else None
        try:
            decision = DECISIONS[self.wishes.on_conflict]
            own = systems(self.source, self.target)
            planner = Planner(self.target.catalog, writable(self.target), decision, incoming, own=own)

            def steps() -> Iterator[Step]:
                for number, step in enumerate(planner.steps(lines_of(folder.ours), lines_of(folder.target))):
                    if number % 256 == 0:
                        stop(self.cancelled)
                        self.progress.advance(number, None, step.urn)
                    yield step

            StepFile.write(folder.plan, steps(), planner.trees.order)
            write_lines(folder.conflicts, planner.conflicts)
        finally:
            if incoming is not None:
                incoming.close()
        kept = count_of(folder.ours) - planner.touched
        folder.state.planned = {**planner.counts, "keep": kept}
        folder.finish("planned")

    def _refuse(self) -> None:
        """Stop before anything is written, when that is what conflicts are to do."""
        if self.wishes.on_conflict != "stop" or self.folder.is_done("written"):
            return
        first = next(read_lines(self.folder.conflicts, Met), None)
        if first is not None:
            count = sum(1 for _ in read_lines(self.folder.conflicts, Met))
            raise UsageError(
                f"nothing was written, because the catalogs say different things in {count} places",
                why=f"first {first.key or 'the whole'} of {first.urn}",
                fix="see them with --dry-run; decide with --on-conflict source, target or merge",
            )

    def _write(self) -> None:
        folder = self.folder
        if folder.is_done("written") and not failures(Journal(folder.journal)):
            return
        stop(self.cancelled)
        self.progress.stage("write")
        self.target.open()
        plan, journal = StepFile(folder.plan, 0, 0), Journal(folder.journal)
        try:
            if self.resumed:
                plan = self._refreshed(plan, journal)
                folder.state.done = [step for step in folder.state.done if step not in ("written", "proved")]
            total = plan.operations or sum(1 for _ in plan)
            for _ in carry_out(self.target, plan, journal, total, self.progress.advance):
                pass
        finally:
            journal.close()
        folder.finish("written")

    def _refreshed(self, plan: StepFile, journal: Journal) -> StepFile:
        """What an interruption left of the plan, held against what the target holds by now."""
        left = pending(plan, journal)
        refresher = Refresher(self.target, writable(self.target), journal, self.cancelled)
        steps = refresher.steps(step for step in plan if left(step))
        fresh = StepFile.write(self.folder.pending, steps, lambda step: (step.stage, make_key(step.kind, step.urn)))
        known = list(read_lines(self.folder.conflicts, Met))
        write_lines(self.folder.conflicts, known + [met for met in refresher.conflicts if met not in known])
        return fresh

    def _prove(self) -> None:
        """Read the target again."""
        folder = self.folder
        if folder.is_done("proved"):
            return
        stop(self.cancelled)
        self.progress.stage("read again")
        self.target.open()
        reread(self.target, folder, self.progress.advance, self.cancelled)
        folder.finish("proved")

    def _judge(self, result: MigrationResult, *, foresee: bool) -> None:
        """Give every record of the source its verdict."""
        self.progress.stage("compare")
        folder, tally = self.folder, Tally()
        journal = Journal(folder.journal)
        result.conflicts = list(read_lines(folder.conflicts, Met))
        own = systems(self.source, self.target)
        judge = Judge(self.target.name, self.target.catalog, failures(journal), result.conflicts, own=own)
        renamed = folder.is_done("renamed")

        def verdicts() -> Iterator[Proven]:
            after = iter(()) if foresee else lines_of(folder.after)
            for line, there in paired(lines_of(folder.ours), after):
                ours = decode(line)
                proven, seen = judge.foresee(ours) if foresee else judge.judge(ours, read_record(there))
                tally.add(proven, seen)
                yield replace(proven, former=former(ours)) if renamed else proven

        count = write_lines(folder.verdicts, verdicts())
        result.tally = tally
        result.records = records_of(folder.verdicts, count)

    def _result(self, mode: str) -> MigrationResult:
        folder = self.folder
        counts = Counter(done.status for done in Journal(folder.journal))
        counts["failed"] = len(failures(Journal(folder.journal)))
        return MigrationResult(
            id=folder.state.id,
            mode=mode,
            source=folder.state.source,
            target=folder.state.target,
            wishes=self.wishes,
            folder=folder.path,
            started=folder.state.started,
            read={"source": count_of(folder.source), "target": count_of(folder.target)},
            renamed=folder.state.renamed,
            ambiguous=folder.state.ambiguous,
            planned=folder.state.planned,
            outcomes={key: count for key, count in sorted(counts.items()) if count},
            operations=operations_of(folder.plan),
            failures=failures_of(folder.journal),
        )
