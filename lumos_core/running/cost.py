"""Cost: lineage, prices and volatile facts become cost records, when the pipeline names a cost model."""

from __future__ import annotations

from calendar import monthrange
from typing import Any

from ..contracts.answers import expected
from ..contracts.cost import CostModel, Period
from ..errors import Cancelled, DiskError
from ..model.record import Record, canonical, decode, line_kind
from ..snapshot.sorter import LineSorter
from ..times import utc
from .collect import collect
from .context import contained
from .enrich import context_of
from .linefile import LineFile
from .order import tag
from .session import Session


def cost(session: Session, stream: LineFile) -> LineFile:
    """Add cost records for the calendar month of the run."""
    spec = session.pipeline.cost
    if spec is None:
        return stream
    ctx = context_of(session, spec, stream)
    model: CostModel[Any] = spec.build()
    stats = (decode(line) for line in stream if line_kind(line) == "stats")
    sorter = LineSorter(session.scratch, key=bytes)
    try:
        with contained():
            model.check(ctx)
            for sequence, record in enumerate(
                expected(model.price(session.graph, stats, _month(session), ctx), Record, "price()")
            ):
                sorter.add(tag(canonical(record), 1, sequence))
    except (Cancelled, DiskError):
        raise
    except Exception as error:  # a price that cannot be had takes nothing from the facts
        session.debug(error)
        session.fail("cost-failed", error, spec.name, f"cost model {spec.name}")
        session.warnings.extend(ctx.warnings)
        return stream
    finally:
        session.finish(model, spec)
    session.absorb(ctx)
    for sequence, line in enumerate(stream):
        sorter.add(tag(line, 0, sequence))
    return collect(session, sorter, "priced")


def _month(session: Session) -> Period:
    begin = session.started.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    days = monthrange(begin.year, begin.month)[1]
    after = begin.replace(day=days).timestamp() + 86_400
    return Period(utc(begin), utc(type(begin).fromtimestamp(after, begin.tzinfo)))
