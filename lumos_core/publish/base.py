"""What the catalog was last given, when that is not known for sure: after a crash, a timeout, a half-applied batch.

Before anything is written, what is about to be written is remembered (the *intent*). When a run finds an intent, an
earlier one ended before it knew what had become of it: each part of a record may have arrived or not. Where the
catalog holds what was intended, it arrived and is the base; everywhere else the base is what it was before. So a
half-applied batch is never mistaken for somebody's edit, and what was written just before a crash can be taken back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from ..model.comparing import element_key, has_required
from ..model.entities import Entity, Field
from ..model.record import AnyRecord, Record
from ..model.shapes import Shape, shapes


def resolved(base: AnyRecord | None, intent: AnyRecord | None, theirs: AnyRecord | None) -> AnyRecord | None:
    """Return what the catalog was last given of a record.

    Args:
        base: What it was given for sure; None when nothing.
        intent: What it was about to be given; None when no outcome is in doubt.
        theirs: What it holds; None when it has no such record.

    Returns:
        None when the catalog has no such record, or was never given it: then nothing it holds was ours.
    """
    if theirs is None:
        return None
    if intent is None or theirs.value == intent.value:
        return intent or base
    if base is not None and (theirs.value == base.value or intent.value == base.value):
        return base
    if not isinstance(intent.value, Entity) or type(theirs.value) is not type(intent.value):
        return base
    struct = type(intent.value)
    before = base.value if base is not None and type(base.value) is struct else struct()
    value = struct()
    for key, shape in shapes(struct):
        sides = (getattr(side, key) for side in (before, intent.value, theirs.value))
        if key not in ("captured", "extra"):
            setattr(value, key, _resolved(shape, *sides))
    value.extra = before.extra
    value.captured = sorted({*before.captured, *intent.value.captured})
    return Record(intent.urn, value, intent.kind)


def _resolved(shape: Shape, base: Any, intent: Any, theirs: Any) -> Any:
    if theirs == intent:
        return intent
    if base in (theirs, intent):
        return base
    if shape.form == "struct" and shape.struct is not None:
        return _struct(shape.struct, base, intent, theirs)
    if (key := element_key(shape)) is not None:
        return _elements(shape.inner[0], key, base or [], intent or [], theirs or [])
    return base


def _struct(struct: type[Struct], base: Any, intent: Any, theirs: Any) -> Any:
    required = has_required(struct)
    if required and (intent is None or theirs is None):
        return base
    sides = [side if side is not None or required else struct() for side in (base, intent, theirs)]
    parts = {}
    for key, shape in shapes(struct):
        was, meant, held = (getattr(side, key, None) for side in sides)
        # An element that is new differs in no part that it must have: those are its key, which both sides share.
        part = _resolved(shape, was, meant, held) if sides[0] is not None or meant == held else None
        if part is not None:
            parts[key] = part
    return struct(**parts) if required or any(part != [] for part in parts.values()) else None


def _elements(
    shape: Shape, key: Callable[[Any], Any], base: list[Any], intent: list[Any], theirs: list[Any]
) -> list[Any]:
    """Element by element; sets are sorted, fields have the order of the intent, then of the base."""
    was, meant, held = ({key(element): element for element in side} for side in (base, intent, theirs))
    found = {name: _resolved(shape, was.get(name), meant.get(name), held.get(name)) for name in {**meant, **was}}
    kept = [name for name in found if found[name] is not None]
    if shape.struct is not Field:
        kept.sort()
    return [found[name] for name in kept]
