"""Worlds of records, and the pipeline files that name them as catalogs."""

from __future__ import annotations

from pathlib import Path

from lumos_core.testing.reference import WORLDS, World

MEMORY = "lumos_core.testing.reference:MemoryCatalog"


class Ends:
    """A folder with one pipeline file per world; nothing but its catalog is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, name: str, records=(), type: str = MEMORY) -> Path:
        """Make a world and its file, or return the file of one that is there."""
        path = self.folder / name / f"{name}.yaml"
        if not path.exists():
            WORLDS[self.world(name)] = World(records)
            path.parent.mkdir()
            world = self.world(name)
            path.write_text(f"catalogs:\n  - {{type: '{type}', name: {name}, world: {world}}}\n", encoding="utf-8")
        return path

    def world(self, name: str) -> str:
        return f"{self.folder.name}-{name}"

    def records(self, name: str):
        """What a world holds: URN -> record."""
        return WORLDS[self.world(name)].records

    def of(self, name: str) -> World:
        return WORLDS[self.world(name)]
