"""Extract: source components, within a scope, give fragments of records in any order.

A unit that fails is tried again when its error says so, then reported; everything it read is dropped, and its
scope is declared *failed*, so that nothing is concluded from the gap.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from ..contracts.answers import expected
from ..contracts.executor import Executor
from ..contracts.source import Source, Unit
from ..errors import Cancelled, DiskError, LumosError, RetryableError, UnitError
from ..model.aspects import ASPECTS, RECORD
from ..model.record import Record, canonical
from ..model.scope import NOTHING, Covered, Scope, united
from ..snapshot.sorter import LineSorter
from .context import RunContext, contained
from .order import tag
from .session import Session

if TYPE_CHECKING:
    from ..config.types import ComponentSpec

SPOOL = 4 << 20
"""Bytes of a unit's output that are held before they go to a file."""


LOST = 12
"""Units of one source that fail after all their tries, with none read between, before the rest is not tried any more: a
server that is gone would otherwise be waited for once per unit."""


class Task(NamedTuple):
    """One unit of one source."""

    source: int
    unit: Unit


class Output(NamedTuple):
    """What a unit gave: its lines in a spool, and what it declared."""

    lines: IO[bytes]
    context: RunContext


def extract(session: Session) -> LineSorter:
    """Read all sources; returns the tagged fragments, ready to be sorted."""
    sorter = LineSorter(session.scratch, key=bytes)
    components = _open_sources(session)
    done = total = sequence = 0
    waiting: dict[tuple[int, str], Task] = {}
    lost: Counter[int] = Counter()
    unread: set[IO[bytes]] = set()  # of a run that is cancelled, nobody takes the last ones

    def tasks() -> Iterator[Task]:
        nonlocal total
        for task in _plan(session, components):
            total += task.unit.weight
            waiting[task.source, task.unit.key] = task
            yield task

    def run_unit(task: Task) -> Output:
        spec, source = components[task.source]
        if lost[task.source] >= LOST:
            tries = session.pipeline.retries + 1
            why = f"{LOST} units of this source failed and none was read since, each tried {tries} times"
            raise UnitError("not tried", why=why, fix="run again when the source can be read")
        output = _read_unit(session, spec, source, task.unit)
        unread.add(output.lines)
        return output

    executor: Executor[Any] = session.pipeline.executor.build()
    results = _results(session, executor, run_unit, tasks())
    try:
        for task, result in results:
            session.stop_if_cancelled()
            waiting.pop((task.source, task.unit.key), None)
            if isinstance(result, Exception):
                lost[task.source] += isinstance(result, RetryableError)
                _unit_failed(session, components[task.source][0], task.unit, result)
            else:
                lost[task.source] = 0
                session.absorb(result.context)
                unread.discard(result.lines)
                with result.lines as lines:
                    for line in lines:
                        sorter.add(tag(line[:-1], task.source, sequence))
                        sequence += 1
            done += task.unit.weight
            session.progress.advance(done, total, task.unit.key)
        for task in waiting.values():  # what nobody reported on was not read
            silence = RuntimeError(f"the executor {session.pipeline.executor.name} gave no result for it")
            _unit_failed(session, components[task.source][0], task.unit, silence)
    finally:
        # Closed here and not by the garbage collector, which would swallow a second ^C.
        results.close()
        for spool in list(unread):
            spool.close()
        for spec, source in components.values():
            session.finish(source, spec)
        session.finish(executor, session.pipeline.executor)
    return sorter


def _results(
    session: Session, executor: Executor[Any], run_unit: Callable[[Task], Output], tasks: Iterator[Task]
) -> Generator[tuple[Task, Output | Exception]]:
    """Ask the executor, and trust nothing about what it gives."""
    results = executor.map(run_unit, tasks)
    try:
        for pair in expected(results, tuple, "map()"):
            task, result = pair if len(pair) == 2 else (None, None)
            if not isinstance(task, Task) or not isinstance(result, (Output, Exception)):
                raise TypeError("its map() gave a pair that is not (item, result)")
            yield task, result
    except (LumosError, GeneratorExit):
        raise
    except Exception as error:  # without its results there is no run
        raise session.defect(session.pipeline.executor, error) from None
    finally:
        getattr(results, "close", lambda: None)()


