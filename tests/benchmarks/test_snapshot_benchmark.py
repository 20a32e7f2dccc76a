"""Snapshots at size: joining two against comparing their bytes, writing a million datasets from an unsorted stream.

`LUMOS_BENCH_SCALE` scales the number of datasets (1 = 100,000 to join, 1,000,000 to write). Every measurement is a
process of its own, so that the peak of its memory is its own. Ratios compare the best of several rounds that take
turns; growth is that of processor time, which other work on the machine disturbs least.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.benchmark

SCALE = float(os.environ.get("LUMOS_BENCH_SCALE", "1"))
JOINED = max(2_000, int(100_000 * SCALE))
WRITTEN = max(20_000, int(1_000_000 * SCALE))
MEMORY = int(32 * 2**20 * WRITTEN / 1_000_000)
"""Held before it is spilled: as much as by default for a million, so that a smaller scale spills as often."""

COMMON = """
import json, os, random, resource, sys, time
from lumos_core.snapshot.join import join
from lumos_core.snapshot.reader import SnapshotReader
from lumos_core.snapshot.writer import SnapshotWriter

TYPES = ["int64", "string", "varchar(64)", "timestamp(us)", "decimal(18,2)", "bool"]

def line(number, fields, changed, chance):
    columns = ",".join(
        '{"native_type":"x%d","nullable":%s,"path":"column_%d_%d","type":"%s"}'
        % (chance.randrange(10**6), "true" if chance.random() < .5 else "false", n, chance.randrange(1000),
           "int32" if changed and n == 3 else TYPES[chance.randrange(6)])
        for n in range(fields))
    urn = "urn:lumos:dataset:(postgres,shop.s%03d.t%08d,PROD)" % (number % 500, number)
    text = '{"kind":"dataset","urn":"%s","value":{"captured":["fields"],"fields":[%s],"name":"t%d"}}'
    return (text % (urn, columns, number)).encode()

def peak():
    # Of this program alone: ru_maxrss begins with that of the program from which it was started.
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def pair(left, right):
    return sum(1 for _ in join(SnapshotReader(left), SnapshotReader(right)))
"""

MAKE = """
count, fields, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
order = sorted(range(count), key=lambda n: "s%03d.t%08d" % (n % 500, n))
for name, changes in (("a", False), ("b", True)):
    chance = random.Random(1)
    plain = SnapshotWriter(f"{folder}/{name}.lumos.jsonl", ordered=True)
    packed = SnapshotWriter(f"{folder}/{name}.lumos.jsonl.zst", ordered=True)
    for place, number in enumerate(order):
        text = line(number, fields, False, chance)
        if changes and place % 100 == 7:
            text = text.replace(b'"column_', b'"renamed_', 1)
        plain.add_line(text)
        packed.add_line(text)
    plain.close()
    packed.close()
"""

JOIN = """
folder, ending, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])

def compare(left, right):
    with open(left, "rb") as one, open(right, "rb") as other:
        return sum(a != b for a, b in zip(one, other))

plain = [f"{folder}/{name}.lumos.jsonl" for name in "ab"]
times = {"compare": [], "join": []}
for _ in range(rounds):
    begin = time.perf_counter()
    compare(*plain)
    times["compare"].append(time.perf_counter() - begin)
    begin = time.perf_counter()
    found = pair(*(path + ending for path in plain))
    times["join"].append(time.perf_counter() - begin)
best = {name: min(some) for name, some in times.items()}
print(json.dumps({**best, "found": found, "ratio": best["join"] / best["compare"], "peak": peak()}))
"""

WRITE = """
count, folder, memory = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
templates = [line(0, 10, changed, random.Random(1)).replace(b"%", b"%%") for changed in (False, True)]
templates = [text.replace(b"s000.t00000000", b"s%03d.t%08d") for text in templates]
step = next(prime for prime in (7919, 7907, 7901) if count % prime)

def write(path, every):
    wall, cpu = time.perf_counter(), time.process_time()
    with SnapshotWriter(path, memory=memory) as writer:
        for n in range(count):
            number = n * step % count
            writer.add_line(templates[bool(every and number % every == 0)] % (number % 500, number))
        writer.close()
    return time.perf_counter() - wall, time.process_time() - cpu

wall, cpu = write(f"{folder}/x.lumos.jsonl", 0)
writing = peak()
write(f"{folder}/y.lumos.jsonl", 100)
begin, spent = time.perf_counter(), time.process_time()
found = pair(f"{folder}/x.lumos.jsonl", f"{folder}/y.lumos.jsonl")
print(json.dumps({"wall": wall, "cpu": cpu, "writing": writing, "found": found, "peak": peak(),
                  "join": time.perf_counter() - begin, "join_cpu": time.process_time() - spent}))
"""


def measure(code: str, *arguments: object) -> dict[str, Any]:
    """Run code in a process of its own; returns what it prints."""
    command = [sys.executable, "-c", COMMON + code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("join")
    measure(MAKE, JOINED, 50, folder)
    return folder


@pytest.mark.parametrize("ending, bound", [("", 1.5), (".zst", 2.5)])
def test_join_against_comparing_bytes(
    folder: Path,
    ending: str,
    bound: float,
    capsys: pytest.CaptureFixture[str],
    hold: Callable[[float, float], None],
) -> None:
    found = measure(JOIN, folder, ending, 5)
    with capsys.disabled():
        print(
            f"\njoin of {JOINED:,} datasets x 50 fields, {ending or 'plain'}: {found['join']:.2f} s, bytes compared in "
            f"{found['compare']:.2f} s, ratio {found['ratio']:.2f} (at most {bound}), peak {found['peak']:.0f} MiB"
        )
    assert found["found"] == sum(1 for place in range(JOINED) if place % 100 == 7)
    assert found["peak"] <= 80
    hold(found["ratio"], bound)


def test_writing_is_linear_and_flat(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], hold: Callable[[float, float], None]
) -> None:
    # Both sizes are measured as often, in turn: the best of more rounds would be the better by chance alone.
    rounds = [[measure(WRITE, count, tmp_path, MEMORY) for count in (WRITTEN // 10, WRITTEN)] for _ in range(3)]
    small, large = ({name: min(run[name] for run in runs) for name in runs[0]} for runs in zip(*rounds, strict=True))
    with capsys.disabled():
        for count, found in ((WRITTEN // 10, small), (WRITTEN, large)):
            print(
                f"\n{count:,} datasets x 10 fields, unsorted: written in {found['wall']:.1f} s ({found['cpu']:.1f} s "
                f"of processor), compared in {found['join']:.1f} s, peak {found['peak']:.0f} MiB"
            )
    assert large["found"] == -(-WRITTEN // 100)
    assert large["peak"] <= 150
    hold(large["cpu"] / small["cpu"], 11)
    hold(large["join_cpu"] / small["join_cpu"], 11)
