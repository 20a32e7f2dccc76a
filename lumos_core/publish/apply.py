"""Apply a plan: stage by stage, in batches, tried again when the catalog says so, every operation with an outcome."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any, NamedTuple, get_args, get_type_hints

from msgspec.structs import replace

from ..contracts.answers import expected
from ..contracts.catalog import Catalog, Operation, Outcome
from ..contracts.context import Context
from ..errors import Cancelled, DiskError, LumosError, RetryableError
from ..model.entities import Entity
from .steps import Step

STATUSES = frozenset(get_args(get_type_hints(Outcome)["status"]))

BATCH = 200
"""Operations handed to a catalog at a time."""

BACKOFF, LONGEST = 0.5, 60.0
"""Seconds: the first pause is random up to `BACKOFF`, each next one up to twice as long, none over `LONGEST`."""

PATIENCE = 300.0
"""Seconds that a catalog may ask for; more is not waited for at a time."""

DEAD = 3
"""Batches in a row that ended with an error and wrote nothing, after which the rest is not tried."""

_SLICE = 0.2
_BAD = {"unchanged": 0, "written": 1, "conflict": 2, "failed": 3}


def apply(
    catalog: Catalog[Any], steps: Iterable[Step], ctx: Context, *, retries: int
) -> Iterator[tuple[Operation, Outcome]]:
    """Write a plan; every operation gets one outcome, and one that the catalog says nothing of counts as failed.

    Keys that the catalog wants last (`Catalog.deferred`) are written in a second wave, when all records exist: then
    the worse of two outcomes counts. Records are removed after that, and what lies in a record that could not be
    made is not tried. Stops between batches when cancelled; what was written stays, and the next run finds nothing
    to do for it.

    Args:
        catalog: What is written.
        steps: In the order of their stages; read once for each wave.
        ctx: For the catalog.
        retries: How often a batch that may succeed is tried again.

    Raises:
        Cancelled: When somebody asked to stop.
        DiskError: When the disk is full.
    """
    return _Writer(catalog, ctx, retries).write(steps)


class _Item(NamedTuple):
    """A part of what is to be done with a record.

    Attributes:
        place: Which of the operations of the first wave it is.
        step: The record.
        whole: All that is to be done with it.
        part: What of that is done in this wave.
        last: True when no other wave follows.
    """

    place: int
    step: Step
    whole: Operation
    part: Operation
    last: bool = True


class _Writer:
    def __init__(self, catalog: Catalog[Any], ctx: Context, retries: int) -> None:
        self._catalog, self._ctx, self._retries = catalog, ctx, retries
        self._missing: dict[str, str] = {}
        self._dead = 0
        self._reason = ""

    def write(self, steps: Iterable[Step]) -> Iterator[tuple[Operation, Outcome]]:
        deferred = self._catalog.deferred
        first = bytearray()
        """A byte for each operation is all that is held from one wave to the next: what became of it."""
        for item, outcome in self._wave(_early(steps, deferred, first)):
            first[item.place] = _BAD[outcome.status]
            if item.last or outcome.status in ("failed", "conflict"):
                yield item.whole, outcome
        if deferred:
            for item, outcome in self._wave(_late(steps, deferred, first), staged=False):
                made = _BAD[outcome.status] < first[item.place]
                yield item.whole, replace(outcome, status="written") if made else outcome
        for item, outcome in self._wave(_removals(steps)):
            yield item.whole, outcome

    def _wave(self, items: Iterable[_Item], *, staged: bool = True) -> Iterator[tuple[_Item, Outcome]]:
        """Write what comes in batches; the operations of a batch do not wait for each other."""
        for _, stage in groupby(items, key=lambda item: item.step.stage if staged else 0):
            while batch := list(islice(stage, BATCH)):
                if self._ctx.cancelled():
                    raise _cancelled()
                tried = [item.part for item in batch if item.step.parent not in self._missing]
                outcomes = iter(self._write(tried) if tried else ())
                for item in batch:
                    parent = item.step.parent
                    if parent in self._missing:
                        reason = f"its parent {parent} could not be made: {self._missing[parent]}"
                        outcome = Outcome(item.step.urn, "failed", reason)
                    else:
                        outcome = next(outcomes)
                    if outcome.status == "failed" and item.part.action in ("create", "restore"):
                        self._missing[item.step.urn] = self._missing.get(parent, outcome.reason)
                    yield item, outcome

    def _write(self, batch: Sequence[Operation]) -> list[Outcome]:
        if self._dead >= DEAD:
            return _complete(batch, {}, f"not tried, since the catalog does not take anything any more: {self._reason}")
        known: dict[str, Outcome] = {}
        for attempt in range(self._retries + 1):
            left = [operation for operation in batch if operation.urn not in known]
            try:
                for outcome in expected(self._catalog.write(left, self._ctx), Outcome, "write()"):
                    if outcome.status not in STATUSES:
                        raise TypeError(f"its write() gave the status {outcome.status!r:.100}, which does not exist")
                    known[outcome.urn] = outcome
                self._dead = 0
                return _complete(batch, known, "the catalog gave no outcome")
            except RetryableError as error:
                reason = str(error)
                if attempt < self._retries and len(known) < len(batch):
                    self._pause(attempt, error.after)
            except (Cancelled, DiskError):
                raise
            except LumosError as error:
                reason = str(error)
                break
            except Exception as error:  # one catalog's defect must not lose the outcomes of the others
                reason = f"{type(error).__name__}: {error}"
                break
        self._dead = 0 if any(outcome.status != "failed" for outcome in known.values()) else self._dead + 1
        self._reason = reason
        return _complete(batch, known, reason)

    def _pause(self, attempt: int, after: float | None) -> None:
        """Wait as long as the catalog asks, else a random time that grows: not all who wait come back at once."""
        jitter = random.uniform(0, min(LONGEST, BACKOFF * 2**attempt))
        left = jitter if after is None else min(max(after, 0.0), PATIENCE) + min(jitter, BACKOFF)
        while left > 0:
            if self._ctx.cancelled():
                raise _cancelled()
            time.sleep(min(left, _SLICE))
            left -= _SLICE


def _early(steps: Iterable[Step], deferred: frozenset[str], first: bytearray) -> Iterator[_Item]:
    for step in steps:
        operation = step.operation
        if operation is None or operation.action == "remove":
            continue
        first.append(_BAD["unchanged"])
        now, later = split(operation, deferred)
        if now is not None:
            yield _Item(len(first) - 1, step, operation, now, later is None)


def _late(steps: Iterable[Step], deferred: frozenset[str], first: bytearray) -> Iterator[_Item]:
    place = -1
    for step in steps:
        operation = step.operation
        if operation is None or operation.action == "remove":
            continue
        place += 1
        _, later = split(operation, deferred)
        if later is not None and first[place] < _BAD["conflict"]:
            yield _Item(place, step, operation, later)


def _removals(steps: Iterable[Step]) -> Iterator[_Item]:
    for step in steps:
        if step.action == "remove" and (operation := step.operation) is not None:
            yield _Item(-1, step, operation, operation)


def split(operation: Operation, deferred: frozenset[str]) -> tuple[Operation | None, Operation | None]:
    """Return what of an operation is written at once, and what is written when all records exist.

    A record that is made or restored is made at once, whatever it holds.
    """
    if not deferred or not isinstance(operation.set, Entity):
        return operation, None
    keys = type(operation.set).__struct_fields__
    filled = [key for key in keys if getattr(operation.set, key) not in (None, [])]
    late = deferred & {*filled, *operation.unset}
    if not late:
        return operation, None
    now, later = type(operation.set)(), type(operation.set)()
    for key in filled:
        setattr(later if key in late else now, key, getattr(operation.set, key))
    second = replace(operation, action="update", set=later, unset=operation.unset & late, expect="")
    early = operation.unset - late
    if operation.action == "update" and not early and len(late) == len({*filled, *operation.unset}):
        return None, replace(second, expect=operation.expect)
    return replace(operation, set=now, unset=early), second


def _complete(batch: Sequence[Operation], known: dict[str, Outcome], reason: str) -> list[Outcome]:
    """Give every operation an outcome, in order."""
    return [known.get(operation.urn, Outcome(operation.urn, "failed", reason)) for operation in batch]


def _cancelled() -> Cancelled:
    return Cancelled("The run was cancelled", fix="run it again; it goes on where it stopped")
