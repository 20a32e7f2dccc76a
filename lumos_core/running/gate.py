"""Gate: pass or fail, from the differ's severities. Facts are facts: it never undoes what was stored."""

from __future__ import annotations

from collections.abc import Iterable

from ..contracts.reporter import GateResult
from ..model.change import SEVERITIES, Change


def gate(changes: Iterable[Change], fail_on: str, *, since: str, notes: tuple[str, ...] = ()) -> GateResult:
    """Judge findings.

    Args:
        changes: With their waivers applied.
        fail_on: The mildest severity that fails.
        since: What the findings compare with: `run` or `published/<catalog>`.
        notes: What to tell about the waivers.
    """
    limit = [str(name) for name in SEVERITIES].index(fail_on)
    failing = waived = 0
    for change in changes:
        if SEVERITIES.index(change.severity) <= limit:
            waived += bool(change.waived)
            failing += not change.waived
    return GateResult(
        enabled=True,
        passed=not failing,
        fail_on=fail_on,
        failing=failing,
        waived=waived,
        since=since,
        notes=notes,
    )
