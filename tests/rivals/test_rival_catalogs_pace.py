"""How long it takes to start, and to publish, by Lumos and by the vendors' own programs: in turns, as ratios.

Run by the nox session `rival-catalogs`. `LUMOS_BENCH_SCALE` scales the number of datasets (1 = 1,000 of 20 fields).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lumos_core
from lumos_core.testing.estates import Estate
from lumos_core.testing.servers import running

pytestmark = pytest.mark.heavy

SCALE = float(os.environ.get("LUMOS_BENCH_SCALE", "1"))
DATASETS = max(100, int(1_000 * SCALE))
ROUNDS = 3
COMMAND = """
import sys
from datahub.entrypoints import main
from datahub.upgrade import upgrade
upgrade.check_upgrade_post = lambda *_, **__: None  # asks the network for a newer version
sys.argv = ["datahub", *sys.argv[1:]]
main()
"""
LUMOS = "import sys; from lumos_core.cli import main; sys.argv = ['lumos', *sys.argv[1:]]; main()"


def seconds(run: Callable[[], Any]) -> float:
    """How long something takes."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def test_how_long_the_commands_take_to_start(interpreter: Callable[[str], Path], programs: Any) -> None:
    datahub, openmetadata = interpreter("DATAHUB"), interpreter("OPENMETADATA_20")
    commands = {
        "lumos": [sys.executable, "-c", LUMOS, "--help"],
        "datahub": [datahub, "-c", COMMAND, "--help"],
        "metadata": [openmetadata.parent / "metadata", "--help"],
    }
    for command in commands.values():  # once for the caches of the disk
        assert "usage" in programs(command).lower()
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            taken[name].append(seconds(lambda command=command: programs(command)))
    best = {name: min(times) for name, times in taken.items()}
    told = ", ".join(f"{name} {best[name]:.2f} s ({best[name] / best['lumos']:.1f}x)" for name in commands)
    print(f"\n--help, whole processes, best of {ROUNDS}: {told}; load {os.getloadavg()[0]:.1f}")
    assert best["datahub"] > best["lumos"]
    assert best["metadata"] > best["lumos"]


def test_how_long_publishing_takes(interpreter: Callable[[str], Path], programs: Any, tmp_path: Path) -> None:
    """The same records: `lumos run` reads a snapshot, `datahub ingest` the file that Lumos wrote of them."""
    from lumos_catalog_datahub import mcp_file
    from lumos_testing_datahub import process

    datahub = interpreter("DATAHUB")
    records = list(Estate(datasets=DATASETS, fields=20).records())
    lumos_core.write_snapshot(tmp_path / "estate.lumos.jsonl", records)
    proposals = mcp_file(records, tmp_path / "estate.json")
    taken: dict[str, list[float]] = {"lumos": [], "datahub": []}
    for attempt in range(ROUNDS):
        for name in taken:
            folder = tmp_path / f"{name}-{attempt}"
            folder.mkdir()
            with running(process, folder) as server:
                if name == "lumos":
                    line = {"type": "datahub", "server": server.dsn, "token": server.password}
                    source = {"type": "snapshot", "path": "../estate.lumos.jsonl"}
                    file = {"version": 1, "name": "pace", "sources": [source], "catalogs": [line], "reports": []}
                    command = [sys.executable, "-c", LUMOS, "run", f"{folder.name}/lumos.yaml"]
                else:
                    sink = {"type": "datahub-rest", "config": {"server": server.dsn, "token": server.password}}
                    file = {"source": {"type": "file", "config": {"path": "estate.json"}}, "sink": sink}
                    command = [datahub, "-c", COMMAND, "ingest", "-c", f"{folder.name}/lumos.yaml", "--no-progress"]
                    command.append("--no-default-report")
                (folder / "lumos.yaml").write_text(json.dumps(file), encoding="utf-8")
                taken[name].append(seconds(lambda command=command: programs(command)))
                held = _datasets(server)
            assert held == DATASETS, f"{name} wrote {held} datasets"
    best = {name: min(times) for name, times in taken.items()}
    print(
        f"\n{DATASETS} datasets of 20 fields and what belongs to them ({len(records)} records, {proposals} proposals), "
        f"whole processes, best of {ROUNDS}: lumos run {best['lumos']:.1f} s, datahub ingest {best['datahub']:.1f} s, "
        f"{best['datahub'] / best['lumos']:.2f}x; load {os.getloadavg()[0]:.1f}"
    )


def _datasets(server: Any) -> int:
    """How many datasets of the estate a fake holds."""
    from lumos_core.config.types import ComponentSpec
    from lumos_core.model.scope import Scope
    from lumos_core.testing.context import MemoryContext

    line = {"server": server.dsn, "token": server.password}
    catalog: Any = ComponentSpec("catalog", "datahub", line).build()
    try:
        return sum(record.kind == "dataset" for record in catalog.read(Scope(), MemoryContext()))
    finally:
        catalog.close()
