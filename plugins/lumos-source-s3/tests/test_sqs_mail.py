"""A queue that really is one: what is told, kept, deleted, left, given back, and what goes to the dead letters."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from lumos_source_s3 import queue, receiving, watching
from lumos_source_s3.client import Connection
from lumos_source_s3.config import S3Config, S3Watch
from lumos_source_s3.queue import Mailbox
from lumos_source_s3.watching import Mail

from lumos_core.plugin_api import ConfigError, Context, Event, RetryableError, Scope
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.servers import Server, elasticmq, moto, running

SERVERS = [pytest.param(moto, id="moto"), pytest.param(elasticmq, id="elasticmq", marks=pytest.mark.servers)]


@pytest.fixture(scope="session", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(request.param, tmp_path_factory.mktemp("queues")) as server:
        yield server


class Post:
    """A queue of its own for each test, with the mail of a source that reads it."""

    def __init__(self, server: Server) -> None:
        self.connection = Connection(
            S3Config(
                bucket="lake",
                prefix="raw/",
                access_key_id="any",
                secret_access_key="any",
                region="us-east-1",
                watch=S3Watch(sqs_queue=f"{server.dsn}/q"),
            )
        )
        self.sqs = self.connection.sqs
        self.name = f"q-{uuid4().hex[:12]}"
        self.url = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]
        self.mails: list[Mail] = []
        self.asked: list[list[str]] = []

    def mail(self, **options: Any) -> Mail:
        def touched(paths: Sequence[str], ctx: Context) -> dict[str, Scope]:
            self.asked.append(list(paths))
            return {path: Scope(prefixes=(path.partition("/")[0],)) for path in paths}

        def path_of(key: str) -> str | None:
            return key[len("raw/") :] if key.startswith("raw/") else None

        mailbox = Mailbox(self.connection, self.url)
        self.mails.append(Mail(mailbox, "lake", path_of, touched, **options))
        return self.mails[-1]

    def send(self, body: object) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.sqs.send_message(QueueUrl=self.url, MessageBody=text)

    def tell(self, *keys: str, bucket: str = "lake", name: str = "ObjectCreated:Put", sequencer: str = "") -> None:
        self.send({"Records": [record(key, bucket, name, sequencer or uuid4().hex) for key in keys]})

    def left(self, url: str = "") -> int:
        """Messages that the queue holds, whoever has them."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=url or self.url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)


def record(key: str, bucket: str, name: str, sequencer: str) -> dict[str, Any]:
    return {
        "eventSource": "aws:s3",
        "eventName": name,
        "eventTime": "2026-01-15T10:30:00.000Z",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 7, "eTag": "e", "sequencer": sequencer}},
    }


