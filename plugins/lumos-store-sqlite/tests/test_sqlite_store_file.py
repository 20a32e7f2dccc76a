"""The file under bad conditions: several users, no rights, no space, damage, newer versions."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from lumos_store_sqlite.config import SqliteStoreConfig
from lumos_store_sqlite.store import SqliteStore

from lumos_core.plugin_api import DiskError, LockedError, LumosError, Row, SqliteFile, StoreError, make_key
from lumos_core.testing.context import MemoryContext


def rows(count: int, text: str = "x") -> Iterator[Row]:
    for number in range(count):
        urn = f"urn:lumos:tag:t{number:06d}"
        yield "tag", urn, make_key("tag", urn) + b'","value":{"name":"%b"}}' % text.encode()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., SqliteStore]]:
    stores: list[SqliteStore] = []

    def make(path: Path = tmp_path / "deep" / "store.db", **options: Any) -> SqliteStore:
        stores.append(SqliteStore(SqliteStoreConfig(path=path, **options)))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


def test_reading_makes_nothing(opened: Callable[..., SqliteStore], tmp_path: Path) -> None:
    store = opened()
    store.check(MemoryContext())
    assert store.resolve("head") is None
    assert store.get("head", "tag", "urn:lumos:tag:x") is None
    assert list(store.lines("head")) == list(store.log()) == list(store.history("stats", "")) == []
    assert dict(store.refs()) == {}
    assert list(tmp_path.iterdir()) == []


def test_a_reader_keeps_its_state_while_others_commit(opened: Callable[..., SqliteStore]) -> None:
    store, other = opened(), opened()
    first = store.commit("head", None, rows(500, "old"), {})
    begun, named = store.lines("head"), store.lines("head")
    assert b"old" in next(begun)
    other.commit("head", first, rows(500, "new"), {})
    assert sum(b"old" in line for line in begun) == 499
    assert sum(b"old" in line for line in named) == 500
    assert all(b"new" in line for line in store.lines("head"))


def test_reads_while_it_writes_what_it_read(opened: Callable[..., SqliteStore]) -> None:
    store = opened()
    first = store.commit("head", None, rows(300, "old"), {})
    renamed = (
        ("tag", f"urn:lumos:tag:t{number:06d}", line.replace(b"old", b"new"))
        for number, line in enumerate(store.lines("head"))
    )
    store.commit("head", first, renamed, {})
    assert all(b"new" in line for line in store.lines("head"))


def test_nothing_of_a_failed_commit_stays(opened: Callable[..., SqliteStore]) -> None:
    store = opened()
    first = store.commit("head", None, rows(10), {"run": "a"})

    def broken() -> Iterator[Row]:
        yield from rows(20_000, "new")
        raise OSError("the source went away")

    with pytest.raises(OSError, match="went away"):
        store.commit("head", first, broken(), {"run": "b"})
    assert store.resolve("head") == first
    assert list(store.lines("head")) == [line for _, _, line in rows(10)]
    assert len(list(store.log())) == 1
    assert store.commit("head", first, rows(10, "new"), {}) != first


def test_a_killed_writer_leaves_the_state_before(opened: Callable[..., SqliteStore], tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = opened(path)
    first = store.commit("head", None, rows(10), {})
    program = f"""
import os
from pathlib import Path
from lumos_store_sqlite.config import SqliteStoreConfig
from lumos_store_sqlite.store import SqliteStore
store = SqliteStore(SqliteStoreConfig(path=Path({str(path)!r})))
def rows():
    for number in range(50_000):
        yield "tag", f"urn:lumos:tag:n{{number}}", b"x" * 200
    os._exit(9)
with store.lock():
    store.commit("head", {first!r}, rows(), {{}})
"""
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == 9
    assert len(list(store.lines("head"))) == 10
    with store.lock():
        store.commit("head", first, rows(11), {})


def test_many_threads(opened: Callable[..., SqliteStore]) -> None:
    store = opened()
    errors: list[BaseException] = []

    def work(ref: str) -> None:
        try:
            state = None
            for number in range(5):
                state = store.commit(ref, state, rows(50, f"{ref}{number}"), {"run": f"{ref}{number}"})
                assert len(list(store.lines(ref))) == 50
                assert ref.encode() in (store.get(ref, "tag", "urn:lumos:tag:t000007") or b"")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(f"ref{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(store.refs()) == 6


def test_the_lock_names_its_holder_and_dies_with_it(opened: Callable[..., SqliteStore], tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    program = f"""
import sys
from pathlib import Path
from lumos_store_sqlite.config import SqliteStoreConfig
from lumos_store_sqlite.store import SqliteStore
with SqliteStore(SqliteStoreConfig(path=Path({str(path)!r}))).lock():
    print("held", flush=True)
    sys.stdin.read()
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        said = rf"process {holder.pid} on .*, since 20.*Wait for it"
        with pytest.raises(LockedError, match=said) as caught, opened(path).lock():
            pass
        assert caught.value.exit_code == 2
        holder.kill()
    with opened(path).lock(), pytest.raises(LockedError, match=f"process {os.getpid()} "), opened(path).lock():
        pass
    with opened(path).lock():
        pass


def test_another_program_that_writes_is_waited_for_and_then_named(
    opened: Callable[..., SqliteStore], tmp_path: Path
) -> None:
    path = tmp_path / "s.db"
    store = opened(path, timeout=0.05)
    first = store.commit("head", None, rows(1), {})
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LockedError, match="another program is writing"):
            store.commit("head", first, rows(2), {})
        with pytest.raises(LockedError):
            store.check(MemoryContext())
        assert len(list(store.lines("head"))) == 1
        other.execute("ROLLBACK")
    store.check(MemoryContext())


