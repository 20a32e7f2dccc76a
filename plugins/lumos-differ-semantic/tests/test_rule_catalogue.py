"""The catalogue itself: whole, symmetric, documented."""

from __future__ import annotations

import re

from lumos_differ_semantic import lattice_rows
from lumos_differ_semantic.config import SemanticConfig
from lumos_differ_semantic.differ import SemanticDiffer
from lumos_differ_semantic.rules import AREAS, RULES
from lumos_differ_semantic.rules.rule import worse

from lumos_core.plugin_api import BUMPS, SEVERITIES

WRITERS_BREAK = [
    "field-removed",
    "field-renamed",
    "field-added-required",
    "nullable-to-required",
    "type-narrowed",
    "constraint-check-tightened",
    "unique-added",
    "primary-key-added",
    "enum-value-removed",
]
AREA_NAMES = frozenset(
    [
        "schema",
        "keys",
        "layout",
        "lineage",
        "ownership",
        "governance",
        "documentation",
        "quality",
        "operational",
        "lifecycle",
    ]
)


def test_ids_are_unique() -> None:
    assert sum(len(table.RULES) for table in AREAS) == len(RULES)


def test_every_rule_is_whole() -> None:
    for rule in RULES.values():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.id)
        assert rule.says and not rule.says.endswith("."), rule.id
        assert rule.why.endswith(".") and rule.fix.endswith("."), rule.id
        assert re.fullmatch(r"\d+\.\d+\.\d+", rule.since), rule.id
        assert {rule.history, rule.consumer, rule.writer} <= set(SEVERITIES), rule.id
        assert rule.area in AREA_NAMES, rule.id


def test_every_rule_has_a_mirror_or_a_reason() -> None:
    for rule in RULES.values():
        assert bool(rule.mirrors) != bool(rule.one_way), rule.id
        for mirror in rule.mirrors:
            assert rule.id in RULES[mirror].mirrors, (rule.id, mirror)


def test_mirrors_point_the_other_way() -> None:
    opposite = {"add": "remove", "raise": "lower", "lower": "raise", "remove": "add"}
    for rule in RULES.values():
        if rule.action in opposite and rule.mirrors:
            actions = {RULES[mirror].action for mirror in rule.mirrors}
            assert actions & {opposite[rule.action], "change", "lower"}, (rule.id, actions)


def test_full_is_the_worse_of_the_two() -> None:
    for rule in RULES.values():
        data = rule.as_dict()
        assert data["default"] == {
            "history": rule.history,
            "consumer": rule.consumer,
            "full": worse(rule.history, rule.consumer),
        }
        assert data["required_bump"] in BUMPS


def test_writers() -> None:
    assert all(RULES[rule].writer == "breaking" for rule in WRITERS_BREAK)
    assert {RULES[rule].writer for rule in ("field-added-not-last", "field-reordered")} == {"risky"}


def test_the_lattice_names_rules_that_exist() -> None:
    rows = [row for row in vars(lattice_rows).values() if isinstance(row, lattice_rows.Row)]
    named = {row.rule for row in (*lattice_rows.ROWS, *rows) if row.rule}
    assert len(named) > 20
    assert named <= RULES.keys()


def test_security_rules_are_governance_only() -> None:
    secure = [rule for rule in RULES.values() if rule.security]
    assert {rule.area for rule in secure} == {"governance"}
    assert RULES["sensitive-tag-removed"].security and RULES["classification-lowered"].security


def test_the_differ_gives_the_catalogue() -> None:
    rules = SemanticDiffer(SemanticConfig()).rules()
    assert [rule["id"] for rule in rules] == list(RULES)
    assert all(rule.keys() == rules[0].keys() for rule in rules)
