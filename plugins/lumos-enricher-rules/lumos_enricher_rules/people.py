"""The records that a rules file makes of itself: people, groups, domains, terms, tags, jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from lumos_core.plugin_api import (
    AnyRecord,
    DataProduct,
    Description,
    Domain,
    Entity,
    Group,
    Job,
    Owner,
    OwnershipType,
    Record,
    Relation,
    Tag,
    Term,
    Text,
    User,
    urns,
)

from .rules import JobRule, Named, OwnerRule, RulesFile, TreeRule

E = TypeVar("E", bound=Entity)


def urn_of(type_: str, id_: str) -> str:
    """Return the URN of something by its id; a URN stays as it is."""
    return id_ if id_.startswith("urn:lumos:") else urns.plain(type_, id_)


def owner_of(rule: OwnerRule) -> Owner:
    """Return an owner; without `user:` or `group:` it is a group."""
    kind, mark, id_ = rule.owner.partition(":")
    if rule.owner.startswith("urn:lumos:"):
        urn = rule.owner
    elif mark and kind in ("user", "group"):
        urn = urns.plain(kind, id_)
    else:
        urn = urns.plain("group", rule.owner)
    return Owner(urn, type=urn_of("ownership_type", rule.type) if rule.type else None)


def job_urn(rule: JobRule) -> str:
    """Return the URN of a job: `flow/task` is a task, anything else a process, unless the rule says."""
    return urns.located(rule.type or ("task" if "/" in rule.id else "process"), rule.platform, rule.id, rule.env)


def records_of(rules: RulesFile) -> Iterator[AnyRecord]:
    """Return every record that the file makes."""
    for user in rules.users:
        groups = [Relation("member_of", urn_of("group", group)) for group in user.groups]
        person = User(email=user.email, title=user.title, active=user.active, relations=groups)
        yield _record("user", user, person, {"email": user.email, "title": user.title, "active": user.active})
    for group in rules.groups:
        yield _record(
            "group", group, Group(email=group.email, parent=_above("group", group.parent)), {"email": group.email}
        )
    for kind in rules.ownership_types:
        yield _record("ownership_type", kind, OwnershipType())
    for product in rules.data_products:
        yield _record("data_product", product, DataProduct())
    yield from _tree("domain", rules.domains, Domain)
    yield from _tree("tag", rules.tags, Tag)
    for term in rules.terms:
        word = Term(parent=_above("term", term.parent), synonyms=sorted(set(term.synonyms)), subtype="term")
        yield _record("term", term, word, {"synonyms": True})
    for job in rules.jobs:
        yield from _job(job)


def _tree(type_: str, rules: Iterable[TreeRule], struct: type[E]) -> Iterator[AnyRecord]:
    for rule in rules:
        value = struct()
        value.parent = _above(type_, rule.parent)
        yield _record(type_, rule, value)


def _above(type_: str, id_: str | None) -> str | None:
    return urn_of(type_, id_) if id_ else None


def _job(rule: JobRule) -> Iterator[AnyRecord]:
    urn = job_urn(rule)
    flow, slash, task = rule.id.rpartition("/")
    parent = urns.located("flow", rule.platform, flow, rule.env) if slash and rule.type in (None, "task") else None
    owners = [owner_of(owner) for owner in rule.owners]
    value = Job(parent=parent, owners=owners, captured=["owners"])
    yield _described(urn, rule, value, rule.name or task)
    if parent is not None:
        yield Record(parent, Job(name=flow, subtype="flow"))


def _record(type_: str, rule: Named, value: Entity, known: dict[str, object] | None = None) -> AnyRecord:
    captured = {key for key, said in (known or {}).items() if said is not None}
    if isinstance(value, User):
        captured.add("relations")
    value.captured = sorted(captured)
    return _described(urn_of(type_, rule.id), rule, value, rule.id)


def _described(urn: str, rule: Named, value: Entity, name: str) -> AnyRecord:
    value.name = name
    value.captured = sorted({*value.captured, "description", "display_name"})
    if rule.description is not None:
        value.description = Description(source=rule.description)
    if rule.name is not None and rule.name != name:
        value.display_name = Text(source=rule.name)
    return Record(urn, value)
