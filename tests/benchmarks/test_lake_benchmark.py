"""A lake of many small files: reading every schema against plain pyarrow, and reading it again unchanged.

Once of plain files alone, once with tables of Delta and Iceberg among them, whose logs plain pyarrow and json read.

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
kinds = sys.argv[4].split(",")
columns = ["id", "customer", "amount", "ordered_at", "status", "country", "quantity", "note"]
rows = [[n, f"c{n}", n * 1.5, f"2026-01-{n % 28 + 1:02d} 10:00:00", "paid", "DE", n % 7, "a note"] for n in range(50)]
table = pa.table({name: [row[i] for row in rows] for i, name in enumerate(columns)})
for t in range(tables):
    home, kind = root / f"zone{t % 5}" / f"table_{chr(97 + t % 26)}{t}x", kinds[t % len(kinds)]
    for f in range(files if kind in ("csv", "parquet") else files - LOG):
        day = datetime.date(2026, 1, 1) + datetime.timedelta(days=f)
        folder = home / f"dt={day}"
        folder.mkdir(parents=True)
        if kind == "csv":
            with (folder / "part-00000.csv").open("w", newline="") as file:
                csv.writer(file).writerows([columns, *rows])
        else:
            pq.write_table(table, folder / "part-00000.parquet")
    if kind == "delta":
        delta(home)
    elif kind == "iceberg":
        iceberg(home)
"""

LOGS = """
import json, pathlib
LOG = 12  # files of a log
names = ["id", "customer", "amount", "ordered_at", "status", "country", "quantity", "note"]
def write(path, *objects):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\\n" for one in objects))
def delta(home):
    fields = [{"name": n, "type": "string", "nullable": True, "metadata": {}} for n in [*names, "dt"]]
    schema = json.dumps({"type": "struct", "fields": fields})
    meta = {"id": "1", "format": {"provider": "parquet", "options": {}}, "schemaString": schema,
            "partitionColumns": ["dt"], "configuration": {}, "createdTime": 1767225600000}
    for version in range(LOG):
        bounds = {"minValues": {n: "a" for n in names}, "maxValues": {n: "z" for n in names}}
        stats = json.dumps({"numRecords": 50, **bounds})
        adds = [{"add": {"path": f"dt=2026-01-01/part-{version}-{n}.parquet", "partitionValues": {"dt": "2026-01-01"},
                         "size": 4096, "modificationTime": 1767225600000, "dataChange": True, "stats": stats}}
                for n in range(20)]
        first = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, {"metaData": meta}] * (version == 0)
        info = {"commitInfo": {"timestamp": 1767225600000 + version, "operation": "WRITE"}}
        write(home / "_delta_log" / f"{version:020}.json", info, *first, *adds)
def iceberg(home):
    fields = [{"id": i, "name": n, "required": False, "type": "string"} for i, n in enumerate(names)]
    snapshots = [{"snapshot-id": n + 1, "timestamp-ms": 1767225600000 + n, "sequence-number": n + 1, "schema-id": 0,
                  "manifest-list": f"s3://lake/snap-{n}.avro",
                  "summary": {"operation": "append", "total-records": str(n * 50), "total-data-files": str(n)}}
                 for n in range(LOG)]
    for version in range(LOG):
        write(home / "metadata" / f"{version:05}-6b8e.metadata.json", {
            "format-version": 2, "table-uuid": "9faafb13-1ce7-4603-93f8-197afc7394a9", "location": "s3://lake/t",
            "last-sequence-number": LOG, "last-updated-ms": 1767225600000 + version, "last-column-id": 99,
            "current-schema-id": 0, "schemas": [{"type": "struct", "schema-id": 0, "fields": fields}],
            "default-spec-id": 0, "partition-specs": [{"spec-id": 0, "fields": []}], "last-partition-id": 999,
            "default-sort-order-id": 0, "sort-orders": [{"order-id": 0, "fields": []}], "properties": {},
            "current-snapshot-id": version + 1, "snapshots": snapshots[:version + 1],
            "refs": {"main": {"snapshot-id": version + 1, "type": "branch"}}})
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
def log(paths):  # of Delta every commit, of Iceberg the newest metadata
    for path in paths:
        with open(path, "rb") as file:
            last = [json.loads(line) for line in file]
    return last
work = []
for folder, inner, names in os.walk(sys.argv[1]):
    if "_delta_log" in inner:
        home, inner[:] = os.path.join(folder, "_delta_log"), []
        work.append((log, [os.path.join(home, name) for name in sorted(os.listdir(home))]))
    elif "metadata" in inner:
        home, inner[:] = os.path.join(folder, "metadata"), []
        work.append((log, [os.path.join(home, max(os.listdir(home)))]))
    work.extend((schema, os.path.join(folder, name)) for name in names)
with ThreadPoolExecutor(2) as pool:
    schemas = list(pool.map(lambda job: job[0](job[1]), work))
print(json.dumps({"seconds": time.perf_counter() - begin, "files": len(schemas)}))
"""

