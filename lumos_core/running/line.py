"""The stages of one run, in order: the straight line that `run` and `plan` follow once, and a watch again and again."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..contracts.reporter import GateResult, PublishResult, RunResult, none
from ..files import read_yaml
from ..history.pairs import pairs
from ..history.views import coverage_of
from ..model.coverage import EVERYTHING, Coverage
from ..model.record import without_stats
from ..publish.engine import Plan
from ..times import utc
from .changes import ChangeFile, by_record, by_severity
from .collect import collect
from .cost import cost
from .diff import after, diff, judge
from .enrich import enrich
from .extract import extract
from .gate import gate
from .outbox import deliver, put_out
from .publishing import ledger_of, publish
from .reporting import describe, notifiers, report, snapshot
from .rows import overlay
from .session import Session
from .version import commit, last_version, version
from .waivers import WaiverFile, Waivers

if TYPE_CHECKING:
    from ..config.pipeline import Pipeline
    from ..config.types import ComponentSpec


def waiver_file(pipeline: Pipeline) -> WaiverFile:
    """Read the waivers of a pipeline; none where it names no file.

    Raises:
        ConfigError: When the file is not valid.
    """
    if pipeline.gate is None or pipeline.gate.waivers is None:
        return WaiverFile()
    return read_yaml(pipeline.gate.waivers, WaiverFile)


class Line:
    """The stages of one run, in order; what one leaves for the next are its attributes.

    Attributes:
        quiet: A run that finds nothing new leaves no trace: no entry in the log, no files, no reports.
        resting: Notifiers that are left alone for a while; see `deliver`.
        trace: False when it left none.
    """

    def __init__(
        self,
        session: Session,
        waiver_file: WaiverFile,
        *,
        dry_run: bool = False,
        reports: Sequence[ComponentSpec] = (),
        out: Path | None = None,
        quiet: bool = False,
        resting: MutableMapping[str, float] | None = None,
    ) -> None:
        self.session, self.dry_run, self.out, self.resting = session, dry_run, out, resting
        self.quiet, self.trace = quiet, True
        self.reports = [*session.pipeline.reports, *reports]
        path = session.pipeline.gate.waivers if session.pipeline.gate else None
        today = datetime.now(timezone.utc).date()
        self.waivers = Waivers(waiver_file, path, today)
        self.result = RunResult(
            run_id=session.run_id,
            pipeline=session.pipeline.name,
            mode="dry-run" if dry_run else "run",
            started=utc(session.started),
        )

    def go(self) -> RunResult:
        """Run every stage; leave nothing behind when the run stops before it committed."""
        session = self.session
        session.observers.run_started(session.pipeline.name)
        committed = False
        try:
            session.open()
            self._read()
            self._compare()
            committed = self._remember()
            self._judge()
            self._publish()
        except BaseException:  # ^C included: a run that did not commit did not happen
            if not committed:
                session.discard()
            session.close()
            raise
        try:
            self._report()
        finally:
            if not self.trace:
                self._leave_no_trace()
            session.close()
        return self.result

    def _leave_no_trace(self) -> None:
        """Nothing was new, so that there is nothing to read in files that are gone."""
        result = self.result
        result.records = result.stats = result.changes = result.versions = result.events = none()
        for one in result.published:
            one.operations = one.outcomes = none()
        result.snapshot = ""
        self.session.discard()

    def _read(self) -> None:
        session = self.session
        with session.stage("extract"):
            fragments = extract(session)
        with session.stage("collect"):
            stream = collect(session, fragments)
        with session.stage("enrich"):
            stream = enrich(session, stream)
        with session.stage("cost"):
            stream = cost(session, stream)
        with session.stage("snapshot"):
            snapshot(session, stream)
        self.stream = stream

    def _compare(self) -> None:
        session, store = self.session, self.session.store
        self.expect: str | None = store.resolve("head")
        last = next(iter(store.log()), None)
        self.before = coverage_of(last) if last is not None else Coverage()
        self.known = last.meta.get("coverage") if last is not None else None
        self.result.first = self.expect is None
        with session.stage("diff"):
            difference = diff(session, self.stream, self.before)
            waived = self.waivers.apply(difference.changes, self._schema_version)
            self.changes = ChangeFile.write(session.scratch / "judged.jsonl", waived, by_record, session.scratch)
            self.difference = difference
        with session.stage("version"):
            self.versioned = version(session, difference, self.changes, self.stream, first=self.result.first)

    def _schema_version(self, urn: str) -> str | None:
        found = last_version(self.session.store, urn)
        return found.schema if found else None

    def _remember(self) -> bool:
        """Commit everything this run found; from here on it is history."""
        session, result, difference = self.session, self.result, self.difference
        path = session.folder / "changes.jsonl"
        ordered = ChangeFile.write(path, self.changes, by_severity, session.scratch)
        describe(result, session, self.stream)
        result.changes, result.severities = ordered.many(), dict(ordered.counts)
        result.changed = bool(len(difference.rows))
        result.release = self.versioned.release
        result.not_captured = [(*key, count) for key, count in sorted(difference.not_captured.items())]
        result.versions = self.versioned.keep(session.folder / "versions.jsonl")
        events = self.versioned.events(session.folder / "events.jsonl", session.scratch)
        result.events = events.many()
        if self.dry_run:
            return False
        session.stop_if_cancelled()
        meta = self._meta()
        if self.quiet and self._nothing_new(meta):
            self.trace = False
            session.memo.flush()
            return True
        put_out(session, events, notifiers(self.reports))
        commit(session, self.expect, self.versioned.rows, meta)
        session.memo.flush()
        return True

    def _nothing_new(self, meta: dict[str, Any]) -> bool:
        same = self.expect is not None and not len(self.versioned.rows) and not self.session.failures
        return same and meta["coverage"] == self.known

    def _meta(self) -> dict[str, Any]:
        session, result = self.session, self.result
        coverage = self.before.carried_by(session.coverage)
        meta = {
            "run": session.run_id,
            "at": utc(session.started),
            "pipeline": session.pipeline.name,
            "coverage": coverage.declared(),
            "seen": session.coverage.declared(),
            "counts": result.counts,
            "severities": result.severities,
            "release": result.release,
            "changed": len(self.difference.rows),
            "failures": [notice.message for notice in session.failures],
        }
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(meta, order="sorted"))
        return plain

    def _judge(self) -> None:
        session, gate_config = self.session, self.session.pipeline.gate
        with session.stage("gate"):
            if gate_config is not None:
                if gate_config.before == "publish":
                    self.result.gate = self._gate_since_published(gate_config.fail_on)
                else:
                    notes = self.waivers.notes
                    self.result.gate = gate(self.changes, gate_config.fail_on, since="run", notes=notes)
            if session.observers.watching_changes:
                for change in self.result.changes:
                    session.observers.change_found(change)

    def _gate_since_published(self, fail_on: str) -> GateResult:
        """Judge what changed since the last publication; the worst catalog decides."""
        session, verdict = self.session, GateResult(enabled=True, fail_on=fail_on, since="published")
        for number, spec in enumerate(session.pipeline.catalogs):
            ref = ledger_of(session, spec).ref
            if session.store.resolve(ref) is None:
                continue
            differing = pairs(
                without_stats(session.store.lines(ref)), without_stats(self._head()), EVERYTHING, EVERYTHING
            )
            found = judge(session, differing, session.scratch / f"since-{number}.jsonl", after(session, self.stream))
            waived = self.waivers.apply(found, self._schema_version)
            one = gate(waived, fail_on, since=ref, notes=())
            verdict = one if verdict.passed else verdict
        return msgspec.structs.replace(verdict, notes=self.waivers.notes)

    def _head(self) -> Iterator[bytes]:
        """The lines of the next state, committed or not."""
        lines = self.session.store.lines("head")
        return overlay(lines, self.versioned.rows) if self.dry_run else lines

    def _publish(self) -> None:
        session, result = self.session, self.result
        gate_config = session.pipeline.gate
        hold = gate_config is not None and gate_config.before == "publish" and not result.gate.passed
        plans: list[tuple[PublishResult, Plan]] = []
        with session.stage("publish"):
            for spec in () if hold else session.pipeline.catalogs:
                one = publish(
                    session,
                    spec,
                    self._head,
                    write=not self.dry_run,
                    planned=lambda result, plan: plans.append((result, plan)),
                )
                result.published.append(one)
        if self.out is not None:
            from .applying import save_plans

            save_plans(self.out, session, plans)

    def _report(self) -> None:
        session, result = self.session, self.result
        result.warnings, result.failures = session.warnings, session.failures
        self._close()
        with session.stage("report"):
            if not self.dry_run:
                deliver(session, result, notifiers(self.reports), self.resting)
            self._close()  # a notifier that failed is told by the reports
            if self.trace or any(one.written or one.failed for one in result.published):
                report(session, result, self.reports)
        self._close()
        session.observers.run_finished(result)

    def _close(self) -> None:
        result, session = self.result, self.session
        result.finished = utc()
        result.timings = session.timings
        failed = result.gate.enabled and not result.gate.passed
        result.exit_code = 1 if failed else 3 if session.failures else 0
