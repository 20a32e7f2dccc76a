"""What happened to one dataset, for people who want to be told: a `ChangeEvent`.

An event says everything a message needs, so that it can be told again after a crash, without the run that found it.
"""

from __future__ import annotations

import hashlib
from typing import Literal

from msgspec import Struct

from .change import Finding

Happening = Literal["created", "deleted", "schema-changed", "modified"]


class SchemaField(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One field of a schema, as an event shows it.

    Attributes:
        path: Path of the field.
        type: Canonical type text.
        nullable: False when null is refused; None when that is not known.
    """

    path: str
    type: str
    nullable: bool | None = None


class ChangeEvent(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One dataset changed.

    Attributes:
        id: 16 hex digits over URN, type, the digests before and after, and the state of the store that changed: the
            same change told twice has one id, a dataset that changes back and forth never has it again.
        urn: The dataset.
        type: `created`, `deleted`, `schema-changed` (fields, keys or layout), `modified` (anything else of its
            record; data alone, when a watched storage said so).
        at: When it happened, as the storage says, else when it was seen; RFC 3339 UTC.
        seen: When the run began that saw it; RFC 3339 UTC.
        run: Id of that run.
        path: The object whose change led there (`s3://shop-lake/raw/orders/part-7.parquet`); empty when a full look
            found it.
        before: Fields before; empty for `created`, and where the schema is the same.
        after: Fields after; empty for `deleted`, and where the schema is the same.
        version: Schema version after it; empty when the dataset got none.
        previous: Schema version before it.
        severity: The worst of the findings; empty without findings.
        findings: What changed and what it means.
        owners: URNs of its owners, before or after.
        impact: URNs downstream that it may reach, nearest first, at most 20.
        impact_count: How many it may reach in all.
        summary: One sentence for people.
        metadata: Further facts, as pairs of text: `size_bytes`, `sequencer`, `etag`, ...
    """

    id: str
    urn: str
    type: Happening
    at: str
    seen: str
    run: str
    path: str = ""
    before: list[SchemaField] = []
    after: list[SchemaField] = []
    version: str = ""
    previous: str = ""
    severity: str = ""
    findings: list[Finding] = []
    owners: list[str] = []
    impact: list[str] = []
    impact_count: int = 0
    summary: str = ""
    metadata: list[tuple[str, str]] = []


def event_id(urn: str, type: Happening, before: str, after: str, state: str) -> str:
    """Return the id of an event.

    Args:
        urn: The dataset.
        type: What happened.
        before: Digest of its line before; empty when there was none.
        after: Digest of its line after; empty when there is none.
        state: State of the store that it changed, as `Store.resolve` names it.
    """
    return hashlib.sha256("\0".join((urn, type, before, after, state)).encode()).hexdigest()[:16]
