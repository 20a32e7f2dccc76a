"""The schema of a rule: one row of data, with everything a report, a gate or a reader needs to know of it."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from lumos_core.plugin_api import BUMPS, SEVERITIES, Bump, Severity

Action = Literal["add", "remove", "rename", "change", "widen", "narrow", "raise", "lower", "detect"]
Direction = Literal["widens", "narrows", "neutral"]

LETTERS: dict[str, Severity] = {"B": "breaking", "R": "risky", "N": "non-breaking", "I": "informational"}
"""The letters in which the tables are written."""

ROLE_AREAS = frozenset({"schema", "keys", "layout"})
"""Areas in which it matters who must keep working; elsewhere a rule carries one severity for everybody."""


class Rule(Struct, frozen=True, kw_only=True):
    """One rule.

    Attributes:
        id: Public, stable, kebab-case.
        area: Area of `Change.area`; decides which of the two versions moves.
        kind: What it is about: `dataset`, `field`, `type`, `key`, `partition`, `tag`, ...
        action: What happened to it.
        direction: Whether what is possible afterwards is more (`widens`) or less (`narrows`).
        history: Severity for new readers of stored data.
        consumer: Severity for old readers of new data, under profile `sql`.
        codegen: The same under profile `codegen`; None where it is equal.
        writer: Severity for old writers against the new definition.
        says: The message; `{name}`, `{path}`, `{before}`, `{after}` are filled in.
        why: Why it matters.
        fix: What to do.
        security: Never demoted by usage; asks for its own group of approvers.
        mirrors: Rules one of which fires when the same change is made backwards.
        one_way: Why there is no mirror, where there is none.
        tuned: Why the severity differs from the field's references, where it does.
        anchors: Where the judgement comes from.
        since: Version of this plugin that first had the rule.
    """

    id: str
    area: str
    kind: str
    action: Action
    direction: Direction
    history: Severity
    consumer: Severity
    codegen: Severity | None
    writer: Severity
    says: str
    why: str
    fix: str
    security: bool
    mirrors: tuple[str, ...]
    one_way: str
    tuned: str
    anchors: tuple[str, ...]
    since: str

    @property
    def full(self) -> Severity:
        """Severity when readers of both kinds must keep working: the worse of the two."""
        return worse(self.history, self.consumer)

    @property
    def default(self) -> Severity:
        """Severity under policy `standard`: the worst over all three roles."""
        return worse(self.full, self.writer)

    @property
    def required_bump(self) -> Bump:
        """The version bump that the default severity asks for."""
        return BUMP_OF[self.default]

    @property
    def by_role(self) -> bool:
        """True when it matters who must keep working."""
        return self.area in ROLE_AREAS

    def as_dict(self) -> dict[str, Any]:
        """Return the rule as plain data, for `lumos rules --json`."""
        return {
            "id": self.id,
            "area": self.area,
            "kind": self.kind,
            "action": self.action,
            "direction": self.direction,
            "severity": self.default,
            "default": {"history": self.history, "consumer": self.consumer, "full": self.full},
            "writer": self.writer,
            "profiles": {"codegen": {"consumer": self.codegen}} if self.codegen else {},
            "required_bump": self.required_bump,
            "security": self.security,
            "message": self.says,
            "rationale": self.why,
            "fix": self.fix,
            "mirrors": list(self.mirrors),
            "one_way": self.one_way,
            "tuned": self.tuned,
            "anchors": list(self.anchors),
            "since": self.since,
        }


BUMP_OF: dict[Severity, Bump] = {
    "breaking": "major",
    "risky": "minor",
    "non-breaking": "minor",
    "informational": "patch",
}
"""Severity -> version bump; under `strict` a risky change has become a breaking one before this is asked."""

assert set(BUMP_OF.values()) < set(BUMPS)


def worse(first: Severity, second: Severity) -> Severity:
    """Return the worse of two severities."""
    return first if SEVERITIES.index(first) <= SEVERITIES.index(second) else second


def milder(first: Severity, second: Severity) -> Severity:
    """Return the milder of two severities."""
    return second if worse(first, second) == first else first


def rule(
    id: str,
    area: str,
    kind: str,
    action: Action,
    levels: str,
    says: str,
    why: str,
    fix: str,
    *,
    direction: Direction = "neutral",
    writer: str = "",
    codegen: str = "",
    mirrors: str = "",
    one_way: str = "",
    security: bool = False,
    tuned: str = "",
    anchors: tuple[str, ...] = (),
    since: str = "0.1.0",
) -> Rule:
    """Build a rule from the short form of the tables.

    `levels` is `history/consumer` in letters (`N/B`), or one letter for both; `writer` and `codegen` are letters
    too (without one, writers see no worse than non-breaking, and never worse than readers); `mirrors` are ids
    separated by blanks. All else is as the attributes of `Rule`.
    """
    history, _, consumer = levels.partition("/")
    readers = worse(LETTERS[history], LETTERS[consumer or history])
    if area not in ROLE_AREAS:
        writers: Severity = readers
    else:
        writers = LETTERS[writer] if writer else milder("non-breaking", readers)
    return Rule(
        id=id,
        area=area,
        kind=kind,
        action=action,
        direction=direction,
        history=LETTERS[history],
        consumer=LETTERS[consumer or history],
        codegen=LETTERS[codegen] if codegen else None,
        writer=writers,
        says=says,
        why=why,
        fix=fix,
        security=security,
        mirrors=tuple(mirrors.split()),
        one_way=one_way,
        tuned=tuned,
        anchors=anchors,
        since=since,
    )
