"""Which fields there are, under which names, ids and in which order."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from lumos_core.plugin_api import Field, paths

from ..case import Found, Levels
from ..matching import reused

if TYPE_CHECKING:
    from ..case import Case

POSITIONAL = frozenset({"csv", "tsv", "psv", "fixed-width", "fixed_width", "hudi"})
"""Formats that are read by position."""

SHOWN = 20
"""How many names a finding lists."""


def detect(case: Case) -> Iterator[Found]:
    """Judge which fields there are."""
    if "fields" not in case.changed:
        return
    match = case.match
    if "fields" in case.captured:
        for field in match.removed:
            yield _removed(field, _time_of(case.ctx.run_id))
        for field in match.added:
            yield _added(field)
    for rule, old, new in match.renamed:
        # Storage that finds values by id still finds them under the new name.
        by_id = Levels(history="non-breaking") if rule == "field-renamed" and old.id and old.id == new.id else None
        yield Found(rule, old.path, old.path, new.path, levels=by_id)
    yield from _order(case)
    yield from _ids(case)
    yield from _duplicates(case)


def describe(field: Field) -> str:
    """Return a field as a short canonical text: its type, `required` where null is refused, its part of a message."""
    part = f" of the {field.part}" if field.part else ""
    return f"{field.type}{' required' if field.nullable is False else ''}{part}"


def _removed(field: Field, now: str) -> Found:
    deprecated = field.lifecycle.deprecated if field.lifecycle else None
    if deprecated is None or not deprecated.at:
        return Found("field-removed", field.path, describe(field), None)
    elapsed = deprecated.at <= now
    rule = "field-removed-deprecated" if elapsed else "field-removed-too-early"
    return Found(rule, field.path, deprecated.at, None)


@lru_cache(maxsize=8)
def _time_of(run_id: str) -> str:
    """Return the time of the run, which its id begins with, so that a run judged again judges alike."""
    try:
        moment = datetime.strptime(run_id.split("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        moment = datetime.now(timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _added(field: Field) -> Found:
    if field.nullable is not False:
        return Found("field-added-nullable", field.path, None, describe(field))
    given = default_text(field) or (field.generated and f"generated {field.generated}")
    if given:
        return Found("field-added-required-default", field.path, None, given)
    return Found("field-added-required", field.path, None, describe(field))


def default_text(field: Field) -> str | None:
    """Return the default of a field as a text; None where it has none, or only null."""
    default = field.default
    if default is None:
        return None
    initial, write = (
        None if text is None or text.lower() == "null" else text for text in (default.initial, default.write)
    )
    if initial == write or write is None or initial is None:
        return initial if initial is not None else write
    return f"{initial} (existing rows), {write} (new rows)"


def _order(case: Case) -> Iterator[Found]:
    positional = any(is_positional(getattr(value, "layout", None)) for value in (case.old, case.new))
    places = {id(field): place for place, field in enumerate(case.new.fields)}
    pairs = case.match.common
    if case.match.paths:
        olds = {id(field): place for place, field in enumerate(case.old.fields)}
        pairs = sorted(pairs, key=lambda pair: olds[id(pair[0])])
    order = [places[id(new)] for _, new in pairs]
    if any(later < earlier for earlier, later in pairwise(order)):
        moved = _moved(order)
        names = {place: pairs[i][1].path for i, place in enumerate(order)}
        before = [names[place] for place in order if place in moved]
        after = [names[place] for place in sorted(moved)]
        places_before = {names[place]: i + 1 for i, place in enumerate(order) if place in moved}
        places_after = {names[place]: i + 1 for i, place in enumerate(sorted(order)) if place in moved}
        yield Found(
            "field-reordered",
            "fields",
            _list([f"{name} ({places_before[name]})" for name in before]),
            _list([f"{name} ({places_after[name]})" for name in after]),
            levels=None if positional else Levels(consumer="non-breaking"),
        )
    if positional and order and "fields" in case.captured:
        last = max(order)
        for field in case.match.added:
            if places[id(field)] < last:
                yield Found("field-added-not-last", field.path, None, describe(field))


def is_positional(layout: object) -> bool:
    """Tell whether readers of this layout count positions."""
    return (getattr(layout, "format", None) or "").lower() in POSITIONAL


def _moved(order: Sequence[int]) -> set[int]:
    """Return the places outside a longest increasing run: the fewest fields that must have moved."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for i, place in enumerate(order):
        at = bisect_left(tails, place)
        before.append(ends[at - 1] if at else -1)
        tails[at : at + 1] = [place]
        ends[at : at + 1] = [i]
    kept, i = set(), ends[-1]
    while i >= 0:
        kept.add(order[i])
        i = before[i]
    return set(order) - kept


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    return f"{shown}, and {len(names) - SHOWN} more" if len(names) > SHOWN else shown


def _ids(case: Case) -> Iterator[Found]:
    for old, new in case.match.common:
        if old.path == new.path and old.id and new.id and old.id != new.id:
            yield Found("field-id-changed", new.path, old.id, new.id)
    if not any(field.id for field in case.match.added):
        return
    common = {id(field) for pair in case.match.common for field in pair}
    gone, fresh = (_by_id(field for field in value.fields if id(field) not in common) for value in (case.old, case.new))
    for key, new in fresh.items():
        old_field = gone.get(key)
        if old_field is not None and reused(old_field, new):
            yield Found("field-id-reused", new.path, f"{old_field.path} {old_field.type}", f"{new.path} {new.type}")


def _by_id(fields: Iterable[Field]) -> dict[str, Field]:
    found = [field for field in fields if field.id]
    count = Counter(field.id for field in found)
    return {field.id: field for field in found if field.id and count[field.id] == 1}


def _duplicates(case: Case) -> Iterator[Found]:
    if not (case.match.added and "fields" in case.captured) and not case.match.renamed:
        return
    before = _colliding(case.old.fields)
    for key, names in _colliding(case.new.fields).items():
        if key not in before:
            yield Found("field-duplicate-introduced", names[-1], None, ", ".join(f"`{name}`" for name in names))


def _colliding(fields: Sequence[Field]) -> dict[tuple[str, str], list[str]]:
    folded = Counter((field.part or "", field.path.casefold()) for field in fields)
    twice = {key for key, count in folded.items() if count > 1}
    found: dict[tuple[str, str], list[str]] = {}
    for field in fields:
        key = (field.part or "", field.path.casefold())
        if key in twice and paths.split(field.path)[-1].kind == "name":
            found.setdefault(key, []).append(field.path)
    return found
