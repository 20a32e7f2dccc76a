"""Discovery over a listing of 1,000,000 keys, given as a file, against reading and splitting the keys.

`LUMOS_BENCH_SCALE` scales the number of keys. Every measurement is a process of its own; time is that of the processor,
since the work is one thread's; both halves are taken in turns.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("lumos_lake")

pytestmark = pytest.mark.benchmark

SCALE = float(os.environ.get("LUMOS_BENCH_SCALE", "1"))
KEYS = max(50_000, int(1_000_000 * SCALE))

MAKE = """
import random, sys, uuid
from datetime import date, timedelta
shape, count, file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
rng, start = random.Random(7), date(2020, 1, 1)
def unique():
    return uuid.UUID(int=rng.getrandbits(128), version=4)
def lake():
    for table in range(1 << 30):
        letters = "".join(chr(97 + table // 26 ** place % 26) for place in range(3))
        folder = f"lake/zone{table % 7}/table_{letters}"
        if table % 5 == 0:
            for day in range(400):
                for shard in range(10):
                    yield f"{folder}/dt={start + timedelta(days=day)}/part-{shard:05d}.parquet"
        elif table % 5 == 1:
            for shard in range(2000):
                yield f"{folder}/part-{shard:05d}-{unique()}-c000.snappy.parquet"
        elif table % 5 == 2:
            for day in range(500):
                for shard in range(4):
                    yield f"{folder}/{start + timedelta(days=day):%Y/%m/%d}/{letters}_{shard}.json.gz"
        elif table % 5 == 3:
            for version in range(200):
                yield f"{folder}/_delta_log/{version:020d}.json"
            for shard in range(1000):
                yield f"{folder}/day={start + timedelta(days=shard % 100)}/part-{shard:05d}-{unique()}.c000.parquet"
        else:
            for place in range(100):
                name = f"{folder}/export_{chr(97 + place % 26)}{chr(97 + place // 26)}x"
                yield f"{name}/data.csv"
                yield f"{name}/_SUCCESS"
def folder():
    for shard in range(1 << 40):
        yield f"lake/raw/events/part-{shard:07d}-{unique()}-c000.snappy.parquet"
def folders():
    while True:
        yield f"lake/raw/sessions/{unique()}/data.json"
def partitions():
    for place in range(1 << 40):
        for shard in range(10):
            day = start + timedelta(days=place // 25)
            yield f"lake/raw/orders/region={place % 25:02d}/dt={day}/part-{shard:05d}.csv"
keys = []
for key in {"lake": lake, "folder": folder, "folders": folders, "partitions": partitions}[shape]():
    keys.append(key)
    if len(keys) == count:
        break
with open(file, "w") as out:
    for place, key in enumerate(sorted(keys)):
        out.write(f"{key}\\t{1000 + place % 777}\\t{1700000000 + place}000000000\\t{place:032x}\\n")
"""

PLAIN = """
import json, sys, time
begin, count = time.process_time(), 0
with open(sys.argv[1]) as file:
    for line in file:
        key, size, mtime, tag = line.rstrip("\\n").split("\\t")
        count += len(key.split("/")) > 0
print(json.dumps({"seconds": time.process_time() - begin, "keys": count}))
"""

LUMOS = """
import json, sys, time
from lumos_lake import Entry
from lumos_lake.discovery import layout
def listing():
    with open(sys.argv[1]) as file:
        for line in file:
            key, size, mtime, tag = line.rstrip("\\n").split("\\t")
            yield Entry(key, int(size), int(mtime), tag)
begin = time.process_time()
found = layout(listing())
seconds = time.process_time() - begin
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
files = sum(len(one.files) for one in found.groupings)
datasets = len(found.groupings)
print(json.dumps({"seconds": seconds, "mib": peak, "datasets": datasets, "files": files, "seen": found.seen}))
"""


def measure(code: str, *arguments: object) -> dict[str, float]:
    """Run a measurement in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], check=True, capture_output=True, text=True
    )
    answer: dict[str, float] = json.loads(done.stdout) if done.stdout else {}
    return answer


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read from /proc")
@pytest.mark.parametrize(
    "shape, target",
    [("lake", 10.0), ("folder", 10.0), ("partitions", 10.0), ("folders", 45.0)],
    ids=["a lake", "one folder", "one table of 100,000 partitions", "a folder per key"],
)
def test_discovery_against_splitting_the_keys(
    shape: str, target: float, tmp_path: Path, hold: Callable[[float, float], None]
) -> None:
    listing = tmp_path / "listing.tsv"
    measure(MAKE, shape, KEYS, listing)
    plains, ours = [], []
    for _ in range(3):
        plains.append(measure(PLAIN, listing))
        ours.append(measure(LUMOS, listing))
    plain, best = min(run["seconds"] for run in plains), min(run["seconds"] for run in ours)
    peak = max(run["mib"] for run in ours)
    print(
        f"\n{shape}, {KEYS:,} keys: split {plain:.2f} s, discovery {best:.2f} s ({best / plain:.2f}x), {peak:.0f} MiB, "
        f"{ours[0]['datasets']:,.0f} datasets"
    )
    assert all(run["seen"] == KEYS for run in ours)
    if shape != "lake":
        assert all(run["datasets"] == 1 and run["files"] == KEYS for run in ours)
    hold(best / plain, target)
    assert peak <= 400
