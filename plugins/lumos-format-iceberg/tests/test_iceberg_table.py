"""What metadata says a table is, and what it says of its current snapshot."""

from __future__ import annotations

import json

import pytest

from lumos_core.plugin_api import Default, Key, PartitionField, SortField, Stats, UnitError

SECRET = "hunter2hunter2"
DEEP = '{"type":"list","element-id":1,"element-required":true,"element":'


def test_fields_with_ids_words_and_defaults(table):
    inner = {
        "type": "struct",
        "fields": [table.column(11, "city", "string", True, doc="Where"), table.column(12, "a.b")],
    }
    table.write(
        "v1.metadata.json",
        table.column(1, "id", "long", True, doc="The number"),
        table.column(2, "home", inner),
        table.column(
            3, "past", {"type": "list", "element-id": 20, "element-required": True, "element": {**inner, "fields": []}}
        ),
        table.column(
            4,
            "by",
            {
                "type": "map",
                "key-id": 30,
                "key": "string",
                "value-id": 31,
                "value-required": False,
                "value": {
                    "type": "list",
                    "element-id": 32,
                    "element-required": False,
                    "element": {"type": "struct", "fields": [table.column(33, "n", "int")]},
                },
            },
        ),
        table.column(5, "x", "int", **{"initial-default": 0, "write-default": 7}),
        table.column(6, "s", "string", **{"write-default": "é"}),
        table.column(7, "nothing", "unknown", **{"initial-default": None}),
        format_version=3,
    )
    said = table.table()
    rows = {field.path: field for field in said.fields}
    assert list(rows) == ["id", "home", "home.city", "home.`a.b`", "past", "by", "by{value}[].n", "x", "s", "nothing"]
    assert [field.id for field in said.fields] == ["1", "2", "11", "12", "3", "4", "33", "5", "6", "7"]
    assert (rows["id"].type, rows["id"].nullable, rows["id"].description.source) == ("int64", False, "The number")
    assert rows["home.city"].nullable is False and rows["home.city"].description.source == "Where"
    assert (rows["past"].type, rows["past"].native_type) == ("list<struct>", "list<struct>")
    assert rows["by"].type == "map<string,list<struct?>?>" and rows["by"].native_type == "map<string, list<struct>>"
    assert rows["by"].extra == [("iceberg/ids", '{"{key}": 30, "{value}": 31, "{value}[]": 32}')]
    assert rows["x"].default == Default(initial="0", write="7") and rows["s"].default == Default(write='"é"')
    assert said.aliases == [("iceberg", "9faafb13-1ce7-4603-93f8-197afc7394a9")] and said.subtype == "table"
    assert said.layout.options == [("format-version", "3")] and said.layout.format == "iceberg"


