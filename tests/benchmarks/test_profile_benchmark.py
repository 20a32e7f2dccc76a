"""A profile of a Parquet file of 1,000,000 rows x 20 columns, against the least that plain pyarrow can say of it.

Plain pyarrow reads each column and computes least, greatest, nulls and the exact number of different values; the
profile has quantiles, histograms, frequent values, patterns and the suspicion of what is personal besides.
`LUMOS_BENCH_SCALE` scales the rows. Every measurement is a process of its own, so that the peak of its memory is its
own; the two are measured in turns, and the best of each counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("lumos_source_parquet")
pytest.importorskip("datasketches")

pytestmark = pytest.mark.benchmark

SCALE = float(os.environ.get("LUMOS_BENCH_SCALE", "1"))
ROWS = max(100_000, int(1_000_000 * SCALE))
ROUNDS = 3
MEBIBYTES = 350

MAKE = """
import sys, numpy as np, pyarrow as pa, pyarrow.parquet as pq
path, n, r = sys.argv[1], int(sys.argv[2]), np.random.default_rng(7)
columns = {f"key{i}": r.permutation(n) + i for i in range(4)}
for i in range(4):
    names = np.array([f"C{number}" for number in range(50 * (i + 1))], dtype=object)
    columns[f"category{i}"] = pa.array(names[r.integers(0, len(names), n)])
for i in range(4):
    columns[f"amount{i}"] = np.round(r.lognormal(3, 1, n), 2)
for i in range(3):
    columns[f"at{i}"] = pa.array(r.integers(1_600_000_000_000_000, 1_700_000_000_000_000, n), pa.timestamp("us"))
for i in range(3):
    columns[f"code{i}"] = pa.array([f"A{number}-{number % 97:03d}" for number in r.integers(0, 10**7, n)])
columns["flag"] = pa.array(r.random(n) < 0.3, mask=r.random(n) < 0.1)
columns["small"] = r.integers(0, 100, n).astype("i2")
pq.write_table(pa.table(columns), path, row_group_size=131_072)
"""

PLAIN = """
import sys, json, time, resource
import pyarrow.parquet as pq, pyarrow.compute as pc
begin = time.perf_counter()
file = pq.ParquetFile(sys.argv[1])
for name in file.schema_arrow.names:
    column = file.read([name]).column(0)
    pc.min_max(column), column.null_count, pc.count_distinct(column)
seconds = time.perf_counter() - begin
print(json.dumps({"seconds": seconds, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""

LUMOS = """
import sys, json, time, resource, pathlib
import lumos_profile.profiler, lumos_profile.arrow, pyarrow.parquet, lumos_source_parquet.profile
from lumos_core.plugin_api import Scope
from lumos_core.loading.registry import Registry
from lumos_core.testing.context import MemoryContext
path = pathlib.Path(sys.argv[1])
entry = {"type": "parquet", "path": str(path), "profile": json.loads(sys.argv[2])}
source, ctx = Registry.load().spec("source", entry, path.parent).build(), MemoryContext()
begin = time.perf_counter()
records = [record for unit in source.plan(Scope(), ctx) for record in source.extract(unit, ctx)]
seconds = time.perf_counter() - begin
[stats] = [record.value for record in records if record.kind == "stats"]
begin = time.perf_counter()
for unit in source.plan(Scope(), ctx):
    list(source.extract(unit, ctx))
again = time.perf_counter() - begin
mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
rows = dict(stats.metrics)["profiled_rows"]
print(json.dumps({"seconds": seconds, "again": again, "mib": mib, "rows": rows, "fields": len(stats.fields)}))
"""


def measure(program: str, *arguments: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("profile") / "wide.parquet"
    subprocess.run([sys.executable, "-c", MAKE, str(path), str(ROWS)], check=True)
    return path


@pytest.mark.parametrize(
    "profile, target",
    # At full size a tenth of the rows is the default.
    [({"rows": "all", "budget_seconds": 600}, 3.0), ({"rows": ROWS // 10}, 0.5)],
    ids=["every row", "default"],
)
def test_a_profile_against_plain_pyarrow(
    wide: Path, profile: dict[str, object], target: float, hold: Callable[[float, float], None]
) -> None:
    plain, ours = [], []
    for _ in range(ROUNDS):
        plain.append(measure(PLAIN, str(wide)))
        ours.append(measure(LUMOS, str(wide), json.dumps(profile)))
    best, least = (min(found, key=lambda one: one["seconds"]) for found in (ours, plain))
    ratio, peak = best["seconds"] / least["seconds"], max(one["mib"] for one in ours)
    print(
        f"\n{ROWS:,} rows x 20: profile of {best['rows']:,} rows {best['seconds']:.2f} s, "
        f"plain {least['seconds']:.2f} s, {ratio:.2f}x (target {target}); "
        f"peak {peak:.0f} MiB (plain {max(one['mib'] for one in plain):.0f}); "
        f"again unchanged {best['again'] * 1000:.0f} ms"
    )
    assert best["fields"] == 20
    assert best["rows"] == (ROWS if profile["rows"] == "all" else ROWS // 10)
    assert peak <= MEBIBYTES
    assert best["again"] <= 0.1 * best["seconds"] + 0.1
    hold(ratio, target)
