"""Real runs with a memory of their own: the kernel's extract, collect, coverage and diff, without any plugin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from ...config.api import make_pipeline
from ...contracts.reporter import RunResult
from ...model.record import line_kind, line_urn
from ...running.api import run
from ..memory_store import MemoryStore, MemoryStoreConfig


class Runs:
    """One pipeline, run again and again.

    Args:
        folder: That relative paths start from.
        state: A folder for the files of the runs, outside of what is read.
        parts: Sections of the pipeline: `sources`, `enrich`, ...
    """

    def __init__(self, folder: Path, state: Path, parts: Mapping[str, Any]) -> None:
        self._name = f"kit-{uuid4().hex}"
        self._folder = folder
        self._data = {
            "name": "kit",
            "store": {"type": "lumos_core.testing.memory_store:MemoryStore", "world": self._name},
            "differ": "lumos_core.testing.reference:ShapeDiffer",
            "catalogs": [],
            "executor": "serial",
            "run": {"retries": 0},
            "state": str(state),
            **parts,
        }

    def run(self) -> RunResult:
        """Run once."""
        return run(make_pipeline(self._data, self._folder))

    def lines(self) -> dict[str, bytes]:
        """Return what is known now: URN -> line, without the volatile facts."""
        store = MemoryStore(MemoryStoreConfig(world=self._name))
        return {line_urn(line): line for line in store.lines("head") if line_kind(line) != "stats"}