def test_a_full_disk(opened: Callable[..., SqliteStore], monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened()
    first = store.commit("head", None, rows(10), {})
    store.close()
    connect = SqliteFile._connect

    def small(self: SqliteFile) -> sqlite3.Connection:
        connection = connect(self)
        connection.execute("PRAGMA max_page_count=60")
        return connection

    monkeypatch.setattr(SqliteFile, "_connect", small)
    full = opened()
    with pytest.raises(DiskError, match=r"(?i)the disk is full.*free space") as caught:
        full.commit("head", first, rows(50_000, "new"), {})
    assert caught.value.exit_code == 3
    assert full.resolve("head") == first
    assert len(list(full.lines("head"))) == 10


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"this is no database, but it is long enough to be looked at as one" * 20, "not a SQLite database"),
        (b"SQLite format 3\0" + b"\xff" * 4096, "store"),
    ],
)
def test_what_is_no_database(opened: Callable[..., SqliteStore], tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(content)
    for use in (lambda store: store.resolve("head"), lambda store: store.commit("head", None, rows(1), {})):
        with pytest.raises(StoreError, match=says) as caught:
            use(opened(path))
        assert caught.value.fix
        assert caught.value.where == str(path)
    assert path.read_bytes() == content


def test_damage_inside(opened: Callable[..., SqliteStore], tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = opened(path)
    store.commit("head", None, rows(5_000), {})
    store.close()
    damaged = bytearray(path.read_bytes())
    damaged[4096 * 8 : -4096] = b"\xee" * (len(damaged) - 4096 * 9)
    path.write_bytes(damaged)
    with pytest.raises(StoreError, match=r"(?i)corrupt.*restore a copy"):
        list(opened(path).lines("head"))


def test_a_line_that_is_missing(opened: Callable[..., SqliteStore], tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = opened(path)
    store.commit("head", None, rows(5), {})
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("DELETE FROM line WHERE id = 3")
    with pytest.raises(StoreError, match="corrupt"):
        list(store.lines("head"))


def test_another_programs_database(opened: Callable[..., SqliteStore], tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE mine(x)")
    for use in (lambda store: store.refs(), lambda store: store.commit("head", None, rows(1), {})):
        with pytest.raises(StoreError, match="not a store of Lumos"):
            use(opened(path))


def test_a_newer_format(opened: Callable[..., SqliteStore], tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    opened(path).commit("head", None, rows(1), {})
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version=99")
    with pytest.raises(StoreError, match=r"newer version.*format is 99.*Pip install --upgrade"):
        opened(path).refs()


def test_a_store_whose_making_was_interrupted_is_made(opened: Callable[..., SqliteStore], tmp_path: Path) -> None:
    for name in ("empty.db", "blank.db"):
        path = tmp_path / name
        path.touch()
        if name == "blank.db":
            with closing(sqlite3.connect(path)) as other:
                other.execute("PRAGMA journal_mode=WAL")
            assert path.stat().st_size > 0
        store = opened(path)
        assert store.resolve("head") is None
        store.commit("head", None, rows(1), {})
        assert len(list(store.lines("head"))) == 1


def test_a_folder_that_is_a_file(opened: Callable[..., SqliteStore], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = opened(tmp_path / "file" / "s.db")
    for use in (lambda: store.commit("head", None, rows(1), {}), lambda: store.check(MemoryContext())):
        with pytest.raises(StoreError) as caught:
            use()
        assert caught.value.fix


def _as_nobody(path: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program as a user who may not write, since root may always."""
    drop = "if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)"
    code = program.replace("PATH", repr(str(path))).replace("DROP", drop)
    return subprocess.run(
        [sys.executable, "-B", "-c", code], check=False, capture_output=True, text=True, env={**os.environ}
    )


@pytest.mark.skipif(sys.platform == "win32", reason="rights are other rights there")
def test_a_read_only_store_can_be_read_and_not_written(opened: Callable[..., SqliteStore]) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        path = folder / "s.db"
        store = opened(path)
        store.commit("head", None, rows(3), {})
        store.close()
        path.chmod(0o444)
        folder.chmod(0o555)
        program = """
import os
from pathlib import Path
from lumos_core.plugin_api import StoreError
from lumos_store_sqlite.config import SqliteStoreConfig
from lumos_store_sqlite.store import SqliteStore
DROP
store = SqliteStore(SqliteStoreConfig(path=Path(PATH)))
print(len(list(store.lines("head"))))
try:
    store.commit("head", store.resolve("head"), [], {})
except StoreError as error:
    print(error)
store.close()
"""
        done = _as_nobody(path, program)
        folder.chmod(0o755)
        assert done.stderr == ""
        count, said = done.stdout.splitlines()
        assert count == "3"
        assert "read-only" in said
        assert "writable" in said


def test_errors_are_ours(opened: Callable[..., SqliteStore], tmp_path: Path) -> None:
    store = opened(tmp_path / "s.db")
    first = store.commit("head", None, rows(1), {})
    with pytest.raises(ValueError, match=r"RFC 3339|isoformat"):
        store.commit("head", first, [], {"at": "yesterday"})
    assert issubclass(StoreError, LumosError)
    assert store.resolve("head") == first
