"""The documents of `lumos s3 setup`: nothing of others is touched, whatever they look like."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from lumos_source_s3 import policy
from lumos_source_s3.policy import Rule

QUEUE = "arn:aws:sqs:eu-central-1:123456789012:lumos-lake"
EVENTS = ["s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectRemoved:Delete", "s3:ObjectTagging:*"]
PREFIXES = st.sampled_from(["", "raw/", "raw/eu/", "ra", "curated/", "a b+c=1/"])
SUFFIXES = st.sampled_from(["", ".csv", "v"])
TARGETS = ["QueueArn", "TopicArn", "LambdaFunctionArn"]

RULES = st.builds(
    Rule,
    id=st.sampled_from("abc"),
    target=st.sampled_from([QUEUE, "arn:aws:sqs:x:1:theirs"]),
    events=st.lists(st.sampled_from(EVENTS), min_size=1, max_size=3, unique=True).map(lambda e: tuple(sorted(e))),
    prefix=PREFIXES,
    suffix=SUFFIXES,
)


@st.composite
def notifications(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {"EventBridgeConfiguration": {}} if draw(st.booleans()) else {}
    for kind, target in zip(policy._KINDS, TARGETS, strict=True):
        entries = []
        for number in range(draw(st.integers(0, 2))):
            rule = draw(RULES)
            entry: dict[str, Any] = {"Id": f"{kind}-{number}", target: "arn:aws:x:y:1:z", "Events": list(rule.events)}
            filters = [{"Name": name, "Value": value} for name, value in (("Prefix", rule.prefix),) if value]
            if filters:
                entry["Filter"] = {"Key": {"FilterRules": filters}}
            entries.append(entry)
        if entries:
            found[kind] = entries
    return found


@given(present=notifications(), prefix=PREFIXES)
def test_a_rule_is_added_once_and_taken_away_without_a_trace(present: dict[str, Any], prefix: str) -> None:
    before = json.dumps(present, sort_keys=True)
    rule = policy.wanted_rule("lake", prefix, QUEUE, policy.EVENTS)
    merged = policy.with_rule(present, rule)
    assert json.dumps(present, sort_keys=True) == before, "what was read stays as it is"
    assert policy.with_rule(merged, rule) == merged
    assert rule in policy.rules(merged), "it means what is wanted"
    assert [one for one in policy.rules(merged) if one.id != rule.id] == policy.rules(present)
    assert policy.without_rule(merged, rule.id) == present


@given(one=RULES, other=RULES)
def test_rules_overlap_when_an_object_may_concern_both(one: Rule, other: Rule) -> None:
    assert one.overlaps(other) == other.overlaps(one)
    assert one.overlaps(one)
    if one.covers(other):
        assert one.overlaps(other)
    # An oracle: all keys of a few letters that either could be about.
    prefixes = {one.prefix, other.prefix, "z"}
    suffixes = {one.suffix, other.suffix, ".z"}
    keys = [f"{prefix}-{suffix}" for prefix in prefixes for suffix in suffixes]
    both = any(
        key.startswith(one.prefix)
        and key.startswith(other.prefix)
        and key.endswith((one.suffix or "",))
        and key.endswith(other.suffix)
        for key in keys
    )
    kinds = [f"{event[:-1]}{kind}" if event.endswith("*") else event for event in EVENTS for kind in ("Put", "Delete")]
    shared = any(
        policy._within(kind, mine) and policy._within(kind, theirs)
        for kind in kinds
        for mine in one.events
        for theirs in other.events
    )
    assert one.overlaps(other) == (both and shared)


STATEMENTS = st.lists(
    st.fixed_dictionaries({"Effect": st.just("Allow")}, optional={"Sid": st.sampled_from(["theirs", "other"])}),
    max_size=3,
)


@given(statements=STATEMENTS, alone=st.booleans())
def test_a_statement_is_added_once_and_taken_away_without_a_trace(statements: list[Any], alone: bool) -> None:
    present: dict[str, Any] = {"Version": "2008-10-17", "Id": "theirs", "Statement": statements}
    if alone and len(statements) == 1:
        present["Statement"] = statements[0]
    ours = policy.statement("lake", QUEUE, "123456789012")
    merged = policy.with_statement(json.dumps(present), ours)
    assert policy.with_statement(json.dumps(merged), ours) == merged
    assert merged["Statement"] == [*statements, ours]
    assert policy.without_statement(json.dumps(merged), ours["Sid"]) == {**present, "Statement": statements}


def test_only_the_bucket_of_this_account_may_send() -> None:
    found = policy.statement("lake", "arn:aws-cn:sqs:cn-north-1:123456789012:q", "210987654321")
    assert found["Principal"] == {"Service": "s3.amazonaws.com"}
    assert found["Condition"] == {
        "ArnEquals": {"aws:SourceArn": "arn:aws-cn:s3:::lake"},
        "StringEquals": {"aws:SourceAccount": "210987654321"},
    }


def test_special_characters_of_a_prefix_are_encoded() -> None:
    rule = policy.wanted_rule("lake", "a b+c=1/", QUEUE, policy.EVENTS)
    (entry,) = policy.with_rule({}, rule)["QueueConfigurations"]
    assert entry["Filter"]["Key"]["FilterRules"] == [{"Name": "prefix", "Value": "a+b%2Bc%3D1/"}]


def test_the_reader_may_no_more_than_it_must() -> None:
    found = policy.reader("lake", "raw/", QUEUE)
    actions = [one["Action"] for one in found["Statement"]]
    flat = {action for one in actions for action in ([one] if isinstance(one, str) else one)}
    assert not any(verb in action for action in flat for verb in ("*", "Put", "Create", "Set", "Purge"))
    assert {one["Resource"] for one in found["Statement"]} == {"arn:aws:s3:::lake", "arn:aws:s3:::lake/raw/*", QUEUE}
    assert found["Statement"][0]["Condition"] == {"StringLike": {"s3:prefix": ["raw/*"]}}
    alone = policy.reader("lake", "", tags=True)
    assert not any("sqs" in json.dumps(one) for one in alone["Statement"])
    assert "s3:GetObjectTagging" in json.dumps(alone)


def test_what_differs_only_in_its_spelling_does_not_differ() -> None:
    assert policy.difference({"a": '{"x": 1, "y": 2}', "b": "1"}, {"a": '{"y":2,"x":1}', "b": "2"}) == {"b": ("1", "2")}
    assert policy.difference({}, {"a": "{broken"}) == {"a": (None, "{broken")}
