"""What the template shows: small plain things made from records, one at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from markupsafe import Markup, escape

from lumos_core.plugin_api import AnyRecord, Change, Covered, Dataset, RunResult, urns, visible


class FieldView(NamedTuple):
    """One field of a dataset."""

    path: str
    depth: int
    type: str
    null: str
    description: str
    tags: list[str]


class DatasetView(NamedTuple):
    """One dataset of the inventory."""

    urn: str
    name: str
    anchor: str
    subtype: str
    form: str
    description: str
    owners: list[str]
    tags: list[str]
    domains: list[str]
    version: str
    fields: list[FieldView]
    more_fields: int
    upstream: list[str]
    downstream: list[str]


class Gap(NamedTuple):
    """Something that was not seen whole."""

    status: str
    place: str
    aspects: str
    reason: str


def name_of(urn: str) -> str:
    """Return the name of a record as people say it."""
    return visible(urns.name(urn))


def prose(text: str) -> Markup:
    """Return a sentence as HTML in which what stands in backquotes is code; everything is escaped."""
    parts = visible(text).split("`")
    if len(parts) % 2 == 0:
        return escape(visible(text))
    return Markup("").join(Markup("<code>{}</code>").format(p) if n % 2 else escape(p) for n, p in enumerate(parts))


def count(number: int, kind: str) -> str:
    """Return `1 dataset`, `12 data products`."""
    noun = kind.replace("_", " ")
    many = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else many}"


def anchor(urn: str) -> str:
    """Return an id for a link inside the page."""
    return "d" + hashlib.sha256(urn.encode()).hexdigest()[:12]


def changes(result: RunResult, limit: int) -> Iterator[Change]:
    """Return the changes to show, worst first."""
    return islice(iter(result.changes), limit)


def datasets(result: RunResult, limit: int, max_fields: int) -> Iterator[DatasetView]:
    """Return the inventory, by name, at most `limit`."""
    versions = {given.urn: given.version.schema for given in islice(iter(result.versions), 10 * limit)}
    records = (record for record in result.records if isinstance(record.value, Dataset))
    for record in islice(records, limit):
        yield _dataset(record, result, versions, max_fields)


def _dataset(record: AnyRecord, result: RunResult, versions: dict[str, str], max_fields: int) -> DatasetView:
    value: Dataset = record.value
    return DatasetView(
        urn=record.urn,
        name=name_of(record.urn),
        anchor=anchor(record.urn),
        subtype=visible(value.subtype or ""),
        form=visible(value.layout.format or "") if value.layout else "",
        description=visible(value.description.shown) if value.description else "",
        owners=sorted({name_of(owner.owner) for owner in value.owners}),
        tags=sorted({name_of(tag.tag) for tag in value.tags}),
        domains=[name_of(domain) for domain in value.domains],
        version=versions.get(record.urn, ""),
        fields=list(_fields(value, max_fields)),
        more_fields=max(len(value.fields) - max_fields, 0),
        upstream=[name_of(urn) for urn in result.graph.upstream(record.urn)],
        downstream=[name_of(urn) for urn in result.graph.downstream(record.urn)],
    )


def _fields(value: Dataset, limit: int) -> Iterator[FieldView]:
    for field in value.fields[:limit]:
        yield FieldView(
            path=visible(field.path),
            depth=min(field.path.count(".") + field.path.count("[]"), 6),
            type=visible(field.type),
            null={True: "yes", False: "no", None: ""}[field.nullable],
            description=visible(field.description.shown) if field.description else "",
            tags=sorted({name_of(tag.tag) for tag in field.tags}),
        )


def gaps(coverage: Iterable[Covered]) -> list[Gap]:
    """Return what was not seen whole."""
    return [
        Gap(covered.status, _place(covered), ", ".join(sorted(covered.aspects)[:6]), visible(covered.reason))
        for covered in coverage
        if covered.status != "complete"
    ]


def _place(covered: Covered) -> str:
    scope = covered.scope
    names = [*filter(None, scope.prefixes), *(name_of(urn) for urn in sorted(scope.urns))]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return (visible(", ".join(names[:5])) + more) or visible(scope.platform) or "everything"


def headline(result: RunResult) -> tuple[str, str]:
    """Return the verdict in words, and the class that colours it."""
    if result.verdict == "failed":
        failing = count(result.gate.failing, "change")
        if result.gate.fail_on == "breaking":
            return f"The gate failed: {failing.replace(' ', ' breaking ')}", "bad"
        return f"The gate failed: {failing} at {result.gate.fail_on} or worse", "bad"
    if result.verdict == "incomplete":
        number = len(result.failures)
        return f"Incomplete: {number} {'thing' if number == 1 else 'things'} could not be read or written", "warn"
    if result.first:
        return "Remembered for the first time", "good"
    if result.changed:
        return "Changed: " + ", ".join(f"{number:,} {name}" for name, number in result.severities.items()), "good"
    return "Nothing changed", "good"
