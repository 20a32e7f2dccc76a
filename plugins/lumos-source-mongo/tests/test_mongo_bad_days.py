"""What bad days do: lines that break, servers that stall or stop, collections that go, documents of 16 MB, kill -9."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import bson
import pytest
from pymongo import MongoClient

from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import RetryableError, Scope, UnitError, urns
from lumos_core.testing import killed
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.servers import free_port

Client = MongoClient[dict[str, Any]]
KILLS = 25
SEED = 25


def pipeline(folder: Path, uri: str, **more: Any) -> None:
    """Write a pipeline that reads one database."""
    entry = json.dumps({"type": "mongo", "uri": uri, "databases": ["shop"], "connect_timeout": 2, **more})
    (folder / "lumos.yaml").write_text(f"version: 1\nname: test\nsources:\n  - {entry}\n", encoding="utf-8")


def lumos(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from lumos_core.cli import main; sys.argv[0] = 'lumos'; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def listed(folder: Path) -> list[str]:
    done = lumos(folder, "list", "--json")
    assert done.returncode == 0, done.stderr
    return sorted(item["urn"] for item in json.loads(done.stdout))


def test_a_line_that_is_cut_in_the_middle_is_tried_again(client: Client, proxy: Any, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        client.shop[name].insert_many({"_id": number, "text": "x" * 1000} for number in range(1000))
    pipeline(tmp_path, proxy.uri)
    proxy.cut_after = 1_500_000
    done = lumos(tmp_path, "run")
    assert proxy.cuts == 1, "the line was cut while documents came"
    assert done.returncode == 0, done.stdout + done.stderr
    assert [urns.name(urn) for urn in listed(tmp_path)] == ["shop", "shop.a", "shop.b", "shop.c"]


def test_a_line_that_is_cut_is_an_error_that_can_be_retried(client: Client, proxy: Any, read: Any) -> None:
    client.shop.big.insert_many({"_id": number, "text": "x" * 1000} for number in range(1000))
    found = read({"uri": proxy.uri, "databases": ["shop"]})
    assert found.errors == []
    proxy._passed, proxy.cut_after = 0, 600_000
    found = read({"uri": proxy.uri, "databases": ["shop"]})
    # The driver itself may have tried a read again; what reaches us is either everything or a retryable error.
    assert proxy.cuts == 1
    assert not found.errors or (isinstance(found.errors[0], RetryableError) and "big" not in found.datasets)


def test_a_server_that_is_gone(read: Any, tmp_path: Path) -> None:
    port = free_port()
    uri = f"mongodb://someone:secret-word@127.0.0.1:{port}/"
    found = read({"uri": uri, "connect_timeout": 0.5})
    (error,) = found.errors
    assert isinstance(error, RetryableError) and "no server answers" in str(error)
    assert not found.ctx.declared, "nothing is concluded"
    pipeline(tmp_path, uri, connect_timeout=0.5)
    done = lumos(tmp_path, "run")
    assert done.returncode == 3, done.stdout + done.stderr
    for secret in ("secret-word", "someone"):
        assert secret not in done.stdout + done.stderr


def test_a_server_that_stops_between_two_runs_loses_nothing(client: Client, proxy: Any, tmp_path: Path) -> None:
    client.shop.orders.insert_one({"_id": 1})
    pipeline(tmp_path, proxy.uri, connect_timeout=0.5)
    assert lumos(tmp_path, "run").returncode == 0
    before = listed(tmp_path)
    proxy.close()
    assert lumos(tmp_path, "run").returncode == 3
    assert listed(tmp_path) == before


def test_a_server_that_is_slow(client: Client, proxy: Any, read: Any) -> None:
    client.shop.orders.insert_many({"_id": number} for number in range(10))
    proxy.delay = 0.05
    assert read({"uri": proxy.uri}).errors == []
    proxy.delay = 3
    found = read({"uri": proxy.uri, "connect_timeout": 0.3, "timeout": 0.1})
    assert found.errors and all(isinstance(error, RetryableError) for error in found.errors)


def test_a_lock_held_for_minutes_ends_with_the_time_limit(replay: Any, read: Any, refused: Any) -> None:
    replay.shop([{"name": "orders", "type": "collection", "options": {}}], {"orders": [{"_id": 1}]})
    replay.answers["find"] = refused(50, "MaxTimeMSExpired", "operation exceeded time limit")
    (error,) = read({"uri": replay.uri, "timeout": 0.5}).errors
    assert isinstance(error, RetryableError) and "raise `timeout`" in str(error)
    assert {command["maxTimeMS"] for command in replay.asked if "find" in command} == {500}


def test_a_collection_that_is_dropped_before_it_is_read(client: Client, server: Any) -> None:
    for name in ("goes", "stays"):
        client.shop[name].insert_one({"_id": 1})
    source = Registry.load().spec("source", {"type": "mongo", "uri": server.dsn}).build()
    ctx = MemoryContext()
    units = {unit.key: unit for unit in source.plan(Scope(), ctx)}
    client.shop.goes.drop()
    with pytest.raises(UnitError, match=r"shop\.goes was dropped while it was read"):
        list(source.extract(units["shop.goes"], ctx))
    assert list(source.extract(units["shop.stays"], ctx))
    source.close()


def test_a_collection_that_is_dropped_in_the_middle(replay: Any, read: Any, cursor: Any, refused: Any) -> None:
    """MongoDB kills the cursors of a collection that goes."""
    replay.shop([{"name": "orders", "type": "collection", "options": {}}])
    replay.answers["collStats"] = {"count": 100}
    replay.answers["find"] = cursor("shop.orders", [{"_id": 1}], 77)
    replay.answers["getMore"] = refused(175, "QueryPlanKilled", "collection dropped between getMore calls")
    (error,) = read({"uri": replay.uri}).errors
    assert isinstance(error, RetryableError)


def test_a_cursor_whose_line_breaks(replay: Any, read: Any, cursor: Any) -> None:
    replay.shop([{"name": "orders", "type": "collection", "options": {}}])
    replay.answers["collStats"] = {"count": 100}
    replay.answers["find"] = cursor("shop.orders", [{"_id": 1}], 77)
    replay.answers["getMore"] = lambda command: None
    found = read({"uri": replay.uri})
    (error,) = found.errors
    assert isinstance(error, RetryableError) and "connection was lost" in str(error)
    assert found.datasets == {}


def test_a_document_that_is_no_bson(client: Client, server: Any, read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of three is broken: the others are read, and it is counted."""
    client.shop.orders.insert_many([{"_id": 1, "a": 1}, {"_id": 2, "t": "MARK"}, {"_id": 3, "a": 1}])
    from lumos_source_mongo.sampling import Reader

    decode = Reader._decode
    # A text whose length is wrong: the driver refuses the document.
    broken = lambda self, batch: decode(self, batch.replace(b"\x05\0\0\0MARK", b"\xff\xff\xff\x7fMARK"))  # noqa: E731
    monkeypatch.setattr(Reader, "_decode", broken)
    found = read({"uri": server.dsn})
    assert found.types("orders") == {"_id": "int32", "a": "int32"}
    assert "1 of 3 documents are no sound BSON" in found.texts()


