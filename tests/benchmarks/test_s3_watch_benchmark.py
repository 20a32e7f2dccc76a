"""From an upload to the change in the embedded catalog: how long, none lost, none twice.

moto keeps the bucket and the queue; `lumos watch --json` runs in a process of its own. Every upload gives one table
another column, so that each must lead to exactly one event. The time ends when the watch tells of the change, which is
after the catalog was written.

`LUMOS_BENCH_SCALE` scales the number of events (1 = 1,000 events over 500 tables).
"""

from __future__ import annotations

import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lumos_core.testing.servers import Server, moto, running

session = pytest.importorskip("botocore.session")
pytest.importorskip("lumos_source_s3")

pytestmark = pytest.mark.benchmark

SCALE = float(os.environ.get("LUMOS_BENCH_SCALE", "1"))
TABLES = max(20, int(500 * SCALE))
ROUNDS = 2
RATE = 10
"""Uploads in a second; moto itself gives about forty messages in a second."""
P99 = 5.0
"""Seconds."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(moto, tmp_path_factory.mktemp("moto")) as server:
        yield server


def names() -> list[str]:
    """Names and columns so different that every folder is a table of its own."""
    syllables = [a + b for a, b in itertools.product("bcdfghjklmnprst", "aeiou")]
    words = ["".join(parts) for parts in itertools.product(syllables, repeat=2)]
    random.Random(7).shuffle(words)
    return sorted(words[:TABLES])


def table(name: str, round_: int) -> bytes:
    columns = [f"{name}_id", f"{name[::-1]}_name", *(f"added_{n}" for n in range(round_))]
    return f"{','.join(columns)}\n{','.join('1' for _ in columns)}\n".encode()


def test_an_upload_is_in_the_catalog_within_seconds(
    server: Server, tmp_path: Path, hold: Callable[[float, float], None]
) -> None:
    login = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
    make = session.get_session().create_client
    s3, sqs = (make(service, endpoint_url=server.dsn, **login) for service in ("s3", "sqs"))
    s3.create_bucket(Bucket="lake")
    queue = sqs.create_queue(QueueName="lake")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    moto.seed(server, "lake", [(f"raw/{name}/part-0.csv", table(name, 0).decode()) for name in names()])
    entry = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(Bucket="lake", NotificationConfiguration={"QueueConfigurations": [entry]})
    source = {"type": "s3", "bucket": "lake", "prefix": "raw/", "endpoint": server.dsn, "region": "us-east-1"}
    source |= {"access_key_id": "any", "secret_access_key": "any"}
    watch = {"mode": "events", "debounce": 0.1, "sqs_queue": queue}
    pipeline = {"version": 1, "name": "lake", "sources": [{**source, "watch": watch}]}
    (tmp_path / "lumos.yaml").write_text(json.dumps(pipeline), encoding="utf-8")

    seen: dict[str, list[float]] = defaultdict(list)
    looks, ready = [], threading.Event()
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("lumos")), "watch", "lumos.yaml", "--json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )

    def read() -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                told = json.loads(line)
                if told["line"] == "look":
                    looks.append(told)
                    ready.set()
                elif told["line"] == "event":
                    seen[told["path"]].append(time.monotonic())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert ready.wait(120), "the first look"
        sent: dict[str, list[float]] = defaultdict(list)
        begun = time.monotonic()
        for number, (round_, name) in enumerate(itertools.product(range(1, ROUNDS + 1), names())):
            time.sleep(max(0.0, begun + number / RATE - time.monotonic()))
            key = f"raw/{name}/part-0.csv"
            s3.put_object(Bucket="lake", Key=key, Body=table(name, round_))
            sent[f"s3://lake/{key}"].append(time.monotonic())
        count = sum(map(len, sent.values()))
        end = time.monotonic() + 60
        while sum(map(len, seen.values())) < count and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(2)  # for what would come twice
    finally:
        process.terminate()
        process.wait(30)
        reader.join()
    assert {path: len(times) for path, times in seen.items()} == {path: len(times) for path, times in sent.items()}
    took = sorted(
        later - earlier for path, times in sent.items() for earlier, later in zip(times, seen[path], strict=True)
    )
    assert min(took) > 0
    cuts = statistics.quantiles(took, n=100)
    p50, p95, p99 = cuts[49], cuts[94], cuts[98]
    print(f"\n{count} events, {TABLES} tables, {RATE} a second, {len(looks) - 1} looks")
    print(f"p50 {p50:.2f} s, p95 {p95:.2f} s, p99 {p99:.2f} s, longest {took[-1]:.2f} s")
    left = sqs.get_queue_attributes(
        QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    )["Attributes"]
    assert set(left.values()) == {"0"}, "everything was acknowledged"
    listing = subprocess.run(
        [str(Path(sys.executable).with_name("lumos")), "search", "added_1", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(listing.stdout)["total"] == TABLES, "the catalog holds what every table came to"
    hold(p99, P99)
