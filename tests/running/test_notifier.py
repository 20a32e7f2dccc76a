"""Which events a notifier tells, and in which words."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lumos_core.plugin_api import SEVERITIES, ChangeEvent, Finding, NotifierConfig, gather, tell, urns, visible


def event(name="orders", type="schema-changed", severity="breaking", findings=(), **more):
    found = [Finding(rule="r", severity=severity, fingerprint="0", message=text) for text in findings]
    keys = {"id": f"id-{name}-{type}", "at": "2026-11-21T09:00:00Z", "seen": "2026-11-21T09:00:01Z", "run": "r"}
    keys |= {"urn": urns.dataset("s3", name), "type": type, "severity": severity, "findings": found}
    return ChangeEvent(**{**keys, **more})


def told(events, **options):
    gathered = gather(events, NotifierConfig(**options))
    return [] if gathered is None else [urns.name(one.urn) for one in gathered.events]


def test_nothing_is_gathered_from_nothing():
    assert gather([], NotifierConfig()) is None
    assert gather([event(type="modified")], NotifierConfig()) is None


def test_types_are_chosen():
    every = [event(type, type) for type in ("created", "deleted", "schema-changed", "modified")]
    assert sorted(told(every)) == ["created", "deleted", "schema-changed"]
    assert told(every, on=["modified"]) == ["modified"]


def test_an_event_without_findings_counts_as_informational():
    every = [event(severity or "none", severity=severity) for severity in ("", *reversed(SEVERITIES))]
    assert told(every) == [*SEVERITIES, "none"]
    assert told(every, min_severity="risky") == ["breaking", "risky"]


def test_datasets_are_chosen_as_by_select():
    every = [event("raw/orders"), event("raw/items"), event("shop.orders")]
    assert sorted(told(every, datasets=["raw/"])) == ["raw/items", "raw/orders"]
    assert sorted(told(every, datasets=["*orders"])) == ["raw/orders", "shop.orders"]
    assert told(every, datasets=[urns.dataset("s3", "shop.orders"), "none"]) == ["shop.orders"]
    for wrong in ("", "urn:nothing"):
        with pytest.raises(ValidationError, match="the beginning of a name"):
            NotifierConfig(datasets=[wrong])


@given(st.permutations([(f"d{n}", severity) for n in range(3) for severity in (*SEVERITIES, "")]), st.integers(1, 20))
def test_the_worst_are_named_and_the_rest_is_counted_in_any_order(given_order, most):
    every = [event(f"{name}-{severity}", severity=severity) for name, severity in given_order]
    gathered = gather(iter(every), NotifierConfig(max_events=most))
    assert gathered is not None
    ordered = sorted(every, key=lambda one: ((*SEVERITIES, "").index(one.severity), one.urn))
    assert gathered.events == ordered[:most]
    assert (gathered.total, gathered.more) == (15, max(0, 15 - most))
    assert gathered.id == gather(ordered, NotifierConfig()).id


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), min_size=1, max_size=6), st.randoms())
def test_other_events_have_another_id(ids, chance: random.Random):
    every = [event(id=one) for one in ids]
    whole = gather(every, NotifierConfig())
    fewer = gather(chance.sample(every, len(every) - 1), NotifierConfig())
    assert whole is not None
    assert len(whole.id) == 32
    assert fewer is None or fewer.id != whole.id


@pytest.mark.parametrize(
    "every, headline",
    [
        ([event(findings=["`amount` was removed"])], "orders: amount was removed (breaking)"),
        ([event("raw/a.csv", findings=["Field `b` of `a` was removed"])], "raw/a.csv: Field b was removed (breaking)"),
        ([event("a", findings=["Key of `b` is gone"])], "a: Key of b is gone (breaking)"),
        ([event(findings=["gone", "b", "c"])], "orders: gone (breaking), and 2 more changes"),
        ([event(findings=["gone", "b"]), event("z"), event("y")], "orders: gone (breaking), and 2 more"),
        ([event(type="created", severity="")], "orders: created"),
        ([event("a\r\nBcc: x", "deleted", "")], "a\\u{d}\\u{a}Bcc: x: deleted"),
    ],
)
def test_the_headline_names_what_changed(every, headline):
    assert gather(every, NotifierConfig()).headline == headline


def test_an_event_says_everything_a_message_needs():
    found = [
        Finding(rule="a", severity="informational", fingerprint="1", message="described"),
        Finding(rule="b", severity="breaking", fingerprint="2", message="gone", waived="SHOP-1"),
        Finding(rule="type-changed", severity="risky", fingerprint="3", path="id"),
    ]
    whole = event(
        findings=(),
        path="s3://lake/raw/orders/7.parquet",
        version="2.0.0",
        previous="1.4.0",
        owners=[urns.plain("user", "ann"), urns.plain("group", "a%b")],
        impact=[urns.dataset("s3", f"d{n}") for n in range(7)],
        impact_count=9,
        metadata=[("etag", "1")],
    )
    words = tell(ChangeEvent(**{key: getattr(whole, key) for key in whole.__struct_fields__} | {"findings": found}))
    assert list(words.lines()) == [
        "orders: schema changed (breaking) [s3, PROD]",
        "  - risky: type-changed id",
        "  - informational: described",
        "  - breaking: gone (waived: SHOP-1)",
        "  version: 1.4.0 → 2.0.0",
        "  owners: ann, a%b",
        "  reaches: 9 downstream: d0, d1, d2, d3, d4, and 4 more",
        "  where: s3://lake/raw/orders/7.parquet",
        "  when: 2026-11-21T09:00:00Z",
        "  event: id-orders-schema-changed",
    ]


def test_what_is_reached_and_not_named_is_counted():
    reach = dict(tell(event(impact=[urns.dataset("s3", "d")], impact_count=3)).facts)["reaches"]
    assert reach == "3 downstream: d, and 2 more"
    assert dict(tell(event(impact_count=3)).facts)["reaches"] == "3 downstream"


def test_many_findings_are_counted():
    words = tell(event(findings=[f"f{n}" for n in range(13)]))
    assert (len(words.findings), words.unnamed) == (10, 3)
    assert "  - and 3 more findings" in words.lines()


def test_the_summary_speaks_where_nothing_was_found():
    words = tell(event(type="created", severity="", summary="12 fields"))
    assert list(words.lines())[:2] == ["orders: created [s3, PROD]", "  12 fields"]


@given(st.text(max_size=700), st.text(max_size=700))
def test_any_text_is_one_line_of_bounded_length(name, message):
    one = event(name, findings=[message], owners=["no urn " + name], path=message, id="0" * 16)
    for line in [*tell(one).lines(), gather([one], NotifierConfig()).headline]:
        assert visible(line) == line
        assert len(line) <= 640
        line.encode()