def test_the_current_schema_spec_and_order_count(table):
    columns = [table.column(1, "id"), table.column(2, "at", "timestamptz"), table.column(3, "home", {
        "type": "struct", "fields": [table.column(4, "city", "string")],
    })]  # fmt: skip
    parts = [
        {"source-id": 2, "field-id": 1000, "name": "at_day", "transform": "day"},
        {"source-id": 1, "field-id": 1001, "name": "id_bucket", "transform": "bucket[16]"},
        {"source-id": 4, "field-id": 1002, "name": "gone", "transform": "void"},
        {"source-ids": [1, 4], "field-id": 1003, "name": "both", "transform": "bucket[4]"},
    ]
    order = [
        {"source-id": 4, "transform": "identity", "direction": "asc", "null-order": "nulls-first"},
        {"source-id": 1, "transform": "truncate[10]", "direction": "desc", "null-order": "nulls-first"},
        {"source-ids": [1, 2], "transform": "identity", "direction": "desc", "null-order": "nulls-last"},
    ]
    table.write(
        schemas=[
            table.schema(table.column(9, "old")),
            table.schema(*columns, id=1, **{"identifier-field-ids": [4, 1]}),
        ],
        current_schema_id=1,
        partition_specs=[{"spec-id": 0, "fields": []}, {"spec-id": 3, "fields": parts}],
        default_spec_id=3,
        sort_orders=[{"order-id": 0, "fields": []}, {"order-id": 2, "fields": order}],
        default_sort_order_id=2,
    )
    said = table.table()
    assert [field.path for field in said.fields] == ["id", "at", "home", "home.city"]
    assert said.keys == [Key(type="primary", columns=["home.city", "id"], enforced=False)]
    assert said.layout.partition_by == [
        PartitionField(path="at", transform="day", extra=[("iceberg/name", '"at_day"')]),
        PartitionField(path="id", transform="bucket[16]", extra=[("iceberg/name", '"id_bucket"')]),
        PartitionField(
            path="id",
            transform="bucket[4]",
            extra=[("iceberg/name", '"both"'), ("iceberg/sources", '["home.city"]')],
        ),
    ]
    assert said.layout.sort_by == [
        SortField(path="home.city", direction="asc"),
        SortField(
            path="id",
            direction="desc",
            extra=[("iceberg/null_order", '"nulls-first"'), ("iceberg/transform", '"truncate[10]"')],
        ),
        SortField(path="id", direction="desc", extra=[("iceberg/sources", '["at"]')]),
    ]


def test_version_1_says_things_once(table):
    table.write(
        format_version=1,
        table_uuid=None,
        schemas=None,
        current_schema_id=None,
        partition_specs=None,
        sort_orders=None,
        schema={"type": "struct", "fields": [table.column(1, "day", "date")]},
        partition_spec=[{"source-id": 1, "name": "day", "transform": "identity"}],
        current_snapshot_id=None,
    )
    said = table.table()
    assert [(field.path, field.type) for field in said.fields] == [("day", "date")]
    assert said.layout.partition_by[0].transform == "identity" and said.aliases == []


def test_properties_without_secrets_and_words(table):
    table.write(
        properties={
            "comment": "Orders of the shop",
            "write.format.default": "parquet",
            "s3.secret-access-key": SECRET,
            "upstream": f"jdbc:postgresql://me:{SECRET}@host/db",
            "delta-version": "12",
            "odd": 7,
            "none": None,
        },
        encryption_keys=[{"key-id": "1", "encrypted-key-metadata": SECRET}],
    )
    said = table.table()
    assert said.description.source == "Orders of the shop"
    assert said.properties == [
        ("odd", "7"),
        ("s3.secret-access-key", "***"),
        ("upstream", "jdbc:postgresql://me:***@host/db"),
        ("write.format.default", "parquet"),
    ]
    assert SECRET not in repr(table.records())


def test_the_current_snapshot(table):
    said = table.snapshot(
        id=3051729675574597004,
        total_records="100", total_data_files="4", total_files_size="4096", added_records="10", added_data_files=1,
        total_delete_files="0", engine_name="spark", engine_version="4.0", changed_partition_count="x",
    )  # fmt: skip
    said["refs"] = {
        **said["refs"],
        "audit": {"snapshot-id": 1, "type": "branch"},
        "v1": {"snapshot-id": 1, "type": "tag"},
    }
    said["snapshots"].insert(0, {"snapshot-id": 1, "timestamp-ms": 1})
    table.write("v1.metadata.json", **said)
    dataset, operation, profile = table.records()
    assert operation.urn == f"{dataset.urn}#operation@2023-11-14T22:16:40Z"
    assert dict(operation.value.properties) == {
        "branches": "audit, main",
        "engine": "spark 4.0",
        "operation": "append",
        "snapshot_id": "3051729675574597004",
        "tags": "v1",
    }
    assert operation.value.metrics == [("added-data-files", 1), ("added-records", 10)]
    assert profile.urn == f"{dataset.urn}#profile@2023-11-14T22:16:40Z"
    assert profile.value == Stats(row_count=100, size_bytes=4096, file_count=4)


