"""Enrich: the stream again, with aspects and records added, one enricher after the other in YAML order.

An enricher that fails leaves the stream as it was before it; what it would have written is *not captured*.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..contracts.answers import expected
from ..contracts.enricher import Enricher
from ..errors import Cancelled, DiskError
from ..model.coverage import Coverage
from ..model.record import AnyRecord, Record, canonical, decode, make_key
from ..model.scope import Covered, Scope
from ..snapshot.sorter import LineSorter
from .collect import collect, rebuild_graph, without_gaps
from .context import RunContext, contained
from .linefile import LineFile
from .order import tag
from .session import Session

if TYPE_CHECKING:
    from ..config.types import ComponentSpec


def enrich(session: Session, collected: LineFile) -> LineFile:
    """Run every enricher of the pipeline."""
    stream = collected
    for number, spec in enumerate(session.pipeline.enrich):
        stream = _apply(session, spec, stream, number)
    return stream


def _apply(session: Session, spec: ComponentSpec, stream: LineFile, number: int) -> LineFile:
    component = f"enricher {spec.name}"
    ctx = context_of(session, spec, stream)
    enricher: Enricher[Any] = spec.build()
    try:
        sorter = LineSorter(session.scratch, key=bytes)
        with contained():
            enricher.check(ctx)
            for sequence, record in enumerate(
                expected(enricher.enrich(_records(session, stream), ctx), Record, "enrich()")
            ):
                sorter.add(tag(canonical(record), 0, sequence))
        session.absorb(ctx)
        return collect(session, sorter, f"enriched-{number}")
    except (Cancelled, DiskError):
        raise
    except Exception as error:  # whatever an enricher raises, the facts of the sources stand
        notice = session.fail("enricher-failed", error, spec.name, component)
        session.warnings.extend(ctx.warnings)
        session.debug(error)
        gap = Covered(Scope(), frozenset(enricher.writes), "failed", notice.message)
        session.coverage.add(gap)
        lines = without_gaps(stream, Coverage([gap]))
        file = LineFile.write(session.scratch / f"unenriched-{number}.jsonl", lines)
        rebuild_graph(session, file)
        return file
    finally:
        session.finish(enricher, spec)


def context_of(session: Session, spec: ComponentSpec, stream: LineFile) -> RunContext:
    """Return a context that reads the collected stream."""
    return session.context(
        spec,
        look=lambda kind, urn: stream.get(make_key(kind, urn)),
        walk=lambda kind: _of_kind(stream, kind),
    )


def _of_kind(stream: LineFile, kind: str) -> Iterator[bytes]:
    prefix = make_key(kind, "")
    for line in stream.starting_at(prefix):
        if not line.startswith(prefix):
            return
        yield line


def _records(session: Session, stream: LineFile) -> Iterator[AnyRecord]:
    for done, line in enumerate(stream, 1):
        if not done % 500:
            session.stop_if_cancelled()
            session.progress.advance(done, len(stream))
        yield decode(line)
