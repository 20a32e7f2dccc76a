"""`apply`: carry out a plan that was saved, exactly, or refuse it before anything is written."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contracts.catalog import Catalog
from ..contracts.reporter import PublishResult, RunResult
from ..errors import PlanError
from ..model.record import canonical, digest, make_key
from ..model.scope import Scope
from ..model.urns import host
from ..publish.engine import Plan
from ..publish.guard import blocked
from ..publish.ledger import StoreLedger
from ..publish.plan import BATCH
from ..publish.saved import FORMAT, Saved, SavedCatalog, SavedPlan, save
from ..publish.steps import Step, StepFile
from ..times import utc
from .api import loaded
from .context import RunContext
from .progress import Progress, Silence
from .publishing import carry_out, engine_of, ledger_of, show, with_catalog
from .session import Session

if TYPE_CHECKING:
    from ..config.pipeline import Pipeline
    from ..config.types import ComponentSpec

_ANEW = "make it anew: `lumos plan --out FILE`"


def apply(
    plan: str | Path,
    pipeline: str | Path | Pipeline | None = None,
    *,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> RunResult:
    """Write a plan that `plan(out=...)` saved: exactly what it says, or nothing.

    Nothing is read from the sources. Afterwards the store remembers what the catalogs were given, so that the next
    run finds nothing to write unless something has changed.

    Args:
        plan: The file.
        pipeline: The pipeline that it was made by; default `LUMOS_CONFIG` or `lumos.yaml`.
        progress: Who is told how far it is.
        cancelled: Set it from another thread to stop.

    Returns:
        The result, with `published` filled in; `exit_code` is 0 or 3 (incomplete).

    Raises:
        PlanError: When it is not as it was written, was made by another pipeline or for another catalog, was refused
            by the guard, or when the store or a catalog has moved since; nothing was written.
        LumosError: When it could not begin or had to stop; its `exit_code` says how.
    """
    saved = SavedPlan(Path(plan))
    found = loaded(pipeline)
    store = found.store.build()
    try:
        with store.lock():
            session = Session(found, store, progress=progress or Silence(), cancelled=cancelled)
            session.open()
            try:
                return _Application(session, saved).go()
            finally:
                session.close()
    finally:
        store.close()


class _Application:
    def __init__(self, session: Session, saved: SavedPlan) -> None:
        self._session, self._saved = session, saved
        self._result = RunResult(
            run_id=session.run_id, pipeline=session.pipeline.name, mode="apply", started=utc(session.started)
        )

    def go(self) -> RunResult:
        """Verify everything, then write."""
        session, result = self._session, self._result
        try:
            plans = list(self._verified())
        except BaseException:  # ^C included: what was not verified leaves no run behind
            session.discard()
            raise
        with session.stage("publish"):
            for spec, one, plan in plans if not session.failures else ():
                with_catalog(session, spec, one, self._write(spec, one, plan))
        result.published = [one for _, one, _ in plans]
        result.warnings, result.failures, result.timings = session.warnings, session.failures, session.timings
        result.exit_code = 3 if session.failures else 0
        result.finished = utc()
        return result

    def _verified(self) -> Iterator[tuple[ComponentSpec, PublishResult, Plan]]:
        session, about = self._session, self._saved.about
        if about.pipeline != session.pipeline.name:
            raise self._refused(f"it was made by the pipeline {about.pipeline!r}, not by {session.pipeline.name!r}")
        if about.head != (session.store.resolve("head") or ""):
            raise self._refused("a run has changed what is known since it was made")
        specs = {spec.name: spec for spec in session.pipeline.catalogs}
        for made, steps in self._saved.catalogs(session.folder):
            spec = specs.get(made.catalog)
            if spec is None:
                raise self._refused(f"the pipeline has no catalog {made.catalog!r} any more")
            plan = self._plan(made, steps)
            one = PublishResult(catalog=spec.name)
            show(plan, one)
            with_catalog(session, spec, one, self._verify(spec, one, made, plan))
            yield spec, one, plan

    def _plan(self, made: SavedCatalog, steps: StepFile) -> Plan:
        guard = self._session.pipeline.publish.guard
        why = made.blocked or blocked(made.removed, made.known, guard)
        if why:
            raise PlanError(
                f"the plan for {made.catalog} was refused by the guard",
                why=why,
                fix=f"then {_ANEW}",
                where=str(self._saved.path),
            )
        return Plan(steps=steps, counts=made.counts, conflicts=made.conflicts, removed=made.removed, known=made.known)

    def _verify(self, spec: ComponentSpec, one: PublishResult, made: SavedCatalog, plan: Plan) -> Any:
        def work(catalog: Catalog[Any], ctx: RunContext) -> None:
            ledger, store = ledger_of(self._session, spec), self._session.store
            if one.target != made.target:
                raise self._refused(f"it was made for {made.target}; the catalog {spec.name} is now {one.target}")
            for ref, state in ((ledger.ref, made.published), (ledger.intent_ref, made.publishing)):
                if (store.resolve(ref) or "") != state:
                    raise self._refused(f"something was published to {spec.name} since it was made")
            if any(support.read for support in catalog.capabilities.values()):
                self._compare(spec, catalog, ctx, plan)

        return work

    def _compare(self, spec: ComponentSpec, catalog: Catalog[Any], ctx: RunContext, plan: Plan) -> None:
        """Read again what the plan is about: it must be what it was."""
        steps = (step for step in plan.steps if step.kind != "stats")
        while batch := list[Step](islice(steps, BATCH)):
            scope = Scope(urns=frozenset(host(step.urn) for step in batch))
            held = {make_key(record.kind, record.urn): digest(canonical(record)) for record in catalog.read(scope, ctx)}
            for step in batch:
                if held.get(make_key(step.kind, step.urn), "") != step.expect:
                    raise self._refused(f"{step.urn} is not in {spec.name} as it was when the plan was made")

    def _write(self, spec: ComponentSpec, one: PublishResult, plan: Plan) -> Any:
        return lambda catalog, ctx: carry_out(
            self._session, spec, engine_of(self._session, spec, catalog, ctx), plan, one
        )

    def _refused(self, why: str) -> PlanError:
        return PlanError("the plan cannot be applied", why=why, fix=_ANEW, where=str(self._saved.path))


def save_plans(path: Path, session: Session, plans: list[tuple[PublishResult, Plan]]) -> None:
    """Save what was planned for every catalog, with what it was made from.

    Raises:
        DiskError: When the file cannot be written.
    """
    store = session.store

    def state(ref: str) -> str:
        return store.resolve(ref) or ""

    def catalogs() -> Iterator[tuple[SavedCatalog, StepFile]]:
        for one, plan in plans:
            ledger = StoreLedger(store, one.catalog, {})
            made = SavedCatalog(
                catalog=one.catalog,
                target=one.target,
                published=state(ledger.ref),
                publishing=state(ledger.intent_ref),
                counts=plan.counts,
                conflicts=plan.conflicts,
                removed=plan.removed,
                known=plan.known,
                blocked=plan.blocked,
                operations=plan.steps.operations,
            )
            yield made, plan.steps

    about = Saved(
        format=FORMAT,
        pipeline=session.pipeline.name,
        run=session.run_id,
        made=utc(session.started),
        head=state("head"),
    )
    save(path, about, catalogs())