def test_rows_are_not_told_where_deletes_take_an_unknown_number_off(table):
    table.write(**table.snapshot(total_records="100", total_delete_files="1", total_position_deletes="3"))
    profile = table.records()[2].value
    assert profile.row_count is None and profile.metrics == [("total-delete-files", 1), ("total-position-deletes", 3)]


def test_a_snapshot_that_says_nothing_of_its_size(table):
    table.write(**table.snapshot())
    assert [record.urn.partition("#")[2].partition("@")[0] for record in table.records()] == ["", "operation"]


def test_an_empty_table_has_no_rows(table):
    for snapshot in (-1, None):
        table.write(current_snapshot_id=snapshot)
        dataset, profile = table.records()
        assert profile.urn == f"{dataset.urn}#profile@2023-11-14T22:13:20Z"
        assert (profile.value.row_count, profile.value.file_count) == (0, 0)


def test_a_snapshot_that_is_not_kept(table):
    table.write(current_snapshot_id=99)
    assert len(table.records()) == 1
    (warning,) = table.ctx.warnings
    assert (
        warning.code == "iceberg-snapshot"
        and "99" in warning.message
        and warning.where == "t/metadata/v1.metadata.json"
    )


@pytest.mark.parametrize(
    "change, why",
    [
        ({"current_schema_id": 5}, "`current-schema-id` 5 is not among"),
        ({"schemas": None}, "no `schemas`"),
        ({"schemas": None, "schema": {"fields": []}}, "no `schemas`"),
        ({"partition_specs": None}, "no `partition-specs`"),
        ({"default_spec_id": 5}, "`default-spec-id` 5 is not among"),
        ({"sort_orders": None}, "no `sort-orders`"),
        ({"default_sort_order_id": 5}, "`default-sort-order-id` 5 is not among"),
        ({"partition_specs": [{"spec-id": 0, "fields": [{"source-id": 5, "transform": "day"}]}]}, "id 5"),
        ({"partition_specs": [{"spec-id": 0, "fields": [{"transform": "day"}]}]}, "no source column"),
        ({"sort_orders": [{"order-id": 0, "fields": [{"source-id": 5, "transform": "identity"}]}]}, "id 5"),
        ({"schemas": [{"schema-id": 0, "fields": [], "identifier-field-ids": [5]}]}, "id 5"),
        ({"schemas": [{"schema-id": 0, "fields": [7]}]}, "no object"),
        ({"schemas": [{"schema-id": 0, "fields": [{"id": 1, "name": "a", "type": "long"}]}]}, "`required`"),
        ({"schemas": [{"schema-id": 0, "fields": [{"id": 1, "name": "a", "required": True}]}]}, "neither a name"),
        ({"last_updated_ms": None}, "last-updated-ms"),
    ],
)
def test_metadata_that_contradicts_itself(table, change, why):
    table.write("v1.metadata.json", **change)
    with pytest.raises(UnitError, match="cannot be read") as caught:
        table.records()
    assert why in caught.value.why and caught.value.fix and caught.value.where == "t/metadata/v1.metadata.json"


@pytest.mark.parametrize(
    "columns, why",
    [
        ([(1, "a", "long"), (2, "a", "long")], "a name occurs twice"),
        ([(1, "a", "long"), (1, "b", "long")], "id 1 occurs twice"),
        ([(1, "a", {"type": "struct"})], "no `fields`"),
        ([(1, "a", {"type": "list", "element": "long", "element-required": 1})], "neither true nor false"),
        ([(1, "a", json.loads(DEEP * 95 + '"long"' + "}" * 95))], "nested"),
    ],
)
def test_schemas_that_are_none(table, columns, why):
    table.write("v1.metadata.json", *(table.column(*one) for one in columns))
    with pytest.raises(UnitError) as caught:
        table.records()
    assert why in caught.value.why