def _open_sources(session: Session) -> dict[int, tuple[ComponentSpec, Source[Any]]]:
    return {number: (spec, spec.build()) for number, spec in enumerate(session.pipeline.sources)}


def _plan(session: Session, components: dict[int, tuple[ComponentSpec, Source[Any]]]) -> Iterator[Task]:
    """Plan every source.

    A source that is due is looked at first: what it speaks of is then asked of the others too, since a record may be
    theirs as well. Where it does not say what that is, they are asked what it was asked.
    """
    asked = [session.within]
    for number, within in session.due.items():
        ctx = yield from _plan_one(session, number, *components[number], within, session.rooms.get(number))
        found = [] if ctx is None else [one.scope for one in ctx.declared if RECORD in one.aspects]
        asked += found or [within]
    session.asked = united(asked)
    for number, (spec, source) in components.items():
        if number not in session.due and session.asked != NOTHING:
            yield from _plan_one(session, number, spec, source, session.asked)


def _plan_one(
    session: Session, number: int, spec: ComponentSpec, source: Source[Any], within: Scope, room: Scope | None = None
) -> Generator[Task, None, RunContext | None]:
    """Plan one source; return the context that it declared in, None when it failed."""
    ctx = _context(session, spec, room)
    try:
        with contained():
            source.check(ctx)
            for unit in expected(source.plan(within, ctx), Unit, "plan()"):
                yield Task(number, unit)
        session.absorb(ctx)
        return ctx
    except (Cancelled, DiskError):
        raise
    except Exception as error:  # a source that cannot be listed must not end the others
        session.warnings.extend(ctx.warnings)
        notice = session.fail("source-failed", error, spec.name, f"source {spec.name}")
        # Nobody knows what it would have listed, so that no other source may say that something is gone.
        session.coverage.add(Covered(Scope(), frozenset({RECORD}), "failed", notice.message))
        session.debug(error)
        return None


def _context(session: Session, spec: ComponentSpec, room: Scope | None = None) -> RunContext:
    store = session.store
    return session.context(
        spec,
        look=lambda kind, urn: store.get("head", kind, urn),
        walk=lambda kind: store.lines("head", kind=kind),
        room=room,
    )


def _read_unit(session: Session, spec: ComponentSpec, source: Source[Any], unit: Unit) -> Output:
    retries, attempt = session.pipeline.retries, 0
    while True:
        session.stop_if_cancelled()
        ctx = _context(session, spec)
        spool = tempfile.SpooledTemporaryFile(SPOOL, dir=str(session.scratch))  # noqa: SIM115 - handed on
        try:
            with contained():
                for piece in _pieces(spec, source, unit, ctx):
                    spool.write(piece)
            spool.seek(0)
            return Output(spool, ctx)
        except RetryableError as error:
            spool.close()
            counts = getattr(error, "counts", True)  # the crash of a worker is perhaps a neighbour's
            if counts and attempt == retries:
                raise
            time.sleep(error.after if error.after is not None else 0.1 * 2**attempt)
            attempt += counts
        except BaseException:  # whatever ends the unit, its file must not stay open
            spool.close()
            raise


def _pieces(spec: ComponentSpec, source: Any, unit: Unit, ctx: RunContext) -> Iterator[bytes]:
    """A unit's records as lines; those of a worker come as such."""
    if spec.environment is not None:
        yield from source.pieces(unit, ctx)
    else:
        for record in expected(source.extract(unit, ctx), Record, "extract()"):
            yield canonical(record) + b"\n"


def _unit_failed(session: Session, spec: ComponentSpec, unit: Unit, error: Exception) -> None:
    if isinstance(error, (Cancelled, DiskError)):
        raise error
    notice = session.fail("unit-failed", error, unit.key, f"source {spec.name}")
    session.coverage.add(Covered(unit.scope, ASPECTS, "failed", notice.message))
    if not isinstance(error, LumosError):
        session.debug(error)
