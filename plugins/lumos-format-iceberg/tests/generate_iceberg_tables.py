"""Writes `tests/data`: small tables made by pyiceberg, whose metadata files alone are kept.

`pip install "pyiceberg[sql-sqlite,pyarrow,pyiceberg-core]==0.12.0"`, then
`python plugins/lumos-format-iceberg/tests/generate_iceberg_tables.py`; what the library says of each stands in
`expected.json`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.catalog.memory import InMemoryCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.sorting import NullOrder, SortDirection, SortField, SortOrder
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform, TruncateTransform
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FixedType,
    FloatType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
    TimeType,
    UUIDType,
)

DATA = Path(__file__).resolve().parent / "data"
HOME = "file:///lake"
ROWS = pa.table(
    {
        "id": pa.array(range(10), pa.int64()),
        "name": [f"n{number % 4}" for number in range(10)],
        "at": pa.array([1_700_000_000_000_000 + number * 86_400_000_000 for number in range(10)], pa.timestamp("us")),
    },
    schema=pa.schema([pa.field("id", pa.int64(), nullable=False), ("name", pa.string()), ("at", pa.timestamp("us"))]),
)
PLAIN = Schema(
    NestedField(1, "id", LongType(), required=True, doc="The number"),
    NestedField(2, "name", StringType()),
    NestedField(3, "at", TimestampType()),
    identifier_field_ids=[1],
)


def types(catalog: InMemoryCatalog, name: str) -> None:
    """A table of every type of versions 1 and 2, without rows."""
    leaves = [
        *(
            BooleanType(),
            IntegerType(),
            LongType(),
            FloatType(),
            DoubleType(),
            DecimalType(12, 3),
            DateType(),
            TimeType(),
        ),
        *(TimestampType(), TimestamptzType(), StringType(), UUIDType(), FixedType(16), BinaryType()),
    ]
    fields = [NestedField(n, f"a{n}", leaf, required=n % 2 == 0) for n, leaf in enumerate(leaves, 1)]
    where = NestedField(30, "city", StringType(), required=True, doc="Where")
    city = StructType(where, NestedField(31, "zip.code", LongType()))
    fields.append(NestedField(20, "home", city))
    fields.append(NestedField(21, "past", ListType(32, city.model_copy(deep=True), element_required=True)))
    fields.append(NestedField(22, "by", MapType(33, StringType(), 34, ListType(35, DateType()), value_required=False)))
    # The ids are given anew by the catalog.
    catalog.create_table(name, Schema(*fields), properties={"comment": "Every type", "format-version": "1"})


def evolved(catalog: InMemoryCatalog, name: str) -> None:
    """A table with partitions, an order, rows, a new column, a renamed one, and another partitioning."""
    spec = PartitionSpec(
        PartitionField(3, 1000, DayTransform(), "at_day"), PartitionField(1, 1001, BucketTransform(4), "id_bucket")
    )
    order = SortOrder(
        SortField(2, TruncateTransform(2), SortDirection.DESC, NullOrder.NULLS_FIRST), SortField(1, IdentityTransform())
    )
    table = catalog.create_table(name, PLAIN, partition_spec=spec, sort_order=order, properties={"owner.team": "sales"})
    table.append(ROWS)
    with table.update_schema() as update:
        update.rename_column("name", "title")
        update.add_column("note", StringType(), doc="What people say")
        update.add_column("extra", StructType(NestedField(90, "n", IntegerType())))
    with table.update_spec() as change:
        change.remove_field("id_bucket")
        change.add_field("title", TruncateTransform(3), "title_part")
    table.append(ROWS.rename_columns(["id", "title", "at"]))
    table.manage_snapshots().create_tag(table.current_snapshot().snapshot_id, "v1").commit()


def deleted(catalog: InMemoryCatalog, name: str) -> None:
    """A table of which rows were deleted."""
    table = catalog.create_table(name, PLAIN)
    table.append(ROWS)
    table.delete("id < 3")


def said(table: Table) -> dict[str, Any]:
    """Return what the library itself says of a table."""
    snapshot, size = table.current_snapshot(), [0, 0, 0]
    if snapshot is not None:
        files = {task.file.file_path: task.file.file_size_in_bytes for task in table.scan().plan_files()}
        size = [table.scan().to_arrow().num_rows, sum(files.values()), len(files)]
    schema = table.schema()
    return {
        "version": table.format_version,
        "schema": json.loads(schema.model_dump_json()),
        "keys": sorted(schema.identifier_field_names()),
        "partitions": [
            [schema.find_column_name(field.source_id), str(field.transform), field.name]
            for field in table.spec().fields
            if str(field.transform) != "void"
        ],
        "order": [
            [
                schema.find_column_name(field.source_id),
                str(field.transform),
                str(field.direction),
                str(field.null_order),
            ]
            for field in table.sort_order().fields
        ],
        "properties": dict(table.properties),
        "id": str(table.metadata.table_uuid),
        "size": size,
        "snapshot": None if snapshot is None else str(snapshot.snapshot_id),
        "operation": None if snapshot is None else snapshot.summary.operation.value,
        "refs": {name: ref.snapshot_ref_type.value for name, ref in table.metadata.refs.items()},
    }


def main() -> None:
    """Make all of them anew."""
    shutil.rmtree(DATA, ignore_errors=True)
    expected = {}
    with tempfile.TemporaryDirectory() as home:
        catalog = InMemoryCatalog("test", warehouse=f"file://{home}")
        catalog.create_namespace("db")
        for make in (types, evolved, deleted):
            name = make.__name__
            make(catalog, f"db.{name}")
            table = catalog.load_table(f"db.{name}")
            expected[name] = said(table)
            target = DATA / name / "metadata"
            target.mkdir(parents=True)
            for file in Path(table.location().removeprefix("file://"), "metadata").glob("*.metadata.json"):
                (target / file.name).write_text(file.read_text().replace(f"file://{home}", HOME))
    (DATA / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
