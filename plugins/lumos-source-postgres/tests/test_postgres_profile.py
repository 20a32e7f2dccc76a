"""Profiles on a real server: one query per table, repeatable, within a budget, and nothing private."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lumos_core.model.record import canonical
from lumos_core.testing.context import MemoryContext

pytest.importorskip("datasketches")

EVERYTHING = """
create type mood as enum ('sad', 'fine', 'happy');
create domain positive as int check (value > 0);
create table things (
  id int primary key, name text, price numeric(10, 2), weight float8, day date, seen timestamptz, hour time,
  flag bool, mood mood, count positive, doc jsonb, tags text[], email text, "odd ""name" text, empty text, u uuid,
  at timestamp
);
insert into things select n, 'A' || n % 3 || '-' || lpad((n % 7)::text, 3, '0'), n * 1.5,
  case n when 5 then 'NaN' when 6 then 'Infinity' else n / 10.0 end, date '2024-01-01' + n, '2024-01-01 00:00:00Z',
  time '01:00', n % 4 = 0, (array['sad', 'fine', 'happy'])[1 + n % 3]::mood, n + 1, '{}', '{a,b}',
  'user' || n || '@example.com', case when n % 2 = 0 then 'x' end, null,
  '00000000-0000-0000-0000-000000000001', '2024-01-01'
