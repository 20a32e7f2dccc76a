"""Diff: pairs of differing records become changes, and the rows that the next state needs.

Absent is not removed: a record that this run did not see is carried forward unless both states are complete for
it, and a key that this run did not look at is carried forward inside its record.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..contracts.answers import expected
from ..contracts.differ import Differ, Pair
from ..contracts.store import Row
from ..errors import LumosError
from ..files import atomic_write
from ..model.change import Change
from ..model.coverage import Coverage
from ..model.entities import Entity
from ..model.merge import captured_by_both, carry_forward
from ..model.record import (
    AnyRecord,
    canonical,
    decode,
    line_key,
    line_kind,
    line_urn,
    make_key,
    split_key,
    without_stats,
)
from ..model.scope import NOTHING
from ..model.urns import host, parse
from ..snapshot.join import join
from .changes import ChangeFile, by_record
from .context import Look, contained
from .linefile import LineFile
from .rows import Rows
from .session import Session

FEW = 500
"""Records that are asked for one by one; of more, everything is read."""


class Difference(NamedTuple):
    """What `diff` found.

    Attributes:
        rows: Changed records (no stats).
        replaced: The lines that these rows replace or take out.
        changes: Findings, by record.
        not_captured: (platform or kind, aspect) -> records that had it before and were not looked at now.
    """

    rows: Rows
    replaced: LineFile
    changes: ChangeFile
    not_captured: Counter[tuple[str, str]]


def diff(session: Session, stream: LineFile, before: Coverage) -> Difference:
    """Compare what this run saw with `head`: first the rows, then what they mean."""
    lost: Counter[tuple[str, str]] = Counter()
    path, beside, replaced = session.scratch / "rows", session.scratch / "replaced", 0
    with session.guard_disk("write the changed records"), atomic_write(beside, "wb", durable=False) as olds:

        def rows_of_changed() -> Iterator[Row]:
            nonlocal replaced
            for row, old in _changed(session, stream, before, lost):
                if old is not None:
                    olds.write(old + b"\n")
                    replaced += 1
                yield row

        rows = Rows.write(path, rows_of_changed())
    old_lines = LineFile(beside, replaced)
    changes = judge(session, pairs_of(rows, old_lines), session.scratch / "changes.jsonl", after(session, stream))
    return Difference(rows, old_lines, changes, lost)


def after(session: Session, stream: LineFile) -> Look:
    """Return how the state after the change is read: what this run saw, else what was carried forward."""
    return lambda kind, urn: stream.get(make_key(kind, urn)) or session.store.get("head", kind, urn)


def _changed(
    session: Session, stream: LineFile, before: Coverage, lost: Counter[tuple[str, str]]
) -> Iterator[tuple[Row, bytes | None]]:
    """Every changed row, with the line that it replaces."""
    for done, (old, new) in enumerate(join(_known(session, stream), without_stats(stream)), 1):
        if not done % 200:
            session.stop_if_cancelled()
        if new is None:
            assert old is not None
            urn = line_urn(old)
            if session.asked.matches(urn) and before.complete(urn) and session.coverage.complete(urn):
                yield (line_kind(old), urn, None), old
        elif old is None:
            yield (line_kind(new), line_urn(new), new), None
        else:
            past, present = decode(old), decode(new)
            _count_lost(past, present, lost)
            line = canonical(carry_forward(past, present))
            if line != old:
                yield (present.kind, present.urn, line), old


def _known(session: Session, stream: LineFile) -> Iterator[bytes]:
    """The lines of `head` that this run may say something about: what it was asked to read, and what it saw beyond."""
    store, asked = session.store, session.asked
    if asked != NOTHING and (asked.prefixes or not 0 < len(asked.urns) <= FEW):
        return without_stats(store.lines("head"))
    keys = (split_key(line_key(line)) for line in without_stats(stream))
    beyond = (store.get("head", kind, urn) for kind, urn in keys if not asked.matches(urn))
    inside = iter(()) if asked == NOTHING else without_stats(store.lines("head", asked))
    return heapq.merge(inside, (line for line in beyond if line is not None), key=line_key)


def _count_lost(past: AnyRecord, present: AnyRecord, lost: Counter[tuple[str, str]]) -> None:
    if isinstance(past.value, Entity) and isinstance(present.value, Entity):
        gone = set(past.value.captured) - set(present.value.captured)
        if gone:
            urn = parse(host(present.urn))
            lost.update((urn.platform or present.kind, aspect) for aspect in gone)


def pairs_of(rows: Rows, replaced: LineFile) -> Iterator[Pair]:
    """Pair the changed rows with what they replace."""
    olds = iter(replaced)
    old = next(olds, None)
    for key, line in rows.keyed():
        before = None
        if old is not None and line_key(old) == key:
            before, old = decode(old), next(olds, None)
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
