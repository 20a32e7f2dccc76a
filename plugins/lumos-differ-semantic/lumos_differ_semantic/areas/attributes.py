"""What no rule speaks of: every other difference, so that a new version is never without a reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from ..case import Found

if TYPE_CHECKING:
    from ..case import Case

JUDGED = frozenset(
    {"captured", "fields", "keys", "layout", "lineage", "owners", "domains", "data_products", "links", "tags", "terms"}
    | {"properties", "structured", "access", "relations", "lifecycle", "description", "display_name", "schedule"}
    | {"sla", "code"}
)
"""Keys that the other modules look into."""

_IDENTITY = frozenset({"name", "aliases", "parent"})
_ASSERTION = frozenset({"metric", "dimension", "operator", "arguments", "severity", "about"})
_LONGEST = 2_000


def detect(case: Case) -> Iterator[Found]:
    """Report the keys that differ and that nobody else judges."""
    ignored = JUDGED if case.old_urn == case.urn else JUDGED | _IDENTITY
    for key in sorted(case.changed - ignored):
        if key == "subtype" and case.kind == "dataset" and case.old.subtype and case.new.subtype:
            continue
        if key == "active" and None not in (case.old.active, case.new.active):
            continue
        if case.kind == "assertion" and key in _ASSERTION:
            yield Found(
                "assertion-changed", key, text(getattr(case.old, key)), text(getattr(case.new, key)), aspect=key
            )
            continue
        yield changed(key, getattr(case.old, key), getattr(case.new, key), f"`{case.name}`")


def changed(key: str, old: object, new: object, subject: str) -> Found:
    """Return the finding for a key that no rule speaks of."""
    word = key.replace("_", " ").strip().capitalize()
    return Found("attribute-changed", key, text(old), text(new), subject=subject, aspect=word)


def text(value: object) -> str | None:
    """Return a value as a short canonical text; None for what is absent."""
    if value is None or value == []:
        return None
    shown = value if isinstance(value, str) else msgspec.json.encode(value, order="sorted").decode()
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def fallback(case: Case) -> Iterator[Found]:
    """Name what differs where no module found anything: a source that tells `nullable` for the first time."""
    for key in sorted(case.changed):
        if key == "fields":
            paths = [new.path for old, new in case.match.common if old != new]
            yield Found(
                "attribute-changed", key, None, ", ".join(paths[:20]) or None, subject=f"`{case.name}`", aspect="Fields"
            )
        else:
            yield changed(key, getattr(case.old, key), getattr(case.new, key), f"`{case.name}`")
