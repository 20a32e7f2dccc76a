"""One file for several threads and processes: made once, read as it was, errors that say what to do."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lumos_core.plugin_api import DiskError, LockedError, LumosError, SqliteFile, SqliteKind, StoreError

BOX = SqliteKind(
    what="box",
    application_id=0x4C554D58,
    format=2,
    tables="CREATE TABLE thing(id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n",
    error=StoreError,
    busy=LockedError,
    setting="box: {path: ...}",
    distribution="lumos-box",
    loss="restore a copy; all else is lost",
    pragmas={"cache_size": -123},
)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., SqliteFile]]:
    files: list[SqliteFile] = []

    def make(path: Path = tmp_path / "deep" / "box.db", timeout: float = 5, kind: SqliteKind = BOX) -> SqliteFile:
        files.append(SqliteFile(kind, path, timeout))
        return files[-1]

    yield make
    for file in files:
        file.close()


def put(file: SqliteFile, *names: str) -> None:
    with file.writing() as connection:
        connection.executemany("INSERT INTO thing(name) VALUES (?)", [(name,) for name in names])


def names(file: SqliteFile) -> list[str]:
    with file.reading() as connection:
        return [name for (name,) in connection.execute("SELECT name FROM thing ORDER BY id")]


def test_nothing_is_made_before_it_is_written(opened: Callable[..., SqliteFile], tmp_path: Path) -> None:
    file = opened()
    assert not file.exists()
    file.check()
    assert list(tmp_path.iterdir()) == []
    put(file, "a")
    assert file.exists() and file.path.exists()
    assert names(file) == ["a"]


def test_the_header_says_whose_it_is(opened: Callable[..., SqliteFile]) -> None:
    file = opened()
    put(file, "a")
    with closing(sqlite3.connect(file.path)) as other:
        values = [other.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    assert values == [BOX.application_id, BOX.format]
    with file.reading() as connection:
        assert connection.execute("PRAGMA cache_size").fetchone() == (-123,)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.parametrize("error", [KeyError("mine"), OSError("mine"), KeyboardInterrupt("mine")])
def test_a_transaction_is_whole_or_not_at_all(opened: Callable[..., SqliteFile], error: BaseException) -> None:
    file = opened()
    put(file, "a")

    def broken() -> None:
        with file.writing() as connection:
            connection.execute("INSERT INTO thing(name) VALUES ('b')")
            raise error

    with pytest.raises(type(error), match="mine"):
        broken()
    assert names(file) == ["a"]


def test_a_reader_sees_one_state_and_waits_for_nobody(opened: Callable[..., SqliteFile]) -> None:
    file = opened(timeout=0.05)
    put(file, "a")
    with file.reading() as connection:
        assert connection.execute("SELECT count(*) FROM thing").fetchone() == (1,)
        put(file, "b")
        assert connection.execute("SELECT count(*) FROM thing").fetchone() == (1,)
    assert names(file) == ["a", "b"]
    with closing(sqlite3.connect(file.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert names(file) == ["a", "b"]
        for use in (lambda: put(file, "c"), file.check):
            with pytest.raises(LockedError, match="another program is writing to the box"):
                use()


def test_reading_leaves_nothing_behind(opened: Callable[..., SqliteFile]) -> None:
    """What a reader writes by mistake, or leaves open, must not reach the next borrower."""
    file = opened()
    put(file, "a")
    with file.reading() as connection:
        connection.execute("INSERT INTO thing(name) VALUES ('stray')")
    assert names(file) == ["a"]
    put(file, "b")
    assert names(file) == ["a", "b"]


def test_many_threads_make_one_file(opened: Callable[..., SqliteFile], tmp_path: Path) -> None:
    """Each with a connection pool of its own, as if they were programs."""
    path, failed, start = tmp_path / "box.db", [], threading.Barrier(8)
    files = [opened(path, timeout=30) for _ in range(8)]

    def work(file: SqliteFile, name: str) -> None:
        try:
            start.wait()
            put(file, name)
            assert name in names(file)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(file, f"t{n}")) for n, file in enumerate(files)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(names(files[0])) == [f"t{n}" for n in range(8)]


def test_connections_are_used_again_and_closed(
    opened: Callable[..., SqliteFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, made = opened(), []
    put(file, "a")
    connect = SqliteFile._connect
    monkeypatch.setattr(SqliteFile, "_connect", lambda self: made.append(connect(self)) or made[-1])
    for _ in range(5):
        assert names(file) == ["a"]
    assert made == []
    with file.reading() as held:
        assert names(file) == ["a"]
        file.close()
        assert held.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        held.execute("SELECT 1")


@pytest.mark.parametrize("content", [b"", None])
def test_a_file_whose_making_was_interrupted_is_made(
    opened: Callable[..., SqliteFile], tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "box.db"
    path.touch()
    if content is None:
        with closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA journal_mode=WAL")
        assert path.stat().st_size > 0
    file = opened(path)
    assert not file.exists()
    put(file, "a")
    assert names(file) == ["a"]


def uses(file: SqliteFile) -> list[Callable[[], Any]]:
    return [file.exists, file.check, lambda: names(file), lambda: put(file, "x")]


def test_what_is_no_file_of_this_kind(opened: Callable[..., SqliteFile], tmp_path: Path) -> None:
    noise, foreign, newer = tmp_path / "noise", tmp_path / "foreign", tmp_path / "newer"
    noise.write_bytes(b"this is not a database, whatever its name says. " * 100)
    with closing(sqlite3.connect(foreign)) as other, other:
        other.execute("CREATE TABLE mine(x)")
    put(opened(newer), "a")
    with closing(sqlite3.connect(newer)) as other:
        other.execute("PRAGMA user_version=3")
    said = {
        noise: r"the box is not a SQLite database.*Name another file in `box: \{path: \.\.\.\}`",
        foreign: r"the file is not a box of Lumos.*Name another file in `box: \{path: \.\.\.\}`",
        newer: r"the box was written by a newer version.*format is 3, .* up to 2\. Pip install --upgrade lumos-box",
    }
    for path, message in said.items():
        content = path.read_bytes()
        for use in uses(opened(path)):
            with pytest.raises(StoreError, match=message) as caught:
                use()
            assert caught.value.where == str(path)
        assert path.read_bytes() == content


def test_an_older_format_is_read(opened: Callable[..., SqliteFile]) -> None:
    put(opened(kind=replace(BOX, format=1)), "a")
    assert names(opened()) == ["a"]


def test_another_kind_is_refused(opened: Callable[..., SqliteFile]) -> None:
    put(opened(), "a")
    with pytest.raises(StoreError, match="not a jar of Lumos"):
        opened(kind=replace(BOX, what="jar", application_id=7)).exists()


def test_damage_says_what_is_lost(opened: Callable[..., SqliteFile]) -> None:
    file = opened()
    put(file, *(f"name {number}" * 20 for number in range(500)))
    file.close()
    content = bytearray(file.path.read_bytes())
    content[4096:] = b"\xee" * (len(content) - 4096)
    file.path.write_bytes(content)
    with pytest.raises(StoreError, match=r"the box is corrupt.*Restore a copy; all else is lost"):
        names(opened())


def test_a_full_disk_leaves_the_file_as_it_was(opened: Callable[..., SqliteFile]) -> None:
    file = opened()
    put(file, "a")
    with file.reading() as connection:  # the idle connection, which the next writer borrows
        connection.rollback()
        connection.execute("PRAGMA max_page_count=4")
    with pytest.raises(DiskError, match=r"(?i)the disk is full.*the box is as it was before"):
        put(file, *("x" * 1000 for _ in range(100)))
    assert names(file) == ["a"]


def test_no_place_for_a_file(opened: Callable[..., SqliteFile], tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "file").touch()
    file = opened(tmp_path / "file" / "box.db")
    with pytest.raises(StoreError, match=r"the box cannot be made.*not a folder that can be written"):
        file.check()
    with pytest.raises(StoreError, match=r"the box cannot be opened.*Check the path and its rights"):
        put(file, "a")
    monkeypatch.setattr(os, "access", lambda *args: False)
    with pytest.raises(StoreError, match="the box cannot be made"):
        opened().check()


@pytest.mark.skipif(sys.platform == "win32", reason="rights are other rights there")
@pytest.mark.parametrize("folder_too", [True, False])
def test_a_read_only_file_can_be_read_and_check_notices(opened: Callable[..., SqliteFile], folder_too: bool) -> None:
    with tempfile.TemporaryDirectory() as made:  # pytest's own folders are closed to other users
        folder = Path(made)
        file = opened(folder / "box.db")
        put(file, "a")
        file.close()
        file.path.chmod(0o444)
        folder.chmod(0o555 if folder_too else 0o777)
        program = f"""
