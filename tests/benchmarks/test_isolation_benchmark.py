"""What it costs to run a component in the worker of another environment."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lumos_core.environments.environment import Environment
from lumos_core.isolation.process import Worker
from lumos_core.loading.registry import Registry
from lumos_core.model.record import canonical
from lumos_core.model.scope import Scope
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.servers import postgres, running

SCALE = float(os.environ.get("LUMOS_BENCH_SCALE", "1"))

pytestmark = pytest.mark.benchmark

HERE = Path(__file__).parent
THERE = Environment("there", Path(sys.executable), 600.0)
RECORDS = int(100_000 * SCALE)
ROUNDS = 5
TABLES = max(100, int(1000 * SCALE))


@pytest.fixture(autouse=True)
def _no_worker_stays():
    yield
    Worker.stop_all()


def test_a_worker_is_ready_soon(record_property, hold):
    """From the start of the process to its first words, before it imports any component: 0.3 s on a quiet machine.

    Held as a ratio of the least that a process must do that validates options and encodes records.
    """
    least = [sys.executable, "-I", "-c", "import msgspec\nfrom pydantic import BaseModel"]
    ready, ratios = [], []
    for _ in range(9):
        begin = time.perf_counter()
        subprocess.run(least, check=True)
        bound = time.perf_counter() - begin
        begin = time.perf_counter()
        worker = Worker(THERE)
        ready.append(time.perf_counter() - begin)
        ratios.append(ready[-1] / bound)
        worker.stop()
    ratio = statistics.median(ratios)
    record_property("ratio", round(ratio, 2))
    print(f"\nworker ready: {statistics.median(ready) * 1000:.0f} ms, {ratio:.2f}x of the bound")
    hold(ratio, 2.5)


def _seconds(source, through_worker):
    """Time a whole reading, and count the bytes of its lines."""
    ctx = MemoryContext()
    begin = time.perf_counter()
    size = 0
    for unit in source.plan(Scope(), ctx):
        if through_worker:
            size += sum(len(piece) for piece in source.pieces(unit, ctx))
        else:
            size += sum(len(canonical(record)) + 1 for record in source.extract(unit, ctx))
    return time.perf_counter() - begin, size


def test_a_record_crosses_cheaply(record_property, hold):
    """What a record of twenty fields costs beyond making its line in this process: <= 20 microseconds."""
    entry = {"type": "wide_source:WideSource", "records": RECORDS}
    registry = Registry.load()
    here = registry.spec("source", entry, HERE).build()
    there = registry.spec("source", {**entry, "environment": "there"}, HERE, lambda name: THERE).build()
    extra = []
    for _ in range(ROUNDS):
        (inside, one), (outside, other) = _seconds(here, False), _seconds(there, True)
        assert one == other
        extra.append((outside - inside) / RECORDS * 1e6)
    there.close()
    microseconds = statistics.median(extra)
    record_property("microseconds", round(microseconds, 2))
    print(f"\n{RECORDS} records of 20 fields: {microseconds:.1f} us each beyond the work itself")
    hold(microseconds, 20.0)


@pytest.fixture(scope="module")
def dsn(tmp_path_factory):
    psycopg = pytest.importorskip("psycopg")
    pytest.importorskip("lumos_source_postgres")
    with running(postgres, tmp_path_factory.mktemp("postgres")) as server:
        columns = ", ".join(f"column_{number} numeric(12, 2)" for number in range(19))
        with psycopg.connect(server.dsn, autocommit=True) as connection, connection.pipeline():
            for number in range(TABLES):
                connection.execute(f"create table table_{number} (id bigint primary key, {columns})")
        yield server.dsn


def test_postgresql_through_a_worker(dsn, record_property, hold):
    """Reading a real PostgreSQL through a worker that is up <= 1.3x of reading it in this process."""
    registry = Registry.load()
    entry = {"type": "postgres", "dsn": dsn.replace("$", "$$")}
    here = registry.spec("source", entry, HERE).build()
    there = registry.spec("source", {**entry, "environment": "there"}, HERE, lambda name: THERE).build()
    _seconds(here, False), _seconds(there, True)
    ratios = []
    for _ in range(ROUNDS):
        (inside, one), (outside, other) = _seconds(here, False), _seconds(there, True)
        assert one == other
        ratios.append(outside / inside)
    here.close()
    there.close()
    ratio = statistics.median(ratios)
    record_property("ratio", round(ratio, 2))
    print(f"\n{TABLES} tables of PostgreSQL through a worker: {ratio:.2f}x of reading them here")
    hold(ratio, 1.3)
