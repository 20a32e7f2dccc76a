"""What a field may hold: type, nullability, default, computation, unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lumos_core.plugin_api import Field, Severity, paths

from ..case import Found, Levels
from ..lattice import Verdict, classify, classify_nullable
from .fields import default_text

if TYPE_CHECKING:
    from ..case import Case

UNITS = frozenset({"unit", "units", "unit_of_measure", "currency", "format", "date_format", "time_unit", "scale"})
"""Properties of a field that say how to read its value."""

_STORED = "a stored value"
_SEVERITY: dict[str, Severity] = {"ok": "non-breaking", "risky": "risky", "breaking": "breaking"}
_AT_PLACE = frozenset({"field-removed", "field-added-nullable", "field-added-required", "field-reordered"})


def detect(case: Case) -> Iterator[Found]:
    """Judge what the fields that are on both sides may hold."""
    for old, new in case.edited:
        yield from _type(case, old, new)
        yield from _nullable(case, old, new)
        yield from _default(case, old, new)
        if old.generated != new.generated and "fields" in case.captured:
            yield Found("generated-changed", new.path, old.generated or _STORED, new.generated or _STORED)
        if old.properties != new.properties:
            yield from _unit(old, new)


def _type(case: Case, old: Field, new: Field) -> Iterator[Found]:
    if old.type == new.type and old.native_type == new.native_type:
        return
    verdict = classify(
        old.type,
        new.type,
        old_native=old.native_type or "",
        new_native=new.native_type or "",
        lenient_strings=case.stance.lenient_strings,
    )
    if not verdict.rule_id:
        return
    if verdict.rule_id == "type-native-relabelled":
        yield Found(verdict.rule_id, new.path, old.native_type or old.type, new.native_type or new.type)
        return
    path = new.path
    if verdict.rule_id in _AT_PLACE and verdict.path:
        path = paths.join((*paths.split(new.path), *paths.split(verdict.path)))
    note = f"Inside the type, at `{verdict.path}`: {verdict.note}." if verdict.path else f"{_capital(verdict.note)}."
    yield Found(verdict.rule_id, path, old.type, new.type, levels=_levels(case, verdict), note=note)


def _levels(case: Case, verdict: Verdict) -> Levels:
    consumer = verdict.consumer_codegen if case.stance.profile == "codegen" else verdict.consumer_sql
    return Levels(_SEVERITY[verdict.history], _SEVERITY[consumer])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _nullable(case: Case, old: Field, new: Field) -> Iterator[Found]:
    verdict = classify_nullable(old.nullable, new.nullable)
    if verdict.rule_id:
        before, after = ("nullable", "required") if old.nullable else ("required", "nullable")
        yield Found(verdict.rule_id, new.path, before, after, levels=_levels(case, verdict))


def _default(case: Case, old: Field, new: Field) -> Iterator[Found]:
    if old.default == new.default:
        return
    before, after = default_text(old), default_text(new)
    if before == after:
        return
    if before is not None and after is not None:
        yield Found("default-changed", new.path, before, after)
    elif "fields" in case.captured:
        if after is not None:
            yield Found("default-added", new.path, None, after)
        else:
            mild = Levels(history="informational", writer="non-breaking") if new.nullable is not False else None
            yield Found("default-removed", new.path, before, None, levels=mild)


def _unit(old: Field, new: Field) -> Iterator[Found]:
    before, after = dict(old.properties), dict(new.properties)
    for key in before:
        if key.lower() in UNITS and key in after and before[key] != after[key]:
            yield Found("unit-or-format-changed", new.path, f"{key}={before[key]}", f"{key}={after[key]}", aspect=key)
