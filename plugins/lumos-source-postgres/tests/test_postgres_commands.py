"""Discovering, setting up and watching, on a real server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from click.testing import CliRunner

import lumos_core
from lumos_core.cli import main
from lumos_core.errors import ConfigError, LumosError
from lumos_core.testing.context import MemoryContext


def lumos(*args: str, **environment: str) -> Any:
    return CliRunner().invoke(main, list(args), prog_name="lumos", env=environment)


def test_discover_writes_a_pipeline_that_runs(db: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db.run("create schema sales; create table sales.a (id int); create view sales.b as select id from sales.a")
    out = tmp_path / "lumos.yaml"
    done = lumos("discover", db.dsn, "--out", str(out))
    assert done.exit_code == 0, done.output
    text = out.read_text(encoding="utf-8")
    assert db.server.password not in text and "sales (2)" in text
    written = yaml.safe_load(text)
    (entry,) = written["sources"]
    assert written["enrich"] == [{"type": "sql"}], "there are views"
    assert entry == {
        "type": "postgres",
        "host": "127.0.0.1",
        "port": db.server.port,
        "database": db.name,
        "user": db.server.user,
        "password": "${POSTGRES_PASSWORD}",
    }
    assert "# Set POSTGRES_PASSWORD before the run" in text
    monkeypatch.setenv("POSTGRES_PASSWORD", db.server.password)
    result = lumos_core.run(out)
    assert result.exit_code == 0
    assert lumos("discover", db.dsn, "--out", str(out)).exit_code == 2


@pytest.mark.parametrize("form", ["pairs", "options", "several"])
def test_discover_keeps_what_has_no_key_of_its_own(db: Any, tmp_path: Path, form: str) -> None:
    host, port, user, password = db.server.host, db.server.port, db.server.user, db.server.password
    target = {
        "pairs": f"host={host} port={port} dbname={db.name} user={user} password={password}",
        "options": f"{db.dsn}?application_name=me",
        "several": f"postgresql://{user}:{password}@{host}:{port},{host}:{port}/{db.name}",
    }[form]
    text = Path(lumos_core.discover(target, tmp_path / "x.yaml")).read_text(encoding="utf-8")
    (entry,) = yaml.safe_load(text)["sources"]
    assert password not in text
    assert entry == {"type": "postgres", "dsn": "${POSTGRES_DSN}"} if form != "pairs" else "password" in entry


def test_discover_tells_what_went_wrong(db: Any, tmp_path: Path) -> None:
    with pytest.raises(LumosError, match="password authentication failed") as told:
        lumos_core.discover(db.dsn_of(db.name, password="wrong-word"), tmp_path / "x.yaml")
    assert "wrong-word" not in str(told.value)
    with pytest.raises(ConfigError, match="connection string cannot be read"):
        lumos_core.discover("postgresql://a:hidden@b:c:d/%", tmp_path / "x.yaml")


def test_setup_is_printed_made_and_taken_away(db: Any) -> None:
    printed = lumos("postgres", "setup")
    assert printed.exit_code == 0 and "create event trigger lumos_command" in printed.output
    assert lumos("postgres", "setup", "--apply").exit_code == 2
    for _ in range(2):
        done = lumos("postgres", "setup", "--apply", LUMOS_POSTGRES_DSN=db.dsn)
        assert done.exit_code == 0 and db.name in done.output, done.output
    with db.connect() as connection:
        triggers = connection.execute("select count(*) from pg_event_trigger where evtname ~ '^lumos'").fetchone()
    assert triggers == (2,)
    assert lumos("postgres", "setup", "--apply", "--remove", LUMOS_POSTGRES_DSN=db.dsn).exit_code == 0
    with db.connect() as connection:
        assert connection.execute("select count(*) from pg_event_trigger").fetchone() == (0,)


def test_setup_by_a_role_without_rights_changes_nothing(db: Any, role: Callable[[str], str]) -> None:
    user = role("modest")
    done = lumos("postgres", "setup", "--apply", LUMOS_POSTGRES_DSN=db.dsn_of(db.name, user, f"{user}-password"))
    assert done.exit_code == 3 and "permission denied" in done.output and f"{user}-password" not in done.output


class Watching:
    """Collects the events of a watch in a thread."""

    def __init__(self, source: Any) -> None:
        self.ctx, self.events = MemoryContext(), list[Any]()
        self.stop = threading.Event()
        self.ctx.cancelled = self.stop.is_set
        self.thread = threading.Thread(target=self._run, args=(source,))

    def _run(self, source: Any) -> None:
        self.events.extend([])
        for event in source.watch(self.ctx):
            self.events.append(event)

    def __enter__(self) -> Watching:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(20)
        assert not self.thread.is_alive()

    def wait(self, count: int) -> list[Any]:
        deadline = time.monotonic() + 20
        while len(self.events) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.events


def test_watching_by_looking(db: Any) -> None:
    with Watching(db.source(watch_interval=0.1)) as watch:
        time.sleep(0.5)
        assert watch.events == []
        db.run("create table a (i int)")
        (event, *_) = watch.wait(1)
        assert event.scope.matches(f"urn:lumos:dataset:(postgres,{db.name}.public.a,PROD)")
        db.run("insert into a values (1)")
        seen = len(watch.events)
        time.sleep(0.5)
        assert len(watch.events) == seen
        db.run("comment on column a.i is 'x'")
        assert len(watch.wait(seen + 1)) == seen + 1


def test_watching_by_listening(db: Any) -> None:
    assert lumos("postgres", "setup", "--apply", LUMOS_POSTGRES_DSN=db.dsn).exit_code == 0
    db.run("create schema quiet; create table quiet.q (i int)")
    with Watching(db.source(events=True)) as watch:
        (first,) = watch.wait(1)
        assert first.scope.matches(f"urn:lumos:container:(postgres,{db.name},PROD)")
        db.run("create table a (i int)")
        (_, event) = watch.wait(2)
        assert event.scope.matches(f"urn:lumos:dataset:(postgres,{db.name}.public.a,PROD)")
        assert not event.scope.matches(f"urn:lumos:dataset:(postgres,{db.name}.quiet.q,PROD)")
        db.run("drop table quiet.q")
        assert watch.wait(3)[2].scope.matches(f"urn:lumos:dataset:(postgres,{db.name}.quiet.q,PROD)")
        db.run("drop schema quiet")
        assert watch.wait(4)[3].scope.matches(f"urn:lumos:container:(postgres,{db.name},PROD)")


def test_contrib_and_benchmark_schemas_are_read(db: Any, server: Any) -> None:
    """Whatever extensions this server brings: each is created, read, and found again unchanged."""
    with db.connect(autocommit=True) as connection:
        names = [row[0] for row in connection.execute("select name from pg_available_extensions order by name")]
        made = []
        for name in names:
            try:
                connection.execute(f'create extension if not exists "{name}" cascade'.encode())
                made.append(name)
            except psycopg.Error:
                continue
    records = db.read()
    properties = dict(records["container", db.name].value.properties)
    assert {f"postgres.extension.{name}" for name in made} <= set(properties)
    assert {record.urn for record in records.values()} == {record.urn for record in db.read().values()}
