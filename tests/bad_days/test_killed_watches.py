"""A watch of a bucket and its queue, killed again and again: no event is lost, none is told twice."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from clouds import Cloud
from killing import helper, killed, log, until
from lakes import Lake, equal

import lumos_core

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")

KILLS = 10
TABLES = ("orders", "users", "returns", "visits", "prices")
PATCHES = {"lumos_source_s3.queue:VISIBILITY": 2}
"""What a killed watch held comes again after so many seconds."""


def change(cloud: Cloud, moment: int, chance: random.Random) -> None:
    """Upload a table, or take it away; what it holds follows from the moment."""
    table = chance.choice(TABLES)
    key = f"raw/{table}/part 1+1.csv"
    if chance.random() < 0.25 and key in cloud.under("raw/"):
        cloud.drop(key)
    else:
        columns = [f"{table}_{number}" for number in range(1 + moment % 4)] + [f"v{moment}"]
        cloud.put(key, ",".join(columns) + "\n" + ",".join("1" for _ in columns) + "\n")


def survives(cloud: Cloud, folder: Path, kills: int, seed: int) -> None:
    chance, moment, hits = random.Random(seed), 0, 0
    cloud.put("raw/orders/part 1+1.csv", "orders_0\n1\n")
    cloud.notify()
    block = {"mode": "events", "debounce": 0.05, "sqs_queue": cloud.queue}
    lake = Lake(folder / "killed", cloud.source(watch=block, max_attempts=2))
    with helper() as machine:
        assert machine.warm(lake.folder, "run", "--quiet") == 0
        while hits < kills:
            process = machine.start(lake.folder, "watch", "--json", at=chance.randint(150, 900), **PATCHES)
            end = time.monotonic() + chance.uniform(1.0, 3.0)
            while time.monotonic() < end and Path(f"/proc/{process.pid}").exists():
                change(cloud, moment, chance)
                moment += 1
                time.sleep(chance.uniform(0.1, 0.5))
            process.send(signal.SIGKILL)
            assert killed(process.ended()), log(lake.folder)
            hits += 1
            lake.state()
        process = machine.start(lake.folder, "watch", "--json", **PATCHES)
        until(lambda: not cloud.left, 60, lambda: log(lake.folder))
        process.send(signal.SIGTERM)
        assert process.ended() == 130, log(lake.folder)
    # A look at everything finds nothing that the watch did not.
    assert not lumos_core.run(lake.pipeline).changed
    clean = Lake(folder / "clean", cloud.source())
    assert lumos_core.run(clean.pipeline).exit_code == 0
    equal(lake, clean)
    told = [event.id for event in lake.events()]
    assert max(Counter(told).values(), default=0) <= 1, "no event is kept twice"
    assert max(lake.versions().values()) == 1, "no version is given twice"
    there = {key.split("/")[1] for key in cloud.under("raw/")}
    known = [json.loads(line)["urn"] for line in lake.state() if '"kind":"dataset"' in line]
    assert len(known) == len(there), (known, there)


def test_a_watch_of_a_bucket_survives_kills(cloud: Cloud, tmp_path: Path) -> None:
    survives(cloud, tmp_path, KILLS, seed=20260115)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(3))
def test_a_watch_of_a_bucket_survives_many_kills(cloud: Cloud, tmp_path: Path, seed: int) -> None:
    survives(cloud, tmp_path, 60, seed)
