"""MongoDB: the schema of every collection against plain pymongo that reads the same documents into dicts.

`LUMOS_BENCH_SCALE` scales the number of collections (1 = 200 collections of 1,000 documents of 50 paths). Every
measurement is a process of its own; the server is the same for both, and its time is in both.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from lumos_core.testing.servers import Server, Unavailable, mongo

pytest.importorskip("lumos_source_mongo")

pytestmark = pytest.mark.benchmark

SCALE = float(os.environ.get("LUMOS_BENCH_SCALE", "1"))
COLLECTIONS = max(4, int(200 * SCALE))
DOCUMENTS = 1_000

MAKE = """
import datetime, sys
from bson import Decimal128, Int64, ObjectId
from pymongo import MongoClient
client = MongoClient(sys.argv[1])
def document(n):
    return {
        "_id": ObjectId(),
        **{f"number_{i}": n + i for i in range(8)},
        **{f"text_{i}": f"value {n} of {i}" for i in range(10)},
        **{f"amount_{i}": n * 0.5 for i in range(4)},
        "total": Decimal128("12.50"), "size": Int64(n), "paid": n % 2 == 0, "note": None if n % 3 else "a note",
        "created": datetime.datetime(2026, 1, 15), "changed": datetime.datetime(2026, 1, 16),
        "customer": {"name": "a", "email": "b", "address": {"street": "c", "city": "d", "zip": "e", "country": "f"}},
        "items": [{"sku": "a", "quantity": i, "price": 1.5, "tags": ["x", "y"]} for i in range(n % 4)],
        "labels": ["x"] * (n % 3), "source": "web", "history": [{"at": datetime.datetime(2026, 1, 15)}],
        **({"coupon": "c"} if n % 5 else {}), **({"score": 1} if n % 7 else {"score": 2.5}), "version": 1,
        "channel": "w",
    }
for c in range(int(sys.argv[2])):
    client["bench"][f"collection_{c:03d}"].insert_many([document(n) for n in range(int(sys.argv[3]))])
"""

PLAIN = """
import json, sys, time
from pymongo import MongoClient
client = MongoClient(sys.argv[1])
client.admin.command("ping")
begin = time.perf_counter()
read = 0
for name in client["bench"].list_collection_names():
    for document in client["bench"][name].find().sort("_id", 1).limit(1000):
        read += 1
print(json.dumps({"seconds": time.perf_counter() - begin, "documents": read}))
"""

LUMOS = """
import json, pathlib, sys, time
from concurrent.futures import ThreadPoolExecutor
from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import Scope, canonical
from lumos_core.testing.context import MemoryContext
entry = {"type": "mongo", "uri": sys.argv[1], "databases": ["bench"]}
source = Registry.load().spec("source", entry, pathlib.Path()).build()
ctx = MemoryContext()
source.check(ctx)
begin = time.perf_counter()
def work(unit):
    return [canonical(record) for record in source.extract(unit, ctx)]
with ThreadPoolExecutor(2) as pool:
    lines = [line for part in pool.map(work, source.plan(Scope(), ctx)) for line in part]
seconds = time.perf_counter() - begin
source.close()
try:
    status = pathlib.Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024
except OSError:
    peak = 0
datasets = [json.loads(line) for line in lines if line.startswith(b'{"kind":"dataset"')]
fields = min(len(dataset["value"]["fields"]) for dataset in datasets)
warnings = len(ctx.warnings)
print(json.dumps({"seconds": seconds, "mib": peak, "datasets": len(datasets), "fields": fields, "warnings": warnings}))
"""


def measure(code: str, *arguments: object) -> dict[str, float]:
    """Run a measurement in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout) if done.stdout else {}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    try:
        with mongo.start(tmp_path_factory.mktemp("mongo"), heap_mib=512 + int(3500 * SCALE)) as found:
            measure(MAKE, found.dsn, COLLECTIONS, DOCUMENTS)
            yield found
    except Unavailable as reason:
        pytest.skip(str(reason))


def test_every_collection_against_plain_pymongo(server: Server, hold: Callable[[float, float], None]) -> None:
    measure(PLAIN, server.dsn)  # the server's own compiler is warm for both
    plains, ours = [], []
    for _ in range(3):  # side by side, so that a busy machine slows both alike; the best of each counts
        plains.append(measure(PLAIN, server.dsn))
        ours.append(measure(LUMOS, server.dsn))
    plain = min(run["seconds"] for run in plains)
    lumos = min(run["seconds"] for run in ours)
    peak = max(run["mib"] for run in ours)
    print(
        f"\n{COLLECTIONS} collections of {DOCUMENTS} documents: plain pymongo {plain:.2f} s, "
        f"Lumos {lumos:.2f} s ({lumos / plain:.2f}x), {peak:.0f} MiB"
    )
    assert all(run["documents"] == COLLECTIONS * DOCUMENTS for run in plains)
    assert all(run["datasets"] == COLLECTIONS and run["fields"] == 50 for run in ours), ours
    assert all(run["warnings"] == 0 for run in ours)
    hold(lumos / plain, 3)
    assert peak <= 150