@pytest.fixture
def post(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    monkeypatch.setattr(receiving, "LAST", 0)  # both servers are one machine each, and say at once that they are empty
    post = Post(server)
    yield post
    for mail in post.mails:
        mail.close()
    post.sqs.delete_queue(QueueUrl=post.url)
    post.connection.close()


def once(mail: Mail) -> tuple[list[Event], MemoryContext]:
    ctx = MemoryContext(once=True)
    return list(mail.watch(ctx)), ctx


def tokens(events: Sequence[Event]) -> list[str]:
    return [event.token for event in events]


class Watched:
    """A watch that goes on in a thread, as in the kernel."""

    def __init__(self, mail: Mail) -> None:
        self.events: list[tuple[float, Event]] = []
        self.ctx, self._stop = MemoryContext(), threading.Event()
        self.ctx.cancelled = self._stop.is_set
        self._mail, self.failure = mail, None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        for event in self._mail.watch(self.ctx):
            self.events.append((time.monotonic(), event))

    def wait(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it does not happen"
            time.sleep(0.01)


# What is told


def test_an_upload_is_told_and_deleted_when_it_is_committed(post: Post) -> None:
    post.tell("raw/orders/a+b.csv")
    mail = post.mail()
    (event,), ctx = once(mail)
    assert event.scope == Scope(prefixes=("orders",))
    assert (event.action, event.path, event.at) == ("created", "s3://lake/raw/orders/a b.csv", "2026-01-15T10:30:00Z")
    assert dict(event.facts) == {"event": "ObjectCreated:Put", "size": "7", "etag": "e"}
    assert post.left() == 1
    mail.ack([event.token])
    assert post.left() == 0
    assert ctx.warnings == []


def test_what_is_not_committed_is_told_again_at_once_by_the_next_watch(post: Post) -> None:
    post.tell("raw/orders/a.csv")
    first = post.mail()
    assert len(once(first)[0]) == 1
    first.close()
    time.sleep(0.05)
    second = post.mail()
    (event,), _ = once(second)
    second.ack([event.token])
    assert post.left() == 0


def test_what_waits_for_its_commit_is_not_told_twice(post: Post) -> None:
    post.tell("raw/orders/a.csv")
    mail = post.mail()
    (event,), _ = once(mail)
    assert once(mail)[0] == []
    mail.ack([event.token])
    assert post.left() == 0


def test_the_same_event_in_two_messages_is_told_once(post: Post) -> None:
    for _ in range(2):
        post.tell("raw/orders/a.csv", sequencer="00A1")
    mail = post.mail()
    (event,), _ = once(mail)
    mail.ack([event.token])
    assert post.left() == 0
    post.tell("raw/orders/a.csv", sequencer="00A1")
    assert once(mail)[0] == []
    assert post.left() == 0, "what comes after the commit is deleted without another look"


def test_a_message_is_deleted_when_all_that_it_tells_of_is_committed(post: Post) -> None:
    post.tell("raw/orders/a.csv", "raw/users/b.csv")
    mail = post.mail()
    events, _ = once(mail)
    assert {event.scope.prefixes for event in events} == {("orders",), ("users",)}
    mail.ack(tokens(events)[:1])
    assert post.left() == 1
    mail.ack(tokens(events)[1:])
    assert post.left() == 0


def test_events_come_in_any_order(post: Post) -> None:
    """A scope is read again, whatever the event says: a deletion that is told late undoes nothing."""
    post.tell("raw/orders/a.csv", name="ObjectCreated:Put", sequencer="02")
    post.tell("raw/orders/a.csv", name="ObjectRemoved:Delete", sequencer="01")
    mail = post.mail()
    events, _ = once(mail)
    assert sorted(event.action for event in events) == ["created", "deleted"]
    assert len({event.scope for event in events}) == 1
    mail.ack(tokens(events))
    assert post.left() == 0


def test_a_backlog_is_told_whole_and_its_folders_are_looked_up_in_bulk(post: Post) -> None:
    for number in range(0, 60, 10):
        post.sqs.send_message_batch(
            QueueUrl=post.url,
            Entries=[
                {
                    "Id": str(i),
                    "MessageBody": json.dumps(
                        {"Records": [record(f"raw/t{i % 7}/{number + i}.csv", "lake", "ObjectCreated:Put", "1")]}
                    ),
                }
                for i in range(10)
            ],
        )
    mail = post.mail()
    events, _ = once(mail)
    assert len({event.path for event in events}) == len(events) == 60
    assert len(post.asked) < 30, "not once for each"
    mail.ack(tokens(events))
    assert post.left() == 0


# Whose it is


def test_the_message_that_tries_the_queue_is_deleted(post: Post) -> None:
    post.send({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "lake"})
    events, ctx = once(post.mail())
    assert (events, ctx.warnings, post.left()) == ([], [], 0)


def test_what_changes_nothing_is_deleted(post: Post) -> None:
    post.tell("raw/orders/a.csv", name="ObjectAcl:Put")
    post.send({"Records": [{**record("raw/new/", "lake", "ObjectCreated:Put", "1")}]})
    body = record("raw/new/", "lake", "ObjectCreated:Put", "2")
    body["s3"]["object"]["size"] = 0
    post.send({"Records": [body]})
    mail = post.mail(choose=lambda: (None, lambda path: "tmp" not in path))
    post.tell("raw/tmp/a.csv")
    events, _ = once(mail)
    assert [event.path for event in events] == ["s3://lake/raw/new/"], "an object, though its key ends like a folder"
    assert post.left() == 1


def test_what_counts_may_change_while_it_is_watched(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_CHOICE", 0.05)
    left_out, broken, everything = ["tmp"], [], Scope(platform="s3")
    asked: list[str] = []

    def choose() -> Any:
        if broken:
            raise ConfigError("the overrides are not valid", why="line 1", where="s3://lake/raw/discovery.yaml")
        asked.append(word := left_out[0])
        return word, lambda path: word not in path

    with Watched(post.mail(choose=choose, everything=everything)) as watch:
        watch.wait(lambda: len(asked) >= 1)
        left_out[0] = "old"
        watch.wait(lambda: len(watch.events) >= 1)
        post.tell("raw/tmp/a.csv")
        post.tell("raw/old/a.csv")
        watch.wait(lambda: len(watch.events) >= 2)
        broken.append(True)
        watch.wait(lambda: any(one.code == "overrides-unread" for one in watch.ctx.warnings))
        post.tell("raw/tmp/b.csv")
        watch.wait(lambda: len(watch.events) >= 3)
    first, *rest = (event for _, event in watch.events)
    assert first == Event(everything), "what was passed over by the old rules is looked at, once"
    assert [event.path for event in rest] == ["s3://lake/raw/tmp/a.csv", "s3://lake/raw/tmp/b.csv"]


def test_messages_of_others_are_left_alone(post: Post) -> None:
    post.tell("raw/a.csv", bucket="other")
    post.tell("curated/a.csv")
    post.send({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "other"})
    post.tell("raw/mine.csv", "curated/theirs.csv")
    mail = post.mail()
    events, ctx = once(mail)
    assert [event.path for event in events] == ["s3://lake/raw/mine.csv"]
    mail.ack(tokens(events))
    assert post.left() == 4
    said = sorted(warning.message for warning in ctx.warnings if warning.code == "message-foreign")
    assert len(said) == 2, "each kind once"
    assert "another bucket (other)" in said[0]
    assert "other keys" in said[1]
    counted = [warning.message for warning in ctx.warnings if warning.code == "messages-left"]
    assert len(counted) == 1
    assert "2 times" in counted[0]


def test_messages_of_others_are_deleted_where_that_is_asked_for(post: Post) -> None:
    post.tell("raw/a.csv", bucket="other")
    post.tell("raw/mine.csv", "curated/theirs.csv")
    post.send("hello")
    mail = post.mail(delete_foreign=True)
    events, _ = once(mail)
    mail.ack(tokens(events))
    assert post.left() == 1, "what is not understood is left, whatever is asked for"


def test_what_is_not_understood_is_left_and_told_by_an_example(post: Post) -> None:
    for body in ("hello", "hello again", "[]", '{"a":' * 20_000):
        post.send(body)
    events, ctx = once(post.mail())
    assert events == []
    assert post.left() == 4
    told = [warning for warning in ctx.warnings if warning.code == "message-unknown"]
    assert len(told) == 3
    assert all(post.url in warning.where for warning in told)
    assert len({warning.where for warning in told}) == 3, "the message is named"


def test_poison_ends_among_the_dead_letters(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "VISIBILITY", 1)
    dead = post.sqs.create_queue(QueueName=f"{post.name}-dead")["QueueUrl"]
    arn = post.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "2"})
    post.sqs.set_queue_attributes(QueueUrl=post.url, Attributes={"RedrivePolicy": policy})
    post.send("poison")
    post.tell("raw/a.csv")
    mail = post.mail()
    seen = []
    for _ in range(3):
        events, _ = once(mail)
        seen += events
        mail.ack(tokens(events))
        time.sleep(1.1)
    assert once(mail)[0] == []
    assert [event.path for event in seen] == ["s3://lake/raw/a.csv"]
    assert (post.left(), post.left(dead)) == (0, 1)
    post.sqs.delete_queue(QueueUrl=dead)


# Time


def test_an_upload_is_heard_promptly_and_so_is_the_end(post: Post) -> None:
    mail = post.mail()
    with Watched(mail) as watched:
        time.sleep(0.5)
        sent = time.monotonic()
        post.tell("raw/orders/a.csv")
        watched.wait(lambda: bool(watched.events))
        assert watched.events[0][0] - sent < 3, "a request that waits is answered at once"
        begun = time.monotonic()
    assert time.monotonic() - begun < 2, "the request that waits at the queue is not waited for"


def test_a_message_stays_ours_as_long_as_its_look_takes(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "VISIBILITY", 2)
    monkeypatch.setattr(watching, "VISIBILITY", 2)
    monkeypatch.setattr(watching, "_BEAT", 0.5)
    post.tell("raw/orders/a.csv")
    mail = post.mail()
    (event,), _ = once(mail)
    time.sleep(2.2)
    answer = post.sqs.receive_message(QueueUrl=post.url)
    assert not answer.get("Messages"), "nobody else gets it"
    mail.ack([event.token])
    assert post.left() == 0


def test_a_message_whose_time_ran_out_is_deleted_by_its_new_receipt(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "VISIBILITY", 1)
    post.tell("raw/orders/a.csv")
    mail = post.mail()
    (event,), _ = once(mail)
    time.sleep(1.2)
    assert once(mail)[0] == [], "it is known"
    mail.ack([event.token])
    assert post.left() == 0


def test_a_look_that_cannot_be_prepared_loses_nothing(post: Post) -> None:
    post.tell("raw/orders/a.csv")
    mail = post.mail()

    def broken(paths: Sequence[str], ctx: Context) -> dict[str, Scope]:
        raise OSError("the memo is broken")

    sound, mail._touched = mail._touched, broken
    with pytest.raises(OSError, match="broken"):
        once(mail)
    mail._touched = sound
    time.sleep(0.05)  # what was given back is there again a millisecond later
    (event,), _ = once(mail)
    mail.ack([event.token])
    assert post.left() == 0


def test_a_watch_that_ends_between_two_events_loses_none(post: Post) -> None:
    post.tell("raw/orders/a.csv", "raw/orders/b.csv")
    mail = post.mail()
    watch = mail.watch(MemoryContext(once=True))
    first = next(iter(watch))
    watch.close()  # type: ignore[attr-defined]
    mail.ack([first.token])
    assert post.left() == 1
    time.sleep(0.05)
    (second,), _ = once(mail)
    assert second.path != first.path
    mail.ack([second.token])
    assert post.left() == 0


# Bad days


def test_a_deletion_that_fails_is_tried_again(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        post.tell(f"raw/orders/{number}.csv")
    mail = post.mail()
    events, _ = once(mail)
    real, calls = post.sqs.delete_message_batch, []

    def flaky(**request: Any) -> Any:
        calls.append(request)
        if len(calls) == 1:
            refused, *rest = request["Entries"]
            answer = real(QueueUrl=request["QueueUrl"], Entries=rest)
            failed = {"Id": refused["Id"], "SenderFault": False, "Code": "InternalError", "Message": "x"}
            return {**answer, "Failed": [failed]}
        return real(**request)

    monkeypatch.setattr(post.sqs, "delete_message_batch", flaky)
    mail.ack(tokens(events))
    assert post.left() == 1
    mail.ack([])
    assert post.left() == 0
    assert [len(call["Entries"]) for call in calls] == [3, 1]


def test_a_queue_that_cannot_be_reached_is_asked_again(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = post.sqs.receive_message, []

    def away(**request: Any) -> Any:
        from botocore.exceptions import EndpointConnectionError

        calls.append(request)
        if len(calls) < 2:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
        return real(**request)

    monkeypatch.setattr(post.sqs, "receive_message", away)
    post.tell("raw/orders/a.csv")
    with Watched(post.mail()) as watched:
        watched.wait(lambda: bool(watched.events))
    assert [warning.code for warning in watched.ctx.warnings] == ["watch-interrupted"]


def test_a_queue_that_is_not_there_ends_the_watch(post: Post) -> None:
    connection = post.connection
    gone = post.url.replace(post.name, "nobody")
    mail = Mail(Mailbox(connection, gone), "lake", lambda key: key, lambda paths, ctx: {})
    with pytest.raises(ConfigError, match=r"no such queue.*arn:aws:sqs:REGION:ACCOUNT:NAME"):
        once(mail)
    arn = f"arn:aws:sqs:us-east-1:123456789012:{post.name}-nobody"
    mail = Mail(Mailbox(connection, arn), "lake", lambda key: key, lambda paths, ctx: {})
    with pytest.raises(ConfigError, match="no such queue"):
        once(mail)


def test_a_queue_is_found_by_its_arn(post: Post) -> None:
    arn = post.sqs.get_queue_attributes(QueueUrl=post.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    post.tell("raw/orders/a.csv")
    assert len(Mailbox(post.connection, arn).receive(1)) == 1


def test_nothing_is_asked_for_when_a_once_cannot_be_heard(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ClientError

    def busy(**request: Any) -> Any:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "ReceiveMessage")

    monkeypatch.setattr(post.sqs, "receive_message", busy)
    monkeypatch.setattr("lumos_source_s3.receiving._LATEST", 0.01)
    with pytest.raises(RetryableError, match="busy"):
        once(post.mail())
