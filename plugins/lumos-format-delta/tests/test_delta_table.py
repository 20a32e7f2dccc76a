"""What a log says a table is, and what it says of its last operation."""

from __future__ import annotations

import json

import pytest
from lumos_format_delta.schema import Schema
from lumos_format_delta.types import Malformed

from lumos_core.plugin_api import Default, Key, PartitionField, SortField, UnitError

SECRET = "hunter2hunter2"
DEEP = '{"type":"array","elementType":'


def test_fields_with_all_that_their_metadata_says(log):
    identity = {"delta.identity.start": 1, "delta.identity.step": 2, "delta.identity.highWaterMark": 9}
    inner = log.struct(log.column("city", "string", comment="Where"), log.column("zip.code", "varchar(9)"))
    log.create(
        log.column("id", "long", False, comment="The number"),
        log.column("a.b", "decimal(12,2)", CURRENT_DEFAULT="1.5", EXISTS_DEFAULT="0.5"),
        log.column("home", inner, False),
        log.column("past", {"type": "array", "elementType": inner, "containsNull": False}),
        log.column("by", {"type": "map", "keyType": "string", "valueType": inner, "valueContainsNull": True}),
        log.column("code", "string", __CHAR_VARCHAR_TYPE_STRING="char(3)"),
        log.column("name", "string", __COLLATIONS={"name": "icu.UNICODE_CI"}),
        log.column("day", "date", **{"delta.generationExpression": "CAST(at AS DATE)"}),
        log.column("n", "long", **identity),
        log.column("m", **{"delta.identity.start": 1, "delta.identity.allowExplicitInsert": True}),
        log.column("x", "integer", team="sales", flags={"b": 1, "a": [1]}),
    )
    table = log.table()
    rows = {field.path: field for field in table.fields}
    assert list(rows)[:5] == ["id", "`a.b`", "home", "home.city", "home.`zip.code`"]
    assert {"past[].city", "by{value}.city"} <= set(rows)
    assert (rows["id"].type, rows["id"].nullable, rows["id"].native_type) == ("int64", False, "bigint")
    assert rows["id"].description.source == "The number"
    assert rows["`a.b`"].default == Default(initial="0.5", write="1.5") and rows["`a.b`"].type == "decimal(12,2)"
    assert (rows["home"].type, rows["home"].native_type) == ("struct", "struct")
    assert (rows["past"].type, rows["past"].native_type) == ("list<struct>", "array<struct>")
    assert rows["by"].type == "map<string,struct?>" and rows["home.`zip.code`"].type == "varchar(9)"
    assert (rows["code"].type, rows["code"].native_type) == ("char(3)", "char(3)")
    assert rows["name"].type == "string collate 'icu.UNICODE_CI'"
    assert rows["day"].generated == "CAST(at AS DATE)"
    assert (rows["n"].generated, rows["m"].generated) == ("always as identity", "by default as identity")
    assert rows["n"].properties == [("delta.identity.start", "1"), ("delta.identity.step", "2")]
    assert rows["x"].properties == [("flags", '{"a": [1], "b": 1}'), ("team", "sales")]
    assert all(field.id is None for field in table.fields)
    assert table.aliases == [("delta", "id-1")] and table.subtype == "table"


def test_column_mapping_gives_ids_and_follows_physical_names(log):
    def mapped(name, id, physical, type="long"):
        return log.column(name, type, **{"delta.columnMapping.id": id, "delta.columnMapping.physicalName": physical})

    nested = mapped("past", 4, "c4", {"type": "array", "elementType": "long", "containsNull": True})
    nested["metadata"]["delta.columnMapping.nested.ids"] = {"c4.element": 5}
    columns = [mapped("id", 1, "c1"), mapped("home", 2, "c2", log.struct(mapped("city", 3, "c3", "string"))), nested]
    features = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["columnMapping"]}
    features["writerFeatures"] = ["columnMapping", "clustering", "domainMetadata"]
    log.create(*columns, protocol=features, configuration={"delta.columnMapping.mode": "name"})
    said = {"domain": "delta.clustering", "configuration": json.dumps({"clusteringColumns": [["c1"], ["c2", "c3"]]})}
    log.commit(1, {"domainMetadata": said})
    log.commit(2, log.add("1"))
    for options in ({}, {"statistics": False}):
        table = log.table(**options)
        assert [(field.path, field.id) for field in table.fields] == [
            ("id", "1"), ("home", "2"), ("home.city", "3"), ("past", "4"),
        ]  # fmt: skip
        assert table.fields[0].properties == [("delta.columnMapping.physicalName", "c1")]
        assert table.fields[3].extra == [("delta/nested_ids", '{"c4.element": 5}')]
        assert table.layout.cluster_by == [SortField(path="id"), SortField(path="home.city")]
    properties = dict(table.properties)
    assert properties["delta.feature.clustering"] == "supported" and properties["delta.minReaderVersion"] == "3"
    log.commit(3, {"domainMetadata": {**said, "removed": True}})
    assert log.table().layout.cluster_by == []
    log.commit(3, {"domainMetadata": {**said, "configuration": "{"}})
    assert log.table().layout.cluster_by == []
    log.commit(4, log.metadata(*columns))
    assert [field.id for field in log.table().fields] == [None] * 4


