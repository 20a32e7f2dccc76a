"""Bad days: what is refused, cut, locked or taken away is not captured, and nothing is concluded from it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lumos_core
from lumos_core.errors import RetryableError, UnitError
from lumos_core.model.scope import Scope
from lumos_core.testing.context import MemoryContext

PIPELINE = """
version: 1
name: bad-days
sources: [{{type: postgres, dsn: "{dsn}", lock_timeout: 0.5, connect_timeout: 2}}]
catalogs: []
reports: []
run: {{retries: {retries}}}
"""


class Runs:
    """Runs of one pipeline, whose connection may change in between."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lumos.yaml"

    def __call__(self, dsn: str, retries: int = 0) -> Any:
        self.path.write_text(PIPELINE.format(dsn=dsn, retries=retries), encoding="utf-8")
        return lumos_core.run(self.path)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def names(db: Any, lines: Any) -> set[str]:
    return {name for kind, name in lines if kind == "dataset"}


def test_a_wrong_password_is_said_without_the_right_one(db: Any) -> None:
    source = db.source(dsn=db.dsn_of(db.name, password="wrong-word"))
    with pytest.raises(UnitError) as told:
        source.check(MemoryContext())
    assert "password authentication failed" in str(told.value) and "correct `user` or `password`" in told.value.fix
    assert "wrong-word" not in str(told.value) and told.value.__suppress_context__


def test_a_database_that_is_not_there(db: Any) -> None:
    with pytest.raises(UnitError, match="does not exist") as told:
        db.source(dsn=db.dsn_of("nowhere")).check(MemoryContext())
    assert "correct `database`" in told.value.fix


def test_nobody_listens(db: Any) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    source = db.source(dsn=f"postgresql://u:hidden-word@127.0.0.1:{port}/x")
    with pytest.raises(RetryableError) as told:
        source.check(MemoryContext())
    assert "hidden-word" not in str(told.value)


def test_a_schema_without_usage_is_read_whole(db: Any, role: Callable[[str], str]) -> None:
    """The catalog tells everyone what is there; only rows are behind the rights on schemas and tables."""
    user = role("outsider")
    db.run("create schema closed; revoke all on schema closed from public; create table closed.t (id int primary key)")
    db.run("create view closed.v as select id from closed.t; comment on column closed.t.id is 'Key'")
    dsn = db.dsn_of(db.name, user, f"{user}-password")
    mine, theirs = db.read(), db.read(dsn=dsn)
    assert mine == theirs and ("dataset", "closed.v") in theirs


def test_a_role_that_loses_a_right_removes_nothing(db: Any, role: Callable[[str], str], tmp_path: Path) -> None:
    user = role("loser")
    db.run(f"create table a (id int); create view v as select id from a; grant select on a to {user}")
    path = tmp_path / "lumos.yaml"
    path.write_text(PIPELINE.format(dsn=db.dsn_of(db.name, user, f"{user}-password"), retries=0), encoding="utf-8")
    assert lumos_core.run(path).exit_code == 0
    db.run(f"revoke all on a from {user}; revoke all on schema public from public")
    result = lumos_core.run(path)
    assert result.exit_code == 0 and {change.rule for change in result.changes} <= {"access-grant-revoked"}
    db.run(f"revoke connect on database {db.name} from public")
    result = lumos_core.run(path)
    assert result.exit_code == 3 and list(result.changes) == []
    assert "permission denied" in result.failures[0].message
    db.run(f"grant connect on database {db.name} to public; revoke select on pg_catalog.pg_attribute from public")
    result = lumos_core.run(path)
    assert result.exit_code == 3 and list(result.changes) == []
    assert "pg_attribute" in result.failures[0].message
    db.run("grant select on pg_catalog.pg_attribute to public")
    result = lumos_core.run(path)
    assert result.exit_code == 0 and list(result.changes) == [], "back as it was"


def test_a_statement_that_takes_too_long(db: Any) -> None:
    db.run("".join(f"create table t{number} (a int);" for number in range(300)))
    with pytest.raises(UnitError, match="statement timeout") as told:
        db.read(statement_timeout=0.001)
    assert "raise `statement_timeout`" in told.value.fix


def test_a_connection_cut_in_mid_cursor_is_tried_again(db: Any, tmp_path: Path, monkeypatch: Any) -> None:
    from lumos_source_postgres import connection
    from lumos_source_postgres.records import Builder

    monkeypatch.setattr(connection, "_BATCH", 10)
    db.run("".join(f"create table t{number} (a int);" for number in range(200)))
    whole = names(db, db.read())
    cuts, original = [3], Builder.relation

    def cut(builder: Any, row: Any) -> Any:
        if cuts and len(seen) == 50:
            cuts.pop()
            db.run(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'lumos' and datname = current_database()"
            )
        seen.append(row.oid)
        return original(builder, row)

    seen: list[int] = []
    monkeypatch.setattr(Builder, "relation", cut)
    with pytest.raises(RetryableError):
        db.read()
    seen.clear()
    cuts.append(1)
    path = tmp_path / "lumos.yaml"
    path.write_text(PIPELINE.format(dsn=db.dsn, retries=2), encoding="utf-8")
    result = lumos_core.run(path)
    assert result.exit_code == 0 and not cuts
    assert result.counts["dataset"] == len(whole) == 200 if "dataset" in result.counts else True


