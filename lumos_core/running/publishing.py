"""Publish: changes, last published state and the catalog's present state become a plan, then its application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from ..contracts.catalog import Action, Catalog, Operation, Outcome
from ..contracts.reporter import Many, PublishResult
from ..contracts.store import Row
from ..errors import Cancelled, CatalogError, DiskError, LumosError
from ..files import atomic_write
from ..history.versions import versioned_urn
from ..model.change import Version
from ..model.record import (
    STATS_START,
    Record,
    canonical,
    decode,
    line_key,
    line_urn,
    make_key,
    split_key,
    without_stats,
)
from ..model.scope import Scope
from ..model.urns import host
from ..publish.apply import apply
from ..publish.guard import blocked
from ..publish.plan import Planner, Touched, add_version, touched
from ..snapshot.join import join
from ..times import utc
from .context import RunContext, contained
from .rows import Rows
from .session import Session

if TYPE_CHECKING:
    from ..config.types import ComponentSpec

Lines = Callable[[], Iterator[bytes]]


def ref_of(spec: ComponentSpec) -> str:
    """Return the ref that remembers what was published to a catalog."""
    return f"published/{spec.name}"


def publish(session: Session, spec: ComponentSpec, head: Lines, *, write: bool) -> PublishResult:
    """Plan one catalog and, unless only the plan is wanted, apply it.

    Args:
        session: The run.
        spec: The catalog.
        head: The lines of the next state (committed or not).
        write: False for a plan.
    """
    result = PublishResult(catalog=spec.name)
    store = session.store
    ctx = session.context(spec, look=lambda kind, urn: store.get("head", kind, urn), walk=lambda kind: iter(()))
    catalog: Catalog[Any] | None = None
    try:
        catalog = spec.build()
        with contained():
            catalog.check(ctx)
            result.target = session.redact(getattr(catalog, "target", ""))
            _plan(session, spec, catalog, ctx, head, result)
            if write and not result.blocked:
                _apply(session, catalog, ctx, spec, head, result)
    except (Cancelled, DiskError):
        raise
    except Exception as error:  # one catalog's failure must not keep the others from being written
        result.failed += 0 if isinstance(error, LumosError) else 1
        result.blocked = session.fail("publish-failed", error, spec.name, f"catalog {spec.name}").message
        session.debug(error)
    finally:
        session.absorb(ctx)
        if catalog is not None:
            session.finish(catalog, spec)
    return result


def _touched(session: Session, published: Lines, head: Lines) -> Iterator[Touched]:
    """Records that differ from what was published, with their version where they are datasets."""
    pairs = touched(join(without_stats(published()), without_stats(head())))
    versions = _Versions(line for line in head() if line.startswith(STATS_START))
    for item in pairs:
        if item.ours is not None and item.ours.kind == "dataset":
            given = versions.of(item.ours.urn)
            if given is not None:
                yield Touched(item.base, add_version(item.ours, _cloud_version(given)))
                continue
        yield item


class _Versions:
    """The versions of datasets, asked for in the order of their URNs."""

    def __init__(self, stats: Iterable[bytes]) -> None:
        self._lines = (line for line in stats if versioned_urn(line_urn(line)))
        self._line = next(self._lines, None)

    def of(self, urn: str) -> Version | None:
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


def _plan(
    session: Session,
    spec: ComponentSpec,
    catalog: Catalog[Any],
    ctx: RunContext,
    head: Lines,
    result: PublishResult,
) -> None:
    planner = Planner(catalog, ctx, session.pipeline.publish.policy)
    published = _published(session, spec, catalog, ctx)
    path = session.folder / f"plan-{_file_name(spec.name)}.jsonl"
    with session.guard_disk("write the plan"):
        operations = _write_lines(path, planner.operations(_touched(session, published, head)))
    result.operations = Many(lambda: _read_operations(path), operations)
    result.planned = dict(planner.counts)
    result.conflicts = planner.conflicts
    removed = planner.counts["remove"]
    known = sum(1 for _ in without_stats(published())) if removed else 0
    result.blocked = blocked(removed, known, session.pipeline.publish.guard)
    if result.blocked:
        session.fail(
            "publish-guard",
            CatalogError("Nothing was published", why=result.blocked, where=spec.name),
            spec.name,
            f"catalog {spec.name}",
        )


def _published(session: Session, spec: ComponentSpec, catalog: Catalog[Any], ctx: RunContext) -> Lines:
    """Return what was published; nothing, when the catalog has lost all of it and must be filled anew."""
    store, ref = session.store, ref_of(spec)
    if store.resolve(ref) is None:
        return lambda: iter(())
    if not any(support.read for support in catalog.capabilities.values()):
        return lambda: store.lines(ref)
    held = iter(catalog.read(Scope(), ctx))
    try:
        if next(held, None) is not None:
            return lambda: store.lines(ref)
    finally:
        getattr(held, "close", lambda: None)()
    if next(without_stats(store.lines(ref)), None) is not None:
        session.warn("catalog-empty", "the catalog is empty; what it had is published anew", spec.name)
    return lambda: iter(())


def _apply(
    session: Session,
    catalog: Catalog[Any],
    ctx: RunContext,
    spec: ComponentSpec,
    head: Lines,
    result: PublishResult,
) -> None:
    failed: set[bytes] = set()
    done = 0

    def outcomes() -> Iterator[Outcome]:
        nonlocal done
        retries = session.pipeline.retries
        for operation, outcome in apply(catalog, result.operations, ctx, retries=retries):
            done += 1
            session.progress.advance(done, len(result.operations), operation.urn)
            if outcome.status == "failed":
                failed.add(make_key(operation.kind, operation.urn))
                result.failed += 1
                error = CatalogError("A record was not written", why=outcome.reason, where=operation.urn)
                session.fail("write-failed", error, operation.urn, f"catalog {spec.name}")
            elif outcome.status == "written":
                result.written += 1
            elif outcome.status == "conflict":
                result.conflicts.append((operation.urn, "", outcome.reason))
            yield outcome

    path = session.folder / f"outcomes-{_file_name(spec.name)}.jsonl"
    with session.guard_disk("write the outcomes"):
        count = _write_lines(path, outcomes())
    result.outcomes = Many(lambda: _read_outcomes(path), count)
    result.applied = True
    _remember(session, ref_of(spec), head, failed)


def _remember(session: Session, ref: str, head: Lines, failed: set[bytes]) -> None:
    """Move `published/<catalog>` to what was published; what failed stays as it was and is tried again."""
    store = session.store

    def rows() -> Iterator[Row]:
        for base, ours in join(without_stats(store.lines(ref)), without_stats(head())):
            key = line_key(ours or base or b"")
            if key not in failed:
                yield *split_key(key), ours

    spooled = Rows.write(session.scratch / f"published-{_file_name(ref)}", rows())
    if len(spooled):
        meta = {"run": session.run_id, "at": utc(session.started), "pipeline": session.pipeline.name}
        store.commit(ref, store.resolve(ref), iter(spooled), meta)


def _file_name(name: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in name)


def _write_lines(path: Path, things: Iterable[Operation | Outcome]) -> int:
    count = 0
    with atomic_write(path, "wb") as file:
        for thing in things:
            file.write(_encode(thing) + b"\n")
            count += 1
    return count


class _Planned(Struct, frozen=True, omit_defaults=True):
    """An operation with its values as canonical lines."""

    kind: str
    urn: str
    action: Action
    unset: frozenset[str] = frozenset()
    reasons: tuple[tuple[str, str], ...] = ()
    expect: str = ""
    set: msgspec.Raw = msgspec.Raw(b"null")
    held: msgspec.Raw = msgspec.Raw(b"null")


def _encode(thing: Operation | Outcome) -> bytes:
    if isinstance(thing, Outcome):
        return msgspec.json.encode(thing)
    sides = [
        msgspec.Raw(b"null" if value is None else canonical(Record(thing.urn, value, thing.kind)))
        for value in (thing.set, thing.held)
    ]
    planned = _Planned(thing.kind, thing.urn, thing.action, thing.unset, thing.reasons, thing.expect, *sides)
    return msgspec.json.encode(planned)


def _read_operations(path: Path) -> Iterator[Operation]:
    decoder = msgspec.json.Decoder(_Planned)
    with path.open("rb") as file:
        for line in file:
            planned = decoder.decode(line)
            yield Operation(
                kind=planned.kind,
                urn=planned.urn,
                action=planned.action,
                set=_value(planned.set),
                unset=planned.unset,
                reasons=planned.reasons,
                held=_value(planned.held),
                expect=planned.expect,
            )


def _value(line: msgspec.Raw) -> Any:
    text = bytes(line)
    return None if text == b"null" else decode(text).value


def _read_outcomes(path: Path) -> Iterator[Outcome]:
    decoder = msgspec.json.Decoder(Outcome)
    with path.open("rb") as file:
        for line in file:
            yield decoder.decode(line)
