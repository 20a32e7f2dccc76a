"""From an upload to a change that people can see: the bucket tells the queue, the queue the watch."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import botocore.session
import pytest
from lumos_source_s3 import watching

import lumos_core
from lumos_core.plugin_api import RunResult
from lumos_core.testing.servers import Server, elasticmq, minio, running, versitygw
from lumos_core.testing.servers.http import Answer, HttpFake, Request, route

TABLES = ("orders", "users", "invoices", "payments")


class Bridge(HttpFake):
    """Puts what a web hook is told into a queue, since these servers have no SQS of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.send: Callable[[str], None] = lambda body: None

    @route("POST", "/{rest:path}")
    @route("GET", "/{rest:path}")
    @route("HEAD", "/{rest:path}")
    def told(self, request: Request, rest: str) -> Answer:
        if request.body:
            self.send(request.body.decode())
        return Answer(200, b"")


class Cloud:
    """A bucket whose changes are told to a queue.

    Args:
        s3: Server of the bucket.
        sqs: Server of the queue.
        bridge: What carries notifications between the two, where S3 does not.
    """

    def __init__(self, s3: Server, sqs: Server, bridge: Bridge | None) -> None:
        self.server = s3
        login = {"aws_access_key_id": s3.user, "aws_secret_access_key": s3.password, "region_name": "us-east-1"}
        session = botocore.session.get_session()
        self.s3 = session.create_client("s3", endpoint_url=s3.dsn, **login)
        self.sqs = session.create_client("sqs", endpoint_url=sqs.dsn, **login)
        self.bucket = f"lake-{uuid4().hex[:10]}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.url = self.sqs.create_queue(QueueName=self.bucket)["QueueUrl"]
        if bridge is not None:
            bridge.send = lambda body: self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def notify(self) -> None:
        """Have the queue told from now on."""
        if "versitygw" in self.server.version:
            time.sleep(0.5)  # it tells of every bucket, and has told of what was before
            self.sqs.purge_queue(QueueUrl=self.url)
            return
        target = minio.QUEUE
        if "MinIO" not in self.server.version:
            found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
            target = found["Attributes"]["QueueArn"]
        entry = {"QueueArn": target, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"QueueConfigurations": [entry]}
        )

    def put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    @property
    def left(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    def pipeline(self, folder: Path, **watch: Any) -> Path:
        source = {"type": "s3", "bucket": self.bucket, "prefix": "raw/", "endpoint": self.server.dsn}
        source |= {"access_key_id": self.server.user, "secret_access_key": self.server.password}
        block = {"mode": "events", "debounce": 0.1, "sqs_queue": self.url, **watch}
        text = {"version": 1, "name": "lake", "sources": [{**source, "region": "us-east-1", "watch": block}]}
        (folder / "lumos.yaml").write_text(json.dumps(text), encoding="utf-8")
        return folder / "lumos.yaml"


class Followed:
    """A watch of a pipeline that goes on in a thread."""

    def __init__(self, pipeline: Path) -> None:
        self.looks: list[RunResult] = []
        self.events: list[tuple[str, str]] = []
        self.code = -1
        self._pipeline, self._cancelled = pipeline, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Followed:
        self._thread.start()
        self.wait(lambda: len(self.looks) >= 1)
        return self

    def __exit__(self, *_: object) -> None:
        self._cancelled.set()
        self._thread.join()

    def _run(self) -> None:
        self.code = lumos_core.watch(self._pipeline, on_look=self._looked, cancelled=self._cancelled)

    def _looked(self, look: RunResult) -> None:
        self.events += [(event.type, event.path) for event in look.events]
        self.looks.append(look)

    def wait(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert self._thread.is_alive(), "the watch ended"
            assert time.monotonic() < end, f"it does not happen: {self.events}"
            time.sleep(0.02)


@pytest.fixture(scope="session")
def elasticmq_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(elasticmq, tmp_path_factory.mktemp("elasticmq")) as server:
        yield server


@pytest.fixture(scope="session")
def hook() -> Iterator[Bridge]:
    with Bridge() as bridge:
        yield bridge


@pytest.fixture(scope="session", params=[minio, versitygw], ids=["minio", "versitygw"])
def telling_server(
    request: pytest.FixtureRequest, hook: Bridge, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    class Told:
        @staticmethod
        def start(folder: Path) -> Any:
            return request.param.start(folder, f"{hook.url}/told")

    with running(Told, tmp_path_factory.mktemp("telling")) as server:
        yield server


@pytest.fixture
def cloud(moto_server: Server) -> Cloud:
    return Cloud(moto_server, moto_server, None)


@pytest.fixture
def strict_cloud(telling_server: Server, elasticmq_server: Server, hook: Bridge) -> Cloud:
    return Cloud(telling_server, elasticmq_server, hook)


def follow(cloud: Cloud, folder: Path) -> None:
    """Everything that may happen to a table, one after the other."""
    for name in TABLES:
        cloud.put(f"raw/{name}/part 1+1.csv", f"id,{name}_name\n1,x\n")
    cloud.notify()
    with Followed(cloud.pipeline(folder)) as watch:
        cloud.put("raw/orders/part 1+1.csv", "id,orders_name,total\n1,x,2\n")
        watch.wait(lambda: len(watch.events) == 1)
        cloud.put("raw/returns/a.csv", "id,reason\n1,x\n")
        watch.wait(lambda: len(watch.events) == 2)
        cloud.s3.delete_object(Bucket=cloud.bucket, Key="raw/users/part 1+1.csv")
        watch.wait(lambda: len(watch.events) == 3)
        watch.wait(lambda: cloud.left == 0)
        place = f"s3://{cloud.bucket}/raw"
        assert watch.events == [
            ("schema-changed", f"{place}/orders/part 1+1.csv"),
            ("created", f"{place}/returns/a.csv"),
            ("deleted", f"{place}/users/part 1+1.csv"),
        ]
        for look in watch.looks[1:]:
            assert sum(look.counts.values()) <= 2, "a look at one table, not at all"
    assert watch.code == 130
    again = lumos_core.run(folder / "lumos.yaml")
    assert not again.changed, "a full look finds what the watch found"


def test_what_happens_in_a_bucket_is_seen(cloud: Cloud, tmp_path: Path) -> None:
    follow(cloud, tmp_path)


@pytest.mark.servers
def test_what_happens_on_strict_servers_is_seen(strict_cloud: Cloud, tmp_path: Path) -> None:
    follow(strict_cloud, tmp_path)


@pytest.mark.servers
def test_a_bulk_delete_is_told_for_every_object(strict_cloud: Cloud, tmp_path: Path) -> None:
    cloud = strict_cloud
    for name in TABLES:
        cloud.put(f"raw/{name}/a+b.csv", f"id,{name}_name\n1,x\n")
    cloud.notify()
    with Followed(cloud.pipeline(tmp_path)) as watch:
        keys = [{"Key": f"raw/{name}/a+b.csv"} for name in TABLES[:2]]
        cloud.s3.delete_objects(Bucket=cloud.bucket, Delete={"Objects": keys})
        watch.wait(lambda: len(watch.events) == 2)
    assert {kind for kind, _ in watch.events} == {"deleted"}
    assert {path for _, path in watch.events} == {f"s3://{cloud.bucket}/{one['Key']}" for one in keys}


@pytest.mark.servers
def test_an_upload_in_parts_is_told(strict_cloud: Cloud, tmp_path: Path) -> None:
    cloud = strict_cloud
    cloud.put("raw/orders/a.csv", "id,total\n1,2\n")
    cloud.notify()
    with Followed(cloud.pipeline(tmp_path)) as watch:
        target = {"Bucket": cloud.bucket, "Key": "raw/returns/big.csv"}
        upload = cloud.s3.create_multipart_upload(**target)["UploadId"]
        parts = [b"id,reason\n" + b"1,x\n" * (5 << 18), b"2,y\n"]
        done = [
            {"PartNumber": n, "ETag": cloud.s3.upload_part(**target, UploadId=upload, PartNumber=n, Body=part)["ETag"]}
            for n, part in enumerate(parts, 1)
        ]
        cloud.s3.complete_multipart_upload(**target, UploadId=upload, MultipartUpload={"Parts": done})
        watch.wait(lambda: len(watch.events) >= 1)
    assert watch.events == [("created", f"s3://{cloud.bucket}/raw/returns/big.csv")]


def test_once_looks_at_what_waits_and_ends(cloud: Cloud, tmp_path: Path) -> None:
    for name in TABLES:
        cloud.put(f"raw/{name}/a.csv", f"id,{name}_name\n1,x\n")
    cloud.notify()
    pipeline = cloud.pipeline(tmp_path)
    looks: list[RunResult] = []
    assert lumos_core.watch(pipeline, once=True, on_look=looks.append) == 0
    assert cloud.left == 0, "the message that tries the queue is gone"
    cloud.put("raw/orders/b.csv", "id,orders_name,total\n1,x,2\n")
    cloud.sqs.send_message(QueueUrl=cloud.url, MessageBody="hello")
    assert lumos_core.watch(pipeline, once=True, on_look=looks.append) == 0
    assert [event.path for event in looks[-1].events] == [f"s3://{cloud.bucket}/raw/orders/b.csv"]
    assert cloud.left == 1, "what is not understood stays"


def test_many_uploads_are_few_looks(cloud: Cloud, tmp_path: Path) -> None:
    for name in TABLES:
        cloud.put(f"raw/{name}/a.csv", f"id,{name}_name\n1,x\n")
    cloud.notify()
    with Followed(cloud.pipeline(tmp_path, debounce=0.5)) as watch:
        for number in range(30):
            cloud.put(f"raw/{TABLES[number % 4]}/b{number}.csv", f"id,{TABLES[number % 4]}_name\n1,x\n")
        watch.wait(lambda: cloud.left == 0)
        assert len(watch.looks) < 12


def test_only_the_wanted_events_lead_to_a_look(cloud: Cloud, tmp_path: Path) -> None:
    cloud.put("raw/orders/a.csv", "id,total\n1,2\n")
    cloud.put("raw/users/a.csv", "id,name\n1,x\n")
    cloud.notify()
    with Followed(cloud.pipeline(tmp_path, events=["created"])) as watch:
        cloud.s3.delete_object(Bucket=cloud.bucket, Key="raw/users/a.csv")
        watch.wait(lambda: cloud.left == 0)
        assert len(watch.looks) == 1


def test_an_event_in_a_shared_folder_has_its_path(cloud: Cloud, tmp_path: Path) -> None:
    for month in (1, 2, 3):
        for name in TABLES[:2]:
            cloud.put(f"raw/{name}_2026-0{month}.csv", f"id,{name}_name\n1,x\n")
    cloud.notify()
    with Followed(cloud.pipeline(tmp_path)) as watch:
        cloud.put("raw/orders_2026-04.csv", "id,orders_name,total\n1,x,2\n")
        watch.wait(lambda: len(watch.events) >= 1)
        cloud.put("raw/users_2026-04.csv", "id,users_name\n1,x\n")
        watch.wait(lambda: len(watch.events) >= 2)
    place = f"s3://{cloud.bucket}/raw"
    assert watch.events == [
        ("schema-changed", f"{place}/orders_2026-04.csv"),
        ("modified", f"{place}/users_2026-04.csv"),
    ]


def test_overrides_that_are_edited_count_from_then_on(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A watch by events alone, with overrides beside the pipeline, of which no event tells."""
    monkeypatch.setattr(watching, "_CHOICE", 0.1)
    for name in TABLES:
        cloud.put(f"raw/{name}/a.csv", f"id,{name}_name\n1,x\n")
    cloud.notify()
    pipeline = cloud.pipeline(tmp_path)
    (tmp_path / "mine.yaml").write_text("exclude: ['orders/**']")
    text = json.loads(pipeline.read_text())
    text["sources"][0]["overrides"] = "mine.yaml"
    pipeline.write_text(json.dumps(text))
    with Followed(pipeline) as watch:
        (tmp_path / "new.yaml").write_text("tables: [{path: 'users/*.csv', name: people}]")
        (tmp_path / "new.yaml").replace(tmp_path / "mine.yaml")
        watch.wait(lambda: len(watch.events) >= 3)
        assert sorted(kind for kind, _ in watch.events) == ["created", "created", "deleted"]
        cloud.put("raw/orders/a.csv", "id,orders_name,total\n1,x,2\n")
        watch.wait(lambda: len(watch.events) >= 4)
        assert watch.events[-1] == ("schema-changed", f"s3://{cloud.bucket}/raw/orders/a.csv")
    assert not lumos_core.run(pipeline).changed
