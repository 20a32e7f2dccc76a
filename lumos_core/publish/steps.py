"""What is to be done with one record, and the file of such steps: the plan, in the order in which it is applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from ..contracts.catalog import Operation, Outcome
from ..files import atomic_write
from ..model.record import Record, canonical, decode
from ..model.urns import host
from ..snapshot.sorter import LineSorter

NONE = Raw(b"null")


class Step(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One touched record.

    Attributes:
        kind: Kind of the record.
        urn: The record.
        action: What the catalog is asked to do; `keep` when it holds already what is right.
        stage: Steps of one stage do not wait for each other; stages are applied one after the other.
        set: Line of a record with the keys to be set.
        unset: Keys to be emptied.
        reasons: Why, per key.
        held: Line of a record with what the catalog held of these keys.
        expect: Digest of the whole record that the catalog held; empty when it had none.
        parent: Where the record belongs; when that could not be made, the record is not tried.
        line: What is remembered as published afterwards; null when nothing of the record is.
        base: What the catalog was last given, where that had to be found out or is needed to take it back.
        doubtful: True when the outcome of an earlier attempt is not known.
        rebased: True when `base` is not what is remembered: it is, before anything is written.
    """

    kind: str
    urn: str
    action: Literal["create", "update", "remove", "restore", "keep"]
    stage: int = 0
    set: Raw = NONE
    unset: frozenset[str] = frozenset()
    reasons: tuple[tuple[str, str], ...] = ()
    held: Raw = NONE
    expect: str = ""
    parent: str = ""
    line: Raw = NONE
    base: Raw = NONE
    doubtful: bool = False
    rebased: bool = False

    @classmethod
    def of(cls, operation: Operation, **more: Any) -> Step:
        """Return the step of an operation."""
        part = operation.kind in ("foreign", "stats")
        more["parent"] = host(operation.urn) if part else getattr(operation.set, "parent", None) or ""
        return cls(
            kind=operation.kind,
            urn=operation.urn,
            action=operation.action,
            set=_line(operation, operation.set),
            unset=operation.unset,
            reasons=operation.reasons,
            held=_line(operation, operation.held),
            expect=operation.expect,
            **more,
        )

    @property
    def operation(self) -> Operation | None:
        """What the catalog is asked to do; None when nothing."""
        if self.action == "keep":
            return None
        return Operation(
            kind=self.kind,
            urn=self.urn,
            action=self.action,
            set=_value(self.set),
            unset=self.unset,
            reasons=self.reasons,
            held=_value(self.held),
            expect=self.expect,
        )

    @property
    def published(self) -> bytes | None:
        """What is remembered as published afterwards."""
        return bytes_of(self.line)

    @property
    def intent(self) -> bytes | None:
        """What is remembered while the outcome is not known: what is about to be written, else what is taken back."""
        return bytes_of(self.line) or bytes_of(self.base)


def raw(line: bytes | None) -> Raw:
    """Return a line, or null, as a part of a step."""
    return NONE if line is None else Raw(line)


def bytes_of(part: Raw) -> bytes | None:
    """Return the line that a part of a step holds."""
    text = bytes(part)
    return None if text == b"null" else text


def _line(operation: Operation, value: Any) -> Raw:
    return NONE if value is None else Raw(canonical(Record(operation.urn, value, operation.kind)))


def _value(line: Raw) -> Any:
    text = bytes_of(line)
    return None if text is None else decode(text).value


_steps = msgspec.json.Decoder(Step)
_outcomes = msgspec.json.Decoder(Outcome)
_encoder = msgspec.json.Encoder(order="sorted")


def encode(step: Step) -> bytes:
    """Return a step as one line of JSON."""
    return _encoder.encode(step)


def decode_step(line: bytes) -> Step:
    """Read a line that `encode` made.

    Raises:
        ValueError: When it is none.
    """
    return _steps.decode(line)


class StepFile:
    """Steps on disk, in the order in which they are applied; read again and again without being held."""

    def __init__(self, path: Path, count: int, operations: int) -> None:
        self.path, self.count, self.operations = path, count, operations

    @classmethod
    def write(cls, path: Path, steps: Iterable[Step], order: Callable[[Step], tuple[int, bytes]]) -> StepFile:
        """Sort steps by what `order` says once all are known, (stage, key), and write them; in bounded memory."""
        count = operations = 0
        spool = path.with_name(path.name + ".unsorted")
        try:
            with spool.open("wb") as file:
                for step in steps:
                    file.write(encode(step) + b"\n")
                    count += 1
                    operations += step.action != "keep"
            with LineSorter(path.parent, key=bytes) as sorter:
                for step in cls(spool, count, operations):
                    stage, key = order(step)
                    sorter.add(b"%08x\0%b\0%b" % (stage, key, encode(msgspec.structs.replace(step, stage=stage))))
                with atomic_write(path, "wb", durable=False) as file:
                    for line in sorter.sorted():
                        file.write(line.split(b"\0", 2)[2] + b"\n")
        finally:
            spool.unlink(missing_ok=True)
        return cls(path, count, operations)

    @classmethod
    def copy(cls, path: Path, steps: Iterable[Step], operations: int) -> StepFile:
        """Write steps that are in order already."""
        count = 0
        with atomic_write(path, "wb", durable=False) as file:
            for step in steps:
                file.write(encode(step) + b"\n")
                count += 1
        return cls(path, count, operations)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Step]:
        with self.path.open("rb", buffering=1 << 20) as file:
            for line in file:
                yield _steps.decode(line)


class OutcomeFile:
    """Outcomes on disk, in the order in which they came."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __iter__(self) -> Iterator[Outcome]:
        with self.path.open("rb", buffering=1 << 20) as file:
            for line in file:
                yield _outcomes.decode(line)
