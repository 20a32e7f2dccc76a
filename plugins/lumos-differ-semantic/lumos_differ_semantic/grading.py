"""From what was found to a change: how severe, for whom, in which words, with which bump."""

from __future__ import annotations

import re

from lumos_core.plugin_api import Change, Role, Severity, urns

from .case import Found
from .rules import RULES, Rule
from .rules.rule import BUMP_OF, worse
from .settings import Stance

_WHO: dict[Role, str] = {"consumer": "consumers", "writer": "writers", "history": "readers of stored data"}
_SHOWN = 160
_URN = re.compile(r"urn:lumos:[a-z0-9_]+:(?:\([^()\s]*\)|[^\s,;#()]+)")


def grade(found: Found, urn: str, kind: str, name: str, stance: Stance) -> Change:
    """Return the change that a finding is under a stance."""
    rule = RULES[found.rule]
    roles = _roles(rule, found, stance) if rule.by_role else ()
    severity = _severity(rule, found, stance, roles)
    return Change(
        rule=rule.id,
        urn=urn,
        kind=kind,
        area=rule.area,
        path=found.path,
        severity=severity,
        roles=roles,
        before=found.before,
        after=found.after,
        message=_message(rule, found, name),
        why=_why(rule, found, severity, roles, stance),
        fix=rule.fix,
        bump=BUMP_OF[severity],
        security=rule.security,
    )


def _roles(rule: Rule, found: Found, stance: Stance) -> tuple[tuple[Role, Severity], ...]:
    levels = found.levels
    consumer = rule.codegen if stance.profile == "codegen" and rule.codegen else rule.consumer
    history, writer = rule.history, rule.writer
    if levels is not None:
        consumer = levels.consumer or consumer
        history = levels.history or history
        writer = levels.writer or writer
    return (("consumer", consumer), ("writer", writer), ("history", history))


def _severity(rule: Rule, found: Found, stance: Stance, roles: tuple[tuple[Role, Severity], ...]) -> Severity:
    severity: Severity = "informational"
    if not stance.roles:
        return severity
    if roles:
        for role, level in roles:
            if role in stance.roles:
                severity = worse(severity, level)
    else:
        severity = (found.levels and found.levels.history) or rule.history
    return "breaking" if stance.strict and severity == "risky" else severity


def _message(rule: Rule, found: Found, name: str) -> str:
    return rule.says.format(
        name=name,
        path=found.path,
        before=shown(found.before),
        after=shown(found.after),
        subject=found.subject or f"`{name}`",
        aspect=shown(found.aspect),
    )


def shown(text: str | None) -> str:
    """Return a value as a sentence shows it: URNs as names, long texts cut."""
    if text is None:
        return "none"
    if "urn:lumos:" in text:
        text = _URN.sub(lambda match: urns.name(match.group()), text)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _why(rule: Rule, found: Found, severity: Severity, roles: tuple[tuple[Role, Severity], ...], stance: Stance) -> str:
    parts = []
    for level, verb in (("breaking", "Breaks"), ("risky", "Risky for")):
        concerned = [_WHO[role] for role, own in roles if own == level and role in stance.roles]
        if concerned:
            parts.append(f"{verb} {_and(concerned)}.")
    if severity == "breaking" and parts and parts[0].startswith("Risky"):
        parts.append("Policy strict takes risky for breaking.")
    parts.append(rule.why)
    if found.note and found.note.rstrip(".") not in rule.why:
        parts.append(found.note)
    return " ".join(parts)


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
