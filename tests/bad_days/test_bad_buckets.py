"""Bad days of a bucket, through whole runs: retried, or not captured with the reason; nothing is concluded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clouds import Cloud
from lakes import Lake
from lumos_source_s3 import storage

import lumos_core
from lumos_core.testing.servers.http import Answer
from lumos_core.testing.servers.line import Line, refusal

TABLES = ("orders", "customers", "visits")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backoff takes no time."""
    monkeypatch.setattr(storage, "PAUSE", 0.01)
    monkeypatch.setattr(storage, "PAGE", 2)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda self, context: 0.01)
    monkeypatch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda self, amount=1, block=True: True)


@pytest.fixture
def line(cloud: Cloud) -> Iterator[Line]:
    with Line(cloud.server.dsn) as made:
        yield made


@pytest.fixture
def lake(cloud: Cloud, line: Line, tmp_path: Path) -> Lake:
    """A bucket that was looked at on a good day, and has changed since."""
    for name in TABLES:
        for part in range(2):
            cloud.put(f"raw/{name}/part-{part}.csv", f"id,{name}_total\n1,2.5\n")
    source = cloud.source(line.url, max_attempts=2, read_timeout=1, parallel=2)
    found = Lake(tmp_path, source, run={"retries": 1})
    assert lumos_core.run(found.pipeline).exit_code == 0
    cloud.put("raw/orders/part-1.csv", "id,orders_total,note\n1,2,x\n")
    return found


def replaced(cloud: Cloud, line: Line) -> None:
    """Somebody writes an object anew whenever it is about to be read."""
    count = iter(range(10**6))

    def replace(request: Any, answer: Any) -> Any:
        cloud.put("raw/orders/part-1.csv", f"id,orders_total,n{next(count)}\n1,2,x\n")
        return refuse

    status, body, headers = refusal(412, "PreconditionFailed")
    refuse = Answer(status, body, headers)
    line.faults.when(method="GET", path=r"orders/part-1").alter(replace)


def endless(cloud: Cloud, line: Line) -> None:
    """A bucket of a billion keys: each page is followed by another."""
    pages = iter(range(10**9))

    def page(request: Any, answer: Any) -> Any:
        number = next(pages)
        keys = "".join(
            f"<Contents><Key>raw/a{number:012}-{one}.csv</Key><LastModified>2026-01-15T10:30:00.000Z</LastModified>"
            f"<ETag>&quot;{number}&quot;</ETag><Size>9</Size><StorageClass>STANDARD</StorageClass></Contents>"
            for one in range(50)
        )
        more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>t{number}</NextContinuationToken>"
        body = f"<ListBucketResult><Name>{cloud.bucket}</Name><KeyCount>50</KeyCount>{more}{keys}</ListBucketResult>"
        return Answer(200, body.encode(), {"Content-Type": "application/xml"})

    line.faults.when(path="list-type").alter(page)


def refused(status: int, code: str, path: str = "list-type", **more: Any) -> Callable[[Cloud, Line], None]:
    return lambda cloud, line: line.faults.when(path=path, **more).answer(*refusal(status, code, "Words."))


DAYS: dict[str, tuple[Callable[[Cloud, Line], object], str, dict[str, Any]]] = {
    "no such bucket": (refused(404, "NoSuchBucket", "."), "no such bucket", {}),
    "a prefix that is denied": (refused(403, "AccessDenied"), "s3:ListBucket", {}),
    "a token that expired": (refused(400, "ExpiredToken"), "expired", {}),
    "a token that expires half way": (refused(400, "ExpiredToken", r"part-1\.csv"), "expired", {}),
    "a clock that is wrong": (refused(403, "RequestTimeTooSkewed"), "clock", {}),
    "a listing that breaks off": (
        lambda cloud, line: line.faults.when(path="list-type", after=1).cut(),
        "listing",
        {},
    ),
    "a server that is slow": (
        lambda cloud, line: line.faults.when(path="list-type").delay(0.4),
        "listing",
        {"read_timeout": 0.1, "max_attempts": 1},
    ),
    "a file that is always another": (replaced, "changed", {}),
    "a bucket without an end": (endless, "max_objects", {"max_objects": 200}),
}


@pytest.mark.parametrize("day", DAYS)
def test_nothing_is_concluded_on_a_bad_day(cloud: Cloud, line: Line, lake: Lake, day: str) -> None:
    begin, word, more = DAYS[day]
    before, published = lake.state(), lake.catalog()
    if more:
        lake.write(cloud.source(line.url, **{"parallel": 2, "max_attempts": 2, **more}), run={"retries": 1})
    begin(cloud, line)
    result = lumos_core.run(lake.pipeline)
    assert result.exit_code == 3
    said = " ".join(f"{one.message} {one.where} {one.fix}" for one in [*result.failures, *result.warnings])
    assert word in said, said
    assert cloud.server.password not in said or cloud.server.password == "test"
    gone = [event for event in result.events if event.type == "deleted"]
    assert (
        not gone and set(urns(before)) <= set(urns(lake.state())) and set(urns(published)) <= set(urns(lake.catalog()))
    )
    line.faults.clear()
    lake.write(cloud.source(line.url, max_attempts=2, parallel=2), run={"retries": 1})
    assert lumos_core.run(lake.pipeline).exit_code == 0
    assert [event.type for event in lake.events() if "orders" in event.urn] == ["schema-changed"]


def urns(lines: Any) -> list[str]:
    import json

    return [json.loads(line)["urn"] for line in lines]


def test_what_passes_is_tried_again(cloud: Cloud, line: Line, lake: Lake) -> None:
    line.faults.when(path="list-type", after=1, times=2).cut()
    line.faults.when(path=r"part-1\.csv", times=1).answer(*refusal(503, "SlowDown"))
    assert lumos_core.run(lake.pipeline).exit_code == 0
    assert [event.type for event in lake.events()] == ["schema-changed"]


def test_a_queue_full_of_other_peoples_messages(cloud: Cloud, lake: Lake) -> None:
    cloud.notify()
    bodies = [
        "hello",
        "{}",
        '{"Records": [{"eventSource": "aws:ses"}]}',
        "null",
        "[]",
        '{"Records": null}',
        "\u2603" * 9,
    ]
    for number in range(40):
        cloud.sqs.send_message(QueueUrl=cloud.queue, MessageBody=bodies[number % len(bodies)])
    cloud.put("raw/visits/part-1.csv", "id,visits_total,page\n1,2,x\n")
    lake.write(cloud.source(watch={"mode": "events", "sqs_queue": cloud.queue}))
    lumos_core.run(lake.pipeline, within=lumos_core.plugin_api.Scope(prefixes=("nothing",)))
    assert lumos_core.watch(lake.pipeline, once=True) == 0
    assert {event.type for event in lake.events() if "visits" in event.urn} == {"schema-changed"}
    assert cloud.left >= 40, "what is not understood stays for whom it is meant for"
