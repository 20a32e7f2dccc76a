"""A folder with a pipeline over a lake, and everything that is remembered of it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import lumos_core
from lumos_core.testing.killed import state

WATCHED = "lumos_core.testing.watched"


class Lake:
    """A pipeline over a lake, with an embedded catalog and a notifier that keeps a diary."""

    def __init__(self, folder: Path, source: dict[str, Any] | None = None, **keys: Any) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / "data"
        if source is None:
            self.data.mkdir(exist_ok=True)
            source = {"type": "files", "path": "data", "formats": ["csv", "delta", "iceberg"]}
        self.write(source, **keys)

    def write(self, source: dict[str, Any], **keys: Any) -> None:
        """Write the pipeline."""
        parts = {
            "version": 1,
            "name": "lake",
            "sources": [source],
            "catalogs": [{"type": "local"}],
            "reports": [
                {"type": f"{WATCHED}:DiaryNotifier", "name": "diary", "path": "diary.jsonl"},
                {"type": "json", "path": "report.json"},
            ],
            **keys,
        }
        (self.folder / "lumos.yaml").write_text(json.dumps(parts), encoding="utf-8")

    @property
    def pipeline(self) -> Path:
        return self.folder / "lumos.yaml"

    def put(self, path: str, text: str) -> None:
        """Put a file into the lake, in one step as careful writers do."""
        file = self.data / path
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / "upload"
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(file)

    def drop(self, path: str) -> None:
        (self.data / path).unlink()

    def told(self) -> list[dict[str, Any]]:
        """What the notifier was told, oldest first; a line that a kill cut short was not told."""
        path, found = self.folder / "diary.jsonl", []
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def events(self) -> list[Any]:
        """What history keeps, newest first."""
        return lumos_core.events(pipeline=self.pipeline)

    def state(self) -> tuple[str, ...]:
        """What is known; proves that the file of the store is sound."""
        return state(self.folder)

    def versions(self) -> Counter[tuple[str, str]]:
        """(dataset, version) -> how often it was given."""
        found: Counter[tuple[str, str]] = Counter()
        store = lumos_core.open_store(self.pipeline)
        try:
            for line in store.history("stats", "urn:lumos:dataset:"):
                value = json.loads(line)
                if "#version@" in value["urn"]:
                    found[value["urn"].partition("#")[0], json.dumps(value["value"]["version"]["schema"])] += 1
        finally:
            store.close()
        return found

    def owed(self) -> list[Any]:
        store = lumos_core.open_store(self.pipeline)
        try:
            return list(store.lines("notifying/diary"))
        finally:
            store.close()

    def catalog(self) -> list[Any]:
        """What the catalog holds, without times, and without the marks of when something went."""
        from lumos_core.plugin_api import Scope, canonical
        from lumos_core.testing.context import MemoryContext

        path = self.folder / ".lumos" / "catalog.db"
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
        catalog = lumos_core.load_pipeline(self.pipeline).catalogs[0].build()
        found = []
        try:
            for record in catalog.read(Scope(), MemoryContext()):
                data = json.loads(canonical(record))
                if data["kind"] == "stats":
                    continue
                if data["value"].get("lifecycle", {}).get("removed"):
                    continue
                data["value"].pop("properties", None)
                found.append(json.dumps(data, sort_keys=True))
        finally:
            catalog.close()
        return sorted(found)

    def leftovers(self) -> list[str]:
        """Files that nobody needs any more."""
        lumos = self.folder / ".lumos"
        runs = sorted(path.name for path in (lumos / "runs").iterdir())
        found = [f"too many folders of runs: {runs}"] if len(runs) > 3 else []
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if path.is_relative_to(self.data):
                continue
            if path.name.startswith(".report.json."):
                continue  # whoever writes the report next takes it away, when nobody can be writing it any more
            odd = path.name == "scratch" or path.suffix in (".tmp", ".part") or path.name.endswith(("-journal", "~"))
            if odd or path.name.startswith((".tmp", "tmp")):
                found.append(name)
        return found


def equal(lake: Lake, clean: Lake) -> None:
    """A lake on which something went wrong knows, publishes and told what an undisturbed one does."""
    assert lake.state() == clean.state()
    assert lake.catalog() == clean.catalog()
    assert not lake.owed()
    kept = Counter(event.id for event in lake.events())
    assert set(kept) == {told["id"] for told in lake.told()}, "each event that is kept was told, and nothing else"
    assert not lake.leftovers()
