"""Policies, profiles, roles and overrides: who counts, and what the worst of it is."""

from __future__ import annotations

import pytest
from lumos_differ_semantic.config import SemanticConfig
from lumos_differ_semantic.differ import SemanticDiffer
from lumos_differ_semantic.rules import RULES
from lumos_differ_semantic.settings import Settings, words_of
from pydantic import ValidationError

from lumos_core.plugin_api import Change, Dataset, Field, Pair, Record, TagLink, aspects, urns
from lumos_core.testing.context import MemoryContext

ALL = sorted(aspects.of_kind("dataset"))
URN = urns.dataset("csv", "shop/customers")


def value(*fields: Field, **keys: object) -> Dataset:
    return Dataset(name="customers", captured=ALL, fields=list(fields), **keys)


def changes(before: Dataset | None, after: Dataset | None, urn: str = URN, **config: object) -> list[Change]:
    old, new = (Record(urn, v) if v is not None else None for v in (before, after))
    pair = Pair(old, new, frozenset({"record", *ALL}))
    return list(SemanticDiffer(SemanticConfig.model_validate(config)).diff(iter([pair]), MemoryContext()))


def f(path: str, type: str = "string", nullable: bool | None = True, **keys: object) -> Field:
    return Field(path=path, type=type, nullable=nullable, **keys)


DOC = {"source": "text"}
DEFINITION = [
    ("a field removed", [f("a"), f("b")], [f("a")], "breaking", "major"),
    ("a type that old values do not fit", [f("a", "int64")], [f("a", "int32")], "breaking", "major"),
    ("a type that old readers cannot take", [f("a", "string")], [f("a", "int64")], "breaking", "major"),
    ("text for a number", [f("a", "int64")], [f("a", "string")], "breaking", "major"),
    ("another unit of time", [f("a", "timestamp(us)")], [f("a", "timestamp(ms)")], "breaking", "major"),
    ("nullable made required", [f("a")], [f("a", nullable=False)], "breaking", "major"),
    ("a required field without default", [f("a")], [f("a"), f("b", nullable=False)], "breaking", "major"),
    ("a nullable field added", [f("a")], [f("a"), f("b")], "non-breaking", "minor"),
    ("a lossless widening", [f("a", "int32")], [f("a", "int64")], "risky", "minor"),
]


@pytest.mark.parametrize("what, before, after, severity, bump", DEFINITION, ids=[row[0] for row in DEFINITION])
def test_the_products_own_definition(
    what: str, before: list[Field], after: list[Field], severity: str, bump: str
) -> None:
    found = changes(value(*before), value(*after))
    assert [(change.severity, change.bump) for change in found] == [(severity, bump)]


METADATA = [
    ("tags added", {}, {"tags": [TagLink(tag="urn:lumos:tag:gold")]}, "non-breaking", "minor"),
    ("documentation added", {}, {"description": DOC}, "non-breaking", "minor"),
    ("ownership changed", {"owners": ["ada"]}, {"owners": ["bob"]}, "non-breaking", "minor"),
    ("a description edited", {"description": DOC}, {"description": {"source": "better"}}, "informational", "patch"),
]


@pytest.mark.parametrize("what, before, after, severity, bump", METADATA, ids=[row[0] for row in METADATA])
def test_the_products_own_definition_of_metadata(
    what: str, before: dict[str, object], after: dict[str, object], severity: str, bump: str
) -> None:
    from lumos_core.plugin_api import Description, Owner

    def made(keys: dict[str, object]) -> Dataset:
        keys = dict(keys)
        if "owners" in keys:
            keys["owners"] = [Owner(owner=f"urn:lumos:user:{name}") for name in keys["owners"]]  # type: ignore[attr-defined]
        if "description" in keys:
            keys["description"] = Description(**keys["description"])  # type: ignore[arg-type]
        return value(**keys)

    found = changes(made(before), made(after))
    assert found
    assert {(change.severity, change.bump) for change in found} == {(severity, bump)}


WIDEN = (value(f("a", "int32")), value(f("a", "int64")))
REMOVE = (value(f("a"), f("b")), value(f("a")))
REQUIRE = (value(f("a")), value(f("a", nullable=False)))


