"""The report of a sync as JSON, documented by its schema."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

from ..contracts.reporter import Notice
from .folder import Place
from .planning import Met
from .report import Planned, planned
from .sync_result import SideResult, SyncResult
from .writing import Done


class SideReport(Struct, kw_only=True):
    """What happened, or would happen, on one side.

    Attributes:
        place: The catalog.
        planned: Operations by action.
        outcomes: Operations by outcome.
        operations: The plan.
        failures: Operations that failed.
    """

    place: Place
    planned: dict[str, int]
    outcomes: dict[str, int]
    operations: list[Planned]
    failures: list[Done]


class SyncReport(Struct, kw_only=True):
    """What `lumos sync --json` prints.

    Attributes:
        format: `lumos-sync/1`.
        mode: `sync`, `mirror` or `dry-run`.
        exit_code: Of the command.
        started, finished: RFC 3339, UTC.
        left, right: The two sides.
        conflicts: What both sides say otherwise; `source` is the left, `target` the right.
        own: Records that only the right has, and that a mirror leaves alone.
        ambiguous: Pairs of URNs that may be one thing.
        one_sided: Aspects that one of the two cannot hold or give back; they stay as they are.
        blocked: Why nothing was written; empty when it was.
        warnings: What the catalogs warned of.
    """

    format: Literal["lumos-sync/1"]
    mode: str
    exit_code: int
    started: str
    finished: str
    left: SideReport
    right: SideReport
    conflicts: list[Met]
    own: list[str]
    ambiguous: list[tuple[str, str]]
    one_sided: list[str]
    blocked: str
    warnings: list[Notice]


def sync_data(result: SyncResult) -> SyncReport:
    """Return the report of a sync."""
    return SyncReport(
        format="lumos-sync/1",
        mode=result.mode,
        exit_code=result.exit_code,
        started=result.started,
        finished=result.finished,
        left=_side(result.left),
        right=_side(result.right),
        conflicts=result.conflicts,
        own=list(result.own),
        ambiguous=result.ambiguous,
        one_sided=result.one_sided,
        blocked=result.blocked,
        warnings=result.warnings,
    )


def _side(side: SideResult) -> SideReport:
    return SideReport(
        place=side.place,
        planned=side.planned,
        outcomes=side.outcomes,
        operations=[planned(operation) for operation in side.operations],
        failures=list(side.failures),
    )


def sync_schema() -> dict[str, Any]:
    """Return the JSON Schema of the report."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(SyncReport)}
