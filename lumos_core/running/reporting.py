"""Report: the whole run's result, as re-iterable files, goes to every reporter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..contracts.reporter import Many, Reporter, RunResult
from ..errors import Cancelled, PluginError
from ..loading.registry import Registry
from ..model.record import STATS_START, field_count, line_kind
from ..snapshot.frame import SourceInfo, stats_path
from ..snapshot.reader import SnapshotReader
from ..snapshot.writer import SnapshotWriter
from .context import contained
from .linefile import LineFile
from .session import Session

if TYPE_CHECKING:
    from ..config.types import ComponentSpec

SNAPSHOT = "snapshot.lumos.jsonl"


def snapshot(session: Session, stream: LineFile) -> None:
    """Write what this run saw as a snapshot file with its coverage."""
    with session.guard_disk("write the snapshot of this run"):
        sources = [SourceInfo(spec.name, ("source",)) for spec in session.pipeline.sources]
        with SnapshotWriter(session.folder / SNAPSHOT, sources, ordered=True) as writer:
            for line in stream:
                writer.add_line(line)
            writer.close(session.coverage)


def describe(result: RunResult, session: Session, stream: LineFile) -> None:
    """Fill in what the run saw."""
    counts: Counter[str] = Counter()
    fields = stats = 0
    for line in stream:
        if line.startswith(STATS_START):
            stats += 1
            continue
        kind = line_kind(line)
        counts[kind] += 1
        fields += field_count(line) if kind == "dataset" else 0
    path = session.folder / SNAPSHOT
    result.counts = dict(sorted(counts.items()))
    result.fields = fields
    result.records = Many(lambda: SnapshotReader(path).records(), sum(counts.values()))
    result.stats = Many(lambda: SnapshotReader(stats_path(path)).records() if stats else (), stats)
    result.snapshot = str(path)
    result.coverage = session.coverage.declared()
    result.graph = session.graph


def notifiers(specs: Iterable[ComponentSpec]) -> dict[str, ComponentSpec]:
    """Return the reporters that send messages, each under a name of its own: what is owed to it is kept under it."""
    found: dict[str, ComponentSpec] = {}
    for spec in specs:
        if notifies(spec):
            same = sum(name == spec.name or name.startswith(f"{spec.name}~") for name in found)
            found[f"{spec.name}~{same + 1}" if same else spec.name] = spec
    return found


def notifies(spec: ComponentSpec) -> bool:
    """Tell whether a reporter sends messages about events."""
    registry = Registry.load()
    try:
        component, _ = registry.classes("reporter", registry.default("reporter", spec.type), spec.base)
    except PluginError:  # who builds it says so; the run is unharmed
        return False
    return bool(getattr(component, "notifies", False))


def report(session: Session, result: RunResult, specs: Sequence[ComponentSpec]) -> None:
    """Call every reporter that tells of runs; one that fails harms neither the run nor the others."""
    for spec in specs:
        if not notifies(spec):
            report_to(session, result, spec)


def report_to(session: Session, result: RunResult, spec: ComponentSpec) -> Exception | None:
    """Call one reporter; return what kept it from its work."""
    reporter: Reporter[Any] | None = None
    try:
        reporter = spec.build()
        with contained():
            reporter.report(result)
        return None
    except Cancelled:
        raise
    except Exception as error:  # a report that cannot be written is reported, nothing more
        session.fail("report-failed", error, spec.name, f"reporter {spec.name}")
        result.exit_code = result.exit_code or 3  # the reporters that come after it tell the truth
        session.debug(error)
        return error
    finally:
        if reporter is not None:
            session.finish(reporter, spec)
