"""The entities of a snapshot: one struct per kind, holding the *value* of a line.

`captured` names every key that was looked at. Present = value; absent and captured = none; absent and not
captured = unknown, and nothing may be concluded. `name`, `subtype`, `parent`, `aliases` need no entry.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import Struct

from .change import Version
from .elements import (
    Access,
    Aliases,
    Code,
    Created,
    DataProducts,
    Default,
    Description,
    Element,
    FieldMetrics,
    Keys,
    Layout,
    Lifecycle,
    Lineage,
    Links,
    Metrics,
    NamedRefs,
    Native,
    NativeSchemas,
    Owners,
    Relations,
    Schedule,
    Slas,
    Structured,
    Style,
    Tags,
    Terms,
    Text,
)
from .event import ChangeEvent
from .shapes import Count, Names, Pairs, Path, Ref, Refs, Time

Kind = Literal[
    "asset",
    "assertion",
    "container",
    "contract",
    "data_product",
    "dataset",
    "domain",
    "foreign",
    "group",
    "job",
    "ownership_type",
    "property",
    "stats",
    "tag",
    "term",
    "user",
]


class Thing(Element, kw_only=True):
    """The keys of everything that people describe: records, and fields inside them."""

    name: str | None = None
    subtype: str | None = None
    aliases: Aliases = []
    version: str | None = None
    created: Created | None = None
    style: Style | None = None
    display_name: Text | None = None
    description: Description | None = None
    owners: Owners = []
    tags: Tags = []
    terms: Terms = []
    domains: Refs = []
    data_products: DataProducts = []
    links: Links = []
    properties: Pairs = []
    structured: Structured = []
    relations: Relations = []
    access: Access = []
    lifecycle: Lifecycle | None = None


class Field(Thing):
    """A field (column, member) of a dataset, job or asset; its place in `fields` is its index.

    Attributes:
        path: Canonical path (`lumos_core.model.paths`); its last segment is the name.
        type: Canonical type text (`lumos_core.model.types`); the members of a struct are rows of their own.
        part: `key`, `value`, `header`, `request` or `response` of a message; absent = the body.
        id: The stable id that the storage gives the field, where it does.
    """

    path: Path
    type: str = "unknown"
    native_type: str | None = None
    nullable: bool | None = None
    part: str | None = None
    id: str | None = None
    default: Default | None = None
    generated: str | None = None


class Entity(Thing, kw_only=True):
    """The value of a record of any kind."""

    kind: ClassVar[str] = ""

    captured: Names = []
    parent: Ref | None = None
    lineage: Lineage | None = None


class Tabular(Entity, kw_only=True):
    """What datasets, jobs and assets share."""

    fields: list[Field] = []
    keys: Keys = []
    layout: Layout | None = None
    code: list[Code] = []
    native_schema: NativeSchemas = []
    schedule: Schedule | None = None


class Dataset(Tabular, kw_only=True):
    """What holds rows or messages: table, view, topic, file set, index, sheet (`subtype`)."""

    kind: ClassVar[str] = "dataset"


class Job(Tabular, kw_only=True):
    """What computes: flow, task, process, query, procedure, notebook."""

    kind: ClassVar[str] = "job"


class Asset(Tabular, kw_only=True):
    """Everything else that is located: chart, dashboard, model, metric, API, document, ..."""

    kind: ClassVar[str] = "asset"


class Container(Entity, kw_only=True):
    """What holds others: platform instance (root), database, schema, bucket, folder, workspace."""

    kind: ClassVar[str] = "container"


class Domain(Entity, kw_only=True):
    """A business domain."""

    kind: ClassVar[str] = "domain"


class DataProduct(Entity, kw_only=True):
    """A data product."""

    kind: ClassVar[str] = "data_product"


class Term(Entity, kw_only=True):
    """A glossary, category or term: one tree by `parent`."""

    kind: ClassVar[str] = "term"

    synonyms: Names = []


class Tag(Entity, kw_only=True):
    """A classification or tag: one tree; a label or badge is a subtype."""

    kind: ClassVar[str] = "tag"

    exclusive: bool | None = None
    disabled: bool | None = None
    attributes: Pairs = []


class Property(Entity, kw_only=True):
    """The definition of a typed property."""

    kind: ClassVar[str] = "property"

    type: str | None = None
    multiple: bool | None = None
    allowed: Names = []
    applies_to: Names = []


class OwnershipType(Entity, kw_only=True):
    """The definition of an owner type."""

    kind: ClassVar[str] = "ownership_type"


class User(Entity, kw_only=True):
    """A person or service account."""

    kind: ClassVar[str] = "user"

    email: str | None = None
    title: str | None = None
    active: bool | None = None


class Group(Entity, kw_only=True):
    """A group of people; team, department and access role are subtypes."""

    kind: ClassVar[str] = "group"

    email: str | None = None


class Assertion(Entity, kw_only=True):
    """A promise about something that can be checked."""

    kind: ClassVar[str] = "assertion"

    about: Ref | None = None
    metric: str | None = None
    dimension: str | None = None
    operator: str | None = None
    arguments: Pairs = []
    severity: str | None = None
    code: list[Code] = []
    schedule: Schedule | None = None


class Contract(Entity, kw_only=True):
    """A data contract: fields, assertions and service levels about something."""

    kind: ClassVar[str] = "contract"

    about: Ref | None = None
    fields: list[Field] = []
    assertions: Refs = []
    sla: Slas = []
    native: Native | None = None


class Foreign(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """What an adapter read and the model cannot say: an opaque JSON text with its references taken out.

    Attributes:
        body: JSON text; references stand as `null`.
        refs: `[JSON pointer, reference]` pairs, found by the vendor's own schema.
        base: Digest of the part that was understood; the residue is stale when that part changes.
    """

    kind: ClassVar[str] = "foreign"

    body: str = ""
    refs: NamedRefs = []
    base: str | None = None


class Stats(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Volatile facts: profile, usage, operation, run, result, incident, cost, audit, version, event.

    Sizes are bytes, amounts are decimal texts in `currency`, times are RFC 3339 UTC. Never part of a digest.
    """

    kind: ClassVar[str] = "stats"

    row_count: Count | None = None
    size_bytes: Count | None = None
    file_count: Count | None = None
    fields: FieldMetrics = []
    metrics: Metrics = []
    related: NamedRefs = []
    properties: Pairs = []
    status: str | None = None
    message: str | None = None
    start: Time | None = None
    end: Time | None = None
    amount: str | None = None
    currency: str | None = None
    version: Version | None = None
    event: ChangeEvent | None = None


Value = Entity | Foreign | Stats

KINDS: dict[str, type[Entity] | type[Foreign] | type[Stats]] = {
    cls.kind: cls
    for cls in (
        Asset,
        Assertion,
        Container,
        Contract,
        DataProduct,
        Dataset,
        Domain,
        Foreign,
        Group,
        Job,
        OwnershipType,
        Property,
        Stats,
        Tag,
        Term,
        User,
    )
}
"""Kind -> the struct of its value."""

FREE_KEYS = frozenset({"name", "subtype", "parent", "aliases", "captured", "extra"})
"""Keys that need no entry in `captured`."""
