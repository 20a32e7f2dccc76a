"""A migration between two rivals at size, against the bare cost of its own HTTP requests.

Both fakes run in processes of their own. The peer sends the very same requests again, one after the other, by a plain
client, to a fresh target. `LUMOS_BENCH_SCALE` scales the estate (1.0 = 10,000 datasets of 20 fields).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import lumos_core
from lumos_core.testing.estates import Estate

pytest.importorskip("lumos_catalog_datahub")
pytest.importorskip("lumos_catalog_openmetadata")
pytest.importorskip("lumos_testing_datahub")
pytest.importorskip("lumos_testing_openmetadata")

SCALE = float(os.environ.get("LUMOS_BENCH_SCALE", "1"))
DATASETS = max(20, int(10_000 * SCALE))
MEMORY = 200 * 2**20
HERE = Path(__file__).parent

pytestmark = pytest.mark.benchmark


@contextmanager
def datahub() -> Iterator[tuple[str, str]]:
    """Start a fake of DataHub; its address and token."""
    command = [sys.executable, "-m", "lumos_testing_datahub", "--port", "0", "--token", "secret"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip(), "secret"
        finally:
            process.terminate()


@contextmanager
def openmetadata() -> Iterator[tuple[str, str]]:
    """Start a fake of OpenMetadata; its address and token."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, str(HERE / "migrating.py"), "serve"], stdin=pipe, stdout=pipe, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            url, token = process.stdout.readline().split()
            yield url, token
        finally:
            process.stdin.close()
            process.wait(30)


def run(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(HERE / "migrating.py"), *arguments], stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def file_of(folder: Path, name: str, entry: str) -> str:
    path = folder / name / f"{name}.yaml"
    path.parent.mkdir()
    path.write_text(f"catalogs:\n- {{name: {name}, {entry}}}\n")
    return str(path)


def test_a_migration_costs_little_more_than_its_requests(
    tmp_path: Path, hold: Callable[[float, float], None], record_property: Callable[[str, object], None]
) -> None:
    pytest.importorskip("lumos_catalog_local")
    seed = file_of(tmp_path, "seed", "type: local, path: seed.db")
    fill(Path(seed).parent / "seed.db")
    with datahub() as (url, secret), openmetadata() as (target, token), openmetadata() as (fresh, other):
        one = file_of(tmp_path, "datahub", f"type: datahub, server: '{url}', token: {secret}")
        two = file_of(tmp_path, "openmetadata", f"type: openmetadata, server: '{target}', token: '{token}'")
        seeded = lumos_core.migrate(seed, one)
        assert seeded.exit_code == 0
        log = str(tmp_path / "requests.log")
        ours = run("record", one, two, log)
        bare = run("replay", log, other, json.dumps({target: fresh}))
    assert not ours["failures"]
    ratio = ours["seconds"] / bare["seconds"]
    print(
        f"\n{DATASETS:,} datasets, {sum(ours['verdicts'].values()):,} records, {ours['requests']:,} requests: "
        f"{ours['seconds']:.1f} s, its requests alone {bare['seconds']:.1f} s ({bare['statuses']}), ratio {ratio:.2f}; "
        f"peak memory {ours['memory'] / 2**20:.0f} MiB; {ours['verdicts']}"
    )
    record_property("ratio", round(ratio, 2))
    record_property("memory", ours["memory"])
    assert "failed" not in ours["verdicts"]
    assert ours["memory"] <= MEMORY
    hold(ratio, 3.0)


def fill(path: Path) -> None:
    """Put the estate into an embedded catalog."""
    from itertools import islice

    from lumos_core.config.types import ComponentSpec
    from lumos_core.contracts.catalog import Operation
    from lumos_core.testing.context import MemoryContext

    catalog = ComponentSpec("catalog", "local", {"path": str(path)}).build()
    records = Estate(datasets=DATASETS, fields=20, stats=False).records()
    while batch := list(islice(records, 500)):
        operations = [Operation(kind=r.kind, urn=r.urn, action="create", set=r.value) for r in batch]
        assert {outcome.status for outcome in catalog.write(operations, MemoryContext())} == {"written"}
    catalog.close()
