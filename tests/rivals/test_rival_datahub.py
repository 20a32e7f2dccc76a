"""The same PostgreSQL read by `datahub ingest` into a file and by `lumos run`: how long each takes, what each finds.

Run by the nox session `rival-datahub`, which installs DataHub into an environment of its own and names its Python in
`LUMOS_RIVAL_DATAHUB`. What is there is asked from the server's catalogs by plain psycopg, so that neither is the judge.
`LUMOS_BENCH_SCALE` scales the number of tables (1 = 1,000 of 20 columns, a view on every twentieth).
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

psycopg = pytest.importorskip("psycopg")
pytest.importorskip("lumos_source_postgres")
pytest.importorskip("lumos_lineage_sql")

import lumos_core  # noqa: E402
from lumos_core.plugin_api import urns  # noqa: E402
from lumos_core.testing.servers import Server, postgres, running  # noqa: E402

pytestmark = pytest.mark.heavy

HERE = Path(__file__).parent
SCALE = float(os.environ.get("LUMOS_BENCH_SCALE", "1"))
TABLES = max(50, int(1_000 * SCALE))
TARGET = 8
FIXED_COSTS = 3
"""Below full size, starting and importing weigh more than reading does."""

DATAHUB = """
import sys
from datahub.entrypoints import main
from datahub.upgrade import upgrade
upgrade.check_upgrade_post = lambda *_, **__: None  # asks the network for a newer version, for up to three seconds
sys.argv = ["datahub", "ingest", "-c", sys.argv[1], "--no-default-report", "--no-progress"]
main()
"""
LUMOS = "import sys; from lumos_core.cli import main; sys.argv = ['lumos', 'run']; main()"

RELATIONS = """
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_'
    and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
"""
COLUMNS = f"""
select c.oid, a.attnum, n.nspname || '.' || c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
    a.attnotnull, col_description(c.oid, a.attnum)
{RELATIONS.replace("where", "join pg_attribute a on a.attrelid = c.oid where a.attnum > 0 and not a.attisdropped and")}
"""
CONSTRAINTS = """
select conrelid, contype::text, conkey, confrelid, confkey from pg_constraint
where conrelid > 0 and conparentid = 0 and contype in ('p', 'u', 'f', 'c')
"""
READS = """
select distinct r.ev_class, d.refobjid, d.refobjsubid from pg_rewrite r
join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
where d.refclassid = 'pg_class'::regclass and d.refobjid <> r.ev_class and r.ev_class >= 16384
"""

Facts = dict[str, set[tuple[Any, ...]]]


def truth(dsn: str) -> Facts:
    """What the server's catalogs say."""
    found: Facts = defaultdict(set)
    with psycopg.connect(dsn) as connection:
        ask = lambda query: connection.execute(query).fetchall()  # noqa: E731
        names = {}
        for oid, name, kind, said in ask(
            f"select c.oid, n.nspname || '.' || c.relname, c.relkind::text, obj_description(c.oid) {RELATIONS}"
        ):
            names[oid] = name
            found["datasets"].add((name,))
            if said:
                found["comments"].add((name, "", said))
            if kind in "vm":
                found["views with their text"].add((name,))
        columns = {}
        for oid, number, name, column, type_, required, said in ask(COLUMNS):
            columns[oid, number] = (name, column)
            found["columns"].add((name, column))
            found["exact types"].add((name, column, plain(type_)))
            if required:
                found["not null"].add((name, column))
            if said:
                found["comments"].add((name, column, said))
        for oid, kind, own, other, theirs in ask(CONSTRAINTS):
            if oid not in names:
                continue
            local = tuple(columns[oid, number][1] for number in own or ())
            if kind == "f":
                remote = tuple(columns[other, number][1] for number in theirs)
                found["foreign keys"].add((names[oid], local, names[other], remote))
            else:
                found[{"p": "primary keys", "u": "unique keys", "c": "checks"}[kind]].add((names[oid], local))
        for view, read, number in ask(READS):
            found["view reads table"].add((names[view], names[read]))
            if number:
                found["view reads column"].add((names[view], *columns[read, number]))
    return found


def plain(type_: str) -> str:
    """One spelling of what is one type."""
    text = type_.lower().replace("character varying", "varchar").replace(" ", "")
    return text.replace("timestampwithouttimezone", "timestamp")


