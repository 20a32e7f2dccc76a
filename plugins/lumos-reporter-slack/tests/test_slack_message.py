"""What a message looks like, and that Slack takes it whatever stands in it."""

from __future__ import annotations

import re

import slack_fake
from hypothesis import given
from hypothesis import strategies as st
from lumos_reporter_slack.message import code, escape, message

from lumos_core.plugin_api import ChangeEvent, Finding, Gathered, NotifierConfig, RunResult, gather, urns

RUN = RunResult(run_id="20261121T093000Z-0001", pipeline="shop")
ANN = urns.plain("user", "ann@example.org")
FINANCE = urns.plain("group", "finance")


def event(name="orders", findings=(), owners=(), **more):
    found = [Finding(rule="field-removed", severity="breaking", fingerprint="0", message=text) for text in findings]
    keys = {"id": f"id-{name}", "type": "schema-changed", "severity": "breaking" if found else "", "run": "r"}
    keys |= {"at": "2026-11-21T09:29:00Z", "seen": "2026-11-21T09:30:00Z", "urn": urns.dataset("s3", name)}
    return ChangeEvent(**{**keys, "findings": found, "owners": list(owners), **more})


def told(*events, most=10, mentions=None):
    gathered = gather(events, NotifierConfig(max_events=most))
    assert gathered is not None
    return message(gathered, RUN, mentions or {})


def test_a_message_says_what_changed():
    made = told(
        event(
            findings=["Field `amount` was removed", "Field `a<b` was added"],
            owners=[FINANCE],
            version="2.0.0",
            previous="1.4.0",
            path="s3://lake/orders/7.parquet",
        ),
        mentions={FINANCE: "<!subteam^S012AB3CD>"},
    )
    head, section, facts, foot = made["blocks"]
    assert made["text"] == "orders: Field amount was removed (breaking), and 1 more changes"
    assert head["text"]["text"] == made["text"]
    assert section["text"]["text"].splitlines() == [
        ":red_circle: `orders` schema changed · *breaking* · <!subteam^S012AB3CD>",
        "• breaking: Field `amount` was removed",
        "• breaking: Field `a&lt;b` was added",
    ]
    assert [element["text"] for element in facts["elements"]] == [
        "s3, PROD",
        "version 1.4.0 → 2.0.0",
        "owners finance",
        "where s3://lake/orders/7.parquet",
        "when 2026-11-21T09:29:00Z",
        "event `id-orders`",
    ]
    assert "pipeline `shop` · run `20261121T093000Z-0001` · notice `" in foot["elements"][0]["text"]


def test_people_are_named_once_by_urn_name_or_glob():
    mentions = {ANN: "<@U1>", "finance": "<!subteam^S1>", "urn:lumos:group:*": "<!subteam^S1>", "other": "<@U2>"}
    section = told(event(owners=[FINANCE, ANN]), mentions=mentions)["blocks"][1]["text"]["text"]
    assert section.splitlines()[0].endswith("schema changed · <@U1> <!subteam^S1>")
    assert "<" not in told(event(), mentions=mentions)["blocks"][1]["text"]["text"]


def test_what_is_not_named_is_counted():
    made = told(*(event(f"d{number:02}", ["gone"]) for number in range(25)), most=3)
    assert len([block for block in made["blocks"] if block["type"] == "section"]) == 3
    assert made["blocks"][-1]["elements"][0]["text"].startswith("*and 22 more datasets* · pipeline")


def test_a_name_wakes_nobody():
    made = told(event("<!channel> `x` <@U1>", ["<!here> & *all*"]))
    assert slack_fake._wrong(made) == ""
    assert not re.search("<[!@]", "".join(text["text"] for text in slack_fake.texts(made)[1:]))


def test_a_backtick_does_not_end_code():
    assert code("a`b`") == "`aˋbˋ`"
    assert code("") == "` `"
    assert escape("<&>") == "&lt;&amp;&gt;"


texts = st.text(st.sampled_from("a&<>`*_~: \n\u202e🦉\x00é!@U1") | st.characters(), max_size=900)
events = st.builds(
    event,
    texts,
    st.lists(texts, max_size=14),
    st.lists(texts, max_size=30),
    path=texts,
    version=texts,
    previous=texts,
    severity=texts,
    summary=texts,
    impact=st.lists(texts, max_size=9),
    impact_count=st.integers(0, 99),
)


@given(st.lists(events, min_size=1, max_size=22), st.dictionaries(texts, st.sampled_from(["<@U1>", "<!here>"])))
def test_slack_takes_any_message(many, mentions):
    made = told(*many, most=20, mentions=mentions)
    assert slack_fake._wrong(made) == ""


def test_the_longest_message_that_can_be():
    worst = "&" * 900
    many = [event(f"{number}{worst}", [worst] * 30, [worst] * 30, path=worst, version=worst) for number in range(20)]
    made = told(*many, most=20)
    assert slack_fake._wrong(made) == ""
    assert "more datasets" in made["blocks"][-1]["elements"][0]["text"]
    assert isinstance(gather(many, NotifierConfig()), Gathered)