LUMOS = """
import sys, json, time, resource, pickle, pathlib
from concurrent.futures import ThreadPoolExecutor
from lumos_core.plugin_api import Scope, canonical
from lumos_core.loading.registry import Registry
from lumos_core.testing.context import MemoryContext
import shutil, tempfile, lumos_source_csv.format, lumos_source_parquet.format
root, memo, threads = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
entry = {"type": "files", "path": str(root), "formats": sys.argv[4].split(",")}
spec = Registry.load().spec("source", entry, root)
with tempfile.TemporaryDirectory() as small:  # imports are made before the clock starts, as in the other measurement
    sample = pathlib.Path(small)
    for path in [next(root.rglob("*.csv")), next(root.rglob("*.parquet"))]:
        (sample / path.name).write_bytes(path.read_bytes())
    for marker in ("_delta_log", "metadata"):
        if found := next(root.rglob(marker), None):
            shutil.copytree(found, sample / marker[1:4] / marker)
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


PLAIN_FORMATS = "csv,parquet"
ALL_FORMATS = "csv,delta,parquet,iceberg"


@pytest.mark.parametrize("formats", [PLAIN_FORMATS, ALL_FORMATS])
def test_every_schema_against_plain_pyarrow_and_a_second_run(
    formats: str, tmp_path: Path, hold: Callable[[float, float], None]
) -> None:
    if formats == ALL_FORMATS:
        pytest.importorskip("lumos_format_delta")
        pytest.importorskip("lumos_format_iceberg")
    lake = tmp_path / "lake"
    measure(LOGS + MAKE, lake, TABLES, FILES, formats)
    measure(PLAIN, lake)  # the page cache is warm for both
    plains, firsts, seconds = [], [], []
    for attempt in range(4):  # side by side, so that a busy machine slows all alike; the best of each counts
        memo = tmp_path / f"memo{attempt}"
        plains.append(measure(PLAIN, lake))
        firsts.append(measure(LUMOS, lake, memo, 2, formats))
        seconds.append(measure(LUMOS, lake, memo, 2, formats))
    plain = min(run["seconds"] for run in plains)
    first = min(run["seconds"] for run in firsts)
    second = min(run["seconds"] for run in seconds)
    peak = max(run["mib"] for run in firsts)
    print(
        f"\n{TABLES * FILES} files, {TABLES} tables ({formats}): plain reading {plain:.2f} s, first run {first:.2f} s "
        f"({first / plain:.2f}x), second run {second:.2f} s ({second / first:.2f}x of the first), {peak:.0f} MiB"
    )
    assert all(run["datasets"] == TABLES for run in firsts + seconds)
    assert all(run["warnings"] == 0 for run in firsts + seconds)
    hold(first / plain, 2)
    hold(second / first, 0.3)
    assert peak <= 200
