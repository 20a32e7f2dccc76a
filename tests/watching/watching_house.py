"""A folder with a pipeline over a shelf of datasets, and a watch over it in a thread."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import lumos_core
from lumos_core.plugin_api import decode
from lumos_core.testing.reference import WORLDS, World
from lumos_core.testing.watched import drop, put, tell

REFERENCE = "lumos_core.testing.reference"
WATCHED = "lumos_core.testing.watched"
PATIENCE = 20


class Ears:
    """Keeps what a watch tells."""

    def __init__(self) -> None:
        self.watched, self.results, self.notices = [], [], []

    def began(self, watched):
        self.watched = watched

    def looked(self, result):
        # Read at once: the files of a look do not live for ever.
        self.results.append((result, list(result.events)))

    def said(self, notice):
        self.notices.append(notice)

    @property
    def events(self):
        return [event for _, events in self.results for event in events]

    def codes(self):
        return [notice.code for notice in self.notices]


class Shelf:
    """A pipeline over a shelf, with a queue, a catalog in memory and a diary."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.queue = folder, folder / "data", folder / "queue"
        self.data.mkdir()
        self.queue.mkdir()
        self.catalog = WORLDS[str(folder)] = World()
        self.diary, self.broken = folder / "diary.jsonl", folder / "broken"
        self.write()

    def write(self, watch=None, **keys) -> None:
        block = {"mode": "events", "queue": "queue", "debounce": 0.05, **(watch or {})}
        config = {
            "name": "shop",
            "sources": [{"type": f"{WATCHED}:ShelfSource", "name": "shelf", "path": "data", "watch": block}],
            "differ": {"type": f"{REFERENCE}:ShapeDiffer"},
            "catalogs": [{"type": f"{REFERENCE}:MemoryCatalog", "name": "memory", "world": str(self.folder)}],
            "reports": [
                {"type": f"{WATCHED}:DiaryNotifier", "name": "diary", "path": "diary.jsonl", "broken": "broken"}
            ],
            **keys,
        }
        (self.folder / "lumos.yaml").write_text(json.dumps(config), encoding="utf-8")

    @property
    def pipeline(self) -> Path:
        return self.folder / "lumos.yaml"

    def put(self, name, *, told=True, **columns):
        put(self.data, name, columns, self.queue if told else None)

    def drop(self, name, *, told=True):
        drop(self.data, name, self.queue if told else None)

    def tell(self, name, action="created", **more):
        tell(self.queue, name, action, **more)

    def run(self):
        return lumos_core.run(self.pipeline)

    def once(self, ears=None):
        return lumos_core.watch(self.pipeline, once=True, teller=ears or Ears())

    @staticmethod
    def watching_ears():
        return Ears()

    def waiting(self):
        return sorted(self.queue.glob("*.event"))

    def told(self):
        return [json.loads(line) for line in self.diary.read_text().splitlines()] if self.diary.exists() else []

    def history(self, name=""):
        return lumos_core.events(name, pipeline=self.pipeline)

    def known(self):
        with lumos_core.view(pipeline=self.pipeline) as now:
            return {record.value.name for record in map(decode, now.lines()) if record.kind == "dataset"}

    @contextmanager
    def watching(self):
        ears, cancelled, end = Ears(), threading.Event(), []

        def work():
            try:
                end.append(lumos_core.watch(self.pipeline, teller=ears, cancelled=cancelled))
            except Exception as error:
                end.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        ears.end = end
        try:
            until(lambda: ears.results or end)
            yield ears
        finally:
            cancelled.set()
            thread.join(PATIENCE)
            assert not thread.is_alive()


def until(condition, seconds=PATIENCE):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
