"""The engine that carries a state into a catalog: lines of what is true become a plan, the plan an application.

It knows neither pipelines nor runs: whatever has lines, a catalog and a memory of it (a `Ledger`) can publish.

What is remembered moves in four steps, each all or nothing, so that a crash between any two of them is mended by the
next plan: where the outcome of an earlier attempt had to be found out, it is remembered (`published`); then what is
about to be written (`publishing`); then the catalog is written; then what was written moves to `published`; then it
leaves `publishing`. What failed, or has an outcome that nobody learnt, stays in `publishing` and is looked at again
by the next plan, whatever the source says by then.

Example:
    ```python
    engine = Engine(catalog, ctx, StoreLedger(store, "target", {"run": "r1"}), folder=Path("work"))
    plan = engine.plan(lambda: store.lines("head"))
    if not plan.blocked:
        for operation, outcome in engine.apply(plan):
            print(operation.urn, outcome.status)
    ```
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from msgspec import Struct

from ..contracts.catalog import Catalog, Operation, Outcome
from ..contracts.context import Context
from ..errors import CatalogError
from ..model.record import line_key, line_kind, line_urn, make_key, split_key
from ..model.scope import Scope
from ..model.urns import host
from ..snapshot.join import join
from .apply import apply
from .guard import GuardConfig, blocked
from .ledger import PARTS, Ledger
from .merge import Policy
from .plan import Dress, Planner, Touched
from .steps import Step, StepFile, bytes_of

Lines = Callable[[], Iterator[bytes]]
"""Sorted lines, read anew by every call."""

SAMPLE = 5
"""Published records that are asked for to learn whether the catalog still holds anything of ours."""


class Plan(Struct, kw_only=True):
    """What is to be done with a catalog.

    Attributes:
        steps: The touched records in the order in which they are applied; on disk.
        counts: Records by action: create, update, remove, restore, keep; and facts, the volatile ones.
        conflicts: (URN, key, why) left to people.
        removed: How many records would be removed softly.
        known: How many are published; counted only when some would be removed.
        blocked: Why the guard refuses the plan; empty when it does not.
        lost: True when the catalog holds nothing of what it was given, and all is given anew.
    """

    steps: StepFile
    counts: dict[str, int] = {}
    conflicts: list[tuple[str, str, str]] = []
    removed: int = 0
    known: int = 0
    blocked: str = ""
    lost: bool = False

    @property
    def operations(self) -> Iterator[Operation]:
        """What the catalog is asked to do, in order."""
        return (operation for step in self.steps if (operation := step.operation) is not None)


class Engine:
    """Carries lines into one catalog.

    Args:
        catalog: Checked already (`Catalog.check`).
        ctx: For the catalog; `ctx.cancelled` stops between batches.
        ledger: What is remembered of this catalog.
        folder: Where plans are written.
        policies: Aspect -> `source`, `catalog` or `merge`, where it is not the default.
        guard: When a plan is refused; None never refuses.
        retries: How often a batch that may succeed is tried again.
    """

    def __init__(
        self,
        catalog: Catalog[Any],
        ctx: Context,
        ledger: Ledger,
        *,
        folder: Path,
        policies: Mapping[str, Policy] | None = None,
        guard: GuardConfig | None = None,
        retries: int = 2,
    ) -> None:
        self._catalog, self._ctx, self._ledger, self._folder = catalog, ctx, ledger, folder
        self._policies, self._guard, self._retries = policies or {}, guard, retries

    def plan(
        self,
        ours: Lines,
        *,
        full: bool = False,
        dress: Dress = lambda record: record,
        name: str = "plan.jsonl",
    ) -> Plan:
        """Say what to do so that the catalog becomes right; nothing is written but the plan.

        Args:
            ours: What is true now; sorted, of every kind (what the catalog does not take is passed over).
            full: Look at every record, not only at those that changed since they were published: what was taken
                away or altered in the catalog behind our back is mended, people's own words stay.
            dress: Adds to a record what only the catalog is given.
            name: Of the plan's file in `folder`.

        Raises:
            CatalogError: When the catalog cannot be read completely.
            DiskError: When the plan cannot be written.
        """
        lost = self._lost()
        ledger = self._ledger
        planner = Planner(self._catalog, self._ctx, self._policies, former=ledger.former, dress=dress, anew=lost)

        def every() -> Iterator[Step]:
            yield from planner.steps(self._touched(ours, full=full or lost))
            if planner.remade and not (full or lost):
                yield from planner.steps(self._companions(ours, planner.remade))

        steps = StepFile.write(self._folder / name, every(), planner.trees.order)
        plan = Plan(
            steps=steps,
            counts=dict(planner.counts),
            conflicts=planner.conflicts,
            removed=planner.removed,
            lost=lost,
        )
        if plan.removed:
            plan.known = sum(line_kind(line) not in PARTS for line in ledger.published())
            plan.blocked = self._blocked(plan)
        return plan

    def apply(self, plan: Plan) -> Iterator[tuple[Operation, Outcome]]:
        """Write a plan and remember what was written; an operation without an outcome counts as failed.

        The caller reads to the end: what is remembered moves then.

        Raises:
            CatalogError: When the guard refuses the plan.
            StoreError: When somebody else moved what is remembered.
            Cancelled: When somebody asked to stop; the next plan goes on.
            DiskError: When the disk is full.
        """
        if refused := plan.blocked or self._blocked(plan):
            raise CatalogError("Nothing was published", why=refused)
        ledger, steps = self._ledger, plan.steps
        ledger.publish((step.kind, step.urn, bytes_of(step.base)) for step in steps if step.rebased)
        if steps.operations:
            ledger.intend((step.kind, step.urn, step.intent) for step in steps if step.action != "keep")
        left: set[bytes] = set()
        for operation, outcome in apply(self._catalog, steps, self._ctx, retries=self._retries):
            if outcome.status in ("failed", "conflict"):
                left.add(make_key(operation.kind, operation.urn))
            yield operation, outcome
        ledger.publish((step.kind, step.urn, step.published) for step in _done(steps, left))
        known = (step for step in _done(steps, left) if step.action != "keep" or step.doubtful)
        ledger.intend((step.kind, step.urn, None) for step in known)

    def _blocked(self, plan: Plan) -> str:
        return "" if self._guard is None else blocked(plan.removed, plan.known, self._guard)

    def _lost(self) -> bool:
        """Tell whether none of a few published records is in the catalog: then it lost all, or is another one."""
        catalog = self._catalog
        if not any(support.read for support in catalog.capabilities.values()):
            return False
        sample = frozenset(line_urn(line) for line in self._ledger.sample(SAMPLE))
        return bool(sample) and not any(record.urn in sample for record in catalog.read(Scope(urns=sample), self._ctx))

    def _touched(self, ours: Lines, *, full: bool) -> Iterator[Touched]:
        """Records that differ from what was published, all with `full`, and those whose outcome is in doubt."""
        both = _all if full else join
        pairs = both(self._taken(self._ledger.published()), self._taken(ours()))
        intents = self._taken(self._ledger.publishing())
        pair, intent = next(pairs, None), next(intents, None)
        while pair is not None or intent is not None:
            key = line_key(pair[0] or pair[1] or b"") if pair is not None else None
            other = line_key(intent) if intent is not None else None
            if other is None or (key is not None and key < other):
                assert pair is not None
                assert key is not None
                yield Touched(key, pair[0], None, pair[1])
                pair = next(pairs, None)
                continue
            if key == other:
                assert pair is not None
                yield Touched(other, pair[0], intent, pair[1])
                pair = next(pairs, None)
            else:  # what is true is what was published before the attempt: the same line on both sides, or none
                line = self._ledger.get(*split_key(other))
                yield Touched(other, line, intent, line)
            intent = next(intents, None)

    def _companions(self, ours: Lines, hosts: AbstractSet[str]) -> Iterator[Touched]:
        """Foreign records and facts that did not change, of records that vanished from the catalog with them."""

        def parts(lines: Iterator[bytes]) -> Iterator[bytes]:
            return (line for line in self._taken(lines) if line_kind(line) in PARTS and host(line_urn(line)) in hosts)

        doubtful = {line_key(line) for line in parts(self._ledger.publishing())}
        for base, line in _all(parts(self._ledger.published()), parts(ours())):
            if base is not None and base == line and line_key(base) not in doubtful:
                yield Touched(line_key(base), base, None, line)

    def _taken(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Leave out what the catalog does not take."""
        foreign, facts = self._catalog.foreign, self._catalog.stats
        for line in lines:
            kind = line_kind(line) if line.startswith((b'{"kind":"f', b'{"kind":"s')) else ""
            if kind == "foreign" and not foreign:
                continue
            if kind == "stats" and fact_type(line_urn(line)) not in facts:
                continue
            yield line


def fact_type(urn: str) -> str:
    """Return the type of a volatile fact.

    Example:
        >>> fact_type("urn:lumos:dataset:(csv,orders,PROD)#profile@2026-01-15T10:00:00Z")
        'profile'
    """
    return urn.partition("#")[2].partition("@")[0].partition("/")[0]


def _done(steps: StepFile, left: set[bytes]) -> Iterator[Step]:
    """The records that are as they should be now."""
    return (step for step in steps if make_key(step.kind, step.urn) not in left)


def _all(left: Iterable[bytes], right: Iterable[bytes]) -> Iterator[tuple[bytes | None, bytes | None]]:
    """Pair two sorted streams of lines, equal ones included."""
    a, b = iter(left), iter(right)
    one, other = next(a, None), next(b, None)
    while one is not None or other is not None:
        key = line_key(one) if one is not None else None
        twin = line_key(other) if other is not None else None
        first = twin is None or (key is not None and key <= twin)
        second = key is None or (twin is not None and twin <= key)
        yield one if first else None, other if second else None
        one = next(a, None) if first else one
        other = next(b, None) if second else other