def of_lumos(folder: Path) -> Facts:
    """What `lumos run` has remembered."""
    found: Facts = defaultdict(set)
    store = lumos_core.open_store(folder / ".lumos" / "store.db")
    try:
        records = [json.loads(line) for line in store.lines("head", kind="dataset")]
    finally:
        store.close()
    for record in records:
        value, name = record["value"], local(record["urn"])
        found["datasets"].add((name,))
        if said := value.get("description", {}).get("source"):
            found["comments"].add((name, "", said))
        if value.get("code"):
            found["views with their text"].add((name,))
        for field in value["fields"]:
            column = field["path"].strip("`")
            if field["path"] != f"`{column}`" and "." in column:  # a part of a composite column
                continue
            found["columns"].add((name, column))
            found["exact types"].add((name, column, plain(field["native_type"])))
            if field.get("nullable") is False:
                found["not null"].add((name, column))
            if said := field.get("description", {}).get("source"):
                found["comments"].add((name, column, said))
        for key in value.get("keys", []):
            own = tuple(key["columns"])
            if key["type"] == "foreign":
                (other,) = {local(target.partition("#")[0]) for target in key["references"]}
                remote = tuple(target.partition("#")[2] for target in key["references"])
                found["foreign keys"].add((name, own, other, remote))
            elif key["type"] in ("primary", "unique", "check"):
                found[{"check": "checks"}.get(key["type"], f"{key['type']} keys")].add((name, own))
        lineage = value.get("lineage", {})
        for upstream in lineage.get("upstreams", []):
            found["view reads table"].add((name, local(upstream["urn"])))
        for edge in lineage.get("columns", []):
            for source in edge["from"]:
                host, _, column = source.partition("#")
                found["view reads column"].add((name, local(host), column))
    return found


def local(urn: str) -> str:
    """Schema and name of a dataset of either."""
    name = urns.name(urn) if urn.startswith("urn:lumos:") else urn.rpartition("dataPlatform:postgres,")[2][:-6]
    return name.partition(".")[2]


def of_datahub(path: Path) -> Facts:
    """What `datahub ingest` has written."""
    found: Facts = defaultdict(set)
    for event in json.loads(path.read_text(encoding="utf-8")):
        if "proposedSnapshot" in event:
            (snapshot,) = event["proposedSnapshot"].values()
            name = local(snapshot["urn"])
            found["datasets"].add((name,))
            for aspect in snapshot["aspects"]:
                ((kind, value),) = aspect.items()
                if kind.endswith(".DatasetProperties") and value.get("description"):
                    found["comments"].add((name, "", value["description"]))
                if kind.endswith(".SchemaMetadata"):
                    _datahub_schema(found, name, value)
        elif event["aspectName"] == "viewProperties":
            found["views with their text"].add((local(event["entityUrn"]),))
        elif event["aspectName"] == "upstreamLineage":
            name, value = local(event["entityUrn"]), event["aspect"]["json"]
            for upstream in value["upstreams"]:
                found["view reads table"].add((name, local(upstream["dataset"])))
            for edge in value.get("fineGrainedLineages", []):
                found["view reads column"] |= {(name, *_of_field(source)) for source in edge["upstreams"]}
    return found


def _datahub_schema(found: Facts, name: str, value: dict[str, Any]) -> None:
    key = tuple(field["fieldPath"] for field in value["fields"] if field["isPartOfKey"])
    if key:
        found["primary keys"].add((name, key))
    for field in value["fields"]:
        column = field["fieldPath"]
        found["columns"].add((name, column))
        found["exact types"].add((name, column, plain(field["nativeDataType"])))
        if not field["nullable"]:
            found["not null"].add((name, column))
        if field.get("description"):
            found["comments"].add((name, column, field["description"]))
    for foreign in value.get("foreignKeys") or []:
        own = tuple(_of_field(urn)[1] for urn in foreign["sourceFields"])
        remote = tuple(_of_field(urn)[1] for urn in foreign["foreignFields"])
        found["foreign keys"].add((name, own, local(foreign["foreignDataset"]), remote))


def _of_field(urn: str) -> tuple[str, str]:
    dataset, _, column = urn.removeprefix("urn:li:schemaField:(").removesuffix(")").rpartition(",")
    return local(dataset), column


