"""The page that lists all rules, made from the rules themselves."""

from __future__ import annotations

from lumos_differ_semantic.rules import RULES, Rule

_TITLES = {
    "schema": "Schema",
    "keys": "Keys and constraints",
    "layout": "Layout",
    "lineage": "Lineage and code",
    "ownership": "Ownership",
    "governance": "Governance",
    "documentation": "Documentation",
    "quality": "Quality",
    "operational": "Operation and promises",
    "lifecycle": "Lifecycle",
}

_HEAD = """# Rules

What the differ `semantic` knows, rule by rule. This page is made from the rules themselves;
`lumos rules --json` gives the same as data.

A change is judged for three roles: **consumers** (old readers of new data), **writers** (old writers against the new
definition) and **history** (new readers of stored data). The policy says which of them count, and the worst counts:

| policy | counts | remark |
|---|---|---|
| `standard` (default) | consumers, writers, history | |
| `strict` | consumers, writers, history | risky is taken for breaking |
| `lenient` | consumers | anything may become text |
| `consumer`, `FORWARD` | consumers | |
| `writer` | writers | |
| `history`, `BACKWARD` | history | |
| `full`, `FULL` | consumers, history | |
| `none`, `NONE` | nobody | everything is reported as informational |

Severities and the version bump they ask for: **breaking** major, **risky** minor (major under `strict`),
**non-breaking** minor, **informational** patch. Areas schema, keys and layout move the schema version, all others the
metadata version. Outside these three areas a rule carries one severity for everybody. For a change of type the table of
types decides, and the row here tells the usual case; under `profile: codegen` a wider type breaks consumers.

Nothing is reported as removed or added unless both sides looked at it.
"""


def rules() -> str:
    """Return `rules.md`."""
    parts = [_HEAD]
    for area, title in _TITLES.items():
        within = [rule for rule in RULES.values() if rule.area == area]
        if within:
            parts.append(f"\n## {title}\n\n{_table(within)}\n{_details(within)}")
    return "".join(parts)


def _table(rules: list[Rule]) -> str:
    if rules[0].by_role:
        lines = ["| rule | standard | consumers | writers | history |", "|---|---|---|---|---|"]
        lines += [
            f"| [`{r.id}`](#{r.id}) | {r.default} | {r.consumer}{_codegen(r)} | {r.writer} | {r.history} |"
            for r in rules
        ]
    else:
        lines = ["| rule | severity |", "|---|---|"]
        lines += [f"| [`{r.id}`](#{r.id}) | {r.default}{_security(r)} |" for r in rules]
    return "\n".join(lines) + "\n"


def _codegen(rule: Rule) -> str:
    return f" (codegen: {rule.codegen})" if rule.codegen else ""


def _security(rule: Rule) -> str:
    return ", security" if rule.security else ""


def _details(rules: list[Rule]) -> str:
    return "".join(f"\n### {rule.id}\n\n{_text(rule)}\n" for rule in rules)


def _text(rule: Rule) -> str:
    lines = [f"> {rule.says}", "", f"{rule.why} *{rule.fix}*"]
    if rule.mirrors:
        lines += ["", "Backwards: " + ", ".join(f"[`{name}`](#{name})" for name in rule.mirrors) + "."]
    if rule.one_way:
        lines += ["", f"No mirror: {rule.one_way}"]
    if rule.tuned:
        lines += ["", f"Judged so because: {rule.tuned}"]
    if rule.anchors:
        lines += ["", "After: " + "; ".join(rule.anchors) + "."]
    return "\n".join(lines)
