"""What may stand between Lumos and the primary: a pooler that shares sessions, and a replica that falls behind."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

import lumos_core
from lumos_core.testing.servers import Unavailable, free_port, postgres

PIPELINE = 'version: 1\nname: between\nsources: [{{type: postgres, dsn: "{dsn}"}}]\ncatalogs: []\nreports: []\n'
PATIENCE = 30.0


@contextmanager
def program(command: list[Any], log: Path, **options: Any) -> Iterator[None]:
    """Run a server; it is ended by its id."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(map(str, command)), stdout=output, stderr=output, start_new_session=True, **options
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(ready: Callable[[], Any], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if ready():
                return
        except (OSError, psycopg.Error):
            pass
        time.sleep(0.05)
    raise AssertionError(log.read_text(encoding="utf-8", errors="replace")[-2000:])


def ran(folder: Path, dsn: str) -> Any:
    path = folder / "lumos.yaml"
    path.write_text(PIPELINE.format(dsn=dsn), encoding="utf-8")
    return lumos_core.run(path)


@pytest.fixture
def pooler(db: Any, tmp_path: Path) -> Iterator[str]:
    """PgBouncer with two sessions that it shares by transaction."""
    binary = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if binary is None:
        pytest.skip("no pgbouncer here: install the package pgbouncer")
    port, place = free_port(), postgres._place(tmp_path, postgres._identity())
    with place as folder:
        users = folder / "users.txt"
        users.write_text(f'"{db.server.user}" "{db.server.password}"\n', encoding="ascii")
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = host={db.server.host} port={db.server.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {port}\nunix_socket_dir =\nauth_type = plain\nauth_file = {users}\n"
            "pool_mode = transaction\ndefault_pool_size = 2\n",
            encoding="ascii",
        )
        with program([binary, settings], tmp_path / "pgbouncer.log", **postgres._identity()):
            until(lambda: socket.create_connection(("127.0.0.1", port), 1).close() or True, tmp_path / "pgbouncer.log")
            yield f"postgresql://{db.server.user}:{db.server.password}@127.0.0.1:{port}/{db.name}"


def test_a_pooler_that_shares_sessions_by_transaction(db: Any, pooler: str, tmp_path: Path) -> None:
    db.run("".join(f"create table t{number} (id int primary key, a text);" for number in range(700)))
    db.run("create view v as select id from t1")
    direct = db.read()
    through = db.read(dsn=pooler)
    assert through == direct and len(direct) > 700
    result = ran(tmp_path, pooler)
    assert result.exit_code == 0
    assert not ran(tmp_path, pooler).changed, "the second one, from memory"
    with psycopg.connect(pooler) as shared:  # nothing of a run stays with the session that others get
        assert shared.execute("show default_transaction_read_only").fetchone() == ("off",)
        assert shared.execute("show statement_timeout").fetchone() == ("0",)
        assert shared.execute("show transaction_isolation").fetchone() == ("read committed",)


@pytest.fixture
def replica(db: Any, tmp_path: Path) -> Iterator[str]:
    """A streaming replica of the server of the tests, made by the programs that the server is made of."""
    try:
        programs = postgres.binaries()
    except Unavailable as reason:
        pytest.skip(str(reason))
    backup = programs / "pg_basebackup"
    if not backup.is_file():
        pytest.skip("this PostgreSQL comes without pg_basebackup")
    identity = postgres._identity()
    with postgres._place(tmp_path, identity) as folder:
        port, data, log = free_port(), folder / "replica", tmp_path / "replica.log"
        where = ["-h", db.server.host, "-p", str(db.server.port), "-U", db.server.user]
        made = subprocess.run(
            [backup, *where, "-D", data, "-R", "-X", "stream", "-c", "fast", "--no-sync"],
            env={**os.environ, "PGPASSWORD": db.server.password},
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **identity,
        )
        assert made.returncode == 0, made.stderr
        settings = {"port": port, "max_standby_streaming_delay": "0", "hot_standby_feedback": "off", "fsync": "off"}
        settings.update(listen_addresses="127.0.0.1", unix_socket_directories="", max_connections=40)
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        with program([programs / "postgres", "-D", data, *options], log, **identity):
            dsn = f"postgresql://{db.server.user}:{db.server.password}@127.0.0.1:{port}/{db.name}"
            until(lambda: psycopg.connect(dsn).close() or True, log)
            yield dsn


def caught_up(db: Any, dsn: str) -> None:
    """Wait until the replica has replayed all that the primary has written."""
    with db.connect(autocommit=True) as primary, psycopg.connect(dsn, autocommit=True) as replica:
        (position,) = primary.execute("select pg_current_wal_lsn()").fetchone()
        until(
            lambda: replica.execute("select pg_last_wal_replay_lsn() >= %s::pg_lsn", [position]).fetchone()[0], Path()
        )


def test_a_replica_and_its_conflicts(db: Any, replica: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lumos_source_postgres import connection
    from lumos_source_postgres.records import Builder

    from lumos_core.errors import RetryableError

    db.run("".join(f"create table t{number} (id int primary key, a text);" for number in range(60)))
    db.run("create view v as select id from t1; comment on table t2 is 'Two'")
    caught_up(db, replica)
    with psycopg.connect(replica) as found:
        assert found.execute("select pg_is_in_recovery()").fetchone() == (True,)
    assert db.read(dsn=replica) == db.read()
    monkeypatch.setattr(connection, "_BATCH", 5)
    original, conflicts = Builder.relation, [1]

    def conflict(builder: Any, row: Any) -> Any:
        """Take rows of the catalog away that the snapshot on the replica still needs."""
        if conflicts:
            conflicts.pop()
            db.run("drop table if exists t59; create table t59 (id int primary key, a text)")
            for name in ("pg_class", "pg_attribute"):
                db.run(f"vacuum pg_catalog.{name}")
            caught_up(db, replica)
        return original(builder, row)

    monkeypatch.setattr(Builder, "relation", conflict)
    with pytest.raises(RetryableError, match="recovery") as told:
        db.read(dsn=replica)
    assert "max_standby_streaming_delay" in told.value.fix
    conflicts.append(1)
    result = ran(tmp_path, replica)  # tries again by itself
    assert result.exit_code == 0 and not conflicts and result.counts["dataset"] == 61
