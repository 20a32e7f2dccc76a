"""Whether a record is there, and what it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lumos_core.plugin_api import urns

from ..case import Found, Levels

if TYPE_CHECKING:
    from ..case import Case

_PURGED = Levels("non-breaking", "non-breaking", "non-breaking")
NOUNS = {"data_product": "Data product", "ownership_type": "Ownership type"}


def noun(kind: str) -> str:
    """Return how a sentence calls a record of this kind."""
    return NOUNS.get(kind, kind.capitalize())


def added(kind: str, urn: str) -> Found:
    """Return the finding for a record that is new."""
    if kind in ("dataset", "assertion"):
        return Found(f"{kind}-added", after=urn)
    return Found("record-added", after=urn, aspect=noun(kind))


def removed(kind: str, urn: str, value: object) -> Found:
    """Return the finding for a record that is gone; one that was soft-deleted before was missed then."""
    found = gone(kind, urn)
    return found._replace(levels=_PURGED) if _soft_deleted(value) else found


def gone(kind: str, urn: str) -> Found:
    """Return the finding for the end of a record."""
    if kind in ("dataset", "assertion"):
        return Found(f"{kind}-removed", before=urn)
    return Found("record-removed", before=urn, aspect=noun(kind))


def detect(case: Case) -> Iterator[Found]:
    """Judge kind, soft deletion and environment of a record that is on both sides."""
    old, new = case.old, case.new
    if case.kind == "dataset" and "subtype" in case.changed and old.subtype and new.subtype:
        yield Found("dataset-kind-changed", "subtype", old.subtype, new.subtype)
    was, is_now = _soft_deleted(old), _soft_deleted(new)
    if was != is_now and "lifecycle" in case.captured:
        if is_now:
            yield gone(case.kind, case.urn)
        else:
            yield Found("dataset-restored", after=case.urn)
    if case.old_urn != case.urn:
        before, after = urns.parse(case.old_urn).env, urns.parse(case.urn).env
        if before != after:
            yield Found("environment-changed", "", before, after)


def _soft_deleted(value: object) -> bool:
    lifecycle = getattr(value, "lifecycle", None)
    return bool(lifecycle and lifecycle.removed)
