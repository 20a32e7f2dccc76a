"""What people wrote about a thing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lumos_core.plugin_api import urns

from ..case import Found
from .governance import OWN_PROPERTIES
from .ownership import is_support
from .types import UNITS

if TYPE_CHECKING:
    from ..case import Case, Part

COVERAGE_DROP = 10
"""Percentage points from which a loss of descriptions is reported as a whole."""


def detect(case: Case) -> Iterator[Found]:
    """Judge descriptions, names, links, properties and relations of a record and of its fields."""
    for part in case.things:
        if part.old.description != part.new.description:
            yield from _description(part)
        if part.old.display_name != part.new.display_name:
            before, after = (value.display_name.shown if value.display_name else "" for value in (part.old, part.new))
            if before != after and ((before and after) or part.knows("display_name")):
                yield _at(part, "display-name-changed", "display_name", before or "none", after or "none")
        if part.old.links != part.new.links and part.knows("links"):
            yield from _set(part, "link", "links", _links(part.old), _links(part.new))
        if part.old.properties != part.new.properties:
            yield from _properties(part)
        if part.old.structured != part.new.structured:
            before, after = _structured(part.old), _structured(part.new)
            yield from _pairs(part, "structured", before, after)
        if part.old.relations != part.new.relations and part.knows("relations"):
            yield from _set(part, "relation", "relations", _relations(part.old), _relations(part.new))
    if "fields" in case.changed:
        yield from _coverage(case)


def _at(part: Part, rule: str, aspect: str, before: str | None, after: str | None) -> Found:
    return Found(rule, part.at(aspect), before, after, subject=part.subject)


def _shown(value: Any) -> str:
    return value.description.shown.strip() if value.description else ""


def _description(part: Part) -> Iterator[Found]:
    before, after = _shown(part.old), _shown(part.new)
    if before == after:
        return
    if before and after:
        yield _at(part, "description-changed", "description", before, after)
    elif part.knows("description"):
        if after:
            yield _at(part, "description-added", "description", None, after)
        else:
            rule = "field-description-removed" if part.path else "description-removed"
            yield _at(part, rule, "description", before, None)


def _set(part: Part, kind: str, aspect: str, before: set[str], after: set[str]) -> Iterator[Found]:
    for text in sorted(before - after):
        yield _at(part, f"{kind}-removed", aspect, text, None)
    for text in sorted(after - before):
        yield _at(part, f"{kind}-added", aspect, None, text)


def _links(value: Any) -> set[str]:
    return {link.url for link in value.links if not is_support(link)}


def _relations(value: Any) -> set[str]:
    return {f"{relation.type} {relation.target}" for relation in value.relations}


def _structured(value: Any) -> dict[str, str]:
    return {
        urns.name(item.property): ", ".join(str(getattr(one, "ref", one)) for one in item.values)
        for item in value.structured
    }


def _properties(part: Part) -> Iterator[Found]:
    skip = OWN_PROPERTIES | UNITS if part.path else OWN_PROPERTIES
    before, after = (
        {key: text for key, text in value.properties if key.lower().replace("-", "_") not in skip}
        for value in (part.old, part.new)
    )
    yield from _pairs(part, "properties", before, after)


def _pairs(part: Part, aspect: str, before: dict[str, str], after: dict[str, str]) -> Iterator[Found]:
    for key in sorted(before.keys() | after.keys()):
        was, is_now = before.get(key), after.get(key)
        if was == is_now:
            continue
        if was is not None and is_now is not None:
            yield _at(part, "property-changed", aspect, f"{key}={was}", f"{key}={is_now}")
        elif part.knows(aspect):
            rule = "property-removed" if was is not None else "property-added"
            yield _at(part, rule, aspect, _pair(key, was), _pair(key, is_now))


def _pair(key: str, value: str | None) -> str | None:
    return None if value is None else f"{key}={value}"


def _coverage(case: Case) -> Iterator[Found]:
    """Compare over the fields that are on both sides: a new field without a description loses nothing."""
    if "fields.description" not in case.captured:
        return
    lost = sum(bool(_shown(old)) - bool(_shown(new)) for old, new in case.edited)
    total = len(case.match.common)
    if lost > 0 and lost * 100 >= COVERAGE_DROP * total:
        before = sum(1 for old, _ in case.match.common if _shown(old))
        was, is_now = before * 100 // total, (before - lost) * 100 // total
        yield Found("doc-coverage-decreased", "fields", f"{was} %", f"{is_now} %")
