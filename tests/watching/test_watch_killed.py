"""`lumos watch` killed at random moments: nothing is half-written, no event is lost, every notifier heard of each."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from watching_house import Shelf, until

import lumos_core
from lumos_core.testing.killed import state

KILLS = 12
NAMES = [f"t{number}" for number in range(6)]
PROGRAM = "from lumos_core.cli import main; main()"


class Machine:
    """A shelf that is watched by a process of its own."""

    def __init__(self, folder):
        folder.mkdir()
        self.shelf = Shelf(folder)
        self.shelf.write(
            {"mode": "events", "visibility": 5, "debounce": 0.02}, catalogs=[{"type": "local"}], name="shop"
        )
        config = json.loads(self.shelf.pipeline.read_text())
        config["differ"] = {"type": "semantic"}
        self.shelf.pipeline.write_text(json.dumps(config))
        self.process = None

    def start(self):
        log = (self.shelf.folder / "watch.log").open("ab")
        command = [sys.executable, "-c", PROGRAM, "watch", "lumos.yaml", "--json"]
        with log:
            self.process = subprocess.Popen(
                command, cwd=self.shelf.folder, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 130, self.log()

    def log(self):
        path = self.shelf.folder / "watch.log"
        return path.read_text() if path.exists() else ""

    def looks(self):
        return self.log().count('"line": "look"')

    def catalog(self):
        from lumos_core.plugin_api import Scope, canonical
        from lumos_core.testing.context import MemoryContext

        spec = lumos_core.load_pipeline(self.shelf.pipeline).catalogs[0]
        catalog = spec.build()
        found = sorted(canonical(record) for record in catalog.read(Scope(), MemoryContext()))
        catalog.close()
        return found


def change(shelf, moment, chance):
    """Change something, and tell of it; the content of each dataset follows from the moment."""
    name = chance.choice(NAMES)
    if (shelf.data / f"{name}.json").exists() and chance.random() < 0.25:
        shelf.drop(name)
    else:
        shelf.put(name, **{f"c{number}": "int64" for number in range(1 + moment % 5)}, **{f"v{moment}": "string"})


def survives(tmp_path, kills, seed):
    chance, machine = random.Random(seed), Machine(tmp_path / "killed")
    shelf, hits = machine.shelf, 0
    shelf.put("t0", told=False, id="int64")
    assert lumos_core.run(shelf.pipeline).exit_code == 0
    while hits < kills:
        before = machine.looks()
        machine.start()
        until(lambda before=before: machine.looks() > before, 60)
        # From here it is watching: a kill lands between two events, or anywhere within the looks at them.
        for moment in range(hits * 10, hits * 10 + chance.randint(1, 3)):
            change(shelf, moment, chance)
            time.sleep(chance.random() * 0.1)
        time.sleep(chance.random() * 0.6)
        assert machine.kill() == -signal.SIGKILL, machine.log()
        hits += 1
        state(shelf.folder)  # the file of the store is sound
    before = machine.looks()
    machine.start()
    until(lambda: machine.looks() > before and not shelf.waiting(), 60)
    machine.stop()

    # An undisturbed run over the same data knows the same, and its catalog holds the same.
    clean = Machine(tmp_path / "clean")
    for path in shelf.data.glob("*.json"):
        (clean.shelf.data / path.name).write_bytes(path.read_bytes())
    assert lumos_core.run(clean.shelf.pipeline).exit_code == 0
    assert state(shelf.folder) == state(clean.shelf.folder)
    assert _plain(machine.catalog()) == _plain(clean.catalog())

    # Every event that history keeps was handed over at least once, and nothing else was.
    kept = {event.id for event in shelf.history()}
    assert kept == {told["id"] for told in shelf.told()}
    assert kept
    # The last thing that happened to each dataset is what is there now.
    for name in NAMES:
        there = (shelf.data / f"{name}.json").exists()
        assert (name in shelf.known()) == there
        found = shelf.history(f"urn:lumos:dataset:(shelf,{name},PROD)") if there or _ever(shelf, name) else []
        if found:
            assert (found[0].type != "deleted") == there
    with lumos_core.view(pipeline=shelf.pipeline) as now:
        assert now.text
    assert not _owed(shelf)


def _ever(shelf, name):
    return any(event.urn == f"urn:lumos:dataset:(shelf,{name},PROD)" for event in shelf.history())


def _owed(shelf):
    store = lumos_core.open_store(shelf.pipeline)
    try:
        return list(store.lines("notifying/diary"))
    finally:
        store.close()


def _plain(lines):
    """What a catalog holds, without the versions, which count how often something changed, and what is gone."""
    found = []
    for line in lines:
        data = json.loads(line)
        if data["value"].get("lifecycle", {}).get("removed") or data["kind"] == "stats":
            continue
        data["value"].pop("properties", None)
        found.append(data)
    return found


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="there are no process groups here")
def test_a_watch_survives_kills(tmp_path):
    survives(tmp_path, KILLS, seed=20260115)


@pytest.mark.skipif("LUMOS_KILLS" not in os.environ, reason="takes minutes; LUMOS_KILLS=50 sets how many")
def test_a_watch_survives_many_kills(tmp_path):
    survives(tmp_path, int(os.environ["LUMOS_KILLS"]), seed=int(os.environ.get("LUMOS_SEED", "1")))
