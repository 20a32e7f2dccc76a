"""What follows from the changes of one record taken together: reach downstream, and the version it declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lumos_core.plugin_api import Change, Context, Graph, urns

from .areas.lifecycle import version
from .case import Found
from .rules.rule import ROLE_AREAS
from .tiers import tier_of


class Impact(NamedTuple):
    """What lies downstream of a record, nearest first, and how much it is in all."""

    urns: tuple[str, ...] = ()
    total: int = 0


def impact(graph: Graph, limit: int, *candidates: str) -> Impact:
    """Return what lies downstream of the first of some URNs (a name and its former name) that has anything there."""
    for urn in candidates if len(graph) else ():
        reached = graph.reach(urn)
        if reached:
            return Impact(tuple(reached)[:limit], len(reached))
    return Impact()


def over_threshold(changes: list[Change], reached: Impact, threshold: int | None, ctx: Context) -> Iterator[Found]:
    """Escalate a breaking change that reaches many, or something of tier 1 among the nearest."""
    if threshold is None or not reached.total or not any(_breaks(change) for change in changes):
        return
    vital = [urn for urn in reached.urns if _is_vital(ctx, urn)]
    if reached.total >= threshold or vital:
        note = f"Of tier 1: {', '.join(urns.name(urn) for urn in vital)}." if vital else ""
        yield Found("downstream-impact-over-threshold", "", None, str(reached.total), note=note)


def _is_vital(ctx: Context, urn: str) -> bool:
    record = ctx.get(urn)
    return any(tier_of(link.tag) == 1 for link in getattr(record and record.value, "tags", ()))


def unannounced(changes: list[Change], before: str | None, after: str | None) -> Iterator[Found]:
    """Compare the version that a record declares with what happened to it."""
    if not before or not after or not any(_breaks(change) for change in changes):
        return
    if before == after:
        yield Found("version-not-bumped", "version", before, after)
    elif version(before)[:1] == version(after)[:1] and version(after) > version(before):
        yield Found("major-not-bumped", "version", before, after)


def _breaks(change: Change) -> bool:
    return change.severity == "breaking" and change.area in ROLE_AREAS