import os
from pathlib import Path
from lumos_core.plugin_api import SqliteFile, SqliteKind, StoreError
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
kind = SqliteKind("box", {BOX.application_id}, 2, "", StoreError, StoreError, "", "", "")
file = SqliteFile(kind, Path({made!r}, "box.db"), 1)
with file.reading() as connection:
    print(connection.execute("SELECT name FROM thing").fetchall())
def put():
    with file.writing() as connection:
        connection.execute("INSERT INTO thing(name) VALUES ('b')")
for use in (file.check, put):
    try:
        use()
    except StoreError as error:
        print(error.what, "-", error.fix)
file.close()
"""
        done = subprocess.run([sys.executable, "-B", "-c", program], check=False, capture_output=True, text=True)
        folder.chmod(0o755)
        refused = "the box is read-only - make the file and its folder writable"
        assert done.stderr == ""
        assert done.stdout.splitlines() == ["[('a',)]", refused, refused]


def test_check_changes_nothing(opened: Callable[..., SqliteFile]) -> None:
    put(opened(kind=replace(BOX, format=1)), "a")
    file = opened()
    file.check()
    with file.reading() as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (sqlite3.OperationalError("database or disk is full"), DiskError, "the disk is full"),
        (OSError(28, "No space left on device"), DiskError, "the disk is full: No space left on device"),
        (sqlite3.OperationalError("disk I/O error"), DiskError, "the box cannot be written or read"),
        (sqlite3.OperationalError("database is locked"), LockedError, "another program is writing to the box"),
        (sqlite3.OperationalError("database schema is busy"), LockedError, "another program is writing to the box"),
        (sqlite3.OperationalError("no such module: fts5"), StoreError, "lacks a module that the box needs"),
        (sqlite3.DatabaseError("fts5: corruption found"), StoreError, "the box is corrupt"),
        (sqlite3.DatabaseError("something new"), StoreError, "the box cannot be used: something new"),
        (PermissionError(13, "Permission denied"), StoreError, "the box cannot be opened: Permission denied"),
        (OSError("without a number"), StoreError, "the box cannot be opened: without a number"),
    ],
)
def test_errors_say_what_to_do(error: Exception, kind: type[LumosError], says: str) -> None:
    with pytest.raises(kind, match=says) as caught, BOX.explained(Path("box.db")):
        raise error
    assert type(caught.value) is kind
    assert caught.value.fix and caught.value.where == "box.db"
    assert caught.value.__cause__ is error


def test_other_errors_pass() -> None:
    with pytest.raises(ValueError, match="mine"), BOX.explained(Path("box.db")):
        raise ValueError("mine")
