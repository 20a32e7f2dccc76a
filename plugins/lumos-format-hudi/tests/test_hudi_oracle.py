"""Tables read by `hudi` (hudi-rs) and by us: those that Hudi made, and random ones. `nox -s table-format-oracles`."""

from __future__ import annotations

import importlib.util
import json
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from lumos_format_hudi.config import HudiConfig
from lumos_format_hudi.format import HudiFormat
from lumos_lake.avro import Reader
from lumos_lake.testing import read_table

hudi = pytest.importorskip("hudi", reason="a heavy library; nox -s table-format-oracles has it")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

DATA = Path(__file__).parent / "data"
TABLES = sorted(path.parent for path in DATA.glob("v*/*/.hoodie") if path.parent.name != "bare")
"""Without the one whose partition columns are not in the files, which the library does not read."""
META = ("_hoodie_commit_time", "_hoodie_commit_seqno", "_hoodie_record_key", "_hoodie_partition_path")


def opened(root: Path) -> Any:
    return hudi.HudiTableBuilder.from_base_uri(str(root)).build()


@pytest.mark.parametrize("root", TABLES, ids=lambda root: f"{root.parent.name}/{root.name}")
def test_a_table_that_hudi_made(root):
    theirs = opened(root)
    table = read_table(HudiFormat(HudiConfig()), root)[0].value
    avro = json.loads(theirs.get_schema_in_avro_str_with_meta_fields())
    assert [(f.path, f.type, f.nullable) for f in table.fields] == [
        (f.path, f.type, f.nullable) for f in Reader().read(avro)
    ]
    said = {**dict(table.properties), **dict(table.layout.options)}
    assert (said["hoodie.table.name"], said["table-type"]) == (theirs.table_name, theirs.table_type)


def beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"hudi_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("version", [6, 8])
@pytest.mark.parametrize("seed", range(6))
def test_a_life_of_a_table(tmp_path, seed, version):
    """Inserts, updates, replacements, new columns, attempts and rollbacks, in any order, with real files."""
    table = beside("conftest").HudiTable(tmp_path)
    dice = random.Random(seed)
    table.create(version, table__partition__fields="p", table__timeline__timezone="UTC", table__type="COPY_ON_WRITE")
    names, groups = ["id"], []
    (table.root / "p").mkdir()
    (table.root / "p" / ".hoodie_partition_metadata").write_text("partitionDepth=1\n")
    for step in range(8):
        instant = f"202601010000{step:02}000"
        kind = dice.choice(["insert", "insert", "update", "replace", "widen", "attempt", "rollback"])
        if kind == "widen":
            names.append(f"c{step}")
        replaced = [groups.pop()] if kind == "replace" and groups else []
        group = groups[0] if kind == "update" and groups else f"group-{step}-0"
        path = table.root / "p" / f"{group}_0-1-2_{instant}.parquet"
        count = dice.randrange(1, 9)
        columns: dict[str, Any] = {name: ["x"] * count for name in (*META, "_hoodie_file_name")}
        columns["p"] = ["p"] * count
        pq.write_table(pa.table({**columns, **{name: pa.array(range(count), pa.int64()) for name in names}}), path)
        stat = table.stat(group, f"p/{path.name}", count, path.stat().st_size)
        text = {"name": "p", "type": ["null", "string"]}
        schema = table.schema(text, *(names if kind != "attempt" else ["never"]))
        action = "replacecommit" if replaced else "commit"
        made = table.commit(instant, stat, schema=schema, action=action, replaced=replaced or None)
        if kind in ("attempt", "rollback"):
            made.rename(made.with_name(f"{instant}.commit.requested"))
            if kind == "rollback":
                path.unlink()
        elif group not in groups:
            groups.append(group)
    if not groups:
        pytest.skip("nothing was written")
    theirs = opened(table.root)
    slices = theirs.get_file_slices()
    rows = sum(batch.num_rows for batch in theirs.read())
    assert table.size() == (rows, sum(one.base_file_size for one in slices), len(slices))
    avro = json.loads(theirs.get_schema_in_avro_str_with_meta_fields())
    assert [field.path for field in table.table().fields] == [field.path for field in Reader().read(avro)]
