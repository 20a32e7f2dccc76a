"""Runs and looks that are killed at every kind of step: the next one ends where an undisturbed one ends."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from killing import Helper, helper, killed, log
from lakes import Lake, equal

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")

KILLS = 16
SEED = 20260115
WATCH = {"mode": "polling", "interval": 0.1, "debounce": 0.02}
SOURCE: dict[str, Any] = {"type": "files", "path": "data", "formats": ["csv", "delta"], "watch": WATCH}
COMMANDS = {"run": ("run", "--quiet"), "watch": ("watch", "--once", "--quiet")}


def first_day(lake: Lake) -> None:
    for name in "orders", "customers", "visits":
        for part in range(2):
            lake.put(f"raw/{name}/part-{part}.csv", f"id,{name}_total\n1,2.5\n")
    lake.put("delta/_delta_log/00000000000000000000.json", commit("id"))


def second_day(lake: Lake) -> None:
    lake.put("raw/orders/part-1.csv", "id,orders_total,note\n1,2.5,x\n")
    lake.put("raw/returns/part-0.csv", "id,reason\n1,late\n")
    for part in range(2):
        lake.drop(f"raw/visits/part-{part}.csv")
    lake.put("delta/_delta_log/00000000000000000001.json", commit("id", "more"))


def commit(*columns: str) -> str:
    import json

    fields = [{"name": name, "type": "long", "nullable": True, "metadata": {}} for name in columns]
    schema = json.dumps({"type": "struct", "fields": fields})
    meta = {"id": "a", "format": {"provider": "parquet"}, "schemaString": schema, "partitionColumns": []}
    meta["configuration"] = {}
    return "\n".join(
        json.dumps(action)
        for action in ({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, {"metaData": meta})
    )


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with helper() as found:
        lake = Lake(tmp_path_factory.mktemp("warm"), SOURCE)
        lake.data.mkdir()
        first_day(lake)
        assert found.warm(lake.folder, "run", "--quiet") == 0
        yield found


def grown(folder: Path, machine: Helper) -> Lake:
    """A lake with a first state, to which a second day has come that nobody looked at."""
    lake = Lake(folder, SOURCE)
    lake.data.mkdir()
    first_day(lake)
    assert machine.run(folder, "run", "--quiet") == 0, log(folder)
    second_day(lake)
    return lake


def copied(lake: Lake, folder: Path) -> Lake:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(lake.folder, folder)
    return Lake(folder, SOURCE)


def moments(labels: list[str], count: int, seed: int) -> list[int]:
    """Steps to be killed at: each part of a run, then others by chance."""
    chance = random.Random(seed)
    named = [number for number, text in enumerate(labels, 1) if text.startswith(("before ", "after "))]
    others = [number for number in range(1, len(labels) + 1) if number not in named]
    some = chance.sample(named, min(len(named), count * 2 // 3))
    return sorted(some + chance.sample(others, count - len(some)))


def survives(machine: Helper, folder: Path, command: str, count: int, seed: int) -> int:
    arguments = COMMANDS[command]
    begun = grown(folder / "begun", machine)
    clean = copied(begun, folder / "clean")
    labels = machine.steps(clean.folder, *arguments)
    assert {"before commit", "after commit", "after deliver", "after MemoFile.flush"} <= set(labels)
    wanted = [(event.urn, event.type, event.id) for event in clean.events()]
    assert len(wanted) == 4
    hits = 0
    for at in moments(labels, count, seed):
        where = f"killed at step {at} of {len(labels)}: {labels[at - 1]}"
        lake = copied(begun, folder / "killed")
        if killed(machine.run(lake.folder, *arguments, at=at)):
            hits += 1
        lake.state()
        code = machine.run(lake.folder, *arguments)
        assert code == 0, f"{where}: {log(lake.folder)}"
        try:
            equal(lake, clean)
            assert [(event.urn, event.type, event.id) for event in lake.events()] == wanted
            assert lake.versions() == clean.versions(), "a version is given once"
        except AssertionError as error:
            raise AssertionError(where) from error
    return hits


@pytest.mark.parametrize("command", COMMANDS)
def test_a_kill_at_every_kind_of_step(machine: Helper, tmp_path: Path, command: str) -> None:
    assert survives(machine, tmp_path, command, KILLS, SEED) >= KILLS - 2


@pytest.mark.heavy
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("seed", range(3))
def test_many_kills(machine: Helper, tmp_path: Path, command: str, seed: int) -> None:
    assert survives(machine, tmp_path, command, 150, seed) >= 140
