"""A database of many tables: reading it whole against four catalog queries by plain psycopg, and reading it again.

`LUMOS_BENCH_SCALE` scales the number of tables (1 = 1,000 and 10,000 of 20 columns, a view on every twentieth).
Every measurement is a process of its own, its start and imports included, so that the peak of its memory is its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

psycopg = pytest.importorskip("psycopg")
pytest.importorskip("lumos_source_postgres")

from lumos_core.testing.servers import Server, postgres, running  # noqa: E402

pytestmark = pytest.mark.benchmark

SCALE = float(os.environ.get("LUMOS_BENCH_SCALE", "1"))
SIZES = [max(50, int(1_000 * SCALE)), max(500, int(10_000 * SCALE))]
RATIOS = [6, 5]
MEMORY = [110, 220]
TYPES = ["integer", "bigint", "text", "varchar(50)", "numeric(12,2)", "timestamptz", "date", "boolean", "jsonb", "uuid"]

PLAIN = """
import json, sys, psycopg
mine = "n.nspname not in ('pg_catalog', 'information_schema')"
kinds = "c.relkind in ('r', 'p', 'v', 'm', 'f')"
with psycopg.connect(sys.argv[1]) as connection:
    relations = connection.execute(
        "select c.oid, n.nspname, c.relname, c.relkind, pg_get_userbyid(c.relowner), d.description, c.reltuples,"
        " case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end from pg_class c"
        " join pg_namespace n on n.oid = c.relnamespace left join pg_description d on d.objoid = c.oid"
        f" and d.classoid = 'pg_class'::regclass and d.objsubid = 0 where {kinds} and {mine}").fetchall()
    columns = connection.execute(
        "select a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,"
        " pg_get_expr(x.adbin, x.adrelid), d.description from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " join pg_namespace n on n.oid = c.relnamespace left join pg_attrdef x on x.adrelid = a.attrelid"
        " and x.adnum = a.attnum left join pg_description d on d.objoid = a.attrelid"
        " and d.classoid = 'pg_class'::regclass and d.objsubid = a.attnum"
        f" where a.attnum > 0 and not a.attisdropped and {kinds} and {mine}").fetchall()
    constraints = connection.execute(
        "select conrelid, conname, contype, conkey, confrelid, confkey, pg_get_constraintdef(oid)"
        " from pg_constraint where conrelid <> 0").fetchall()
    lineage = connection.execute(
        "select distinct r.ev_class, d.refobjid from pg_rewrite r join pg_depend d"
        " on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid where d.refclassid = 'pg_class'::regclass"
        " and d.refobjid <> r.ev_class and r.ev_class >= 16384").fetchall()
print(json.dumps({"datasets": len(relations), "fields": len(columns)}))
"""

READ = """
import json, sys
from pathlib import Path
from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import Scope, canonical
from lumos_core.testing.context import MemoryContext
source = Registry.load().spec("source", {"type": "postgres", "dsn": sys.argv[1]}, Path(sys.argv[2])).build()
ctx, datasets = MemoryContext(), 0
with (Path(sys.argv[2]) / "out.jsonl").open("wb") as out:
    for unit in source.plan(Scope(), ctx):
        for record in source.extract(unit, ctx):
            out.write(canonical(record) + b"\\n")
            datasets += record.kind == "dataset"
print(json.dumps({"datasets": datasets}))
"""

RUN = """
import json, sys, resource
from pathlib import Path
import lumos_core
result = lumos_core.run(Path(sys.argv[2]) / "lumos.yaml")
try:  # of this program alone: ru_maxrss begins with that of the program from which it was started
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
stages = {timing.stage: timing.seconds for timing in result.timings}
print(json.dumps({"exit": result.exit_code, "mib": peak, "extract": stages["extract"]}))
"""


def measure(code: str, *arguments: object) -> dict[str, float]:
    """Run a process and add how long it took as a whole."""
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], check=True, capture_output=True, text=True
    )
    return {**json.loads(done.stdout), "seconds": time.perf_counter() - begin}


def statements(table: int) -> Iterator[str]:
    """One table of 20 columns, of which 18 have a comment, that refers to the one before; perhaps a view."""
    columns = [f"c{i} {TYPES[i % 10]}{' not null' if i % 3 == 0 else ''}" for i in range(1, 19)]
    parent = f"parent bigint{f' references t{table - 1}' if table else ''}"
    yield f"create table t{table} (id bigint primary key, {', '.join(columns)}, {parent})"
    yield f"comment on table t{table} is 'Table {table}'"
    yield from (f"comment on column t{table}.c{i} is 'Column {i} of {table}'" for i in range(1, 19))
    if table % 20 == 19:
        joined = f"t{table} a join t{table - 1} b on b.id = a.parent"
        yield f"create view v{table} as select a.id, a.c1, b.c2 from {joined}"


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    with running(postgres, tmp_path_factory.mktemp("postgres")) as server:
        yield [make(server, size) for size in SIZES]


def make(server: Server, tables: int) -> str:
    """Make a database and return its connection string."""
    dsn = server.dsn.rpartition("/")[0] + f"/bench{tables}"
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(f"create database bench{tables}")
    with psycopg.connect(dsn, autocommit=True) as connection:
        for start in range(0, tables, 100):
            some = (text for table in range(start, min(start + 100, tables)) for text in statements(table))
            connection.execute(";".join(some))
        connection.execute("vacuum analyze pg_catalog.pg_attribute, pg_catalog.pg_class, pg_catalog.pg_description")
        connection.execute("vacuum analyze pg_catalog.pg_constraint, pg_catalog.pg_depend, pg_catalog.pg_type")
    return dsn


def test_whole_databases_against_plain_psycopg_and_a_second_run(
    databases: list[str], tmp_path: Path, hold: Callable[[float, float], None]
) -> None:
    reads, judged = [], []
    for dsn, tables, ratio, memory in zip(databases, SIZES, RATIOS, MEMORY, strict=True):
        plains, ours, firsts, seconds = [], [], [], []
        for attempt in range(3):  # side by side, so that a busy machine slows all alike; the best of each counts
            folder = tmp_path / f"{tables}-{attempt}"
            folder.mkdir()
            pipeline = f"version: 1\nsources: [{{type: postgres, dsn: '{dsn}'}}]\ncatalogs: []\nreports: []\n"
            (folder / "lumos.yaml").write_text(pipeline, encoding="utf-8")
            plains.append(measure(PLAIN, dsn))
            ours.append(measure(READ, dsn, folder))
            firsts.append(measure(RUN, dsn, folder))
            seconds.append(measure(RUN, dsn, folder))
        plain, read, first, second = (min(run["seconds"] for run in kind) for kind in (plains, ours, firsts, seconds))
        peak = max(run["mib"] for run in firsts)
        print(
            f"\n{tables} tables of 20 columns: plain psycopg {plain:.2f} s, read and written {read:.2f} s "
            f"({read / plain:.2f}x), a whole run with history {first:.2f} s ({first / plain:.2f}x), {peak:.0f} MiB, "
            f"a second one {second:.2f} s ({second / first:.2f}x)"
        )
        expected = tables + tables // 20
        assert all(run["datasets"] == expected for run in plains + ours)
        assert all(run["exit"] == 0 for run in firsts + seconds)
        reads.append(read)
        judged.append((read / plain, ratio, second / first, peak, memory))
    for ratio, target, _, peak, memory in judged:
        hold(ratio, target)
        assert peak <= memory
    hold(judged[-1][2], 0.6)
    hold(reads[1] / reads[0], SIZES[1] / SIZES[0])
