"""The report of a migration, for programs (JSON with a schema) and for people (one page)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct, to_builtins

from ..contracts.catalog import Operation
from ..contracts.reporter import Notice
from ..files import atomic_write
from .folder import Folder, Place, Wishes
from .page import page
from .planning import Met
from .proof import Proven
from .result import MigrationResult
from .writing import Done

FORMAT: Literal["lumos-migration/1"] = "lumos-migration/1"


class Loss(Struct, frozen=True):
    """What is not identical: one reason, with the number of records that it is true of.

    Attributes:
        aspect: `description`, `fields.tags`, ...; `record` for all of a record.
        verdict: `kept in lumos`, `not expressible`, `conflict` or `failed`.
        reason: In words.
        records: How many.
    """

    aspect: str
    verdict: str
    reason: str
    records: int


class Planned(Struct, frozen=True, omit_defaults=True):
    """One operation of a plan.

    Attributes:
        kind: Kind of the record.
        urn: The record, as the target calls it.
        action: `create`, `update`, `restore` or `remove`.
        reasons: Why, per key.
        before: What the target holds of these keys; null for a new record.
        after: What it is given.
        unset: Keys that are emptied.
    """

    kind: str
    urn: str
    action: str
    reasons: dict[str, str] = {}
    before: Any = None
    after: Any = None
    unset: list[str] = []


class Report(Struct, kw_only=True, omit_defaults=True):
    """The report as JSON: what `lumos migrate --json` prints and `report.json` holds.

    Attributes:
        format: `lumos-migration/1`.
        id: Of the migration; empty for a dry run.
        mode: `migrate`, `dry-run` or `rollback`.
        exit_code: Of the command.
        started, finished: RFC 3339, UTC.
        source, target: The ends.
        wishes: What was asked for.
        read: Records read, of `source` and `target`.
        renamed: Things that have another name in the target.
        ambiguous: Pairs of URNs that may be one thing.
        planned: Operations by action; `keep` counts records that need nothing.
        outcomes: Operations by outcome.
        verdicts: Records of the source by verdict; they add up to what was read.
        kinds: The same by kind.
        aspects: Records that have an aspect, by what became of it.
        losses: Everything that is not identical, the worst first.
        folder: Where the files are: snapshots, plan, journal, verdicts of all records.
        warnings: What the catalogs warned of.
        conflicts: What both sides say otherwise, and nobody decided.
        failures: Operations that failed.
        operations: The plan; in a dry run and in a rollback.
        records: Every record that is not identical, with its aspects.
    """

    format: Literal["lumos-migration/1"]
    id: str
    mode: str
    exit_code: int
    started: str
    finished: str
    source: Place | None = None
    target: Place
    wishes: Wishes
    read: dict[str, int]
    renamed: int
    ambiguous: list[tuple[str, str]]
    planned: dict[str, int]
    outcomes: dict[str, int]
    verdicts: dict[str, int]
    kinds: dict[str, dict[str, int]]
    aspects: dict[str, dict[str, int]]
    losses: list[Loss]
    folder: str = ""
    warnings: list[Notice]
    conflicts: list[Met]
    failures: list[Done] = []
    operations: list[Planned] = []
    records: list[Proven] = []


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema of the report."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Report)}


def report_head(result: MigrationResult) -> Report:
    """Return the report without its long lists."""
    tally = result.tally
    return Report(
        format=FORMAT,
        id=result.id,
        mode=result.mode,
        exit_code=result.exit_code,
        started=result.started,
        finished=result.finished,
        source=result.source,
        target=result.target,
        wishes=result.wishes,
        read=result.read,
        renamed=result.renamed,
        ambiguous=result.ambiguous,
        planned=result.planned,
        outcomes=result.outcomes,
        verdicts=dict(tally.records),
        kinds={kind: dict(found) for kind, found in sorted(tally.kinds.items())},
        aspects={aspect: dict(found) for aspect, found in sorted(tally.aspects.items())},
        losses=[Loss(*loss) for loss in result.losses()],
        folder="" if result.folder is None else str(result.folder),
        warnings=result.warnings,
        conflicts=result.conflicts,
    )


def report_parts(result: MigrationResult) -> Iterator[bytes]:
    """Return the report as JSON, piece by piece: its lists may be long."""
    head = msgspec.json.encode(report_head(result))
    yield head[:-1]
    plan = result.mode != "migrate"
    lists: tuple[tuple[str, Iterator[Any]], ...] = (
        ("failures", iter(result.failures)),
        ("operations", map(planned, result.operations) if plan else iter(())),
        ("records", (proven for proven in result.records if proven.verdict != "identical")),
    )
    for name, items in lists:
        yield f',\n"{name}":['.encode()
        lead = b"\n"
        for item in items:
            yield lead + msgspec.json.encode(item)
            lead = b",\n"
        yield b"]"
    yield b"}\n"


def planned(operation: Operation) -> Planned:
    """Return an operation as plain data."""
    return Planned(
        operation.kind,
        operation.urn,
        operation.action,
        dict(operation.reasons),
        None if operation.held is None else to_builtins(operation.held),
        None if operation.set is None else to_builtins(operation.set),
        sorted(operation.unset),
    )


def write_reports(result: MigrationResult, folder: Folder) -> None:
    """Write both reports.

    Raises:
        DiskError: When the disk is full.
    """
    result.reports = [str(folder.report), str(folder.page)]
    with atomic_write(folder.report, "wb") as file:
        for part in report_parts(result):
            file.write(part)
    with atomic_write(folder.page) as text:
        for piece in page(result):
            text.write(piece)