@pytest.mark.parametrize(
    "config, widen, remove, require",
    [
        ({}, "risky", "breaking", "breaking"),
        ({"policy": "strict"}, "breaking", "breaking", "breaking"),
        ({"profile": "codegen"}, "breaking", "breaking", "breaking"),
        ({"policy": "lenient"}, "risky", "breaking", "non-breaking"),
        ({"policy": "consumer"}, "risky", "breaking", "non-breaking"),
        ({"policy": "FORWARD"}, "risky", "breaking", "non-breaking"),
        ({"policy": "history"}, "non-breaking", "non-breaking", "breaking"),
        ({"policy": "backward"}, "non-breaking", "non-breaking", "breaking"),
        ({"policy": "writer"}, "non-breaking", "breaking", "breaking"),
        ({"policy": "full"}, "risky", "breaking", "breaking"),
        ({"policy": "none"}, "informational", "informational", "informational"),
        ({"roles": ["history"]}, "non-breaking", "non-breaking", "breaking"),
    ],
)
def test_policies(config: dict[str, object], widen: str, remove: str, require: str) -> None:
    severities = [changes(*pair, **config)[0].severity for pair in (WIDEN, REMOVE, REQUIRE)]
    assert severities == [widen, remove, require]


def test_a_change_says_for_whom_it_breaks() -> None:
    (change,) = changes(*REMOVE)
    assert change.message == "Field `b` of `customers` was removed"
    assert dict(change.roles) == {"consumer": "breaking", "writer": "breaking", "history": "non-breaking"}
    assert change.why.startswith("Breaks consumers and writers.")
    assert (change.before, change.after, change.path, change.area) == ("string", None, "b", "schema")


def test_risky_made_breaking_says_so() -> None:
    (change,) = changes(*WIDEN, policy="strict")
    assert (change.severity, change.bump) == ("breaking", "major")
    assert "Policy strict takes risky for breaking." in change.why


@pytest.mark.parametrize(
    "override, severity",
    [
        ({"datasets": ["shop/*"], "policy": "none"}, "informational"),
        ({"datasets": ["*(csv,shop/*"], "policy": "none"}, "informational"),
        ({"datasets": ["other/*"], "policy": "none"}, "breaking"),
        ({"tags": ["sand*"], "policy": "none"}, "informational"),
        ({"tags": ["gold"], "policy": "none"}, "breaking"),
        ({"datasets": ["shop/*"], "tags": ["gold"], "policy": "none"}, "breaking"),
        ({"datasets": ["shop/*"], "roles": ["history"]}, "non-breaking"),
    ],
)
def test_overrides_by_name_and_tag(override: dict[str, object], severity: str) -> None:
    tags = [TagLink(tag="urn:lumos:tag:sandbox")]
    before, after = value(f("a"), f("b"), tags=tags), value(f("a"), tags=tags)
    assert {change.severity for change in changes(before, after, overrides=[override])} == {severity}


def test_the_first_override_wins() -> None:
    overrides = [{"datasets": ["shop/*"], "policy": "none"}, {"datasets": ["*"], "policy": "strict"}]
    assert changes(*REMOVE, overrides=overrides)[0].severity == "informational"
    assert changes(*WIDEN, urn=urns.dataset("csv", "x"), overrides=overrides)[0].severity == "breaking"


def test_overrides_by_tag_hold_for_records_that_come_and_go() -> None:
    tagged = value(tags=[TagLink(tag="urn:lumos:tag:sandbox")])
    assert changes(tagged, None, overrides=[{"tags": ["sandbox"], "policy": "none"}])[0].severity == "informational"


def test_strict_takes_every_risky_rule_for_breaking_and_nothing_else() -> None:
    for rule in RULES.values():
        assert rule.full in ("breaking", "risky", "non-breaking", "informational")
    missing = changes(value(description=None), value(), policy="strict")
    assert missing == []


def test_unknown_options_and_policies_are_refused() -> None:
    with pytest.raises(ValidationError):
        SemanticConfig.model_validate({"policy": "severe"})
    with pytest.raises(ValidationError):
        SemanticConfig.model_validate({"overrides": [{"dataset": "x"}]})
    with pytest.raises(ValidationError):
        SemanticConfig.model_validate({"impact_limit": 21})


@pytest.mark.parametrize(
    "name, words",
    [
        ("customerEmail", ["customer", "email"]),
        ("customer_email", ["customer", "email"]),
        ("HTTPStatus", ["http", "status"]),
        ("address2", ["address", "2"]),
        ("straßeNr", ["straße", "nr"]),
        ("E-Mail", ["e", "mail"]),
    ],
)
def test_words_of_names(name: str, words: list[str]) -> None:
    assert words_of(name) == words


def test_sensitive_tags_are_configurable() -> None:
    settings = Settings(SemanticConfig(sensitive_tags=("gdpr*",)))
    assert settings.sensitive("urn:lumos:tag:GDPR.art9")
    assert not settings.sensitive("urn:lumos:tag:pii")
    assert not Settings(SemanticConfig(sensitive_tags=())).sensitive("urn:lumos:tag:pii")
