"""One thing as Atlas holds it, with references as URNs: what the mapping makes and reads, free of any protocol."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .names import NativeId


@dataclass
class Mark:
    """A classification on an entity.

    Attributes:
        type: Its type.
        attributes: Attribute -> value.
        propagate: It goes on along lineage.
        until: End of its validity, as Atlas writes it (UTC).
        origin: URN of the entity that it came from; empty where it was put here.
    """

    type: str
    attributes: dict[str, Any] = field(default_factory=dict)
    propagate: bool = False
    until: str = ""
    origin: str = ""


@dataclass
class Flow:
    """A lineage process that belongs to a record.

    Attributes:
        kind: `upstream`, `downstream`: of the record; `columns`: between fields.
        sources, targets: URNs, `#path` for a field of the record itself.
        expression: How the columns are made.
    """

    kind: Literal["upstream", "downstream", "columns"]
    sources: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    expression: str | None = None


@dataclass
class Native:
    """An entity, or a column of one.

    Attributes:
        id: Type and qualified name.
        attributes: What the mapping understands; None empties an attribute.
        custom: Custom attributes, all of them.
        labels: Labels.
        marks: Classifications.
        terms: URNs of glossary terms.
        parent: URN of what holds it.
        columns: Its columns, in order.
        inputs, outputs: URNs, of a process.
        flows: Lineage that belongs to it.
        guid: Of the entity that was read; empty before it is written.
        removed: It is soft-deleted.
        updated: When it was changed (ms).
        fixed: Official relations to one other entity, which Atlas wants to see again at every update.
        residue: What the mapping does not understand: attributes, and business metadata, as Atlas shows them.
        ties: Relations of a term that it tells: attribute, URN of the other term.
        shared: Those of them that the other term tells, too.
    """

    id: NativeId
    attributes: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, str] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)
    parent: str | None = None
    columns: list[Native] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    guid: str = ""
    removed: bool = False
    updated: int = 0
    fixed: dict[str, Any] = field(default_factory=dict)
    residue: dict[str, Any] = field(default_factory=dict)
    ties: list[tuple[str, str]] = field(default_factory=list)
    shared: list[tuple[str, str]] = field(default_factory=list)


def without(native: Native, missing: Collection[str]) -> Native:
    """Return it without references to what the server does not have."""
    if not missing:
        return native
    return replace(
        native,
        parent=None if native.parent in missing else native.parent,
        terms=[urn for urn in native.terms if urn not in missing],
        ties=[tie for tie in native.ties if tie[1] not in missing],
        inputs=[urn for urn in native.inputs if urn not in missing],
        outputs=[urn for urn in native.outputs if urn not in missing],
        columns=[without(column, missing) for column in native.columns],
    )