def test_a_table_dropped_while_it_is_read(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read is one snapshot; texts that the server makes of what vanished are tried again."""
    from lumos_source_postgres import connection
    from lumos_source_postgres.records import Builder

    monkeypatch.setattr(connection, "_BATCH", 5)
    db.run("".join(f"create table t{number} (a int default {number}, check (a > 0));" for number in range(100)))
    db.run("create view v as select * from t99; create index on t98 ((a + 1))")
    original, dropped = Builder.relation, []

    def drop(builder: Any, row: Any) -> Any:
        if not dropped:
            dropped.append(row.oid)
            db.run("set lock_timeout = 5000; drop view v; drop table t98, t99")
        return original(builder, row)

    monkeypatch.setattr(Builder, "relation", drop)
    try:
        found = db.read()
    except RetryableError:
        found = db.read()
    assert {name for kind, name in db.read() if kind == "dataset"} == {f"public.t{number}" for number in range(98)}
    assert len(names(db, found)) >= 98


def test_a_lock_held_leaves_out_what_it_blocks_alone(db: Any) -> None:
    db.run("create table a (i int); create table b (j int default 7); create view v as select * from a, b")
    db.run(
        "create view w as select * from v; create view z as select * from b; create view x as select 1 as one from a"
    )
    urn = f"urn:lumos:dataset:(postgres,{db.name}.public.%s,PROD)"
    with db.connect() as holder:
        holder.execute("lock table a in access exclusive mode")
        ctx, begin = MemoryContext(), time.monotonic()
        found = names(db, db.read(ctx, lock_timeout=0.5))
        assert 0.5 <= time.monotonic() - begin < 20
        assert {"public.b", "public.w", "public.z"} <= found and not {"public.v", "public.x"} & found
        for name in ("v", "x"):
            assert not ctx.coverage.complete(urn % name)
        for name in ("b", "w", "gone"):
            assert ctx.coverage.complete(urn % name)
        (reason,) = {covered.reason for covered in ctx.coverage.incomplete if urn % "v" in covered.scope.urns}
        assert "public.a is locked exclusively" in reason
        assert ctx.memo == {}
    ctx = MemoryContext()
    assert names(db, db.read(ctx)) == {f"public.{name}" for name in "abvwxz"}
    assert ctx.coverage.complete(urn % "v")


def test_a_lock_that_goes_in_time_blocks_nothing(db: Any) -> None:
    db.run("create table a (i int); create view v as select * from a")
    holder = db.connect()
    holder.execute("lock table a in access exclusive mode")
    timer = threading.Timer(0.5, holder.close)
    timer.start()
    try:
        ctx = MemoryContext()
        assert names(db, db.read(ctx, lock_timeout=20)) == {"public.a", "public.v"}
        assert ctx.coverage.incomplete == []
    finally:
        timer.join()


def test_a_lock_that_comes_too_late_to_be_seen_is_tried_again(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lumos_source_postgres.database import Database

    db.run("create table a (i int); create view v as select * from a")
    monkeypatch.setattr(Database, "_blocked", lambda database: frozenset())
    with db.connect() as holder:
        holder.execute("lock table a in access exclusive mode")
        with pytest.raises(RetryableError, match="lock"):
            db.read(lock_timeout=0.3)


def test_reading_holds_no_lock(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of a view locks what it reads; nobody who alters that may have to wait for the end of the reading."""
    from lumos_source_postgres.records import Builder

    db.run("create table a (i int); create view v as select * from a; create table b (i int)")
    original, seen = Builder.relation, []

    def look(builder: Any, row: Any) -> Any:
        with db.connect() as other:
            held = other.execute(
                "select count(*) from pg_locks l join pg_class c on c.oid = l.relation where l.pid <> pg_backend_pid()"
                " and l.mode = 'AccessShareLock' and c.oid >= 16384"
            ).fetchone()
        seen.append((row.kind, held[0]))
        return original(builder, row)

    monkeypatch.setattr(Builder, "relation", look)
    db.read()
    assert sorted(seen) == [("r", 0), ("r", 0), ("v", 0)]


def test_a_slow_server_is_not_waited_for(db: Any) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        dsn = f"postgresql://u:hidden-word@127.0.0.1:{silent.getsockname()[1]}/x"
        begin = time.monotonic()
        with pytest.raises(RetryableError):
            db.source(dsn=dsn, connect_timeout=2).check(MemoryContext())
        assert time.monotonic() - begin < 10


def test_a_cancelled_run_stops(db: Any) -> None:
    from lumos_core.errors import Cancelled

    db.run("".join(f"create table t{number} (a int);" for number in range(50)))
    ctx, source = MemoryContext(), db.source()
    (unit,) = source.plan(Scope(), ctx)
    reading = iter(source.extract(unit, ctx))
    next(reading)
    ctx.cancelled = lambda: True
    with pytest.raises(Cancelled):
        list(reading)
    assert ctx.declared == []
