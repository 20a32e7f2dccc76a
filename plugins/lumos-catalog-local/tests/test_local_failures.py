"""What a bad file, a full disk or a second process gets."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from lumos_catalog_local import writing
from lumos_catalog_local.catalog import LocalCatalog
from lumos_catalog_local.config import LocalCatalogConfig

from lumos_core.plugin_api import (
    Cancelled,
    CatalogError,
    Dataset,
    DiskError,
    Operation,
    RetryableError,
    Scope,
    urns,
)
from lumos_core.testing.context import MemoryContext

CTX = MemoryContext()


def operation(name: str) -> Operation:
    return Operation(kind="dataset", urn=urns.dataset("file", name), action="create", set=Dataset(name=name))


def make(path: Path, timeout: float = 0.1) -> LocalCatalog:
    return LocalCatalog(LocalCatalogConfig(path=path, timeout=timeout))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.db"
    catalog = make(path)
    assert [outcome.status for outcome in catalog.write([operation("orders")], CTX)] == ["written"]
    catalog.close()
    return path


def every(catalog: LocalCatalog) -> list[Any]:
    """Each way to use a catalog."""
    return [
        lambda: list(catalog.read(Scope(), CTX)),
        lambda: list(catalog.search("orders")),
        lambda: catalog.explore("orders"),
        lambda: list(catalog.write([operation("new")], CTX)),
        lambda: catalog.check(CTX),
    ]


def test_another_writer(path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    catalog = make(path)
    with pytest.raises(RetryableError, match="another program is writing to the catalog"):
        catalog.write([operation("new")], CTX)
    assert [hit.name for hit in catalog.search("orders")] == ["orders"], "readers never wait"
    other.close()
    assert [outcome.status for outcome in catalog.write([operation("new")], CTX)] == ["written"]
    catalog.close()


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    code = (
        "import sys, pathlib\n"
        "from lumos_catalog_local.catalog import LocalCatalog\n"
        "from lumos_catalog_local.config import LocalCatalogConfig\n"
        "from lumos_core.plugin_api import Dataset, Operation, urns\n"
        "from lumos_core.testing.context import MemoryContext\n"
        "catalog = LocalCatalog(LocalCatalogConfig(path=pathlib.Path(sys.argv[1]), timeout=60))\n"
        "for number in range(20):\n"
        "    name = f'{sys.argv[2]}_{number}'\n"
        "    one = Operation(kind='dataset', urn=urns.dataset('file', name), action='create', set=Dataset(name=name))\n"
        "    assert [o.status for o in catalog.write([one], MemoryContext())] == ['written']\n"
        "catalog.close()\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in ("left", "right")]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    catalog = make(path)
    assert len(list(catalog.read(Scope(), CTX))) == 40
    assert catalog.explore("left").total == catalog.explore("right").total == 20
    before = catalog.explore("lfet").corrected
    assert before == "left"
    assert catalog.rebuild() == 40
    catalog.close()


def test_a_reader_sees_one_state(path: Path) -> None:
    catalog = make(path)
    reading = iter(catalog.read(Scope(), CTX))
    assert next(reading).value.name == "orders"
    catalog.write([operation("a"), operation("z")], CTX)
    assert list(reading) == []
    assert len(list(catalog.read(Scope(), CTX))) == 3
    catalog.close()


def test_threads_may_share_a_catalog(path: Path) -> None:
    catalog = make(path, timeout=30)
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            catalog.write([operation(f"t{number}")], CTX)
            assert catalog.explore("orders").total == 1
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(list(catalog.read(Scope(), CTX))) == 7
    catalog.close()


def test_not_a_database(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    path.write_bytes(b"this is not a database, whatever its name says. " * 100)
    content = path.read_bytes()
    catalog = make(path)
    for use in every(catalog):
        with pytest.raises(CatalogError, match="not a SQLite database") as caught:
            use()
        assert caught.value.fix and caught.value.where == str(path)
    assert path.read_bytes() == content
    catalog.close()


def test_another_programs_database(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE mine(x)")
    other.commit()
    other.close()
    catalog = make(path)
    for use in every(catalog):
        with pytest.raises(CatalogError, match="not a catalog of Lumos"):
            use()
    catalog.close()


def test_a_newer_format(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version=99")
    other.commit()
    other.close()
    catalog = make(path)
    for use in every(catalog):
        with pytest.raises(CatalogError, match="newer version") as caught:
            use()
        assert "--upgrade lumos-catalog-local" in caught.value.fix
    catalog.close()


def test_a_corrupt_file(path: Path) -> None:
    catalog = make(path)
    catalog.write([operation(f"table_{number}") for number in range(300)], CTX)
    catalog.close()
    content = bytearray(path.read_bytes())
    content[8192:-4096] = os.urandom(len(content) - 8192 - 4096)
    path.write_bytes(bytes(content))
    catalog = make(path)
    with pytest.raises(CatalogError, match=r"corrupt|not a SQLite database"):
        list(catalog.read(Scope(), CTX))
    catalog.close()


def test_a_record_of_a_newer_version(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("UPDATE record SET line = CAST(replace(CAST(line AS TEXT), '\"name\"', '\"new_key\"') AS BLOB)")
    other.commit()
    other.close()
    catalog = make(path)
    with pytest.raises(CatalogError, match="a record that cannot be read"):
        list(catalog.read(Scope(), CTX))
    (outcome,) = catalog.write([operation("orders")], CTX)
    assert outcome.status == "failed" and outcome.reason
    catalog.close()


def test_read_only(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *args, **keys: False)
    catalog = make(path)
    assert [hit.name for hit in catalog.search("orders")] == ["orders"]
    assert len(list(catalog.read(Scope(), CTX))) == 1
    for use in (lambda: catalog.write([operation("new")], CTX), lambda: catalog.check(CTX)):
        with pytest.raises(CatalogError, match="read-only") as caught:
            use()
        assert "writable" in caught.value.fix
    catalog.close()


def test_check_tells_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = make(tmp_path / "a" / "b" / "catalog.db")
    catalog.check(CTX)
    assert not (tmp_path / "a").exists()
    (tmp_path / "a").write_text("a file")
    with pytest.raises(CatalogError, match="cannot be made"):
        catalog.check(CTX)
    with pytest.raises(CatalogError):
        catalog.write([operation("new")], CTX)
    catalog.close()


def test_a_full_disk_leaves_the_catalog_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = make(path)
    with catalog._file.reading() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.rollback()
        connection.execute(f"PRAGMA max_page_count={pages}")
        connection.execute("BEGIN")
    with pytest.raises(DiskError, match="the disk is full"):
        catalog.write([operation(f"table_{number}") for number in range(2000)], CTX)
    catalog.close()
    catalog = make(path)
    assert [record.value.name for record in catalog.read(Scope(), CTX)] == ["orders"]
    assert catalog.explore("table").total == 0
    catalog.close()


def test_a_batch_is_all_or_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = make(path)
    learn, calls = writing.learn, []

    def broken(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise sqlite3.OperationalError("disk I/O error")
        learn(*args)

    monkeypatch.setattr(writing, "learn", broken)
    with pytest.raises(DiskError):
        catalog.write([operation("a"), operation("b")], CTX)
    assert len(list(catalog.read(Scope(), CTX))) == 1
    assert catalog.explore("a").total == 0
    catalog.close()


def test_unsound_operations_fail_alone(path: Path) -> None:
    catalog = make(path)
    wrong = Operation(kind="job", urn=urns.dataset("file", "x"), action="create", set=Dataset(name="x"))
    outcomes = list(catalog.write([operation("a"), wrong, operation("b")], CTX))
    assert [outcome.status for outcome in outcomes] == ["written", "failed", "written"]
    assert "not a sound operation" in outcomes[1].reason
    catalog.close()


def test_reading_can_be_cancelled(path: Path) -> None:
    ctx = MemoryContext()
    ctx.cancelled = lambda: True
    catalog = make(path)
    with pytest.raises(Cancelled):
        list(catalog.read(Scope(), ctx))
    catalog.close()


def test_an_unfinished_file_is_no_catalog(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    other = sqlite3.connect(path)
    other.execute("PRAGMA journal_mode=WAL")
    other.close()
    catalog = make(path)
    assert list(catalog.read(Scope(), CTX)) == []
    assert [outcome.status for outcome in catalog.write([operation("a")], CTX)] == ["written"]
    assert catalog.target == str(path)
    catalog.close()