def compared(real: Facts, lumos: Facts, datahub: Facts) -> set[str]:
    """Print what each misses, and what each says besides (partitions as tables); return what Lumos has wrong."""
    wrong = set()
    print(f"\n{'':22} {'there':>7} | Lumos: misses besides | DataHub: misses besides")
    for kind in sorted(real):
        ours, theirs = ((real[kind] - it[kind], it[kind] - real[kind]) for it in (lumos, datahub))
        counts = f"{len(ours[0]):>13} {len(ours[1]):>7} | {len(theirs[0]):>15} {len(theirs[1]):>7}"
        print(f"{kind:22} {len(real[kind]):>7} | {counts}")
        for who, (missed, extra) in (("Lumos", ours), ("DataHub", theirs)):
            for what, facts in (("misses", missed), ("says besides", extra)):
                for fact in sorted(facts, key=repr)[:4]:
                    print(f"{'':10}{who} {what} {fact}")
        wrong |= {kind for found in ours if found}
    return wrong


@pytest.fixture(scope="module")
def datahub() -> str:
    """The Python of the environment that has DataHub."""
    found = os.environ.get("LUMOS_RIVAL_DATAHUB")
    if not found:
        pytest.skip("LUMOS_RIVAL_DATAHUB names no Python with acryl-datahub[postgres]: run `nox -s rival-datahub`")
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(postgres, tmp_path_factory.mktemp("postgres")) as found:
        yield found


def written(folder: Path, server: Server, database: str) -> None:
    """Write both pipelines, each with what reads a whole database and nothing more."""
    folder.mkdir(parents=True, exist_ok=True)
    dsn = f"{server.dsn.rpartition('/')[0]}/{database}"
    pipeline = {"version": 1, "sources": [{"type": "postgres", "dsn": dsn}], "catalogs": [], "reports": []}
    (folder / "lumos.yaml").write_text(json.dumps({**pipeline, "enrich": [{"type": "sql"}]}), encoding="utf-8")
    config = {"host_port": f"{server.host}:{server.port}", "database": database}
    config.update(username=server.user, password=server.password)
    sink = {"type": "file", "config": {"filename": str(folder / "datahub.json")}}
    recipe = {"source": {"type": "postgres", "config": config}, "sink": sink}
    (folder / "recipe.yml").write_text(json.dumps(recipe), encoding="utf-8")


def timed(folder: Path, *command: str) -> float:
    """Run a program as a whole, its start included, and return its seconds."""
    environment = {**os.environ, "DATAHUB_TELEMETRY_ENABLED": "false", "HOME": str(folder)}
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return seconds


def test_a_thousand_tables(datahub: str, server: Server, tmp_path: Path) -> None:
    make = runpy.run_path(str(HERE.parent / "benchmarks" / "test_postgres_benchmark.py"))["make"]
    dsn = make(server, TABLES)
    theirs, ours = [], []
    for attempt in range(3):  # side by side, so that a busy machine slows both alike; the best of each counts
        folder = tmp_path / str(attempt)
        written(folder, server, dsn.rpartition("/")[2])
        ours.append(timed(folder, sys.executable, "-c", LUMOS))
        theirs.append(timed(folder, datahub, "-c", DATAHUB, "recipe.yml"))
    ratio = min(theirs) / min(ours)
    print(
        f"\n{TABLES} tables of 20 columns and {TABLES // 20} views, lineage of columns, whole processes, best of 3: "
        f"lumos run {min(ours):.2f} s, datahub ingest {min(theirs):.1f} s, {ratio:.1f}x"
    )
    assert compared(truth(dsn), of_lumos(folder), of_datahub(folder / "datahub.json")) == set()
    assert ratio >= (TARGET if SCALE >= 1 else TARGET / FIXED_COSTS)


def test_some_of_everything(datahub: str, server: Server, tmp_path: Path) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("create database everything")
    dsn = f"{server.dsn.rpartition('/')[0]}/everything"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute((HERE / "everything.sql").read_bytes())
    written(tmp_path, server, "everything")
    timed(tmp_path, sys.executable, "-c", LUMOS)
    timed(tmp_path, datahub, "-c", DATAHUB, "recipe.yml")
    assert compared(truth(dsn), of_lumos(tmp_path), of_datahub(tmp_path / "datahub.json")) == set()
