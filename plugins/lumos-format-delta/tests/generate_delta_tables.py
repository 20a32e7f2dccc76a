"""Writes `tests/data`: small tables made by delta-rs (`pip install deltalake==1.6.6`), whose logs alone are kept.

`python plugins/lumos-format-delta/tests/generate_delta_tables.py`; what the library says of each stands in
`expected.json`.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Field, Schema, write_deltalake
from deltalake.schema import ArrayType, MapType, PrimitiveType, StructType

DATA = Path(__file__).resolve().parent / "data"
ROWS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "day": ["a", "a", "b"], "amount": [0.5, None, 2.5]})


def types(path: Path) -> None:
    """A table of every type that the library can make, without rows."""
    names = ["string", "long", "integer", "short", "byte", "float", "double", "boolean", "binary", "date"]
    fields = [Field(f"a_{name}", PrimitiveType(name), nullable=name != "long") for name in names]
    fields += [Field(f"a_{name}", PrimitiveType(name)) for name in ("timestamp", "timestamp_ntz", "decimal(12,3)")]
    inner = StructType([Field("city", PrimitiveType("string"), False, {"comment": "Where"}), Field("zip.code", "long")])
    fields.append(Field("home", inner))
    fields.append(Field("past", ArrayType(inner, contains_null=False)))
    fields.append(Field("by", MapType("string", ArrayType(PrimitiveType("date"), True), value_contains_null=True)))
    DeltaTable.create(str(path), Schema(fields), name="types", description="Every type")


def partitioned(path: Path) -> None:
    """A table with partitions, a constraint, deletions, and an added column."""
    write_deltalake(
        str(path), ROWS, partition_by=["day"], configuration={"delta.logRetentionDuration": "interval 1 days"}
    )
    table = DeltaTable(str(path))
    table.alter.add_constraint({"positive": "amount > 0 OR amount IS NULL"})
    table.delete("id = 2")
    more = ROWS.append_column("note", pa.array(["x", "y", None]))
    write_deltalake(table, more, mode="append", schema_mode="merge")


def checkpointed(path: Path) -> None:
    """A table whose oldest commits are gone: a checkpoint and what came after it."""
    for number in range(12):
        write_deltalake(str(path), ROWS.slice(0, 1 + number % 3), mode="append")
    table = DeltaTable(str(path))
    table.create_checkpoint()
    write_deltalake(table, ROWS, mode="append", commit_properties=CommitProperties(custom_metadata={"run": "13"}))
    for number in range(9):
        (path / "_delta_log" / f"{number:020d}.json").unlink()


def said(path: Path) -> dict[str, Any]:
    """Return what the library itself says of a table."""
    table = DeltaTable(str(path))
    adds = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    metadata = table.metadata()
    return {
        "version": table.version(),
        "schema": json.loads(table.schema().to_json()),
        "partitions": metadata.partition_columns,
        "configuration": metadata.configuration,
        "id": str(metadata.id),
        "size": [sum(a["num_records"] for a in adds), sum(a["size_bytes"] for a in adds), len(adds)],
        "operation": table.history(1)[0]["operation"],
    }


def main() -> None:
    """Make all of them anew."""
    shutil.rmtree(DATA, ignore_errors=True)
    expected = {}
    for make in (types, partitioned, checkpointed):
        path = DATA / make.__name__
        path.mkdir(parents=True)
        make(path)
        expected[make.__name__] = said(path)
        for file in [*path.rglob("*.parquet"), *path.rglob("*.crc")]:
            if "_delta_log" not in file.parts:
                file.unlink()
        for file in path.rglob("*.json"):
            file.write_text(file.read_text().replace(str(DATA), "/lake"))
        for folder in sorted(path.rglob("*"), reverse=True):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    (DATA / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
