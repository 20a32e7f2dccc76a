"""What a migration left in its files, as things that are read again and again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..contracts.catalog import Operation
from ..contracts.reporter import Many
from ..model.record import make_key
from ..publish.steps import StepFile
from .folder import read_lines
from .proof import Proven
from .writing import Done, Journal, failures


def operations_of(path: Path) -> Many[Operation]:
    """Return the operations of a plan."""
    plan = StepFile(path, 0, 0)

    def read() -> Iterator[Operation]:
        return (operation for step in plan if (operation := step.operation) is not None)

    return Many(read, sum(1 for step in plan if step.action != "keep"))


def records_of(path: Path, count: int) -> Many[Proven]:
    """Return the verdicts."""
    return Many(lambda: read_lines(path, Proven), count)


def failures_of(path: Path) -> Many[Done]:
    """Return the operations that failed and did not succeed later."""
    last = failures(Journal(path))

    def read() -> Iterator[Done]:
        left = set(last)
        for done in Journal(path):
            key = make_key(done.kind, done.urn)
            if done.status == "failed" and key in left:
                left.discard(key)
                yield done

    return Many(read, len(last))
