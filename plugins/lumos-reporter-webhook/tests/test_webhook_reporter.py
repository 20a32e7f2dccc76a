"""What is sent, how it is signed, and what a bad day looks like."""

from __future__ import annotations

import base64
import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lumos_reporter_webhook.config import WebhookReporterConfig
from lumos_reporter_webhook.reporter import WebhookReporter
from lumos_reporter_webhook.signing import key_of, signature
from pydantic import ValidationError

from lumos_core.plugin_api import ChangeEvent, ConfigError, Many, ReportError, RetryableError, RunResult, urns
from lumos_core.testing.servers.http import Answer, HttpFake, route

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver(HttpFake):
    def __init__(self):
        super().__init__()
        self.requests = []

    @route("POST", "/{path:path}")
    def take(self, request, path):
        self.requests.append(request)
        return Answer(200, b"thank you")


@pytest.fixture
def fake():
    with Receiver() as started:
        yield started


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    waited = []
    monkeypatch.setattr("lumos_remote.client.sleep", lambda seconds, cancelled: waited.append(seconds))
    return waited


def events(count=1, **more):
    keys = {"type": "schema-changed", "at": "2026-11-21T09:29:00Z", "seen": "2026-11-21T09:30:00Z", "run": "r"}
    made = [ChangeEvent(id=f"{n:016x}", urn=urns.dataset("s3", f"d{n}"), **{**keys, **more}) for n in range(count)]
    return RunResult(run_id="r", pipeline="shop", events=Many(lambda: made, count))


def reporter(fake, path="/services/T0/B0/s3cr3t-part", **options):
    options = {"proxy": "", "retries": 2, **options}
    return WebhookReporter(WebhookReporterConfig(url=fake.url + path, **options))


def test_the_vector_of_the_specification():
    signed = signature(key_of(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["", "s3cret-of-mine", "whsec_", "whsec_%%%", "whsec_" + "QUJD", SECRET[6:]])
def test_a_secret_that_is_none_is_refused_unseen(secret):
    with pytest.raises(ValidationError) as refused:
        WebhookReporterConfig(url="https://example.org/x", secret=secret)
    said = refused.value.errors()[0]["msg"]
    assert "openssl rand -base64 32" in said
    assert not secret or secret == "whsec_" or secret not in said


def test_what_is_sent(fake):
    before = int(time.time())
    reporter(fake, secret=SECRET, headers={"X-Tenant": "shop"}).report(events(2))
    (request,) = fake.requests
    headers, body = request.headers, json.loads(request.body)
    assert before <= int(headers["webhook-timestamp"]) <= time.time()
    assert headers["webhook-id"] == body["data"]["id"]
    assert (headers["content-type"], headers["x-tenant"]) == ("application/json", "shop")
    expected = signature(key_of(SECRET), headers["webhook-id"], int(headers["webhook-timestamp"]), request.body)
    assert headers["webhook-signature"] == expected
    assert (body["schema"], body["type"], body["data"]["pipeline"]) == ("lumos-notice/1", "datasets.changed", "shop")
    assert [event["name"] for event in body["data"]["events"]] == ["d0", "d1"]


def test_nothing_is_sent_without_events_or_without_wanted_ones(fake):
    reporter(fake).report(events(0))
    reporter(fake, on=["created"]).report(events(3))
    reporter(fake, datasets=["other"]).report(events(3))
    assert fake.connections == 0


def test_many_events_go_into_several_requests(fake):
    reporter(fake, max_events=4).report(events(10))
    assert [len(json.loads(request.body)["data"]["events"]) for request in fake.requests] == [4, 4, 2]
    assert fake.connections == 1


def test_without_a_secret_there_is_no_signature(fake):
    reporter(fake).report(events())
    assert "webhook-signature" not in fake.requests[0].headers


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_it_is_tried_again_with_the_same_id(fake, waits, status):
    fake.faults.when(times=2).answer(status)
    fake.faults.when(times=1).lose_answer()
    reporter(fake, retries=3).report(events())
    assert [call.status for call in fake.log] == [status, status, 0, 200]
    assert len({request.headers["webhook-id"] for request in fake.requests}) == 1
    assert len(waits) == 3


def test_it_waits_as_long_as_it_is_asked(fake, waits):
    fake.faults.when(times=1).answer(429, headers={"Retry-After": "7"})
    reporter(fake).report(events())
    assert waits == [7]


def test_what_would_take_too_long_is_left_to_the_next_run(fake, waits):
    fake.faults.when().answer(429, headers={"Retry-After": "3600"})
    with pytest.raises(RetryableError, match="429") as later:
        reporter(fake).report(events())
    assert (later.value.after, waits) == (3600, [])


def test_it_gives_up_when_nobody_answers(fake, waits):
    fake.faults.when().answer(503)
    with pytest.raises(RetryableError, match="next run"):
        reporter(fake).report(events())
    assert len(waits) == 2
    fake.stop()
    with pytest.raises(RetryableError, match="somebody listens"):
        WebhookReporter(WebhookReporterConfig(url="http://127.0.0.1:9/x", proxy="", retries=1)).report(events())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 501])
