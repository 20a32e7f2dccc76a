"""The parts that records are made of: owners, tags, terms, links, lineage edges, texts by layer, keys.

`layer` absent means `source`, the technical system; else `manual` (a person), `propagated`, `derived`,
`automated` or `generated`. Every element may carry `extra`: pairs of `system/name` and JSON text without references.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from .shapes import Count, Markdown, Pairs, Path, Ref, Refs, Time, set_by


class Element(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """What every part of a record has in common."""

    extra: Pairs = []


class Text(Element):
    """A plain text by layer; shown = manual, else source, else the first of the others."""

    source: str | None = None
    manual: str | None = None
    others: Pairs = []

    @property
    def shown(self) -> str:
        """The text a reader sees."""
        return _shown(self)


class Description(Element):
    """A markdown text by layer; shown as `Text` is."""

    source: Markdown | None = None
    manual: Markdown | None = None
    others: Annotated[list[tuple[str, Markdown]], set_by("0")] = []

    @property
    def shown(self) -> str:
        """The text a reader sees."""
        return _shown(self)


def _shown(text: Text | Description) -> str:
    """People's words before those of the source, both before what other catalogs say; empty where there is none."""
    if text.manual is not None:
        return text.manual
    if text.source is not None:
        return text.source
    return text.others[0][1] if text.others else ""


class Created(Element):
    """When a thing was made, and by whom."""

    at: Time | None = None
    by: Ref | None = None


class Style(Element):
    """How a thing is drawn."""

    color: str | None = None
    icon: str | None = None


class Owner(Element):
    """Who answers for a thing; reviewer, expert and steward are types."""

    owner: Ref
    type: Ref | None = None
    layer: str | None = None


class TagLink(Element, rename={"from_": "from"}):
    """A tag on a thing, with how it came there."""

    tag: Ref
    value: str | None = None
    layer: str | None = None
    state: str | None = None
    by: Ref | None = None
    at: Time | None = None
    reason: str | None = None
    attributes: Pairs = []
    from_: Ref | None = None
    until: Time | None = None
    propagate: bool | None = None


class TermLink(Element):
    """A glossary term on a thing."""

    term: Ref
    layer: str | None = None
    state: str | None = None
    by: Ref | None = None
    confidence: str | None = None


class DataProductLink(Element):
    """Membership in a data product."""

    product: Ref
    port: str | None = None


class Link(Element):
    """A web page about a thing; type `source` is the thing's own page."""

    url: str
    type: str | None = None
    label: str | None = None
    by: Ref | None = None
    at: Time | None = None


class RefValue(Struct, forbid_unknown_fields=True):
    """A reference as the value of a typed property."""

    ref: Ref


class StructuredValue(Element):
    """A typed property: its values are text, whole numbers, truth values or references."""

    property: Ref
    values: list[bool | int | str | RefValue] = []
    layer: str | None = None


class Relation(Element):
    """A typed, directed relation; written on one side only."""

    type: str
    target: Ref
    layer: str | None = None
    description: Markdown | None = None
    attributes: Pairs = []


class LineageEdge(Element):
    """One upstream or downstream of a record."""

    urn: Ref
    via: Ref | None = None
    query: Ref | None = None
    type: str | None = None
    layer: str | None = None
    description: Markdown | None = None
    expression: str | None = None
    confidence: str | None = None
    properties: Pairs = []


class ColumnEdge(Element, rename={"from_": "from"}):
    """Fields that become fields, N to M; a `to` without `#` is the whole record."""

    from_: Refs = []
    to: Refs = []
    via: Ref | None = None
    query: Ref | None = None
    type: str | None = None
    subtype: str | None = None
    masking: bool | None = None
    expression: str | None = None
    confidence: str | None = None
    layer: str | None = None


class Lineage(Element):
    """Edges as whoever reports them knows them; written once."""

    upstreams: Annotated[list[LineageEdge], set_by("urn", "via", "layer")] = []
    downstreams: Annotated[list[LineageEdge], set_by("urn", "via", "layer")] = []
    columns: Annotated[list[ColumnEdge], set_by("from", "to", "via", "layer")] = []


class Grant(Element):
    """A right on the data itself."""

    to: Ref
    privilege: str
    condition: str | None = None
    via: Ref | None = None


class Deprecated(Element):
    """Announced end of life."""

    at: Time | None = None
    note: Markdown | None = None
    by: Ref | None = None
    replacement: Ref | None = None


class Lifecycle(Element):
    """Where a thing stands in its life; `removed: true` is a soft delete, the rest stays."""

    removed: bool = False
    status: str | None = None
    deprecated: Deprecated | None = None
    retention: str | None = None


class Default(Element):
    """Default of a field: `initial` for rows that exist, `write` for new ones (SQL text or JSON text)."""

    initial: str | None = None
    write: str | None = None


class Key(Element):
    """A key or constraint: primary, unique, foreign, check or index; columns, and what they refer to, in order."""

    type: str
    columns: list[Path] = []
    name: str | None = None
    references: list[Ref] = []
    expression: str | None = None
    enforced: bool | None = None


class PartitionField(Element):
    """One level of partitioning; transform `identity`, `year`, `bucket[16]`, ..."""

    path: Path
    transform: str | None = None


class SortField(Element):
    """One level of ordering or clustering."""

    path: Path
    direction: str | None = None


class Layout(Element):
    """How and where the data lies."""

    format: str | None = None
    location: str | None = None
    partition_by: list[PartitionField] = []
    sort_by: list[SortField] = []
    cluster_by: list[SortField] = []
    options: Pairs = []


class Code(Element):
    """Source code of a view, job or procedure; never rewritten."""

    role: str | None = None
    language: str | None = None
    text: str = ""


class NativeSchema(Element):
    """A schema in its own language (Avro, Protobuf, JSON Schema)."""

    format: str
    text: str
    part: str | None = None


class Schedule(Element):
    """When a thing is due: cron in an IANA zone, lags in minutes."""

    cron: str | None = None
    time_zone: str | None = None
    lag_min: int | None = None
    lag_max: int | None = None
    grain: str | None = None


class Sla(Element):
    """One promise of a contract, named as in ODCS `slaProperties`."""

    property: str
    value: str | None = None
    unit: str | None = None
    element: Ref | None = None
    driver: str | None = None


class Native(Element):
    """A document kept as it came."""

    format: str
    text: str


Aliases = Annotated[list[tuple[str, str]], set_by("0", "1")]
Owners = Annotated[list[Owner], set_by("owner", "type", "layer")]
Tags = Annotated[list[TagLink], set_by("tag", "value", "layer")]
Terms = Annotated[list[TermLink], set_by("term", "layer")]
DataProducts = Annotated[list[DataProductLink], set_by("product", "port")]
Links = Annotated[list[Link], set_by("url", "type")]
Structured = Annotated[list[StructuredValue], set_by("property", "layer")]
Relations = Annotated[list[Relation], set_by("type", "target", "layer")]
Access = Annotated[list[Grant], set_by("to", "privilege", "condition", "via")]
Keys = Annotated[list[Key], set_by("type", "name", "columns", "references", "expression")]
NativeSchemas = Annotated[list[NativeSchema], set_by("part", "format")]
Metrics = Annotated[list[tuple[str, Count]], set_by("0")]
FieldMetrics = Annotated[list[tuple[Path, Metrics]], set_by("0")]
NamedRefs = Annotated[list[tuple[str, Ref]], set_by("0", "1")]
Slas = Annotated[list[Sla], set_by("property", "element", "driver")]
