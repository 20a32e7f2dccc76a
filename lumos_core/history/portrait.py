"""Everything that is known about one thing, gathered for a page about it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ..model import urns
from ..model.aspects import of_kind, present
from ..model.change import Version
from ..model.elements import Description, Text
from ..model.entities import Entity, Field, Stats
from ..model.record import AnyRecord, canonical, digest
from . import query
from .views import View

_ALWAYS = ("owners", "tags", "terms", "domains")


class Portrait(Struct, kw_only=True):
    """One thing, with its surroundings.

    Attributes:
        record: The thing.
        name: What people call it.
        as_of: When.
        digest: SHA-256 of its line.
        version: Its latest version; None when it has none.
        unknown: Aspects that nobody looked at.
        complete: Its absence would have been noticed.
        upstream, downstream: URNs of the nearest neighbours in lineage.
        stats: The latest volatile facts by type.
        field: Path of the one field that was asked for; empty: all.
    """

    record: AnyRecord
    name: str
    as_of: str
    digest: str
    version: Version | None
    unknown: list[str]
    complete: bool
    upstream: list[str]
    downstream: list[str]
    stats: dict[str, Stats]
    field: str = ""

    @property
    def fields(self) -> list[Field]:
        """The fields to show."""
        fields: list[Field] = getattr(self.record.value, "fields", [])
        if not self.field:
            return fields
        return [field for field in fields if field.path == self.field or field.path.startswith(self.field + ".")]

    def roles(self, path: str) -> str:
        """Return the keys that a field is part of."""
        keys = getattr(self.record.value, "keys", ())
        found = [key.type for key in keys if path in key.columns]
        layout = getattr(self.record.value, "layout", None)
        if layout is not None and any(part.path == path for part in layout.partition_by):
            found.append("partition")
        return ", ".join(dict.fromkeys(found))

    def facts(self) -> list[tuple[str, list[str]]]:
        """Return (label, texts) for people; no text means that there is none."""
        value = self.record.value
        found: list[tuple[str, list[str]]] = []
        found.append(("description", _layers(value.description) or self._absent("description")))
        for aspect in _ALWAYS:
            found.append((aspect, _elements(aspect, getattr(value, aspect)) or self._absent(aspect)))
        if value.parent:
            found.append(("in", [value.parent]))
        for aspect in ("links", "properties", "data_products", "relations", "structured", "access"):
            texts = _elements(aspect, getattr(value, aspect))
            if texts:
                found.append((aspect.replace("_", " "), texts))
        found += _technical(value)
        if self.record.kind in ("dataset", "job", "asset") or self.upstream or self.downstream:
            lineage = self._absent("lineage")
            found.append(("upstream", [urns.name(urn) for urn in self.upstream] or lineage))
            found.append(("downstream", [urns.name(urn) for urn in self.downstream] or lineage))
        for kind, stats in self.stats.items():
            texts = _measures(stats)
            if texts:
                found.append((kind, texts))
        if not self.complete:
            found.append(("coverage", ["its place was not seen whole: if it vanishes, nothing is concluded"]))
        told = {label for label, texts in found if texts == ["unknown"]} | {"lineage"}
        rest = [aspect.replace("_", " ") for aspect in self.unknown if aspect not in told]
        if rest:
            found.append(("also unknown", [", ".join(rest)]))
        return found

    def _absent(self, aspect: str) -> list[str]:
        return ["unknown"] if aspect in self.unknown else []


def portrait(view: View, text: str) -> Portrait:
    """Gather what is known about a thing.

    Args:
        view: What to look at.
        text: Its URN, name, or the end of its name; with `#path`, one of its fields.

    Raises:
        UsageError: When nothing, or more than one thing, is called so.
    """
    record = query.find(view, text)
    value = record.value
    assert isinstance(value, Entity)
    facts = query.stats_of(view, record.urn)
    version = facts.pop("version").version if "version" in facts else None
    graph = query.graph(view)
    seen = set(value.captured) | present(value)
    return Portrait(
        record=record,
        name=title_of(record),
        as_of=view.label,
        digest=digest(canonical(record)),
        version=version,
        unknown=sorted(aspect for aspect in of_kind(record.kind) - seen if "." not in aspect),
        complete=view.coverage.complete(record.urn),
        upstream=graph.upstream(record.urn),
        downstream=graph.downstream(record.urn),
        stats=facts,
        field=text.partition("#")[2] if text.startswith("urn:") else "",
    )


def title_of(record: AnyRecord) -> str:
    """Return what people call a record."""
    shown = getattr(getattr(record.value, "display_name", None), "shown", "")
    return str(shown or getattr(record.value, "name", None) or urns.name(record.urn))


def _layers(text: Text | Description | None) -> list[str]:
    """Return a text layer by layer, the shown one first; a lone source text needs no label."""
    if text is None:
        return []
    layers = [("manual", text.manual), ("source", text.source), *text.others]
    given = [(layer, words) for layer, words in layers if words is not None]
    return [words if layer == "source" and len(given) == 1 else f"{words}  ({layer})" for layer, words in given]


def _elements(aspect: str, elements: Any) -> list[str]:
    texts = []
    for element in elements:
        if isinstance(element, tuple):
            texts.append(f"{element[0]} = {element[1]}")
        elif isinstance(element, str):
            texts.append(urns.name(element))
        else:
            texts.append(_element(aspect, element))
    return texts


def _element(aspect: str, element: Any) -> str:
    if aspect == "owners":
        text = urns.name(element.owner) + (f", {urns.name(element.type)}" if element.type else "")
    elif aspect == "tags":
        text = urns.name(element.tag) + (f" = {element.value}" if element.value else "")
    elif aspect == "terms":
        text = urns.name(element.term)
    elif aspect == "links":
        text = f"{element.label}: {element.url}" if element.label else element.url
    elif aspect == "data_products":
        text = urns.name(element.product)
    elif aspect == "relations":
        text = f"{element.type} {urns.name(element.target)}"
    elif aspect == "structured":
        values = (getattr(value, "ref", value) for value in element.values)
        text = f"{urns.name(element.property)} = {', '.join(map(str, values))}"
    else:
        text = f"{urns.name(element.to)}: {element.privilege}"
    layer = getattr(element, "layer", None)
    return f"{text}  ({layer})" if layer else text


def _technical(value: Entity) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    lifecycle = value.lifecycle
    if lifecycle is not None:
        texts = ["removed"] if lifecycle.removed else []
        texts += [lifecycle.status] if lifecycle.status else []
        if lifecycle.deprecated is not None:
            at = f" since {lifecycle.deprecated.at}" if lifecycle.deprecated.at else ""
            texts.append(f"deprecated{at} {lifecycle.deprecated.note or ''}".rstrip())
        found.append(("lifecycle", texts))
    keys = getattr(value, "keys", ())
    if keys:
        found.append(("keys", [_key(key) for key in keys]))
    layout = getattr(value, "layout", None)
    if layout is not None:
        texts = [text for text in (layout.format, layout.location) if text]
        if layout.partition_by:
            parts = (f"{part.path} ({part.transform})" if part.transform else part.path for part in layout.partition_by)
            texts.append(f"partitioned by {', '.join(parts)}")
        found.append(("layout", texts))
    schedule = getattr(value, "schedule", None)
    if schedule is not None and schedule.cron:
        found.append(("schedule", [f"{schedule.cron} {schedule.time_zone or ''}".rstrip()]))
    return [(label, texts) for label, texts in found if texts]


def _key(key: Any) -> str:
    text = f"{key.type} ({', '.join(key.columns)})" if key.columns else f"{key.type} {key.expression or ''}"
    return f"{text} -> {', '.join(map(urns.name, key.references))}" if key.references else text.rstrip()


def _measures(stats: Stats) -> list[str]:
    named = (("rows", stats.row_count), ("bytes", stats.size_bytes), ("files", stats.file_count))
    texts = [f"{int(count):,} {name if int(count) != 1 else name[:-1]}" for name, count in named if count is not None]
    texts += [f"{name} {count}" for name, count in stats.metrics]
    texts += [f"{stats.amount} {stats.currency or ''}".rstrip()] if stats.amount else []
    texts += [stats.status] if stats.status else []
    return [", ".join(texts)] if texts else []