def test_partitions_constraints_properties_and_words(log):
    log.create(
        log.column("at.day", "date"),
        log.column("n", **{"delta.invariants": json.dumps({"expression": {"expression": "n > 0"}})}),
        log.column("m", **{"delta.invariants": "m > 0"}),
        partitionColumns=["at.day"],
        configuration={
            "delta.constraints.positive": "n > 3",
            "delta.appendOnly": "true",
            "fs.azure.account.key.lake": SECRET,
            "source": f"https://a/b?sig={SECRET}",
            "nothing": None,
        },
        description="Orders of the shop",
        name="orders",
    )
    table = log.table()
    assert table.layout.partition_by == [PartitionField(path="`at.day`", transform="identity")]
    assert table.keys == [
        Key(type="check", columns=["m"], expression="m > 0", enforced=True),
        Key(type="check", columns=["n"], expression="n > 0", enforced=True),
        Key(type="check", name="positive", expression="n > 3", enforced=True),
    ]
    assert table.description.source == "Orders of the shop"
    assert table.properties == [
        ("delta.appendOnly", "true"),
        ("delta.minReaderVersion", "1"),
        ("delta.minWriterVersion", "2"),
        ("delta.name", "orders"),
        ("fs.azure.account.key.lake", "***"),
        ("source", "https://a/b?sig=***"),
    ]
    assert SECRET not in repr(log.records())


def test_the_last_operation(log):
    log.create()
    metrics = {"numOutputRows": "12", "numFiles": 2, "executionTimeMs": "-1", "x": None, "y": True, "ratio": 0.5}
    log.commit(
        1,
        log.info(engineInfo="Apache-Spark/4", operationMetrics=metrics, userName="ann@example.org"),
        log.add("1"),
    )
    table, operation, profile = log.records()
    assert operation.urn == f"{table.urn}#operation@2023-11-14T22:16:40Z"
    assert operation.value.properties == [("engine", "Apache-Spark/4"), ("operation", "WRITE"), ("version", "1")]
    assert operation.value.metrics == [("numFiles", 2), ("numOutputRows", 12)]
    assert profile.urn == f"{table.urn}#profile@2023-11-14T22:16:40Z"
    assert "ann@" not in repr(operation)
    log.commit(2, {"commitInfo": {"inCommitTimestamp": 1_700_000_300_000, "timestamp": "2023-11-14", "operation": 7}})
    _, operation, _ = log.records()
    assert operation.urn.endswith("@2023-11-14T22:18:20Z") and operation.value.properties == [("version", "2")]
    log.commit(3, {"commitInfo": ["odd"]})
    assert [record.urn.partition("#")[2] for record in log.records()] == ["", "profile@2023-11-14T22:15:00Z"]


def test_the_time_of_a_table_without_files_and_words_is_when_it_was_made(log):
    log.create()
    assert [record.urn.partition("#")[2] for record in log.records()] == ["", "profile@2023-11-14T22:13:20Z"]
    log.create(createdTime=None)
    assert [record.urn.partition("#")[2] for record in log.records()] == ["", "profile@2026-01-15T10:30:00Z"]


@pytest.mark.parametrize(
    "protocol, why, fix",
    [
        ({"minReaderVersion": 4}, "reader version 4", "update"),
        (
            {"minReaderVersion": 3, "readerFeatures": ["teleport", "columnMapping"]},
            "teleport",
            "update",
        ),
        (
            {"minReaderVersion": 3, "readerFeatures": ["catalogManaged"]},
            "catalog alone",
            "catalog",
        ),
    ],
)
def test_tables_that_may_not_be_read(log, protocol, why, fix):
    log.create(protocol={"minWriterVersion": 7, **protocol})
    with pytest.raises(UnitError) as caught:
        log.records()
    assert why in caught.value.why and fix in caught.value.fix and caught.value.where.startswith("t/_delta_log/")


@pytest.mark.parametrize(
    "schema",
    [
        "{",
        "[]",
        '{"type": "array"}',
        '{"type": "struct"}',
        '{"type": "struct", "fields": [1]}',
        '{"type": "struct", "fields": [{"type": "long"}]}',
        '{"type": "struct", "fields": [{"name": "a"}]}',
        '{"type": "struct", "fields": [{"name": "a", "type": ""}]}',
        '{"type": "struct", "fields": [{"name": "a", "type": "long", "nullable": "no"}]}',
        '{"type": "struct", "fields": [{"name": "a", "type": {"type":"array","elementType":"long","containsNull":1}}]}',
        '{"type": "struct", "fields": [{"name": "a", "type": "long"}, {"name": "a", "type": "long"}]}',
        '{"type": "struct", "fields": ' + "[" * 100_000,
        '{"type":"struct","fields":[{"name":"a","type":'
        + '{"type":"array","elementType":' * 95
        + '"long"'
        + "}" * 97
        + "]}",
    ],
)
def test_schemas_that_are_none(log, schema):
    with pytest.raises(Malformed):
        Schema(schema, mapped=False)
    log.create(schemaString=schema)
    with pytest.raises(UnitError, match="schema") as caught:
        log.records()
    assert caught.value.why and caught.value.fix and caught.value.where
