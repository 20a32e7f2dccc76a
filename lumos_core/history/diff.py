"""What changed between two views, as a result that every reporter understands."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contracts.differ import Differ
from ..contracts.reporter import Many, RunResult
from ..model.coverage import EVERYTHING, Coverage
from ..model.graph import Graph
from ..model.record import AnyRecord, decode, field_count, line_kind
from ..times import utc
from .pairs import pairs
from .views import StoreView, View

if TYPE_CHECKING:
    from ..config.types import ComponentSpec
    from ..running.context import RunContext

Open = Callable[[], AbstractContextManager[tuple[View, View]]]
"""Opens both sides anew, for those who read the result later."""


def compare(open_sides: Open, spec: ComponentSpec, *, fail_on: str = "") -> RunResult:
    """Compare two views.

    Args:
        open_sides: Opens (before, after).
        spec: The differ.
        fail_on: Severity from which the result's gate fails; empty: no gate.
    """
    from ..running.changes import ChangeFile, by_severity
    from ..running.gate import gate

    started = utc()
    folder = Path(tempfile.mkdtemp(prefix="lumos-diff-"))
    differ: Differ[Any] = spec.build()
    try:
        with open_sides() as (before, after):
            result = _look_at(after)
            known_before, known_after = _coverages(before, after)
            ctx = _context(spec, before, result.graph)
            differ.check(ctx)
            found = differ.diff(pairs(before.lines(), after.lines(), known_before, known_after), ctx)
            changes = ChangeFile.write(folder / "changes.jsonl", found, by_severity, folder)
            result.run_id, result.pipeline = f"{before.text}..{after.text}", f"{before.label} -> {after.label}"
            result.coverage = after.coverage.declared()
    except BaseException:  # nobody will read the folder, ^C included
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        differ.close()

    weakref.finalize(changes, shutil.rmtree, folder, True)  # the result holds the changes, they hold the folder

    def seen(stats: bool) -> Iterator[AnyRecord]:
        with open_sides() as (_, after):
            for line in after.lines():
                if (line_kind(line) == "stats") == stats:
                    yield decode(line)

    counts = dict(result.counts)
    volatile = counts.pop("stats", 0)
    result.counts = counts
    result.records = Many(lambda: seen(False), sum(counts.values()))
    result.stats = Many(lambda: seen(True), volatile)
    result.changes, result.severities = changes.many(), dict(changes.counts)
    result.changed, result.warnings = len(changes) > 0, ctx.warnings
    if fail_on:
        result.gate = gate(changes, fail_on, since="diff")
    result.exit_code = 0 if result.gate.passed else 1
    result.started, result.finished = started, utc()
    return result


def _coverages(before: View, after: View) -> tuple[Coverage, Coverage]:
    """Return what licenses removals.

    A record that is missing from a later state of the store was taken out by a run that was licensed to; between
    two states nothing is unseen.
    """
    if isinstance(before, StoreView) and isinstance(after, StoreView):
        return EVERYTHING, EVERYTHING
    return before.coverage, after.coverage


def _look_at(after: View) -> RunResult:
    """Count what is there now, and collect its lineage, in one pass."""
    counts: Counter[str] = Counter()
    fields, graph = 0, Graph()
    for line in after.lines():
        kind = line_kind(line)
        counts[kind] += 1
        if kind == "dataset":
            fields += field_count(line)
        graph.add_line(line)
    return RunResult(run_id="", pipeline="", mode="diff", counts=dict(counts), fields=fields, graph=graph)


def _context(spec: ComponentSpec, before: View, graph: Graph) -> RunContext:
    from ..running.context import RunContext
    from ..running.redact import Redactor

    def walk(kind: str) -> Iterator[bytes]:
        return (line for line in before.lines() if line_kind(line) == kind)

    return RunContext(
        component=f"differ {spec.name}",
        run_id="diff",
        memo={},
        redact=Redactor([spec.config]),
        cancelled=lambda: False,
        look=before.get,
        walk=walk,
        graph=graph,
    )
