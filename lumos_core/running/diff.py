"""Diff: pairs of differing records become changes, and the rows that the next state needs.

Absent is not removed: a record that this run did not see is carried forward unless both states are complete for
it, and a key that this run did not look at is carried forward inside its record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..contracts.answers import expected
from ..contracts.differ import Differ, Pair
from ..contracts.store import Row
from ..errors import LumosError
from ..model.change import Change
from ..model.coverage import Coverage
from ..model.entities import Entity
from ..model.merge import captured_by_both, carry_forward
from ..model.record import AnyRecord, canonical, decode, line_key, make_key, without_stats
from ..model.urns import host, parse
from ..snapshot.join import join
from .changes import ChangeFile, by_record
from .context import Look, contained
from .linefile import LineFile
from .rows import Rows
from .session import Session


class Difference(NamedTuple):
    """What `diff` found.

    Attributes:
        rows: Changed records (no stats).
        changes: Findings, by record.
        not_captured: (platform or kind, aspect) -> records that had it before and were not looked at now.
    """

    rows: Rows
    changes: ChangeFile
    not_captured: Counter[tuple[str, str]]


def diff(session: Session, stream: LineFile, before: Coverage) -> Difference:
    """Compare what this run saw with `head`: first the rows, then what they mean."""
    lost: Counter[tuple[str, str]] = Counter()
    with session.guard_disk("write the changed records"):
        rows = Rows.write(session.scratch / "rows", _changed(session, without_stats(stream), before, lost))
    changes = judge(session, _pairs(session, rows), session.scratch / "changes.jsonl", after(session, stream))
    return Difference(rows, changes, lost)


def after(session: Session, stream: LineFile) -> Look:
    """Return how the state after the change is read: what this run saw, else what was carried forward."""
    return lambda kind, urn: stream.get(make_key(kind, urn)) or session.store.get("head", kind, urn)


def _changed(
    session: Session, seen: Iterable[bytes], before: Coverage, lost: Counter[tuple[str, str]]
) -> Iterator[Row]:
    old_lines = without_stats(session.store.lines("head"))
    for done, (old, new) in enumerate(join(old_lines, iter(seen)), 1):
        if not done % 200:
            session.stop_if_cancelled()
        if new is None:
            assert old is not None
            record = decode(old)
            if before.complete(record.urn) and session.coverage.complete(record.urn):
                yield record.kind, record.urn, None
        elif old is None:
            record = decode(new)
            yield record.kind, record.urn, new
        else:
            past, present = decode(old), decode(new)
            _count_lost(past, present, lost)
            line = canonical(carry_forward(past, present))
            if line != old:
                yield present.kind, present.urn, line


def _count_lost(past: AnyRecord, present: AnyRecord, lost: Counter[tuple[str, str]]) -> None:
    if isinstance(past.value, Entity) and isinstance(present.value, Entity):
        gone = set(past.value.captured) - set(present.value.captured)
        if gone:
            urn = parse(host(present.urn))
            lost.update((urn.platform or present.kind, aspect) for aspect in gone)


def _pairs(session: Session, rows: Rows) -> Iterator[Pair]:
    """Pair the changed rows with what they replace."""
    olds = without_stats(session.store.lines("head"))
    old = next(olds, None)
    for key, line in rows.keyed():
        while old is not None and line_key(old) < key:
            old = next(olds, None)
        before = decode(old) if old is not None and line_key(old) == key else None
        after = None if line is None else decode(line)
        yield Pair(before, after, captured_by_both(before, after))


def judge(session: Session, pairs: Iterator[Pair], path: Path, look: Look) -> ChangeFile:
    """Let the differ say what pairs mean; `look` reads the state after the change."""
    spec = session.pipeline.differ
    differ: Differ[Any] = spec.build()
    ctx = session.context(spec, look=look, walk=lambda kind: iter(()))
    try:

        def found() -> Iterator[Change]:
            try:
                with contained():
                    differ.check(ctx)
                    for number, change in enumerate(expected(differ.diff(pairs, ctx), Change, "diff()"), 1):
                        if not number % 200:
                            session.stop_if_cancelled()
                        yield change
            except LumosError:
                raise
            except Exception as error:  # without its word, nothing can be said about the run
                raise session.defect(spec, error) from None

        with session.guard_disk("write the changes"):
            return ChangeFile.write(path, found(), by_record, session.scratch)
    finally:
        session.absorb(ctx)
        session.finish(differ, spec)
