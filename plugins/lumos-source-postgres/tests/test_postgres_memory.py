"""A second reading: nothing is read again while nothing changed, and no change goes unnoticed."""

from __future__ import annotations

from typing import Any

import pytest

from lumos_core.model.record import canonical
from lumos_core.model.scope import Scope
from lumos_core.testing.context import MemoryContext

START = """
create schema s; create type s.mood as enum ('sad', 'ok'); create domain s.email as text check (value like '%@%');
create type s.geo as (lat float8, lon float8); create role lumos_memory; create role lumos_other;
create function s.twice(i int) returns int language sql immutable return i * 2;
create table s.a (id int primary key, x int default s.twice(2), mood s.mood, mail s.email, place s.geo,
    constraint positive check (x > 0));
create table s.b (id int, a int references s.a, at date) partition by range (at); create index ix on s.a (x);
create view s.v as select id from s.a; create materialized view s.m as select 1 as one;
create sequence s.free; create table s.base (i int); create table s.child (j int);
create foreign data wrapper toy; create server far foreign data wrapper toy;
create foreign table s.f (i int) server far options (filename 'x');
alter table s.a enable row level security; create policy p on s.a using (id = 1);
"""

CHANGES = [
    "comment on table s.a is 'x'",
    "comment on column s.a.x is 'x'",
    "comment on constraint positive on s.a is 'x'",
    "comment on index s.ix is 'x'",
    "comment on policy p on s.a is 'x'",
    "comment on schema s is 'x'",
    "comment on column s.geo.lat is 'x'",
    "comment on role lumos_memory is 'x'",
    "comment on sequence s.free is 'x'",
    "alter type s.mood add value 'great'",
    "alter type s.mood rename value 'ok' to 'fine'",
    "alter type s.mood rename to feeling",
    "alter type s.geo rename attribute lat to latitude cascade",
    "alter domain s.email add check (value like '%.com')",
    "alter domain s.email set not null",
    "grant select on s.a to lumos_memory",
    "grant select (x) on s.a to lumos_memory",
    "grant usage on schema s to lumos_memory",
    "grant lumos_memory to lumos_other",
    "alter role lumos_memory rename to lumos_renamed",
    "alter role lumos_memory login",
    "alter table s.a owner to lumos_memory",
    "alter schema s owner to lumos_memory",
    "alter schema s rename to t",
    "alter table s.a rename to c",
    "alter table s.a rename column x to y",
    "alter table s.a alter x type bigint",
    "alter table s.a alter x set not null",
    "alter table s.a alter x drop default",
    "alter table s.a alter x set default 7",
    "alter table s.a add z int",
    "alter table s.a drop mail",
    "alter table s.a drop constraint positive",
    "alter table s.a add unique (x)",
    "alter table s.a alter id add generated always as identity",
    "alter table s.b drop constraint b_a_fkey",
    "alter function s.twice(int) rename to double",
    "drop index s.ix",
    "alter index s.ix rename to iy",
    "create unique index on s.a (x)",
    "alter policy p on s.a using (id = 2)",
    "alter table s.a disable row level security",
    "alter table s.a force row level security",
    "alter table s.a set (fillfactor = 50)",
    "alter table s.base set unlogged",
    "create or replace view s.v as select id from s.base, s.a",
    "refresh materialized view s.m; alter materialized view s.m rename to n",
    "create materialized view s.late as select 1 as one with no data",
    "alter sequence s.free owned by s.a.x",
    "alter sequence s.free increment 3",
    "alter table s.child inherit s.base".replace("s.child inherit", "s.child add i int; alter table s.child inherit"),
    "alter foreign table s.f options (set filename 'y')",
    "alter server far rename to near",
    "create table s.late (i int)",
    "drop view s.v",
    "create schema late",
    "comment on database postgres is 'x'; create function s.thrice(i int) returns int language sql as 'select i'",
    "create table s.b1 partition of s.b for values from ('2026-01-01') to ('2027-01-01') partition by list (id)",
]


