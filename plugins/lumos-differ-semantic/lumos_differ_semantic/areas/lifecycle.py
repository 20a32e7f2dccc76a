"""Where a thing stands in its life, what is promised of it, and what the snapshot can tell of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lumos_core.plugin_api import Sla

from ..case import Found
from ..tiers import tier_of
from .retention import seconds

if TYPE_CHECKING:
    from ..case import Case, Part

_DEPRECATED = ("deprecated", "retiring", "sunset")
_REMOVED = ("removed", "retired", "decommissioned", "archived", "end_of_life")
_LESS_IS_BETTER = ("latency", "lag", "delay", "time_to", "timeto", "frequency", "recovery", "error")
_MORE_IS_BETTER = ("availability", "throughput", "retention", "completeness", "accuracy", "support")


def detect(case: Case) -> Iterator[Found]:
    """Judge deprecation, status, tier, schedule, promises and the reach of the snapshot."""
    yield from _capabilities(case)
    for part in case.things:
        if part.old.lifecycle != part.new.lifecycle:
            yield from _deprecation(part)
            yield from _status(part)
        if part.old.tags != part.new.tags:
            yield from _tier(part)
    if "schedule" in case.changed:
        yield from _schedule(case)
    if "sla" in case.changed:
        yield from _slas(case)
    before, after = case.old.version, case.new.version
    if before and after and version(after) < version(before):
        yield Found("version-decreased", "version", before, after)


def _capabilities(case: Case) -> Iterator[Found]:
    before, after = set(case.old.captured), set(case.new.captured)
    lost = before - after
    lineage = sorted(aspect for aspect in lost if aspect.startswith("lineage"))
    others = ", ".join(sorted(lost.difference(lineage)))
    if lineage:
        yield Found("lineage-coverage-dropped", "lineage", ", ".join(lineage), None)
    if others:
        yield Found("snapshot-capability-lost", "captured", others, None)
    gained = sorted(after - before)
    for path, aspects in (
        ("lineage", [a for a in gained if a.startswith("lineage")]),
        ("captured", [a for a in gained if not a.startswith("lineage")]),
    ):
        if aspects:
            yield Found("snapshot-capability-gained", path, None, ", ".join(aspects))


def _at(part: Part, rule: str, before: str | None, after: str | None, aspect: str = "lifecycle") -> Found:
    return Found(rule, part.at(aspect), before, after, subject=part.subject)


def _deprecation(part: Part) -> Iterator[Found]:
    old = part.old.lifecycle.deprecated if part.old.lifecycle else None
    new = part.new.lifecycle.deprecated if part.new.lifecycle else None
    if old == new:
        return
    if old is None or new is None:
        if not part.knows("lifecycle"):
            return
        if new is not None:
            planned = bool(new.at or new.replacement)
            rule = "deprecated-set" if planned else "deprecated-set-without-plan"
            yield _at(part, rule, None, new.at or new.replacement or "deprecated")
        elif old is not None:
            yield _at(part, "deprecation-cleared", old.at or old.replacement or "deprecated", None)
    elif old.at and new.at and old.at != new.at:
        rule = "deprecation-date-moved-earlier" if new.at < old.at else "deprecation-date-moved-later"
        yield _at(part, rule, old.at, new.at)


def _status(part: Part) -> Iterator[Found]:
    before = (part.old.lifecycle.status if part.old.lifecycle else None) or ""
    after = (part.new.lifecycle.status if part.new.lifecycle else None) or ""
    if before == after or not ((before and after) or part.knows("lifecycle")):
        return
    rank = _rank(after)
    worse = rank > _rank(before)
    rule = ("status-changed", "status-deprecated", "status-removed")[rank if worse else 0]
    yield _at(part, rule, before or "none", after or "none")


def _rank(status: str) -> int:
    word = status.lower().replace("-", "_").replace(" ", "_")
    return 2 if word in _REMOVED else 1 if word in _DEPRECATED else 0


def _tier(part: Part) -> Iterator[Found]:
    before, after = (_best_tier(value) for value in (part.old, part.new))
    if before == after or not ((before and after) or part.knows("tags")):
        return
    lower = (after or 10) > (before or 10)
    names = [f"tier {tier}" if tier else "none" for tier in (before, after)]
    yield _at(part, "tier-lowered" if lower else "tier-raised", names[0], names[1], "tags")


def _best_tier(value: Any) -> int | None:
    return min((tier for link in value.tags if (tier := tier_of(link.tag)) is not None), default=None)


def _schedule(case: Case) -> Iterator[Found]:
    before, after = (_cron(value.schedule) for value in (case.old, case.new))
    looked = "schedule" in case.captured
    if before and after and before != after:
        yield Found("schedule-changed", "schedule", before, after)
    elif looked and before and not after:
        yield Found("schedule-removed", "schedule", before, None)
    elif looked and after and not before:
        yield Found("schedule-added", "schedule", None, after)
    was, is_now = (value.schedule.lag_max if value.schedule else None for value in (case.old, case.new))
    if was is not None and is_now is not None and was != is_now:
        rule = "availability-lag-increased" if is_now > was else "availability-lag-decreased"
        yield Found(rule, "schedule", str(was), str(is_now))


def _cron(schedule: Any) -> str:
    if schedule is None or not schedule.cron:
        return ""
    return f"{schedule.cron} {schedule.time_zone}" if schedule.time_zone else str(schedule.cron)


def _slas(case: Case) -> Iterator[Found]:
    before = {(sla.property, sla.element, sla.driver): sla for sla in case.old.sla}
    after = {(sla.property, sla.element, sla.driver): sla for sla in case.new.sla}
    looked = "sla" in case.captured
    for key in sorted(before.keys() | after.keys(), key=str):
        old, new = before.get(key), after.get(key)
        if old is not None and new is not None:
            if (old.value, old.unit) != (new.value, new.unit):
                yield Found(_sla_rule(old, new), "sla", _sla(old), _sla(new), aspect=key[0])
        elif looked:
            rule = "sla-weakened" if old is not None else "sla-strengthened"
            yield Found(rule, "sla", _sla(old) if old else "none", _sla(new) if new else "none", aspect=key[0])


def _sla(sla: Sla) -> str:
    return " ".join(part for part in (sla.property, sla.element, sla.value, sla.unit) if part)


def _sla_rule(old: Sla, new: Sla) -> str:
    was, is_now = (_amount(sla) for sla in (old, new))
    name = old.property.lower()
    if was is None or is_now is None:
        return "sla-changed"
    if any(word in name for word in _LESS_IS_BETTER):
        return "sla-weakened" if is_now > was else "sla-strengthened"
    if any(word in name for word in _MORE_IS_BETTER):
        return "sla-weakened" if is_now < was else "sla-strengthened"
    return "sla-changed"


def _amount(sla: Sla) -> float | None:
    try:
        number = float(sla.value or "")
    except ValueError:
        return seconds(sla.value or "")
    if not sla.unit or sla.unit in ("%", "percent"):
        return number
    unit = seconds(f"1 {sla.unit}")
    return None if unit is None else number * unit


def version(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, for comparison."""
    numbers = []
    for part in text.lstrip("vV").split("+")[0].split("-")[0].split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)
