"""Tables that delta-rs makes at random, read by it and by us. `nox -s table-format-oracles` runs this."""

from __future__ import annotations

import importlib.util
import json
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

deltalake = pytest.importorskip("deltalake", reason="a heavy library; nox -s table-format-oracles has it")
pa = pytest.importorskip("pyarrow")
KINDS = ["append", "append", "delete", "update", "optimize", "checkpoint", "cleanup", "widen", "overwrite"]


def beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"delta_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", range(12))
def test_a_life_of_a_table(tmp_path, seed):
    """Appends, deletions, updates, compaction, checkpoints, clean-ups and new columns, in any order."""
    generator, ours = beside("generate_delta_tables"), beside("test_delta_of_delta_rs")
    dice = random.Random(seed)
    data = pa.table({"id": pa.array(range(20), pa.int64()), "day": [f"d{n % 3}" for n in range(20)]})
    partition = ["day"] if dice.random() < 0.5 else None
    deltalake.write_deltalake(str(tmp_path), data, partition_by=partition)
    for step in range(14):
        table = deltalake.DeltaTable(str(tmp_path))
        kind = dice.choice(KINDS)
        if kind in ("append", "overwrite"):
            part = data.slice(dice.randrange(10), dice.randrange(1, 10))
            deltalake.write_deltalake(table, part, mode=kind, schema_mode="merge" if kind == "append" else "overwrite")
        elif kind == "delete":
            table.delete(f"id % 7 = {dice.randrange(7)}")
        elif kind == "update":
            table.update(updates={"id": "id + 1"}, predicate=f"id % 5 = {dice.randrange(5)}")
        elif kind == "optimize":
            table.optimize.compact()
        elif kind == "checkpoint":
            table.create_checkpoint()
        elif kind == "cleanup":
            table.create_checkpoint()
            for path in (tmp_path / "_delta_log").glob("*.json"):
                if int(path.stem) < table.version():
                    path.unlink()
        else:
            wider = data.append_column(f"n{step}", pa.array(range(20), pa.int32()))
            deltalake.write_deltalake(table, wider, mode="append", schema_mode="merge")
        expected = json.loads(json.dumps(generator.said(tmp_path)))
        ours.compare(tmp_path, expected)
