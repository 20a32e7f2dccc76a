"""A record on its way into Atlas, and the small steps that every way has in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lumos_core.plugin_api import AnyRecord, Operation, canonical
from lumos_core.plugin_api import decode as decode_line

from .held import SYSTEM, Held
from .names import NativeId
from .native import Native


@dataclass
class Job:
    """One record to be written.

    Attributes:
        urn: The record.
        places: Indices of its operations in the batch.
        record: As it is to be.
        held: As it is there.
        native: The entity that will be written.
    """

    urn: str
    places: list[int]
    record: AnyRecord
    held: Held | None
    id: NativeId
    native: Native | None = None
    foreign: dict[str, AnyRecord] = field(default_factory=dict)

    @property
    def guid(self) -> str:
        """Guid of the entity that lives; empty when there is none."""
        there = self.held.native if self.held else None
        return there.guid if there is not None and not there.removed else ""

    @property
    def removed(self) -> bool:
        """It is to be removed."""
        lifecycle = self.record.value.lifecycle
        return lifecycle is not None and bool(lifecycle.removed)


def apply_foreign(operation: Operation, foreign: dict[str, AnyRecord]) -> None:
    """Apply an operation on what only others understand."""
    if operation.action == "remove" or operation.set is None:
        foreign.pop(operation.urn, None)
    else:
        foreign[operation.urn] = operation.apply(foreign.get(operation.urn))


def copied(record: AnyRecord | None) -> Any:
    """Return a record of its own, in canonical form."""
    return None if record is None else decode_line(canonical(record))


def forget_guid(record: AnyRecord, held: Held | None) -> None:
    """A guid is Atlas' own; that of an entity which is gone for good stays as an alias."""
    live = held.native is None or not held.native.removed if held else False
    if live:
        now = {alias for alias in held.record.value.aliases if alias[0] == SYSTEM} if held else set()
        record.value.aliases = [alias for alias in record.value.aliases if tuple(alias) not in now]


def with_guid(record: AnyRecord, held: Held | None) -> AnyRecord:
    """Give a record the guid that it has in Atlas."""
    if held is not None:
        own = [alias for alias in held.record.value.aliases if alias[0] == SYSTEM]
        record.value.aliases = sorted({*map(tuple, record.value.aliases), *map(tuple, own)})
    return record
