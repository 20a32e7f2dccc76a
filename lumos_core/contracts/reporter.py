r"""The contract of a reporter, and the result it gets.

Example:
    ```python
    class OneLine(Reporter[OneLineConfig]):
        def report(self, result: RunResult) -> None:
            Path(self.config.path).write_text(f"{result.pipeline}: {result.verdict}\n")
    ```
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, Generic, Literal, TypeVar

from msgspec import Struct, field

from ..model.change import Change, Version
from ..model.event import ChangeEvent
from ..model.graph import Graph
from ..model.record import AnyRecord
from ..model.scope import Covered
from .catalog import Operation, Outcome
from .component import BaseComponent, C, ComponentKind

E = TypeVar("E")


class Many(Generic[E]):
    """A re-iterable file of things: as long as the run's folder lives, it can be read again and again."""

    def __init__(self, read: Callable[[], Iterable[E]], count: int) -> None:
        self._read, self._count = read, count

    def __iter__(self) -> Iterator[E]:
        return iter(self._read())

    def __len__(self) -> int:
        return self._count


def none() -> Many[Any]:
    """Return an empty `Many`."""
    return Many(lambda: (), 0)


class Notice(Struct, frozen=True, kw_only=True):
    """A warning, or the failure of a unit, a write or a component.

    Attributes:
        code: Kebab-case and stable.
        message: What happened.
        where: Unit, file, key or URN.
        component: `source csv`, `enricher rules`, ...
        fix: What to do.
    """

    code: str
    message: str
    where: str = ""
    component: str = ""
    fix: str = ""


class StageTiming(Struct, frozen=True):
    """How long a stage took, in seconds."""

    stage: str
    seconds: float


class VersionChange(Struct, frozen=True, kw_only=True):
    """A dataset that got a new version."""

    urn: str
    version: Version
    before: str | None = None


class GateResult(Struct, frozen=True, kw_only=True):
    """What the gate says.

    Attributes:
        enabled: False when the pipeline has no `gate:`.
        passed: True when nothing that counts is left unwaived.
        fail_on: The severity from which it fails.
        failing: How many changes made it fail.
        waived: How many a waiver covered.
        since: `run` (since the last state) or `published/<catalog>`.
        notes: Expired and unused waivers.
    """

    enabled: bool = False
    passed: bool = True
    fail_on: str = ""
    failing: int = 0
    waived: int = 0
    since: str = "run"
    notes: tuple[str, ...] = ()


class PublishResult(Struct, kw_only=True):
    """What was planned for one catalog, and what became of it.

    Attributes:
        catalog: Name of the catalog as the pipeline gives it.
        target: Where it is, without secrets.
        applied: False for a plan or dry run.
        planned: Counts by action: create, update, remove, restore, keep; without volatile facts.
        written: How many records were written, without volatile facts.
        facts: How many volatile facts are to be written; once applied, how many were.
        conflicts: (URN, key, why) left to people.
        blocked: Why the guard stopped publishing; empty when it did not.
        operations: The plan.
        outcomes: What became of each operation.
    """

    catalog: str
    target: str = ""
    applied: bool = False
    planned: dict[str, int] = {}
    written: int = 0
    facts: int = 0
    failed: int = 0
    conflicts: list[tuple[str, str, str]] = []
    blocked: str = ""
    operations: Many[Operation] = field(default_factory=none)
    outcomes: Many[Outcome] = field(default_factory=none)


class RunResult(Struct, kw_only=True):
    """The whole of one run, for reporters and for Python users.

    Attributes:
        run_id: Sortable by time, unique (`20260115T103000Z-1f3a`).
        pipeline: Its `name`.
        mode: `run`, `dry-run`, `plan`, `apply` or `diff`.
        started, finished: RFC 3339 UTC.
        exit_code: As documented (0, 1, 3).
        first: True when there was no state before.
        changed: True when the state moved.
        release: `S-312` when one was cut.
        counts: Records by kind (`dataset`: 12, ...).
        fields: Number of fields in all datasets.
        severities: Changes by severity.
        records: Everything this run saw, sorted by (kind, URN); without stats.
        stats: The volatile facts of this run.
        changes: What differs, sorted by severity, then URN; waived ones are marked.
        versions: New versions.
        events: What happened to each dataset since the last state, worst first; empty for the first state.
        gate: Verdict of the gate.
        published: One result per catalog.
        coverage: What was seen whole, and what was not and why.
        not_captured: (platform or kind, aspect, number of records) that were captured before and not now.
        warnings, failures: Notices.
        timings: Per stage.
        reports: Places of what reporters wrote.
        snapshot: Path of the run's snapshot, when kept.
        graph: Lineage of the run's records.
    """

    run_id: str
    pipeline: str
    mode: Literal["run", "dry-run", "plan", "apply", "diff"] = "run"
    started: str = ""
    finished: str = ""
    exit_code: int = 0
    first: bool = False
    changed: bool = False
    release: str = ""
    counts: dict[str, int] = {}
    fields: int = 0
    severities: dict[str, int] = {}
    records: Many[AnyRecord] = field(default_factory=none)
    stats: Many[AnyRecord] = field(default_factory=none)
    changes: Many[Change] = field(default_factory=none)
    versions: Many[VersionChange] = field(default_factory=none)
    events: Many[ChangeEvent] = field(default_factory=none)
    gate: GateResult = field(default_factory=GateResult)
    published: list[PublishResult] = []
    coverage: list[Covered] = []
    not_captured: list[tuple[str, str, int]] = []
    warnings: list[Notice] = []
    failures: list[Notice] = []
    timings: list[StageTiming] = []
    reports: list[str] = []
    snapshot: str = ""
    graph: Graph = field(default_factory=Graph)

    @property
    def verdict(self) -> str:
        """One word: `failed`, `incomplete`, `changed` or `unchanged`."""
        if self.gate.enabled and not self.gate.passed:
            return "failed"
        if self.exit_code == 3:
            return "incomplete"
        return "changed" if self.changed else "unchanged"


class Reporter(BaseComponent[C]):
    """Tells people what a run did.

    Attributes:
        notifies: True for a reporter that sends messages and looks at `result.events` alone: nothing is sent when
            there are none, and what it could not send is handed to it again by the next run.
    """

    component_kind: ClassVar[ComponentKind] = "reporter"
    notifies: ClassVar[bool] = False

    @abstractmethod
    def report(self, result: RunResult) -> None:
        """Write a report; files are replaced atomically, and their place is appended to `result.reports`.

        Raises:
            ReportError: When it cannot be written.
        """
