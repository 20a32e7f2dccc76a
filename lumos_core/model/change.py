"""What a difference means: a `Change` as a differ finds it, and the `Version` it leads to.

Severities, worst first: `breaking`, `risky`, `non-breaking`, `informational`. The three public classes are
breaking, non-breaking and informational; risky counts as breaking under policy `strict`, else as a
non-breaking change that asks for a look.
"""

from __future__ import annotations

import hashlib
from typing import Literal

from msgspec import Struct

Severity = Literal["breaking", "risky", "non-breaking", "informational"]
Bump = Literal["none", "patch", "minor", "major"]
Role = Literal["consumer", "writer", "history"]

SEVERITIES: tuple[Severity, ...] = ("breaking", "risky", "non-breaking", "informational")
"""Worst first."""

BUMPS: tuple[Bump, ...] = ("none", "patch", "minor", "major")
"""Smallest first."""

SCHEMA_AREAS = frozenset({"schema", "keys", "layout"})
"""Areas that move the schema version; all others move the metadata version (differ.md section 7)."""


class Change(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One finding of a differ.

    Attributes:
        rule: Rule id (`field-removed`).
        area: `schema`, `keys`, `layout`, `lineage`, `ownership`, `governance`, `documentation`, `quality`,
            `operational` or `lifecycle`.
        kind: Kind of the record.
        urn: The record that changed.
        path: Field path or aspect inside the record; empty for the whole record.
        severity: The worst over the roles that the policy counts.
        roles: (role, severity) for everyone it concerns.
        before: Canonical text of the old value; None where there was none.
        after: Canonical text of the new value; None where there is none.
        message: What changed, one sentence.
        why: Why it matters, for whom.
        fix: What to do.
        bump: The version bump it requires.
        security: Governance finding that usage may never demote.
        impact: URNs downstream that it may reach, nearest first, at most 20.
        impact_count: How many it may reach in all.
        waived: Reason of the waiver that covers it; empty when none does.
    """

    rule: str
    urn: str
    severity: Severity
    kind: str = "dataset"
    area: str = "schema"
    path: str = ""
    roles: tuple[tuple[str, Severity], ...] = ()
    before: str | None = None
    after: str | None = None
    message: str = ""
    why: str = ""
    fix: str = ""
    bump: Bump = "none"
    security: bool = False
    impact: tuple[str, ...] = ()
    impact_count: int = 0
    waived: str = ""

    @property
    def fingerprint(self) -> str:
        """16 hex digits over rule, URN, path, old and new value: independent of wording and of other findings."""
        parts = (self.rule, self.urn, self.path, self.before or "", self.after or "")
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A change as history keeps it beside the version it led to."""

    rule: str
    severity: str
    fingerprint: str
    path: str = ""
    before: str | None = None
    after: str | None = None
    message: str = ""
    waived: str = ""


class Version(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The version of one dataset after one run; given once, never recomputed.

    Attributes:
        schema: Semantic version of schema, keys and layout.
        metadata: Semantic version of everything else.
        release: `S-312`: the captured set of states it belongs to.
        digest: SHA-256 of the record's line.
        previous: Digest of the line before; absent for the first.
        run: Id of the run that saw it.
        bump: What the findings required.
        by: Who ran it.
        findings: What changed since `previous`.
    """

    schema: str
    metadata: str
    release: str
    digest: str
    previous: str | None = None
    run: str | None = None
    bump: str | None = None
    by: str | None = None
    findings: list[Finding] = []


def worst(severities: list[Severity]) -> Severity:
    """Return the worst of some severities; `informational` when there are none."""
    return min(severities, key=SEVERITIES.index, default="informational")