def test_a_refusal_is_not_tried_again(fake, waits, status):
    fake.faults.when().answer(status, {"message": "no, s3cr3t-part"})
    with pytest.raises(ReportError, match=f"(?s){status}.*no, ") as refused:
        reporter(fake).report(events())
    assert "s3cr3t-part" not in str(refused.value)
    assert waits == []


def test_redirects_are_not_followed(fake):
    with Receiver() as other:
        fake.faults.when().redirect(f"{other.url}/services/T0/B0/s3cr3t-part", 307)
        with pytest.raises(ReportError, match="redirects are not followed") as refused:
            reporter(fake).report(events())
        assert other.requests == []
    assert "s3cr3t-part" not in str(refused.value)


def test_a_slow_receiver_costs_no_more_than_the_timeout(fake):
    fake.faults.when().delay(5)
    begun = time.monotonic()
    with pytest.raises(RetryableError):
        reporter(fake, timeout=0.2, retries=0).report(events())
    assert time.monotonic() - begun < 4


def test_certificates_are_checked(fake):
    encrypted = WebhookReporterConfig(url=fake.url.replace("http", "https") + "/x", proxy="", retries=0)
    with pytest.raises((ReportError, RetryableError), match=r"(?i)ssl|certificate"):
        WebhookReporter(encrypted).report(events())
    unreadable = WebhookReporterConfig(url="https://127.0.0.1:9/x", ca="/there/is/none")
    with pytest.raises(ConfigError, match="certificates"):
        WebhookReporter(unreadable).report(events())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "s3cr3t",
        "ftp://example.org/s3cr3t",
        "https:///s3cr3t",
        "https://u:s3cr3t@example.org/x",
        "https://example.org/a b?s3cr3t",
        "https://example.org/x#s3cr3t",
        "https://example.org:s3cr3t/",
        "https://[s3cr3t/",
        "https://example.org/s3cr3t\nHost: x",
    ],
)
def test_an_address_that_is_none_is_refused_unseen(url):
    with pytest.raises(ValidationError) as refused:
        WebhookReporterConfig(url=url)
    assert "s3cr3t" not in refused.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    "headers", [{"webhook-id": "1"}, {"Host": "x"}, {"a b": "x"}, {"": "x"}, {"x": "a\r\nb: c"}, {"x": "€"}]
)
def test_headers_that_cannot_be_sent_are_refused(headers):
    with pytest.raises(ValidationError, match="header"):
        WebhookReporterConfig(url="https://example.org/x", headers=headers)


CHARS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), min_size=8, max_size=40)
SECRETS = CHARS.filter(lambda text: len(set(text)) > 5 and "/" not in text[:1])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    SECRETS,
    st.sampled_from(["path", "query", "argument", "last"]),
    st.sampled_from([400, 410, 429, 500, 302, 0]),
    st.data(),
)
def test_no_message_shows_a_secret(fake, secret, place, status, data):
    path = {
        "path": f"/hooks/{secret}/take",
        "query": f"/take?{secret}",
        "argument": f"/take?sig={secret}&v=1",
        "last": f"/take/{secret}",
    }[place]
    token = data.draw(SECRETS)
    key = "whsec_" + base64.b64encode(token.encode().ljust(24, b"0")[:64]).decode()
    fake.faults.clear()
    if status == 0:
        fake.faults.when().close()
    else:  # the other side says everything that it was told
        fake.faults.when().do(
            "echo",
            lambda request, proceed: Answer.json(
                {"message": f"{request.target} {request.headers}"}, status, {"Location": f"http://127.0.0.1{path}"}
            ),
        )
    with pytest.raises((ReportError, RetryableError)) as failed:
        reporter(fake, path, secret=key, headers={"X-Token": token}, retries=0).report(events())
    error = failed.value
    for text in (str(error), repr(error), error.why, error.fix, repr(error.__cause__)):
        assert secret not in text
        assert token not in text
        assert key not in text
