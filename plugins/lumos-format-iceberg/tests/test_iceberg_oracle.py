"""Tables that pyiceberg makes at random, read by it and by us. `nox -s table-format-oracles` runs this."""

from __future__ import annotations

import importlib.util
import json
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("pyiceberg", reason="a heavy library; nox -s table-format-oracles has it")
pytest.importorskip("pyiceberg_core")
from pyiceberg.catalog.memory import InMemoryCatalog
from pyiceberg.transforms import BucketTransform, IdentityTransform, TruncateTransform
from pyiceberg.types import DoubleType, LongType, StringType

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pyiceberg")
KINDS = ["append", "append", "delete", "overwrite", "add", "rename", "drop", "partition", "departition", "set", "tag"]


def beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"iceberg_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", range(12))
def test_a_life_of_a_table(tmp_path, seed):
    """Appends, deletions, columns and partitions that come and go, in any order."""
    generator, ours = beside("generate_iceberg_tables"), beside("test_iceberg_of_pyiceberg")
    dice = random.Random(seed)
    catalog = InMemoryCatalog("test", warehouse=f"file://{tmp_path}")
    catalog.create_namespace("db")
    version = dice.choice(["1", "2"])
    table = catalog.create_table("db.t", generator.PLAIN, properties={"format-version": version})
    refused = 0
    for step in range(14):
        try:
            live(table, dice, step, generator.ROWS)
        except (TypeError, ValueError):
            refused += 1  # the library cannot write to some partitionings that it made itself
        table = catalog.load_table("db.t")
        expected = json.loads(json.dumps(generator.said(table)))
        ours.compare(Path(table.location().removeprefix("file://")), expected)
    assert refused < 10


def live(table: Any, dice: random.Random, step: int, data: Any) -> None:
    """Do one thing to a table."""
    kind = dice.choice(KINDS)
    rows = data.slice(dice.randrange(5), dice.randrange(1, 5))
    names = [field.name for field in table.schema().fields]
    if kind in ("append", "overwrite"):
        getattr(table, kind)(rows.select([name for name in rows.column_names if name in names]))
    elif kind == "delete":
        table.delete(f"id = {dice.randrange(10)}")
    elif kind == "add":
        with table.update_schema() as update:
            update.add_column(f"c{step}", dice.choice([StringType(), LongType(), DoubleType()]), doc="New")
    elif kind in ("rename", "drop"):
        if free := [name for name in names if name.startswith("c")]:
            with table.update_schema() as update:
                if kind == "drop":
                    update.delete_column(dice.choice(free))
                else:
                    update.rename_column(dice.choice(free), f"c{step}")
    elif kind == "partition":
        transform = dice.choice([BucketTransform(3), TruncateTransform(2), IdentityTransform()])
        with table.update_spec() as change:
            change.add_field(dice.choice(["id", "name"]), transform, f"p{step}")
    elif kind == "departition":
        if fields := [field.name for field in table.spec().fields if str(field.transform) != "void"]:
            with table.update_spec() as change:
                change.remove_field(dice.choice(fields))
    elif kind == "set":
        with table.transaction() as change:
            change.set_properties({f"k{step}": "v"})
    elif (snapshot := table.current_snapshot()) is not None:
        table.manage_snapshots().create_tag(snapshot.snapshot_id, f"v{step}").commit()