from generate_series(0, 99) n;
"""


def profiles(db: Any, ctx: MemoryContext | None = None, profile: Any = True, **options: Any) -> dict[str, Any]:
    ctx, found = MemoryContext() if ctx is None else ctx, {}
    source = db.source(profile=profile, **options)
    for unit in source.plan(_everything(), ctx):
        for record in source.extract(unit, ctx):
            canonical(record)
            if record.kind == "stats" and any(name.startswith("profile.") for name, _ in record.value.properties):
                found[record.urn.partition(f"{db.name}.public.")[2].partition(",PROD")[0]] = record
    return found


def _everything() -> Any:
    from lumos_core.plugin_api import Scope

    return Scope()


def said(record: Any) -> dict[str, dict[str, Any]]:
    return {path: dict(metrics) for path, metrics in record.value.fields}


def test_every_kind_of_column(db: Any) -> None:
    db.run(EVERYTHING)
    record = profiles(db)["things"]
    found = said(record)
    assert dict(record.value.properties)["profile.of"] == "all rows"
    assert found["id"]["min"] == "0" and found["id"]["max"] == "99" and found["id"]["average"] == "49.5"
    assert found["id"]["quantile_0.5"] == "49" and "top_values" not in found["id"]
    assert sum(json.loads(found["id"]["histogram"])["counts"]) == 100
    assert found["name"]["distinct_count"] == 21 and found["name"]["patterns"] == '[["A9-999",100]]'
    assert (found["name"]["min"], found["name"]["max_length"]) == ("A0-000", 6)
    assert (found["price"]["max"], found["price"]["average"]) == ("148.5", "74.25")
    assert found["weight"]["not_finite_count"] == 2 and found["weight"]["max"] == "9.9"
    assert (found["day"]["min"], found["day"]["max"]) == ("2024-01-01", "2024-04-09")
    assert found["seen"]["max"] == "2024-01-01T00:00:00Z" and found["at"]["max"] == "2024-01-01T00:00:00"
    assert found["hour"]["top_values"] == '[["01:00:00",100]]'
    assert found["flag"]["top_values"] == '[["false",75],["true",25]]'
    assert found["mood"]["top_values"].startswith('[["sad",34]') and found["count"]["max"] == "100"
    assert found["doc"] == {"null_count": 0, "null_share": "0"} == found["tags"]
    assert found['odd "name']["null_share"] == "0.5" and found["empty"] == {"null_count": 100, "null_share": "1"}
    assert found["u"]["distinct_count"] == 1
    assert found["email"]["suspected"] == "email" and "example.com" not in canonical(record).decode()


def test_the_same_as_the_library_says_of_the_same_rows(db: Any) -> None:
    from lumos_profile import Profiler

    from lumos_core.plugin_api import ProfileConfig

    db.run(EVERYTHING)
    with db.connect() as connection:
        rows = connection.execute('select id, name, price, day, flag, "odd ""name" as odd from things').fetchall()
    profiler = Profiler(ProfileConfig())
    profiler.documents(
        [dict(zip(("id", "name", "price", "day", "flag", 'odd "name'), row, strict=True)) for row in rows]
    )
    expected = {path: dict(metrics) for path, metrics in profiler.profile(whole=True).fields}
    found = said(profiles(db)["things"])
    for path, metrics in expected.items():
        assert set(metrics) == set(found[path]), path
        for name, value in metrics.items():
            if name not in ("histogram", "quantile_0.25", "quantile_0.75"):
                assert found[path][name] == value, (path, name)


def test_two_runs_over_a_sample_are_equal_and_a_third_reads_nothing(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    db.run("create table big as select n, n % 10 as k from generate_series(1, 60000) n; analyze big")
    options = {"profile": {"rows": 2000}}
    first, second = profiles(db, **options)["big"], profiles(db, ctx := MemoryContext(), **options)["big"]
    assert canonical(first) == canonical(second)
    assert 500 <= dict(first.value.metrics)["profiled_rows"] <= 2000
    assert "fixed seed" in dict(first.value.properties)["profile.sample"]
    assert "null_count" not in said(first)["n"] and said(first)["k"]["distinct_count"] == 10
    from lumos_source_postgres import profile

    with monkeypatch.context() as patch:
        patch.setattr(profile._Work, "_data", lambda *_: pytest.fail("it was profiled again"))
        assert canonical(profiles(db, ctx, **options)["big"]) == canonical(first)
    db.run(
        "insert into big values (0, 0); select pg_stat_force_next_flush()"
        if _newer(db)
        else "insert into big values (0, 0)"
    )
    db.run("analyze big")
    assert profiles(db, ctx, profile={"rows": "all"})["big"].value.metrics == [("profiled_rows", 60001)]


def _newer(db: Any) -> bool:
    with db.connect() as connection:
        return connection.info.server_version >= 150000


def test_rows_that_nobody_counted_are_bounded(db: Any) -> None:
    db.run(
        "create table fresh (n int) with (autovacuum_enabled = false); insert into fresh select generate_series(1, 500)"
    )
    assert dict(profiles(db)["fresh"].value.properties)["profile.of"] == "all rows"
    part = profiles(db, profile={"rows": 100})["fresh"]
    assert dict(part.value.properties)["profile.of"] == "a sample"


def test_partitions_are_one_table(db: Any) -> None:
    db.run(
        "create table p (n int) partition by range (n); create table p1 partition of p for values from (0) to (10);"
        "create table p2 partition of p for values from (10) to (20); insert into p select generate_series(0, 19)"
    )
    found = profiles(db)
    assert set(found) == {"p"} and said(found["p"])["n"]["max"] == "19"


def test_a_denied_table_or_column_is_told(db: Any, role: Any) -> None:
    reader = role("profile_reader")
    db.run("create table open (a int, b int); create table shut (a int); insert into open values (1, 2)")
    db.run(f"grant select (a) on open to {reader}")
    ctx = MemoryContext()
    found = profiles(db, ctx, user=reader, password=f"{reader}-password")
    assert set(found) == {"open"} and set(said(found["open"])) == {"a"}
    assert {(notice.code, notice.where) for notice in ctx.warnings} >= {
        ("profile-denied", "public.open"),
        ("profile-denied", "public.shut"),
    }


def test_a_budget_that_is_spent_leaves_what_the_planner_knows(db: Any) -> None:
    db.run(
        "create table t (n int, s text);"
        "insert into t select n, 'v' || n % 3 from generate_series(1, 300000) n; analyze t"
    )
    record = profiles(db, profile={"rows": "all", "budget_seconds": 0.001})["t"]
    assert dict(record.value.properties)["profile.stopped"].startswith("after 0.001 s")
    assert said(record)["s"]["distinct_count"] == 3


def test_statistics_read_no_row(db: Any) -> None:
    db.run(
        "create table t (n int, s text, email text);"
        "insert into t select n, 'v' || n % 3, 'a@b.org' from generate_series(1, 900) n"
    )
    ctx = MemoryContext()
    assert profiles(db, ctx, profile={"from": "statistics"}) == {}
    assert "profile-no-statistics" in {notice.code for notice in ctx.warnings}
    db.run("analyze t")
    record = profiles(db, profile={"from": "statistics"})["t"]
    found = said(record)
    assert dict(record.value.properties)["profile.of"] == "statistics"
    assert found["n"]["distinct_count"] == 900 and json.loads(found["s"]["top_values"])[0][1] == 300
    assert "a@b.org" not in canonical(record).decode()


def test_it_does_not_change_what_is_known_of_a_table(db: Any) -> None:
    db.run("create table t (n int); insert into t values (1)")
    first = db.read(profile=True)
    db.run("insert into t values (2)")
    second = db.read(profile=True)
    known = [key for key in first if key[0] == "dataset"]
    assert known and all(canonical(first[key]) == canonical(second[key]) for key in known)


def test_a_locked_table_is_told_and_the_rest_is_read(db: Any) -> None:
    db.run("create table a (n int); create table b (n int); insert into b values (1)")
    ctx = MemoryContext()
    with db.connect() as other:
        other.execute("lock table a in access exclusive mode")
        found = profiles(db, ctx, lock_timeout=0.2)
    assert "b" in found and "a" not in found
    assert "cannot-profile" in {notice.code for notice in ctx.warnings}
