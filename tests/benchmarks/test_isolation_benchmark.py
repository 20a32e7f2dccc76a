"""What it costs to run a component in the worker of another environment."""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

import pytest

from lumos_core.isolation.environments import Environment
from lumos_core.isolation.process import Worker
from lumos_core.loading.registry import Registry
from lumos_core.model.record import canonical
from lumos_core.model.scope import Scope
from lumos_core.testing.context import MemoryContext

SCALE = float(os.environ.get("LUMOS_BENCH_SCALE", "1"))

pytestmark = pytest.mark.benchmark

HERE = Path(__file__).parent
THERE = Environment("there", Path(sys.executable), 600.0)
RECORDS = int(100_000 * SCALE)
ROUNDS = 5


@pytest.fixture(autouse=True)
def _no_worker_stays():
    yield
    Worker.stop_all()


def test_a_worker_is_ready_soon(record_property, hold):
    """From the start of the process to its first words, before it imports any component: <= 0.3 s."""
    times = []
    for _ in range(9):
        begin = time.perf_counter()
        worker = Worker(THERE)
        times.append(time.perf_counter() - begin)
        worker.stop()
    ready = statistics.median(times)
    record_property("seconds", round(ready, 3))
    print(f"\nworker ready: {ready * 1000:.0f} ms")
    hold(ready, 0.3)


def _seconds(source, through_worker):
    ctx = MemoryContext()
    (unit,) = source.plan(Scope(), ctx)
    begin = time.perf_counter()
    if through_worker:
        size = sum(len(piece) for piece in source.pieces(unit, ctx))
    else:
        size = sum(len(canonical(record)) + 1 for record in source.extract(unit, ctx))
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
