"""Tags, terms, classification, protection, access, retention: what a thing is, and who may see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lumos_core.plugin_api import Field, paths, urns

from ..case import Found
from ..tiers import tier_of
from .retention import detect_retention

if TYPE_CHECKING:
    from ..case import Case, Part

EVERYBODY = frozenset(
    {"public", "all", "all_users", "allusers", "everyone", "everybody", "allauthenticatedusers", "world"}
)
"""Names of those who are everybody."""

POLICIES = {
    **dict.fromkeys(("masking_policy", "column_mask", "data_mask", "masking"), "masking-policy"),
    **dict.fromkeys(("row_access_policy", "row_filter", "row_level_security"), "row-access-policy"),
    **dict.fromkeys(("encryption", "kms_key", "encrypted"), "encryption-metadata"),
}
"""Property or storage option -> the family of rules for it; `encryption` has no `changed` of its own severity."""

VALUES = {
    **dict.fromkeys(("license", "licence", "terms_of_use", "terms_of_service"), "license-changed"),
    **dict.fromkeys(("region", "residency", "data_residency", "storage_region"), "residency-changed"),
}
"""Property -> the rule for its change."""

HOLDS = frozenset({"legal_hold", "litigation_hold"})
OWN_PROPERTIES = frozenset({*POLICIES, *VALUES, *HOLDS})
"""Properties that are judged here and not as mere documentation."""


def detect(case: Case) -> Iterator[Found]:
    """Judge what marks and protects a record and its fields."""
    for part in case.things:
        if part.old.tags != part.new.tags:
            yield from _tags(part)
        if part.old.terms != part.new.terms:
            yield from _terms(part)
        if part.old.properties != part.new.properties:
            yield from _properties(part, dict(part.old.properties), dict(part.new.properties), "properties")
        if part.old.access != part.new.access:
            yield from _access(part)
        if part.old.lifecycle != part.new.lifecycle:
            yield from detect_retention(part)
    if "layout" in case.changed:
        yield from _storage(case)
    if "fields" in case.changed or "lineage" in case.changed:
        yield from _untagged(case)
        yield from _propagated(case)


def _at(part: Part, rule: str, aspect: str, before: str | None, after: str | None) -> Found:
    return Found(rule, part.at(aspect), before, after, subject=part.subject)


def _label(link: Any) -> str:
    name = urns.name(link.tag)
    return f"{name}={link.value}" if link.value else name


def _tags(part: Part) -> Iterator[Found]:
    settings = part.case.settings
    before = {_label(link): link for link in part.old.tags}
    after = {_label(link): link for link in part.new.tags}
    knows = part.knows("tags")
    was, is_now = _level(part, part.old), _level(part, part.new)
    classified = was is not None and is_now is not None
    if was is not None and is_now is not None and was != is_now:
        rule = "classification-lowered" if is_now < was else "classification-raised"
        names = sorted(settings.levels, key=lambda name: settings.levels[name])
        yield _at(part, rule, "tags", names[was], names[is_now])
    for label in sorted(before.keys() ^ after.keys()):
        link = before.get(label) or after[label]
        if not knows or tier_of(link.tag) is not None or _is_hold(link.tag):
            continue
        if classified and settings.level(link.tag) is not None:
            continue
        kind = "sensitive-tag" if settings.sensitive(link.tag) else "tag"
        if label in before:
            yield _at(part, f"{kind}-removed", "tags", label, None)
        else:
            yield _at(part, f"{kind}-added", "tags", None, label)
    for label in sorted(before.keys() & after.keys()):
        one, other = before[label].layer or "source", after[label].layer or "source"
        if one != other:
            yield _at(part, "tag-propagation-source-changed", "tags", f"{label} ({one})", f"{label} ({other})")
    if knows:
        holds = [{_label(link) for link in value.tags if _is_hold(link.tag)} for value in (part.old, part.new)]
        yield from _holds(part, "tags", *holds)


def _is_hold(ref: str) -> bool:
    return urns.name(ref).lower().replace("-", "_") in HOLDS


def _holds(part: Part, aspect: str, before: set[str], after: set[str]) -> Iterator[Found]:
    for hold in sorted(before - after):
        yield _at(part, "legal-hold-removed", aspect, hold, None)
    for hold in sorted(after - before):
        yield _at(part, "legal-hold-added", aspect, None, hold)


def _level(part: Part, value: Any) -> int | None:
    levels = [part.case.settings.level(link.tag) for link in value.tags]
    return max((level for level in levels if level is not None), default=None)


def _terms(part: Part) -> Iterator[Found]:
    if not part.knows("terms"):
        return
    before, after = {link.term for link in part.old.terms}, {link.term for link in part.new.terms}
    for term in sorted(before - after):
        rule = "sensitive-tag-removed" if part.case.settings.sensitive(term) else "glossary-term-removed"
        yield _at(part, rule, "terms", urns.name(term), None)
    for term in sorted(after - before):
        rule = "sensitive-tag-added" if part.case.settings.sensitive(term) else "glossary-term-added"
        yield _at(part, rule, "terms", None, urns.name(term))


def _properties(part: Part, old: dict[str, str], new: dict[str, str], aspect: str) -> Iterator[Found]:
    knows = part.knows(aspect)
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        name = key.lower().replace("-", "_")
        if before == after:
            continue
        if name in POLICIES:
            change = "changed" if before and after else "removed" if before else "added"
            if change == "changed" or knows:
                yield _at(part, f"{POLICIES[name]}-{change}", aspect, _pair(key, before), _pair(key, after))
        elif name in VALUES and aspect == "properties":
            if before and after:
                yield _at(part, VALUES[name], aspect, _pair(key, before), _pair(key, after))
        elif name in HOLDS and knows:
            yield from _holds(part, aspect, _on(before), _on(after))


def _pair(key: str, value: str | None) -> str | None:
    return f"{key}={value}" if value else None


def _on(value: str | None) -> set[str]:
    return {value} if value and value.lower() not in ("false", "no", "0") else set()


def _storage(case: Case) -> Iterator[Found]:
    part = case.things[0]
    old, new = (dict(layout.options) if layout else {} for layout in (case.old.layout, case.new.layout))
    yield from _properties(part, old, new, "layout")


def _access(part: Part) -> Iterator[Found]:
    if not part.knows("access"):
        return
    before, after = ({(g.to, g.privilege, g.condition or "") for g in v.access} for v in (part.old, part.new))
    for grant in sorted(before - after):
        yield _at(part, "access-grant-revoked", "access", _grant(grant), None)
    for grant in sorted(after - before):
        broad = urns.name(grant[0]).lower().replace("-", "_") in EVERYBODY
        yield _at(part, "access-grant-broadened" if broad else "access-grant-added", "access", None, _grant(grant))


def _grant(grant: tuple[str, str, str]) -> str:
    to, privilege, condition = grant
    return f"{privilege} to {urns.name(to)}" + (f" where {condition}" if condition else "")


def _untagged(case: Case) -> Iterator[Found]:
    if "fields" not in case.captured or "fields.tags" not in case.new.captured:
        return
    for field in case.match.added:
        looks = case.settings.looks_sensitive(paths.leaf(field.path))
        if looks and not _marked(case, field):
            yield Found("sensitive-field-added-untagged", field.path, None, looks.replace("_", " "))


def _marked(case: Case, field: Field) -> bool:
    sensitive = case.settings.sensitive
    return any(sensitive(link.tag) for link in field.tags) or any(sensitive(link.term) for link in field.terms)


def _propagated(case: Case) -> Iterator[Found]:
    """Look for column edges that are new, or whose source was newly marked, into fields without a mark."""
    if not case.new.lineage or not case.new.lineage.columns or "fields.tags" not in case.new.captured:
        return
    fields = {field.path: field for field in case.new.fields}
    known = {tuple(edge.from_ + edge.to) for edge in (case.old.lineage.columns if case.old.lineage else ())}
    for edge in case.new.lineage.columns:
        if edge.masking or edge.expression or (edge.subtype or "").lower() in ("aggregation", "masking"):
            continue
        if tuple(edge.from_ + edge.to) in known and "fields" not in case.changed:
            continue
        targets = [target.partition("#")[2] for target in edge.to if target.partition("#")[0] in ("", case.urn)]
        for source in edge.from_:
            if not _source_marked(case, source, fields):
                continue
            for path in targets:
                field = fields.get(path)
                new_edge = tuple(edge.from_ + edge.to) not in known
                if field is not None and not _marked(case, field) and (new_edge or _lost_mark(case, path, source)):
                    yield Found("sensitive-data-propagated-untagged", path, source, None)


def _source_marked(case: Case, source: str, fields: dict[str, Field]) -> bool:
    host, _, path = source.partition("#")
    if host in ("", case.urn):
        return path in fields and _marked(case, fields[path])
    record = case.ctx.get(host)
    candidates = getattr(record.value, "fields", ()) if record is not None else ()
    return any(field.path == path and _marked(case, field) for field in candidates)


def _lost_mark(case: Case, path: str, source: str) -> bool:
    """Tell whether the target lost its mark, or a source in this very record got one, in this change."""
    old = {field.path: field for field in case.old.fields}
    target = old.get(path)
    if target is not None and _marked(case, target):
        return True
    host, _, origin = source.partition("#")
    before = old.get(origin) if host in ("", case.urn) else None
    return before is not None and not _marked(case, before)
