"""A sync, or a rollback, that is killed at any moment: the next one ends where one would that was not killed."""

from __future__ import annotations

import random
import signal
import sys
import time
from pathlib import Path

import pytest

from lumos_core.config.types import ComponentSpec
from lumos_core.contracts.catalog import Operation
from lumos_core.migration import syncing
from lumos_core.migration.migrating import migrate
from lumos_core.migration.remembering import Memory
from lumos_core.migration.syncing import sync
from lumos_core.model.record import canonical, decode
from lumos_core.model.scope import Scope
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.estates import Estate
from lumos_core.testing.killed import runs

sys.path.insert(0, str(Path(__file__).parent))

import lossy_catalogs

ESTATE = [canonical(record) for record in Estate(datasets=20, fields=5, stats=False).records()]


def catalog(path):
    return ComponentSpec("catalog", "local", {"path": str(path)}).build()


def held(path):
    opened = catalog(path)
    try:
        return [canonical(record) for record in opened.read(Scope(), MemoryContext())]
    finally:
        opened.close()


def folder_of(place, left, right):
    """Two embedded catalogs with some lines each."""
    place.mkdir()
    (place / "lumos.yaml").write_text("sources: []\n")
    for name, lines in (("a", left), ("b", right)):
        (place / f"{name}.yaml").write_text(f"catalogs:\n- {{type: local, name: {name}, path: {name}.db}}\n")
        opened = catalog(place / f"{name}.db")
        records = map(decode, lines)
        operations = [Operation(kind=r.kind, urn=r.urn, action="create", set=r.value) for r in records]
        assert {outcome.status for outcome in opened.write(operations, MemoryContext())} == {"written"}
        opened.close()


def kill_again_and_again(run, place, command, usual, seed):
    """Kill some attempts at random moments, then let one finish; how many were hit."""
    pick, hits = random.Random(seed), 0
    for _ in range(3):
        hits += run(place, usual * pick.uniform(0.1, 0.7), command) == -signal.SIGKILL
    assert run(place, arguments=command) == 0, (place / "run.log").read_text()
    return hits


def test_a_killed_sync_is_finished_by_the_next(tmp_path):
    pytest.importorskip("lumos_catalog_local")
    command = ["sync", "a.yaml", "b.yaml", "--quiet"]
    with runs() as run:
        for name in ("warm", "clean"):
            folder_of(tmp_path / name, ESTATE[::2], ESTATE[1::2])
            begin = time.monotonic()
            assert run(tmp_path / name, arguments=command) == 0
            usual = time.monotonic() - begin
        wanted, hits = [held(tmp_path / "clean" / f"{name}.db") for name in "ab"], 0
        for seed in range(3):
            place = tmp_path / f"killed-{seed}"
            folder_of(place, ESTATE[::2], ESTATE[1::2])
            hits += kill_again_and_again(run, place, command, usual, seed)
            assert [held(place / f"{name}.db") for name in "ab"] == wanted
            again = sync(place / "a.yaml", place / "b.yaml")
            assert not (again.conflicts or again.left.planned or again.right.planned)
    assert hits, "no kill came in time"


def test_a_killed_rollback_is_finished_by_the_next(tmp_path):
    pytest.importorskip("lumos_catalog_local")
    command = ["migrate", "--to", "b.yaml", "--rollback", "--quiet"]
    with runs() as run:
        for name in ("warm", "clean", "killed-0", "killed-1"):
            place = tmp_path / name
            folder_of(place, ESTATE, ESTATE[::3])
            assert migrate(place / "a.yaml", place / "b.yaml").exit_code == 0
        for name in ("warm", "clean"):
            begin = time.monotonic()
            assert run(tmp_path / name, arguments=command) == 0
            usual = time.monotonic() - begin
        hits = 0
        for seed in (0, 1):
            place = tmp_path / f"killed-{seed}"
            hits += kill_again_and_again(run, place, command, usual, seed)
            assert held(place / "b.db") == held(tmp_path / "clean" / "b.db")
    assert hits, "no kill came in time"


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def _clean():
    yield
    lossy_catalogs.NATIVE.clear()


@pytest.mark.usefixtures("_clean")
@pytest.mark.parametrize("written", [0, 7, 40, None], ids=["at-once", "early", "late", "before-remembering"])
def test_no_false_conflict_after_a_crash_between_lossy_catalogs(ends, monkeypatch, written):
    left, right = ends("x", type="lossy_catalogs:Terse"), ends("y", type="lossy_catalogs:Flat")
    records = [decode(line) for line in ESTATE]
    assert migrate(ends("seed", records[::2]), left).exit_code == 0
    assert migrate(ends("seed2", records[1::2]), right).exit_code == 0
    with monkeypatch.context() as patch:
        if written is None:
            patch.setattr(Memory, "keep", crash)
        else:
            patch.setattr(syncing, "carry_out", crashing(written))
        with pytest.raises(Crash):
            sync(left, right)
    result = sync(left, right)
    assert result.exit_code == 0
    assert not result.conflicts
    again = sync(left, right)
    assert not (again.conflicts or again.left.planned or again.right.planned)


def crash(*_, **__):
    raise Crash


def crashing(written):
    """`carry_out` that ends with the process after so many writes, one of which nobody heard of."""
    whole, count = syncing.carry_out, 0

    def carry_out(*arguments):
        nonlocal count
        for done in whole(*arguments):
            if count >= written:
                raise Crash
            count += 1
            yield done

    return carry_out
