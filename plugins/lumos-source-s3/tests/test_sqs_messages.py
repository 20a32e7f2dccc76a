"""Whatever a queue may hold: what it says is understood in every wrapping, and nothing of it raises."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_source_s3.messages import LONGEST, Message, ObjectEvent, parse

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
WORDS = st.text("abcdef0123456789", max_size=12)


@st.composite
def told(draw: st.DrawFn) -> ObjectEvent:
    name, action = draw(
        st.sampled_from(
            [
                ("ObjectCreated:Put", "created"),
                ("ObjectCreated:CompleteMultipartUpload", "created"),
                ("ObjectRemoved:Delete", "deleted"),
                ("ObjectRemoved:DeleteMarkerCreated", "deleted"),
                ("LifecycleExpiration:Delete", "deleted"),
                ("LifecycleExpiration:DeleteMarkerCreated", "deleted"),
                ("ObjectRestore:Completed", ""),
                ("ObjectTagging:Put", ""),
            ]
        )
    )
    return ObjectEvent(
        bucket=draw(st.sampled_from(["lake", "other-lake"])),
        key=draw(KEYS),
        name=name,
        action=action,
        at="2026-01-15T10:30:00.250Z",
        size=draw(st.integers(0, 5 << 40).map(str)),
        etag=draw(WORDS),
        version=draw(WORDS),
        sequencer=draw(WORDS),
    )


def record(event: ObjectEvent, *, key: str | None = None, prefix: str = "", source: str = "aws:s3") -> dict[str, Any]:
    thing: dict[str, Any] = {"key": quote_plus(event.key) if key is None else key, "size": int(event.size)}
    thing |= {"eTag": event.etag, "sequencer": event.sequencer}
    if event.version:
        thing["versionId"] = event.version
    return {
        "eventVersion": "2.3",
        "eventSource": source,
        "eventTime": event.at,
        "eventName": prefix + event.name,
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": event.bucket}, "object": thing},
    }


def notification(*events: ObjectEvent, **more: Any) -> str:
    return json.dumps({"Records": [record(event, **more) for event in events]})


def by_topic(body: str) -> str:
    return json.dumps({"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:x:1:t", "Message": body})


def by_event_bridge(event: ObjectEvent, kind: str) -> str:
    thing = {"key": event.key, "size": int(event.size), "etag": event.etag, "sequencer": event.sequencer}
    thing["version-id"] = event.version
    detail = {"version": "0", "bucket": {"name": event.bucket}, "object": thing, "reason": "PutObject"}
    return json.dumps(
        {"version": "0", "detail-type": kind, "source": "aws.s3", "time": event.at, "resources": [], "detail": detail}
    )


@given(events=st.lists(told(), min_size=1, max_size=5), wrappings=st.integers(0, 2))
def test_a_notification_is_read_in_every_wrapping(events: list[ObjectEvent], wrappings: int) -> None:
    body = notification(*events)
    for _ in range(wrappings):
        body = by_topic(body)
    assert parse(body) == Message(events=tuple(events))


@given(event=told(), wrapped=st.booleans())
def test_an_event_of_event_bridge_is_the_same_event(event: ObjectEvent, wrapped: bool) -> None:
    kind = {"created": "Object Created", "deleted": "Object Deleted", "": "Object Tags Added"}[event.action]
    body = by_event_bridge(event, kind)
    (found,) = parse(by_topic(body) if wrapped else body).events
    assert (found.bucket, found.key, found.action, found.at) == (event.bucket, event.key, event.action, event.at)
    assert (found.size, found.etag, found.version) == (event.size, event.etag, event.version)
    if event.sequencer:
        assert found.identity == event.identity, "delivered both ways, it is looked at once"


@given(event=told())
def test_minio_names_events_as_a_configuration_does(event: ObjectEvent) -> None:
    body = json.loads(notification(event, prefix="s3:", source="minio:s3"))
    assert parse(json.dumps({"EventName": f"s3:{event.name}", "Key": "lake/x", **body})).events == (event,)


@given(key=KEYS)
def test_keys_are_decoded_however_they_were_encoded(key: str) -> None:
    event = ObjectEvent(bucket="lake", key=key, name="ObjectCreated:Put", action="created", size="1", at="")
    for encoded in (quote_plus(key), quote_plus(key, safe="/"), quote(key), quote(key, safe="")):
        assert parse(notification(event, key=encoded)).events[0].key == key


def test_a_key_that_is_not_unicode_keeps_its_bytes() -> None:
    event = ObjectEvent(bucket="lake", key="x", name="ObjectCreated:Put", size="1")
    (found,) = parse(notification(event, key="caf%E9")).events
    assert found.key.encode("utf-8", "surrogateescape") == b"caf\xe9"


def test_versitygw_leaves_keys_as_they_are_and_counts_anew_at_each_start() -> None:
    event = ObjectEvent(bucket="lake", key="a b+%41/x", name="ObjectRemoved:DeleteObjects", action="deleted", size="0")
    body = json.loads(notification(event, key=event.key, prefix="s3:"))
    body["Records"][0]["s3"]["configurationId"] = "webhook-global"
    body["Records"][0]["s3"]["object"]["sequencer"] = "3"
    seen = set()
    for time in ("2026-01-15T10:30:00Z", "2026-01-15T10:30:01Z"):
        body["Records"][0]["eventTime"] = time
        (found,) = parse(json.dumps(body)).events
        assert (found.key, found.action) == (event.key, "deleted")
        seen.add(found.identity)
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("2026-01-15T10:30:00.000Z", "2026-01-15T10:30:00Z"),
        ("2026-01-15T12:30:00+02:00", "2026-01-15T10:30:00Z"),
        ("1970-01-01T00:00:00.123456Z", "1970-01-01T00:00:00.123Z"),
        ("yesterday", ""),
        (1700000000, ""),
        ("2026-01-15T10:30:00", ""),
        ("0001-01-01T00:00:00+23:00", ""),
        (None, ""),
    ],
)
def test_times_are_those_of_utc(said: object, read: str) -> None:
    event = ObjectEvent(bucket="lake", key="x", name="ObjectCreated:Put", size="1")
    body = json.loads(notification(event))
    body["Records"][0]["eventTime"] = said
    assert parse(json.dumps(body)).events[0].at == read


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_message_that_tries_the_queue(wrapped: bool) -> None:
    body = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "x", "Bucket": "lake", "HostId": "h"})
    assert parse(by_topic(body) if wrapped else body) == Message(tested="lake")


@pytest.mark.parametrize(
    "name", ["ObjectAcl:Put", "ObjectRestore:Post", "ObjectAccessed:Get", "Replication:OperationNotTracked"]
)
def test_what_changes_nothing_that_is_read_does_not_matter(name: str) -> None:
    event = ObjectEvent(bucket="lake", key="x", name=name, size="1")
    message = parse(notification(event, prefix="s3:"))
    assert not message.unknown
    assert [one.matters for one in message.events] == [False]


NOT_OURS = {
    "": "not JSON",
    "hello": "not JSON",
    "null": "not a notification",
    "[]": "not a notification",
    '"text"': "not a notification",
    "{}": "not a notification",
    '{"Records": null}': "not a notification",
    '{"Records": []}': "no object",
    '{"Records": [{}]}': "not a notification",
    '{"Records": [{"eventSource": "aws:sqs", "body": "x"}]}': "not a notification",
    '{"Records": [{"eventSource": "aws:s3", "eventName": 7}]}': "not a notification",
    '{"Type": "Notification"}': "not a notification",
    '{"Type": "Notification", "Message": "hello"}': "not JSON",
    '{"Type": "SubscriptionConfirmation", "Message": "You have chosen", "Token": "x"}': "confirmed",
    '{"source": "aws.s3", "detail-type": "Object Created"}': "not a notification",
    '{"source": "aws.s3", "detail-type": "Object Created", "detail": {}}': "not a notification",
    '{"source": "aws.ec2", "detail-type": "Instance", "detail": {}}': "not a notification",
    '{"Event": "s3:TestEvent"}': "not a notification",
    '{"a":' * 50_000: "nested too deeply",
    '{"a":' * 400 + "1" + "}" * 400: "not a notification",
    " " * (LONGEST + 1): "longer",
    "\ud800": "not JSON",
    "\x00": "not JSON",
}


@pytest.mark.parametrize("body", NOT_OURS, ids=lambda body: repr(body[:50]))
def test_what_is_not_understood_says_why(body: str) -> None:
    message = parse(body)
    assert not message.events
    assert not message.tested
    assert NOT_OURS[body] in message.unknown


def test_wrapped_in_itself_without_end_is_not_understood() -> None:
    body = "x"
    for _ in range(6):
        body = by_topic(body)
    assert "wrapped" in parse(body).unknown


def test_a_kind_that_nobody_knows_yet_leaves_the_others_in_the_message() -> None:
    known = ObjectEvent(bucket="lake", key="x", name="ObjectCreated:Put", action="created", size="1")
    new = ObjectEvent(bucket="lake", key="y", name="ObjectPainted:Blue", size="1")
    message = parse(notification(known, new))
    assert message.events == (known,)
    assert "'ObjectPainted:Blue'" in message.unknown


NAMES = st.sampled_from(
    [
        "Records",
        "s3",
        "bucket",
        "object",
        "name",
        "key",
        "eventName",
        "eventSource",
        "Type",
        "Message",
        "detail",
        "Event",
    ]
) | st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=25,
)


@given(value=JSON)
def test_no_json_raises(value: object) -> None:
    message = parse(json.dumps(value))
    assert message.unknown or message.events or message.tested


@given(body=st.text())
def test_no_text_raises(body: str) -> None:
    assert parse(body).unknown


@given(event=told(), at=st.integers(0, 400), put=st.text(max_size=3))
def test_no_spoiled_notification_raises(event: ObjectEvent, at: int, put: str) -> None:
    body = by_topic(notification(event))
    message = parse(body[:at] + put + body[at + 1 :])
    assert message.unknown or message.events
