"""A bucket of 100,000 objects in 500 tables, in which nothing changed, against listing it by boto3 alone.

The server is as lean as can be, so that what is measured is the clients: it holds every page as bytes. With
`LUMOS_BENCH_MOTO=1` it is moto, which takes most of the time for itself.

`LUMOS_BENCH_SCALE` scales the number of tables (1 = 500 tables of 200 objects). Every measurement is a process of its
own. The first run reads every object, and is the long part.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lumos_core.testing.servers import moto, running

pytest.importorskip("lumos_source_s3")
pytest.importorskip("lumos_source_csv")
pytest.importorskip("boto3")

pytestmark = pytest.mark.benchmark

SCALE = float(os.environ.get("LUMOS_BENCH_SCALE", "1"))
TABLES = max(5, int(500 * SCALE))
FILES = 200
BUCKET = "lake"
CONTENT = "id,customer,amount\n1,c1,2.5\n"

SERVER = """
import socketserver, sys
from bisect import bisect_left, bisect_right
from hashlib import md5
from urllib.parse import parse_qs, quote, unquote_plus, urlsplit
tables, files, content = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode()
letters = "abcdefghijklmnopqrstuvwxyz"
words = [letters[n // 26 % 26] + letters[n % 26] + "table" for n in range(tables)]
keys = sorted(f"raw/{w}/dt=2026-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}/part-{n:05}.csv" for w in words
              for n in range(files))
etag = md5(content).hexdigest()
rows = [(f"<Contents><Key>{quote(key)}</Key><LastModified>2026-01-15T10:00:00.000Z</LastModified>"
         f"<ETag>&quot;{etag}&quot;</ETag><Size>{len(content)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        ).encode() for key in keys]
HEAD = (b'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        b"<Name>lake</Name><EncodingType>url</EncodingType><MaxKeys>1000</MaxKeys><IsTruncated>")
MISSING = b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>no</Message></Error>"

def listing(query):
    prefix, after = query.get("prefix", ""), query.get("continuation-token") or query.get("start-after", "")
    place = max(bisect_left(keys, prefix), bisect_right(keys, after))
    end = bisect_left(keys, prefix + "\\U0010ffff")
    if query.get("delimiter"):
        found = []
        while place < end and len(found) < 1000:
            key = keys[place]
            folder = prefix + key[len(prefix):].split("/")[0] + "/"
            found.append(f"<CommonPrefixes><Prefix>{quote(folder)}</Prefix></CommonPrefixes>".encode())
            place = bisect_left(keys, folder + "\\U0010ffff")
        body, last = found, folder + "\\U0010fffe"
    else:
        stop = min(end, place + 1000)
        body, place, last = rows[place:stop], stop, keys[stop - 1] if stop else ""
    more = place < end
    token = f"<NextContinuationToken>{last}</NextContinuationToken>".encode() if more else b""
    return b"".join([HEAD, b"true" if more else b"false", b"</IsTruncated>", token, *body, b"</ListBucketResult>"])

class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    def handle(self):
        while line := self.rfile.readline():
            method, target, _ = line.decode().split()
            while self.rfile.readline() not in (b"\\r\\n", b""):
                pass
            parts = urlsplit(target)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            kind = f'ETag: "{etag}"\\r\\nLast-Modified: Thu, 15 Jan 2026 10:00:00 GMT\\r\\n'
            if "list-type" in query:
                status, body = "200 OK", listing(query)
            elif method == "HEAD" or parts.path.count("/") < 2 or not parts.path.endswith(".csv"):
                status, body = ("200 OK", b"") if method == "HEAD" else ("404 Not Found", MISSING)
            else:
                status, body = "206 Partial Content", content
            head = f"HTTP/1.1 {status}\\r\\n{kind}Content-Length: {len(body)}\\r\\n\\r\\n".encode()
            self.wfile.write(head + body)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 64

server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""

PLAIN = """
import json, sys, time
import boto3
from botocore.config import Config
client = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="a",
                      aws_secret_access_key="b", config=Config(s3={"addressing_style": "path"}))
client.list_objects_v2(Bucket=sys.argv[2], MaxKeys=1)  # imports and models are loaded before the clock starts
begin = time.perf_counter()
count = 0
for page in client.get_paginator("list_objects_v2").paginate(Bucket=sys.argv[2], Prefix="raw/"):
    count += len(page["Contents"])
print(json.dumps({"seconds": time.perf_counter() - begin, "objects": count}))
"""

LUMOS = """
import json, pathlib, pickle, sys, time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from lumos_core.plugin_api import Scope, canonical
from lumos_core.loading.registry import Registry
from lumos_core.testing.context import MemoryContext
import lumos_source_csv.format
memo = pathlib.Path(sys.argv[3])
entry = {"type": "s3", "bucket": sys.argv[2], "prefix": "raw/", "endpoint": sys.argv[1], "region": "us-east-1",
         "access_key_id": "a", "secret_access_key": "b", "formats": ["csv"]}
Registry.load().spec("source", entry, memo.parent).build().connection.s3.list_objects_v2(Bucket=sys.argv[2], MaxKeys=1)
ctx = MemoryContext()
if memo.exists():
    ctx.memo.update(pickle.loads(memo.read_bytes()))
begin = time.perf_counter()
source = Registry.load().spec("source", entry, memo.parent).build()
spent = Counter()
def work(unit):
    found = list(source.extract(unit, ctx))
    for record in found:
        if "#audit@" in record.urn:
            spent.update(dict(record.value.metrics))
    return [canonical(record) for record in found]
with ThreadPoolExecutor(2) as pool:
    lines = [line for part in pool.map(work, source.plan(Scope(), ctx)) for line in part]
seconds = time.perf_counter() - begin
source.close()
memo.write_bytes(pickle.dumps(dict(ctx.memo)))
status = pathlib.Path("/proc/self/status")
peak = 0.0
if status.exists():
    peak = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
datasets = sum(line.startswith(b'{"kind":"dataset"') for line in lines)
print(json.dumps({"seconds": seconds, "mib": peak, "datasets": datasets, "warnings": len(ctx.warnings), **spent}))
"""


@contextlib.contextmanager
def lean() -> Iterator[str]:
    """Yield the endpoint of the lean server."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(TABLES), str(FILES), CONTENT], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


@contextlib.contextmanager
def seeded(folder: Path) -> Iterator[str]:
    """Yield the endpoint of moto with the same objects in it."""
    import boto3

    with running(moto, folder) as server:
        client = boto3.client("s3", endpoint_url=server.dsn, aws_access_key_id="a", aws_secret_access_key="b")
        client.create_bucket(Bucket=BUCKET)
        letters = "abcdefghijklmnopqrstuvwxyz"
        for table in range(TABLES):
            word = f"{letters[table // 26 % 26]}{letters[table % 26]}table"
            days = ((n, f"dt=2026-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}") for n in range(FILES))
            moto.seed(server, BUCKET, [(f"raw/{word}/{day}/part-{n:05}.csv", CONTENT) for n, day in days])
        yield server.dsn


def measure(code: str, *arguments: object) -> dict[str, float]:
    """Run a measurement in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def test_a_bucket_in_which_nothing_changed(tmp_path: Path, hold: Callable[[float, float], None]) -> None:
    with seeded(tmp_path) if os.environ.get("LUMOS_BENCH_MOTO") else lean() as endpoint:
        memo = tmp_path / "memo"
        first = measure(LUMOS, endpoint, BUCKET, memo)
        plains, seconds = [], []
        for _ in range(3):  # side by side, so that a busy machine slows both alike; the best of each counts
            plains.append(measure(PLAIN, endpoint, BUCKET))
            seconds.append(measure(LUMOS, endpoint, BUCKET, memo))
    plain = min(run["seconds"] for run in plains)
    second = min(run["seconds"] for run in seconds)
    print(
        f"\n{TABLES * FILES} objects, {TABLES} tables: listing by boto3 {plain:.2f} s; "
        f"first run {first['seconds']:.1f} s "
        f"({first['requests.get']:.0f} GET, {first['bytes.read'] / 2**20:.1f} MiB); nothing changed {second:.2f} s "
        f"({second / plain:.2f}x; {seconds[0]['requests.list']:.0f} LIST), {seconds[0]['mib']:.0f} MiB"
    )
    assert all(run["objects"] == TABLES * FILES for run in plains)
    assert all(run["datasets"] == TABLES and run["warnings"] == 0 for run in [first, *seconds])
    assert first["requests.get"] == TABLES * FILES and "requests.get" not in seconds[0]
    hold(second / plain, 1.5)
