"""Publish: changes, last published state and the catalog's present state become a plan, then its application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..contracts.catalog import Catalog, Outcome
from ..contracts.reporter import Many, PublishResult
from ..errors import Cancelled, CatalogError, DiskError, LumosError, PlanError
from ..files import atomic_write
from ..history.versions import versioned_urn
from ..model.change import Version
from ..model.record import STATS_START, AnyRecord, decode, line_key, line_urn, make_key
from ..model.urns import host
from ..publish.engine import Engine, Lines, Plan
from ..publish.ledger import StoreLedger
from ..publish.plan import Dress, add_version
from ..publish.steps import OutcomeFile
from ..times import utc
from .context import RunContext, contained
from .session import Session

if TYPE_CHECKING:
    from ..config.types import ComponentSpec

TOLD = 1000
"""Failed records that are told one by one; more are counted."""

Planned = Callable[[PublishResult, Plan], None]


def ledger_of(session: Session, spec: ComponentSpec) -> StoreLedger:
    """Return what is remembered of a catalog."""
    meta = {"run": session.run_id, "at": utc(session.started), "pipeline": session.pipeline.name}
    return StoreLedger(session.store, spec.name, meta)


def publish(
    session: Session, spec: ComponentSpec, head: Lines, *, write: bool, planned: Planned | None = None
) -> PublishResult:
    """Plan one catalog and, unless only the plan is wanted, apply it.

    Args:
        session: The run.
        spec: The catalog.
        head: The lines of the next state (committed or not).
        write: False for a plan.
        planned: Told the plan.
    """
    result = PublishResult(catalog=spec.name)

    def work(catalog: Catalog[Any], ctx: RunContext) -> None:
        engine = engine_of(session, spec, catalog, ctx)
        plan = _plan(session, spec, engine, head, result)
        if planned is not None:
            planned(result, plan)
        if write and not result.blocked:
            carry_out(session, spec, engine, plan, result)

    with_catalog(session, spec, result, work)
    return result


def with_catalog(
    session: Session, spec: ComponentSpec, result: PublishResult, work: Callable[[Catalog[Any], RunContext], None]
) -> None:
    """Build, check and use a catalog, and close it; its failure is noted, so that the others are still written.

    Raises:
        Cancelled: When somebody asked to stop.
        DiskError: When the disk is full.
    """
    store = session.store
    ctx = session.context(spec, look=lambda kind, urn: store.get("head", kind, urn), walk=lambda kind: iter(()))
    catalog: Catalog[Any] | None = None
    try:
        catalog = spec.build()
        with contained():
            result.target = session.redact(getattr(catalog, "target", ""))
            catalog.check(ctx)
            result.target = session.redact(getattr(catalog, "target", ""))
            work(catalog, ctx)
    except (Cancelled, DiskError, PlanError):
        raise
    except Exception as error:
        result.failed += 0 if isinstance(error, LumosError) else 1
        result.blocked = session.fail("publish-failed", error, spec.name, f"catalog {spec.name}").message
        session.debug(error)
    finally:
        session.absorb(ctx)
        if catalog is not None:
            session.finish(catalog, spec)


def engine_of(session: Session, spec: ComponentSpec, catalog: Catalog[Any], ctx: RunContext) -> Engine:
    """Return the engine of a catalog, with the options of the pipeline."""
    options = session.pipeline.publish
    return Engine(
        catalog,
        ctx,
        ledger_of(session, spec),
        folder=session.folder,
        policies=options.policy,
        guard=options.guard,
        retries=session.pipeline.retries,
    )


def _plan(session: Session, spec: ComponentSpec, engine: Engine, head: Lines, result: PublishResult) -> Plan:
    with session.guard_disk("write the plan"):
        plan = engine.plan(
            head,
            full=session.full,
            dress=_dress(line for line in head() if line.startswith(STATS_START)),
            name=f"plan-{_file_name(spec.name)}.jsonl",
        )
    show(plan, result)
    if plan.lost:
        text = "the catalog holds nothing of what it was given; everything is published anew"
        session.warn("catalog-empty", text, spec.name)
    if plan.blocked:
        error = CatalogError("Nothing was published", why=plan.blocked, where=spec.name)
        session.fail("publish-guard", error, spec.name, f"catalog {spec.name}")
    return plan


def show(plan: Plan, result: PublishResult) -> None:
    """Put a plan into the result."""
    result.operations = Many(lambda: plan.operations, plan.steps.operations)
    result.planned = {action: count for action, count in plan.counts.items() if action != "facts"}
    result.facts = plan.counts.get("facts", 0)
    result.conflicts, result.blocked = list(plan.conflicts), plan.blocked


def carry_out(session: Session, spec: ComponentSpec, engine: Engine, plan: Plan, result: PublishResult) -> None:
    """Apply a plan and keep what became of each operation."""
    total = plan.steps.operations
    told = result.facts = 0

    def outcomes() -> Iterator[Outcome]:
        nonlocal told
        for done, (operation, outcome) in enumerate(engine.apply(plan), 1):
            session.progress.advance(done, total, operation.urn)
            if outcome.status == "failed":
                result.failed += 1
                if result.failed <= TOLD:
                    told += 1
                    error = CatalogError("A record was not written", why=outcome.reason, where=operation.urn)
                    session.fail("write-failed", error, operation.urn, f"catalog {spec.name}")
            elif outcome.status == "written" and operation.kind == "stats":
                result.facts += 1
            elif outcome.status == "written":
                result.written += 1
            elif outcome.status == "conflict":
                result.conflicts.append((operation.urn, "", outcome.reason))
                error = CatalogError(
                    "A record moved while it was written",
                    why=outcome.reason,
                    fix="run it again; what was changed meanwhile is taken into account",
                    where=operation.urn,
                )
                session.fail("write-conflict", error, operation.urn, f"catalog {spec.name}")
            yield outcome

    path = session.folder / f"outcomes-{_file_name(spec.name)}.jsonl"
    try:
        with session.guard_disk("write the outcomes"):
            count = _write_outcomes(path, outcomes())
    except Cancelled as stopped:
        facts = f" and {result.facts:,} facts" if result.facts else ""
        raise Cancelled(
            f"The run was cancelled; {result.written:,} records{facts} were written to {spec.name}",
            fix="run it again; it goes on where it stopped",
        ) from stopped
    if result.failed > told:
        error = CatalogError(
            f"{result.failed - told} more records were not written", fix="mend the cause and run again"
        )
        session.fail("write-failed", error, spec.name, f"catalog {spec.name}")
    result.outcomes = Many(lambda: OutcomeFile(path), count)
    result.applied = True


def _dress(stats: Iterable[bytes]) -> Dress:
    versions = _Versions(stats)

    def dress(record: AnyRecord) -> AnyRecord:
        version = versions.of(record.urn) if record.kind == "dataset" else None
        return record if version is None else add_version(record, _cloud_version(version))

    return dress


class _Versions:
    """The versions of datasets, asked for in the order of their URNs."""

    def __init__(self, stats: Iterable[bytes]) -> None:
        self._lines = (line for line in stats if versioned_urn(line_urn(line)))
        self._line = next(self._lines, None)

    def of(self, urn: str) -> Version | None:
        """Return the version of a dataset; None when it has none."""
        wanted = make_key("stats", urn)
        while self._line is not None and line_key(self._line).partition(b"#")[0] < wanted:
            self._line = next(self._lines, None)
        if self._line is None or host(line_urn(self._line)) != urn:
            return None
        version: Version = decode(self._line).value.version
        return version


def _cloud_version(version: Version) -> str:
    parts = {"metadata": version.metadata, "release": version.release, "version": version.schema}
    return msgspec.json.encode(parts, order="sorted").decode()


def _file_name(name: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in name)


def _write_outcomes(path: Path, outcomes: Iterable[Outcome]) -> int:
    count = 0
    with atomic_write(path, "wb", durable=False) as file:
        for outcome in outcomes:
            file.write(msgspec.json.encode(outcome) + b"\n")
            count += 1
    return count