def test_dates_and_texts_that_python_cannot_hold(client: Client, server: Any, read: Any) -> None:
    from bson.datetime_ms import DatetimeMS
    from bson.raw_bson import RawBSONDocument

    bad = bson.encode({"_id": 2, "t": "MARK"}).replace(b"MARK", b"\xff\xfe\xfd\xfc")
    client.shop.odd.insert_one({"_id": 1, "at": DatetimeMS(2**55), "before": DatetimeMS(-(2**55))})
    client.shop.odd.insert_one(RawBSONDocument(bad))
    found = read({"uri": server.dsn})
    assert found.errors == []
    assert found.types("odd") == {
        "_id": "int32",
        "at": "timestamptz(ms)",
        "before": "timestamptz(ms)",
        "t": "string",
    }


def test_a_document_of_16_megabytes(client: Client, server: Any, read: Any) -> None:
    client.shop.large.insert_one({"_id": 1, "text": "x" * 15_900_000})
    client.shop.large.insert_one({"_id": 2, "m": {f"key-{number:06d}": {"n": number} for number in range(100_000)}})
    found = read({"uri": server.dsn})
    assert found.errors == []
    assert found.types("large") == {
        "_id": "int32",
        "m": "map<string,struct>",
        "m{value}.n": "int32",
        "text": "string",
    }


MEASURE = """
import pathlib, sys
from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import Scope
from lumos_core.testing.context import MemoryContext
entry = {"type": "mongo", "uri": sys.argv[1], "databases": ["shop"]}
source = Registry.load().spec("source", entry, pathlib.Path()).build()
ctx = MemoryContext()
records = sum(len(list(source.extract(unit, ctx))) for unit in source.plan(Scope(), ctx))
source.close()
status = pathlib.Path("/proc/self/status").read_text()
print(records, next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs /proc")
def test_memory_is_that_of_a_few_documents(client: Client, server: Any) -> None:
    """60 documents of 1 MB, each of 20,000 names of its own, in little more than what the driver itself needs."""
    for number in range(60):
        names = {f"name-{number}-{place:05d}-{'x' * 25}": place for place in range(20_000)}
        client.shop.wide.insert_one({"_id": number, "o": names})
    command = [sys.executable, "-W", "ignore", "-c", MEASURE, server.dsn]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    records, peak = map(int, done.stdout.split())
    assert records == 3
    assert peak < 200, f"{peak} MiB"


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_killed_at_random_moments(client: Client, server: Any, tmp_path: Path) -> None:
    """What is remembered is never half written, and the next run knows what a run that nobody disturbed knows."""
    for number in range(12):
        client.shop[f"c{number}"].insert_many({"_id": n, f"f{number}": n, "l": [{"x": n}]} for n in range(100))

    def one() -> None:
        client.shop.drop_collection("extra")
        client.shop.drop_collection("c3")
        client.shop.c3.insert_many({"_id": n, "f3": n} for n in range(50))
        client.shop.c4.drop_indexes()

    def other() -> None:
        client.shop.drop_collection("extra")
        client.shop.extra.insert_one({"_id": 1, "o": {"a": 1.5}})
        client.shop.drop_collection("c3")
        client.shop.c3.insert_many({"_id": n, "f3": str(n), "g": [n]} for n in range(50))
        client.shop.c4.create_index("f4", unique=True)

    source = json.dumps({"type": "mongo", "uri": server.dsn, "databases": ["shop"]})
    pipeline = f"version: 1\nname: killed\nsources: [{source}]\ncatalogs: []\nreports: []\n"
    with killed.runs() as run:
        hits = killed.survives(run, tmp_path, pipeline, [one, other], KILLS, SEED)
    assert len(hits) == KILLS


def test_cancelling_ends_a_long_reading(client: Client, server: Any) -> None:
    client.shop.long.insert_many({"_id": number, "t": "x" * 200} for number in range(5000))
    spec = Registry.load().spec("source", {"type": "mongo", "uri": server.dsn, "documents": 5000})
    source = spec.build()
    ctx = MemoryContext()
    unit = next(unit for unit in source.plan(Scope(), ctx) if unit.key == "shop.long")
    stop = threading.Event()
    ctx.cancelled = stop.is_set
    stop.set()
    assert list(source.extract(unit, ctx)) == []
    source.close()
