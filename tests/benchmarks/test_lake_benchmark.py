"""A lake of many small files: reading every schema against plain pyarrow, and reading it again unchanged.

`LUMOS_BENCH_SCALE` scales the number of tables (1 = 100 tables of 40 files). Every measurement is a process of its
own, so that the peak of its memory is its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("lumos_source_csv")
pytest.importorskip("lumos_source_parquet")

pytestmark = pytest.mark.benchmark

SCALE = float(os.environ.get("LUMOS_BENCH_SCALE", "1"))
TABLES = max(4, int(100 * SCALE))
FILES = 40

MAKE = """
import csv, sys, pathlib, datetime
import pyarrow as pa, pyarrow.parquet as pq
root, tables, files = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
columns = ["id", "customer", "amount", "ordered_at", "status", "country", "quantity", "note"]
rows = [[n, f"c{n}", n * 1.5, f"2026-01-{n % 28 + 1:02d} 10:00:00", "paid", "DE", n % 7, "a note"] for n in range(50)]
table = pa.table({name: [row[i] for row in rows] for i, name in enumerate(columns)})
for t in range(tables):
    for f in range(files):
        day = datetime.date(2026, 1, 1) + datetime.timedelta(days=f)
        folder = root / f"zone{t % 5}" / f"table_{chr(97 + t % 26)}{t}x" / f"dt={day}"
        folder.mkdir(parents=True)
        if t % 2:
            pq.write_table(table, folder / "part-00000.parquet")
        else:
            with (folder / "part-00000.csv").open("w", newline="") as file:
                csv.writer(file).writerows([columns, *rows])
"""

PLAIN = """
import os, sys, json, time
from concurrent.futures import ThreadPoolExecutor
import pyarrow.csv as pc, pyarrow.parquet as pq
def schema(path):
    if path.endswith(".parquet"):
        return pq.read_schema(path)
    with pc.open_csv(path) as reader:
        return reader.schema
begin = time.perf_counter()
paths = [os.path.join(folder, name) for folder, _, names in os.walk(sys.argv[1]) for name in names]
with ThreadPoolExecutor(2) as pool:
    schemas = list(pool.map(schema, paths))
print(json.dumps({"seconds": time.perf_counter() - begin, "files": len(schemas)}))
"""

LUMOS = """
import sys, json, time, resource, pickle, pathlib
from concurrent.futures import ThreadPoolExecutor
from lumos_core.plugin_api import Scope, canonical
from lumos_core.loading.registry import Registry
from lumos_core.testing.context import MemoryContext
import tempfile, lumos_source_csv.format, lumos_source_parquet.format
root, memo, threads = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
entry = {"type": "files", "path": str(root), "formats": ["csv", "parquet"]}
spec = Registry.load().spec("source", entry, root)
with tempfile.TemporaryDirectory() as small:  # imports are made before the clock starts, as in the other measurement
    sample = pathlib.Path(small)
    for path in [next(root.rglob("*.csv")), next(root.rglob("*.parquet"))]:
        (sample / path.name).write_bytes(path.read_bytes())
    warm = Registry.load().spec("source", {**entry, "path": small}, sample).build()
    for unit in warm.plan(Scope(), ctx := MemoryContext()):
        list(warm.extract(unit, ctx))
ctx = MemoryContext()
if memo.exists():
    ctx.memo.update(pickle.loads(memo.read_bytes()))
begin = time.perf_counter()
source = spec.build()
def work(unit):
    return [canonical(record) for record in source.extract(unit, ctx)]
with ThreadPoolExecutor(threads) as pool:
    lines = [line for part in pool.map(work, source.plan(Scope(), ctx)) for line in part]
seconds = time.perf_counter() - begin
memo.write_bytes(pickle.dumps(dict(ctx.memo)))
try:  # of this program alone: ru_maxrss begins with that of the program from which it was started
    status = pathlib.Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
datasets = sum(line.startswith(b'{"kind":"dataset"') for line in lines)
print(json.dumps({"seconds": seconds, "mib": peak, "datasets": datasets, "warnings": len(ctx.warnings)}))
"""


def measure(code: str, *arguments: object) -> dict[str, float]:
    """Run a measurement in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout) if done.stdout else {}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake")
    measure(MAKE, folder, TABLES, FILES)
    return folder


def test_every_schema_against_plain_pyarrow_and_a_second_run(
    lake: Path, tmp_path: Path, hold: Callable[[float, float], None]
) -> None:
    measure(PLAIN, lake)  # the page cache is warm for both
    plains, firsts, seconds = [], [], []
    for attempt in range(4):  # side by side, so that a busy machine slows all alike; the best of each counts
        memo = tmp_path / f"memo{attempt}"
        plains.append(measure(PLAIN, lake))
        firsts.append(measure(LUMOS, lake, memo, 2))
        seconds.append(measure(LUMOS, lake, memo, 2))
    plain = min(run["seconds"] for run in plains)
    first = min(run["seconds"] for run in firsts)
    second = min(run["seconds"] for run in seconds)
    peak = max(run["mib"] for run in firsts)
    print(
        f"\n{TABLES * FILES} files, {TABLES} tables: plain pyarrow {plain:.2f} s, first run {first:.2f} s "
        f"({first / plain:.2f}x), second run {second:.2f} s ({second / first:.2f}x of the first), {peak:.0f} MiB"
    )
    assert all(run["datasets"] == TABLES for run in firsts + seconds)
    assert all(run["warnings"] == 0 for run in firsts + seconds)
    hold(first / plain, 2)
    hold(second / first, 0.3)
    assert peak <= 200