def lines(db: Any, ctx: MemoryContext) -> list[bytes]:
    ctx.declared.clear()
    return sorted(canonical(record) for record in db.read(ctx).values() if record.kind != "stats")


@pytest.fixture
def start(db: Any) -> Any:
    db.run(START)
    yield db
    db.run("drop owned by lumos_memory, lumos_other cascade; drop role lumos_memory, lumos_other")


class Counting:
    """Counts how often relations are read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from lumos_source_postgres.database import Database

        self.times = 0
        original = Database._make

        def counted(database: Any, blocked: Any) -> Any:
            self.times += 1
            return original(database, blocked)

        monkeypatch.setattr(Database, "_make", counted)


def test_no_change_goes_unnoticed(start: Any) -> None:
    """Each change alone, taken back by its transaction, so that every one is judged against the same start."""
    from lumos_source_postgres import queries

    def fingerprint(connection: Any) -> str:
        return str(connection.execute(queries.fingerprint(control=True)).fetchone()[0])

    with start.connect() as connection:
        connection.execute("set search_path = pg_catalog")
        before = fingerprint(connection)
        connection.commit()
        for change in CHANGES:
            if "add value" in change:  # an enum label can be added, but not seen, in its own transaction
                continue
            connection.execute(change.encode())
            assert fingerprint(connection) != before, change
            connection.rollback()
            assert fingerprint(connection) == before, f"taken back: {change}"
            connection.rollback()


def test_what_a_change_makes_is_read(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, for good: the second reading equals one that remembers nothing."""
    counting, ctx = Counting(monkeypatch), MemoryContext()
    before = lines(start, ctx)
    assert lines(start, ctx) == before and counting.times == 1
    for change in (
        "alter type s.mood add value 'great'",
        "alter function s.twice(int) rename to double",
        "alter table s.base rename to root",
        "grant select on s.a to lumos_memory",
        "comment on column s.a.x is 'x'",
        "drop view s.v",
    ):
        start.run(change)
        after = lines(start, ctx)
        assert after != before and after == lines(start, MemoryContext()), change
        before = after
    assert lines(start, MemoryContext(full=True)) == before


def test_what_is_no_change_reads_nothing_again(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    counting, ctx = Counting(monkeypatch), MemoryContext()
    before = lines(start, ctx)
    start.run("insert into s.a (id, x) values (1, 1); update s.a set x = 2; truncate s.base")
    start.run("vacuum analyze s.a")
    start.run("vacuum full s.a")
    start.run("reindex table s.a")
    start.run("refresh materialized view s.m; create temporary table t (i int); drop table t")
    with start.connect() as connection:
        connection.execute("create temporary table held (i int)")
        connection.commit()
        assert lines(start, ctx) == before
    assert counting.times == 1
    assert any(covered.status == "complete" for covered in ctx.declared)


def test_a_part_is_answered_from_memory_and_never_replaces_the_whole(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting, ctx = Counting(monkeypatch), MemoryContext()
    within = Scope(urns=frozenset({f"urn:lumos:dataset:(postgres,{start.name}.s.a,PROD)"}))
    assert {name for _, name in start.read(ctx, within)} == {"s.a"}
    assert ctx.memo == {}
    whole = lines(start, ctx)
    assert {name for _, name in start.read(ctx, within)} == {"s.a"} and counting.times == 2
    assert lines(start, ctx) == whole and counting.times == 2


def test_a_damaged_memory_costs_time_only(start: Any) -> None:
    ctx = MemoryContext()
    whole = lines(start, ctx)
    for key in list(ctx.memo):
        ctx.memo[key] = b"\x00 not what was written"
    assert lines(start, ctx) == whole
    (block,) = [key for key in ctx.memo if key.endswith(b"/0")]
    ctx.memo[block] = ctx.memo[block][:20]
    assert lines(start, ctx) == whole
    del ctx.memo[block]
    assert lines(start, ctx) == whole
