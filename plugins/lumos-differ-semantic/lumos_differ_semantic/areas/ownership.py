"""Who answers for a thing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lumos_core.plugin_api import urns

from ..case import Found

if TYPE_CHECKING:
    from ..case import Case, Part

_ROLES = (("technical-owner-missing", ("technical",)), ("business-owner-missing", ("business",)))


def detect(case: Case) -> Iterator[Found]:
    """Judge owners, domains, data products and support contacts of a record and of its fields."""
    if case.kind == "user" and "active" in case.changed and None not in (case.old.active, case.new.active):
        state = {True: "active", False: "inactive"}
        rule = "owner-reactivated" if case.new.active else "owner-inactive"
        yield Found(rule, "active", state[case.old.active], state[case.new.active])
    for part in case.things:
        if part.old.owners != part.new.owners:
            yield from _owners(part)
        if part.old.domains != part.new.domains:
            yield from _domains(part)
        if part.old.data_products != part.new.data_products and part.knows("data_products"):
            before = {link.product for link in part.old.data_products}
            after = {link.product for link in part.new.data_products}
            for product in sorted(before - after):
                yield _at(part, "data-product-membership-removed", "data_products", product, None)
            for product in sorted(after - before):
                yield _at(part, "data-product-membership-added", "data_products", None, product)
        if part.old.links != part.new.links and part.knows("links"):
            had, has = _support(part.old), _support(part.new)
            if had and not has:
                yield _at(part, "support-contact-removed", "links", ", ".join(had), None)
            elif has and not had:
                yield _at(part, "support-contact-added", "links", None, ", ".join(has))


def _at(part: Part, rule: str, aspect: str, before: str | None, after: str | None) -> Found:
    return Found(rule, part.at(aspect), before, after, subject=part.subject)


def _types(value: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for link in value.owners:
        found.setdefault(link.owner, []).append(urns.name(link.type) if link.type else "owner")
    return found


def _owners(part: Part) -> Iterator[Found]:
    before, after = _types(part.old), _types(part.new)
    if part.knows("owners"):
        for owner in sorted(after.keys() - before.keys()):
            yield _at(part, "owner-added", "owners", None, owner)
        gone = sorted(before.keys() - after.keys())
        if before and not after:
            yield _at(part, "owner-removed-last", "owners", ", ".join(gone), None)
        else:
            for owner in gone:
                yield _at(part, "owner-removed", "owners", owner, None)
            yield from _missing(part, before, after)
    for owner in sorted(before.keys() & after.keys()):
        was, is_now = ", ".join(sorted(before[owner])), ", ".join(sorted(after[owner]))
        if was != is_now:
            yield _at(part, "owner-type-changed", "owners", f"{owner} as {was}", f"{owner} as {is_now}")


def _missing(part: Part, before: dict[str, list[str]], after: dict[str, list[str]]) -> Iterator[Found]:
    for rule, words in _ROLES:
        had = sorted(owner for owner, types in before.items() if _any_of(types, words))
        has = any(_any_of(types, words) for types in after.values())
        if had and not has:
            yield _at(part, rule, "owners", ", ".join(had), None)


def _any_of(types: list[str], words: tuple[str, ...]) -> bool:
    return any(word in type.lower() for type in types for word in words)


def _domains(part: Part) -> Iterator[Found]:
    before, after = set(part.old.domains), set(part.new.domains)
    gone, fresh = sorted(before - after), sorted(after - before)
    if gone and fresh:
        yield _at(part, "domain-changed", "domains", ", ".join(gone), ", ".join(fresh))
    elif part.knows("domains"):
        for domain in gone:
            yield _at(part, "domain-removed", "domains", domain, None)
        for domain in fresh:
            yield _at(part, "domain-added", "domains", None, domain)


def is_support(link: Any) -> bool:
    """Tell whether a link leads to those who help."""
    return any(word in (text or "").lower() for text in (link.type, link.label) for word in ("support", "contact"))


def _support(value: Any) -> list[str]:
    return sorted(link.url for link in value.links if is_support(link))
