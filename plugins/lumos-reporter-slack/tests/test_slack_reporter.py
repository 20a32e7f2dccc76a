"""Both ways into Slack, and what they say on a bad day."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lumos_reporter_slack.config import SlackReporterConfig
from lumos_reporter_slack.reporter import SlackReporter
from pydantic import ValidationError
from slack_fake import PATH, TOKEN

from lumos_core.plugin_api import ChangeEvent, Many, ReportError, RetryableError, RunResult, urns
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.servers.http import Answer


def events(count=1):
    keys = {"type": "schema-changed", "at": "2026-11-21T09:29:00Z", "seen": "2026-11-21T09:30:00Z", "run": "r"}
    made = [ChangeEvent(id=f"{n:016x}", urn=urns.dataset("s3", f"d{n}"), **keys) for n in range(count)]
    return RunResult(run_id="r", pipeline="shop", events=Many(lambda: made, count))


def by_hook(fake, path=PATH, **options):
    return SlackReporter(SlackReporterConfig(url=fake.url + path, proxy="", **options))


def by_token(fake, channel="C024BE91L", token=TOKEN, **options):
    return SlackReporter(SlackReporterConfig(api=f"{fake.url}/api", token=token, channel=channel, proxy="", **options))


@pytest.mark.parametrize("way", [by_hook, by_token])
def test_one_message_is_sent_and_none_without_events(fake, way):
    way(fake).report(events(0))
    way(fake, on=["created"]).report(events(3))
    assert fake.connections == 0
    way(fake).report(events(3))
    (message,) = fake.messages
    assert message.get("channel") == (None if way is by_hook else "C024BE91L")
    assert sum(block["type"] == "section" for block in message["blocks"]) == 3


@pytest.mark.parametrize("way", [by_hook, by_token])
def test_it_waits_as_long_as_slack_asks(fake, way, waits):
    fake.faults.when(times=2).answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "30"})
    way(fake, deadline=120).report(events())
    assert waits == [30, 30]
    assert len(fake.messages) == 1


@pytest.mark.parametrize("way", [by_hook, by_token])
def test_a_longer_wait_is_left_to_the_next_run(fake, way, waits):
    fake.faults.when().answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "300"})
    with pytest.raises(RetryableError, match="429") as later:
        way(fake).report(events())
    assert (later.value.after, waits) == (300, [])


@pytest.mark.parametrize("way", [by_hook, by_token])
def test_a_message_whose_answer_is_lost_is_not_repeated_at_once(fake, way):
    fake.faults.when().lose_answer()
    with pytest.raises(RetryableError, match="second time"):
        way(fake).report(events())
    assert len(fake.messages) == 1


@pytest.mark.parametrize(
    "channel, token, said",
    [
        ("C0ARCHIVED", TOKEN, "is_archived.*another channel"),
        ("C0FOREIGN", TOKEN, "not_in_channel.*invite the bot|Invite"),
        ("#nowhere", TOKEN, "channel_not_found.*id of the channel"),
        ("C024BE91L", "xoxb-0-other", "invalid_auth.*new token"),
    ],
)
def test_what_slack_refuses_with_status_200_is_refused(fake, channel, token, said):
    with pytest.raises(ReportError, match=f"(?i){said}"):
        by_token(fake, channel, token).report(events())
    assert fake.messages == []


def test_what_slack_needs_is_told(fake):
    fake.faults.when().answer(200, {"ok": False, "error": "missing_scope", "needed": "chat:write"})
    with pytest.raises(ReportError, match=r"missing_scope \(needs chat:write\)"):
        by_token(fake).report(events())


@pytest.mark.parametrize("error", ["internal_error", "ratelimited", "service_unavailable"])
def test_what_may_pass_is_left_to_the_next_run(fake, error):
    fake.faults.when().answer(200, {"ok": False, "error": error})
    with pytest.raises(RetryableError, match=error):
        by_token(fake).report(events())


def test_a_page_in_place_of_an_answer_is_no_success(fake):
    fake.faults.when().page(200, "Log in to the proxy")
    with pytest.raises(ReportError, match="no answer of the API"):
        by_token(fake).report(events())


def test_a_webhook_that_was_taken_away(fake):
    with pytest.raises(ReportError, match=r"404.*no_service.*(?i:make a new incoming webhook)"):
        by_hook(fake, "/services/T0/B0/other-s3cr3t").report(events())


def test_check_asks_without_a_message(fake):
    by_hook(fake).check(MemoryContext())
    by_token(fake).check(MemoryContext())
    with pytest.raises(ReportError, match="invalid_auth"):
        by_token(fake, token="xoxb-0-other").check(MemoryContext())
    with pytest.raises(ReportError, match="no_service"):
        by_hook(fake, "/services/T0/B0/other").check(MemoryContext())
    assert fake.messages == []


@pytest.mark.parametrize(
    "options, said",
    [
        ({}, "either `url`"),
        ({"url": "https://hooks.slack.com/s3cr3t", "token": "s3cr3t", "channel": "C024BE91L"}, "either `url`"),
        ({"token": "s3cr3t"}, "belong together"),
        ({"url": "https://hooks.slack.com/s3cr3t", "channel": "C024BE91L"}, "belong together"),
        ({"url": "hooks.slack.com/s3cr3t"}, "address"),
        ({"token": "s3cr3t", "channel": "two words"}, "a channel is"),
        ({"token": "s3cr3t", "channel": "C024BE91L", "api": "slack.com"}, "address"),
        ({"url": "https://hooks.slack.com/s3cr3t", "mentions": {"ann": "@ann"}}, "a mention is"),
        ({"url": "https://hooks.slack.com/s3cr3t", "max_events": 21}, "20"),
    ],
)
def test_options_that_do_not_fit_are_refused_unseen(options, said):
    with pytest.raises(ValidationError, match=said) as refused:
        SlackReporterConfig(**options)
    assert "s3cr3t" not in refused.value.errors()[0]["msg"]


SECRETS = st.from_regex(r"[A-Za-z0-9_.~!$*+-]{9,40}", fullmatch=True).filter(lambda text: len(set(text)) > 5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(SECRETS, st.sampled_from([(True, 400), (True, 500), (False, 200), (False, 403), (False, 429)]))
def test_no_message_shows_a_secret(fake, secret, case):
    hook, status = case
    fake.faults.clear()
    fake.faults.when().do(
        "echo", lambda request, proceed: Answer.json({"error": f"{request.target} {request.headers}"}, status)
    )
    way = by_hook(fake, f"/services/{secret}", retries=0) if hook else by_token(fake, token=secret, retries=0)
    with pytest.raises((ReportError, RetryableError)) as failed:
        way.report(events())
    assert secret not in f"{failed.value} {failed.value!r} {failed.value.__cause__!r}"
