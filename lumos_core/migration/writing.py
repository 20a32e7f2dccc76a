"""The plan goes into the catalog, and what became of each part of it is remembered at once, for who goes on later."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from ..contracts.catalog import Operation, Outcome
from ..model.entities import Entity
from ..model.record import AnyRecord, decode, make_key
from ..publish.apply import apply
from ..publish.steps import Step, StepFile
from .ends import End
from .lines import ASKED, Asked, Told, stop
from .planning import Met, is_removed, operation_between
from .reconcile import settle


class Done(Struct, frozen=True, omit_defaults=True):
    """What became of one operation.

    Attributes:
        kind: Kind of the record.
        urn: The record.
        action: What was to be done.
        status: `written`, `unchanged`, `conflict` or `failed`.
        reason: Why, where it is not written.
    """

    kind: str
    urn: str
    action: str
    status: str
    reason: str = ""


_done = msgspec.json.Decoder(Done)


class Journal:
    """Outcomes, appended as they come; what a kill tore off counts as not done.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: Any = None

    def __iter__(self) -> Iterator[Done]:
        if self.path.exists():
            with self.path.open("rb") as file:
                for line in file:
                    if line.endswith(b"\n"):
                        yield _done.decode(line)

    def add(self, done: Done) -> None:
        """Remember an outcome; durable against a kill of this process, not of the machine."""
        if self._file is None:
            self._mend()
            self._file = self.path.open("ab", buffering=0)
        self._file.write(msgspec.json.encode(done) + b"\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _mend(self) -> None:
        """Cut off a line that was never finished."""
        if not self.path.exists():
            return
        data = self.path.read_bytes()
        if data and not data.endswith(b"\n"):
            with self.path.open("r+b") as file:
                file.truncate(data.rfind(b"\n") + 1)


def carry_out(end: End, steps: Iterable[Step], journal: Journal, total: int, told: Told) -> Iterator[Done]:
    """Apply steps and remember each outcome.

    Args:
        end: The catalog.
        steps: In the order of their stages; read more than once.
        journal: Where outcomes go.
        total: How many there are.
        told: Who is told.

    Raises:
        Cancelled: When somebody asked to stop; go on later with what the journal does not know.
    """
    retries = end.file.retries
    for number, (operation, outcome) in enumerate(apply(end.catalog, steps, end.context, retries=retries), 1):
        done = _of(operation, outcome, end)
        journal.add(done)
        told(number, total, operation.urn)
        yield done


def _of(operation: Operation, outcome: Outcome, end: End) -> Done:
    return Done(operation.kind, operation.urn, operation.action, outcome.status, end.redact(outcome.reason))


def pending(plan: StepFile, journal: Journal) -> Callable[[Step], bool]:
    """Return what tells whether a step has no outcome yet, or failed and may succeed now."""
    known = {_mark(done.kind, done.urn, done.action) for done in journal if done.status != "failed"}
    return lambda step: _mark(step.kind, step.urn, step.action) not in known


def _mark(kind: str, urn: str, action: str) -> bytes:
    return hashlib.blake2b(b"%b\0%b" % (make_key(kind, urn), action.encode()), digest_size=12).digest()


def failures(journal: Journal) -> dict[bytes, str]:
    """Return the reason of every record of which the last outcome is a failure."""
    found: dict[bytes, str] = {}
    for done in journal:
        if done.status == "failed":
            found[make_key(done.kind, done.urn)] = done.reason
        else:
            found.pop(make_key(done.kind, done.urn), None)
    return found


class Refresher:
    """Steps that were planned some time ago, held against what the catalog holds now.

    What people changed meanwhile stays; what arrived before the interruption is not written again.

    Args:
        end: The catalog.
        aspects: What it takes.
        journal: Where steps that have nothing left to do are remembered.
        cancelled: Whether to stop.
    """

    def __init__(self, end: End, aspects: frozenset[str], journal: Journal, cancelled: Callable[[], bool]) -> None:
        self._end, self._aspects, self._journal, self._cancelled = end, aspects, journal, cancelled
        self.conflicts: list[Met] = []

    def steps(self, steps: Iterable[Step]) -> Iterator[Step]:
        """Return what is still to be done."""
        source, asked = iter(steps), Asked(self._end)
        while batch := list(islice(source, ASKED)):
            stop(self._cancelled)
            held = asked.of((step.kind, step.urn) for step in batch)
            for step in batch:
                line = held.get(make_key(step.kind, step.urn))
                fresh = self._fresh(step, None if line is None else decode(line))
                if fresh is not None:
                    yield fresh

    def _fresh(self, step: Step, now: AnyRecord | None) -> Step | None:
        operation = step.operation
        if operation is None:
            return None
        if not isinstance(operation.set, Entity):
            return self._whole(step, operation, now)
        if now is None and operation.held is not None:
            return self._drop(step, "conflict", "it is not there any more")
        struct = type(operation.set)
        keys = {key for key, _ in operation.reasons} & self._aspects
        past: Any = operation.held if operation.held is not None else struct()
        wanted = struct()
        for key in keys - operation.unset:
            setattr(wanted, key, getattr(operation.set, key))
        present: Any = struct() if now is None else now.value
        told: list[Met] = []

        def conflict(key: str, one: Any, other: Any) -> None:
            reason = "somebody changed it in the target after the plan was made; it stays so"
            told.append(Met(step.kind, step.urn, key, one, other, reason))

        if operation.action == "create" and is_removed(present):
            told.append(Met(step.kind, step.urn, "", reason="somebody removed it in the target meanwhile"))
            self.conflicts += told
            return self._drop(step, "conflict", told[0].reason)
        settled = settle((past, wanted), (past, present), keys, conflict).right
        self.conflicts += told
        fresh = operation_between(now, step.kind, step.urn, settled, keys, "planned before an interruption")
        if fresh is None:
            return self._drop(step, "conflict" if told else "unchanged", told[0].reason if told else "")
        return Step.of(fresh, stage=step.stage)

    def _whole(self, step: Step, operation: Operation, now: AnyRecord | None) -> Step | None:
        present = None if now is None else now.value
        if present == operation.set:
            return self._drop(step, "unchanged", "")
        if present != operation.held:
            reason = "somebody changed it in the target after the plan was made; it stays so"
            self.conflicts.append(Met(step.kind, step.urn, "", reason=reason))
            return self._drop(step, "conflict", reason)
        return step

    def _drop(self, step: Step, status: str, reason: str) -> Step | None:
        self._journal.add(Done(step.kind, step.urn, step.action, status, reason))
        return None
