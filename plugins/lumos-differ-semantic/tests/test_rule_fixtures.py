"""Every rule against its fixtures: it fires where it must, and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from lumos_differ_semantic.config import SemanticConfig
from lumos_differ_semantic.differ import SemanticDiffer
from lumos_differ_semantic.rules import RULES

from lumos_core.plugin_api import KINDS, Change, Pair, Record, aspects, normalise, urns
from lumos_core.testing.context import MemoryContext

_FOLDER = Path(__file__).parent / "fixtures"
FIXTURES: dict[str, list[Any]] = {}
for _file in sorted(_FOLDER.glob("*.yaml")):
    _table = yaml.safe_load(_file.read_text(encoding="utf-8"))
    assert not FIXTURES.keys() & _table.keys()
    FIXTURES.update(_table)

_FIELD = re.compile(r"(\S+) (.+?)([!~]?)(?:=(.+?))?(?:#(\w+))?\Z")
_KEYS_OF_CASE = {"b", "a", "kind", "ctx", "config", "path", "severity", "fires", "note", "urns", "count"}


def urn_of(name: str, kind: str = "dataset") -> str:
    if name.startswith(("urn:", "#")):
        return name
    host, mark, path = name.partition("#")
    host, _, env = host.partition("@")
    located = kind in ("dataset", "container", "job", "asset")
    type_ = {"job": "task", "asset": "chart"}.get(kind, kind)
    return (urns.located(type_, "file", host, env or "PROD") if located else urns.plain(type_, host)) + mark + path


def field(text: str) -> dict[str, Any]:
    path, type_, mark, default, id_ = _FIELD.match(text.strip()).groups()
    made: dict[str, Any] = {"path": path, "type": type_}
    if mark != "~":
        made["nullable"] = mark != "!"
    if default:
        made["default"] = {"write": default}
    return made | ({"id": id_} if id_ else {})


def owner(text: str) -> dict[str, Any]:
    name, _, type_ = text.partition(":")
    made = {"owner": urns.plain("user", name)}
    return made | ({"type": urns.plain("ownership_type", type_)} if type_ else {})


def column(text: str) -> dict[str, Any]:
    edge, _, expression = text.partition(" by ")
    source, _, target = edge.partition(" -> ")
    made: dict[str, Any] = {"from": [urn_of(source)], "to": [f"#{target}"]}
    return made | ({"expression": expression} if expression else {})


def thing(short: dict[str, Any]) -> dict[str, Any]:
    made = dict(short)
    expand = {"tags": lambda t: {"tag": urns.plain("tag", t)}, "terms": lambda t: {"term": urns.plain("term", t)}}
    for key, long in {**expand, "owners": owner}.items():
        if key in made:
            made[key] = [long(one) if isinstance(one, str) else one for one in made[key]]
    if "domains" in made:
        made["domains"] = [urns.plain("domain", one) for one in made["domains"]]
    return made


def record(short: dict[str, Any], kind: str, name: str) -> Record[Any]:
    made = thing(short)
    fields = made.get("fields", [])
    if isinstance(fields, str):
        made["fields"] = [field(text) for text in fields.split("; ")]
    elif fields:
        made["fields"] = [thing(one) for one in fields]
    lineage = made.setdefault("lineage", {})
    for key in ("upstreams", "downstreams"):
        edges = [dict(edge, urn=urn_of(edge["urn"])) for edge in lineage.get(key, [])]
        lineage = {**lineage, key: edges}
    lineage["upstreams"] += [{"urn": urn_of(name)} for name in made.pop("up", [])]
    lineage["columns"] = [column(text) for text in made.pop("columns", [])]
    made["lineage"] = lineage
    made.setdefault("captured", sorted(aspects.of_kind(kind)))
    value = msgspec.convert(made, KINDS[kind])
    return normalise(Record(urn_of(name, kind), value, kind))


def changes_of(case: dict[str, Any], config: dict[str, Any] | None = None) -> list[Change]:
    kind = case.get("kind", "dataset")
    names = case.get("urns", ["orders", "orders"])
    before = record(case["b"], kind, names[0]) if "b" in case else None
    after = record(case["a"], kind, names[1]) if "a" in case else None
    others = [record(value, "dataset", name) for name, value in case.get("ctx", {}).items()]
    ctx = MemoryContext([*others, *([after] if after else [])])
    captured = {"record"}
    if before and after:
        captured |= set(before.value.captured) & set(after.value.captured)
    pairs = [Pair(before, after, frozenset(captured))]
    if before and after and names[0] != names[1]:
        pairs = [Pair(before, None, frozenset({"record"})), Pair(None, after, frozenset({"record"}))]
    differ = SemanticDiffer(SemanticConfig.model_validate(case.get("config", {}) if config is None else config))
    return list(differ.diff(iter(pairs), ctx))


def reversed_(case: dict[str, Any]) -> dict[str, Any]:
    swapped = {key: value for key, value in case.items() if key not in ("b", "a", "path", "severity")}
    swapped |= {other: case[key] for key, other in (("b", "a"), ("a", "b")) if key in case}
    return swapped


def cases() -> list[Any]:
    found = []
    for rule, rows in FIXTURES.items():
        for number, row in enumerate(rows):
            case = reversed_(rows[0]) if row == "reverse" else row
            fires = (number == 0) if number < 2 else case["fires"]
            found.append(pytest.param(rule, case, fires, id=f"{rule}-{number}"))
    return found


def test_every_rule_has_a_positive_a_negative_and_a_boundary() -> None:
    assert FIXTURES.keys() == RULES.keys()
    for rule, rows in FIXTURES.items():
        assert len(rows) >= 3, rule
        assert "fires" not in rows[0] and (rows[1] == "reverse" or "fires" not in rows[1]), rule
        for row in rows[2:]:
            assert "fires" in row, rule
        for row in rows:
            assert row == "reverse" or row.keys() <= _KEYS_OF_CASE, (rule, row)


@pytest.mark.parametrize("rule, case, fires", cases())
def test_fixture(rule: str, case: dict[str, Any], fires: bool) -> None:
    changes = changes_of(case)
    hits = [change for change in changes if change.rule == rule]
    told = [(change.rule, change.path, change.severity) for change in changes]
    assert bool(hits) == fires, told
    if hits and "path" in case:
        assert {hit.path for hit in hits} == {case["path"]}
    if hits and "severity" in case:
        assert {hit.severity for hit in hits} == {case["severity"]}
    if "count" in case:
        assert len(hits) == case["count"], told
    for change in changes:
        assert change.message and change.why and change.fix
        assert "{" not in RULES[change.rule].says.format(name="", path="", before="", after="", subject="", aspect="")
        assert change.before is not None or change.after is not None
        assert change.area == RULES[change.rule].area
