"""A table as a record: fields, keys, partitions, properties, the last operation."""

from __future__ import annotations

import json

import pytest
from lumos_format_hudi.schema import META_FIELDS

from lumos_core.plugin_api import Default, Key, PartitionField, UnitError

SECRET = "hunter2hunter2"
T1, T2 = "20260101093000000", "20260102093000000"


def of(name, type, **more):
    return {"name": name, "type": type, **more}


def test_fields_with_all_that_avro_says(table):
    table.create(table__recordkey__fields="id,home.zip,a.b")
    home = {"type": "record", "name": "home", "fields": [of("zip", "int"), of("city", ["string", "null"], doc="Where")]}
    fixed = {"type": "fixed", "name": "f", "size": 6, "logicalType": "decimal", "precision": 12, "scale": 3}
    fields = [
        of("id", "long", doc="The number"),
        of("a.b", ["null", "string"], default=None),
        of("n", "int", default=7),
        of("price", ["null", fixed], default=None),
        of("at", {"type": "long", "logicalType": "timestamp-micros"}),
        of("home", ["null", home]),
        of("past", {"type": "array", "items": ["null", {"type": "map", "values": "home"}]}),
    ]
    table.commit(T1, schema=json.dumps({"type": "record", "name": "t", "doc": "Orders of the shop", "fields": fields}))
    value = table.table()
    rows = {field.path: field for field in value.fields}
    assert [rows[name].type for name in META_FIELDS] == ["string"] * 5 and rows[META_FIELDS[0]].nullable is True
    assert list(rows)[5:] == [
        *("id", "`a.b`", "n", "price", "at", "home", "home.zip", "home.city", "past", "past[]{value}.zip"),
        "past[]{value}.city",
    ]
    assert (rows["id"].type, rows["id"].nullable, rows["id"].description.source) == ("int64", False, "The number")
    assert rows["price"].type == "decimal(12,3)" and rows["price"].default is None and rows["price"].nullable is True
    assert rows["n"].default == Default(initial="7") and rows["home.city"].description.source == "Where"
    assert rows["past"].type == "list<map<string,struct>?>" and rows["at"].type == "timestamptz(us)"
    assert value.description.source == "Orders of the shop"
    assert value.keys == [Key(type="primary", columns=["id", "home.zip", "`a.b`"], enforced=False)]
    assert value.subtype == "table" and all(field.id is None for field in value.fields)


@pytest.mark.parametrize(
    "options, before, after",
    [
        ({}, list(META_FIELDS), []),
        ({"populate__meta__fields": "false"}, [], []),
        ({"allow__operation__metadata__field": "true"}, [*META_FIELDS, "_hoodie_operation"], []),
        ({"datasource__write__drop__partition__columns": "true"}, list(META_FIELDS), ["day", "hour"]),
    ],
)
def test_the_fields_that_hudi_adds(table, options, before, after):
    table.create(table__partition__fields="day,hour", **options)
    table.commit(T1, schema=table.schema(META_FIELDS[1], "id", "_hoodie_is_deleted"))
    fields = table.table().fields
    assert [field.path for field in fields] == [*before, "id", "_hoodie_is_deleted", *after]
    assert all(field.type == "string" and field.nullable for field in fields if field.path in after)


def test_ids_of_a_schema_that_evolves_on_read(table):
    table.create()
    home = {"type": "record", "fields": [{"id": 4, "name": "zip", "optional": True, "type": "int"}]}
    past = {"type": "array", "element_id": 6, "element": home, "element_optional": True}
    by = {"type": "map", "key_id": 8, "key": "string", "value_id": 9, "value": home}
    said = [(0, "id", "long"), (3, "home", home), (5, "past", past), (7, "by", by), ("x", "odd", "int"), (9, "gone", 1)]
    ids = json.dumps({"type": "record", "fields": [{"id": i, "name": name, "type": kind} for i, name, kind in said]})
    record = {"type": "record", "name": "home", "fields": [of("zip", "int")]}
    lists = of("past", {"type": "array", "items": "home"})
    schema = table.schema("id", of("home", record), lists, of("by", {"type": "map", "values": "home"}), "odd")
    table.commit(T1, schema=schema, latest_schema=ids)
    found = {field.path: field.id for field in table.table().fields if field.id is not None}
    assert found == {
        "id": "0",
        "home": "3",
        "home.zip": "4",
        "past": "5",
        "past[].zip": "4",
        "by": "7",
        "by{value}.zip": "4",
    }
    for odd in ("{", "[]", '{"type": "record", "fields": 7}', "[" * 100_000):
        table.commit(T1, schema=schema, latest_schema=odd)
        assert not any(field.id for field in table.table().fields)


@pytest.mark.parametrize(
    "options, expected",
    [
        ({}, []),
        ({"table__partition__fields": "day"}, [("day", "identity")]),
        ({"table__partition__fields": " day , home.zip,a.b"}, ["day", "home.zip", "`a.b`"]),
        (
            {
                "table__partition__fields": "day:SIMPLE,at:timestamp",
                "keygen__timebased__output__dateformat": "yyyyMMddHH",
            },
            [("day", "identity"), ("at", "hour")],
        ),
        ({"table__partition__fields": "day,at", "table__keygenerator__type": "CUSTOM"}, [("day", None), ("at", None)]),
        (
            {"table__partition__fields": "at", "table__keygenerator__class": "org.x.CustomKeyGenerator"},
            [("at", None)],
        ),
        ({"table__partition__fields": "at", "table__keygenerator__type": "TIMESTAMP"}, [("at", "timestamp")]),
        (
            {
                "table__partition__fields": "at",
                "table__keygenerator__class": "org.apache.hudi.keygen.TimestampBasedKeyGenerator",
                "deltastreamer__keygen__timebased__output__dateformat": "yyyy/MM",
            },
            [("at", "month")],
        ),
    ],
)
def test_partitions(table, options, expected):
    table.create(**options)
    record = {"type": "record", "name": "home", "fields": [of("zip", "int")]}
    table.commit(T1, schema=table.schema("id", "day", "at", "a.b", of("home", record)))
    parts = table.table().layout.partition_by
    expected = [(one, "identity") if isinstance(one, str) else one for one in expected]
    assert [(part.path, part.transform) for part in parts] == expected


@pytest.mark.parametrize(
    "written, grain",
    [("yyyy", "year"), ("yyyy-MM", "month"), ("yyyy/MM/dd", "day"), ("yyyyMMddHHmm", "hour"), ("EEE", "timestamp")],
)
def test_the_grain_of_a_date_format(table, written, grain):
    options = {"keygen__timebased__output__dateformat": written, "table__keygenerator__type": "TIMESTAMP"}
    table.create(table__partition__fields="id", **options)
    table.commit(T1)
    extra = [("hudi/dateformat", json.dumps(written))]
    assert table.table().layout.partition_by == [PartitionField(path="id", transform=grain, extra=extra)]


def test_properties_and_layout(table):
    table.create(
        8,
        database__name="shop",
        table__type="MERGE_ON_READ",
        table__base__file__format="ORC",
        table__precombine__field="at",
        table__metadata__partitions="files",
        table__metadata__partitions__inflight="files",
        fs__azure__account__key="x" + SECRET,
        source=f"https://ann:{SECRET}@a/b?sig={SECRET}",
    )
    table.commit(T1)
    value = table.table()
    assert value.layout.format == "hudi"
    assert value.layout.options == [
        ("base-file-format", "ORC"),
        ("format-version", "8"),
        ("table-type", "MERGE_ON_READ"),
    ]
    assert value.properties == [
        ("hoodie.database.name", "shop"),
        ("hoodie.fs.azure.account.key", "***"),
        ("hoodie.source", "https://ann:***@a/b?sig=***"),
        ("hoodie.table.name", "t"),
        ("hoodie.table.precombine.field", "at"),
        ("hoodie.timeline.layout.version", "2"),
    ]
    assert SECRET not in repr(table.records())


def test_the_last_operation(table):
    table.create(table__timeline__timezone="UTC")
    counts = {"numInserts": 3, "numUpdateWrites": 2, "numDeletes": 1, "totalWriteBytes": 90}
    stats = [table.stat("a", "p/a_0_1.parquet", **counts), table.stat("b", "p/b_0_1.parquet", numDeletes=-1)]
    table.commit(T1, *stats, operation="INSERT_OVERWRITE", action="replacecommit", replaced=[], user="ann@example.org")
    at, said, metrics = table.operation()
    assert at == "2026-01-01T09:30:00Z"
    assert said == {"action": "replacecommit", "instant": T1, "operation": "INSERT_OVERWRITE"}
    assert metrics == {"numWrites": 20, **counts}
    assert "ann@" not in repr(table.records())
    said = table.said(operation=None)
    table.write(f"{T2}.commit", json.dumps({**said, "partitionToWriteStats": None}))
    assert table.operation()[1] == {"action": "commit", "instant": T2}


@pytest.mark.parametrize(
    "schema",
    [
        "{",
        "[]",
        "7",
        '"long"',
        '{"type": "enum", "name": "e", "symbols": ["a"]}',
        '{"type": "record", "name": "t"}',
        '{"type": "record", "name": "t", "fields": {}}',
        '{"type": "record", "fields": []}',
        '{"type": "record", "name": "t", "fields": [7]}',
        '{"type": "record", "name": "t", "fields": [{"type": "long"}]}',
        '{"type": "record", "name": "t", "fields": [{"name": "a", "type": "nothing"}]}',
        '{"type": "record", "name": "t", "fields": [{"name": "a", "type": "long"}, {"name": "a", "type": "long"}]}',
        '{"type": "record", "name": "t", "fields": [{"name": "a", "type": ' + "[" * 100_000,
    ],
)
def test_schemas_that_are_none(table, schema):
    table.create()
    table.commit(T1, schema=schema)
    with pytest.raises(UnitError, match="schema of the table") as caught:
        table.records()
    assert caught.value.why and caught.value.fix and T1 in caught.value.where


def test_partition_columns_that_are_in_the_schema_in_part(table):
    table.create(table__partition__fields="id,day", datasource__write__drop__partition__columns="true")
    table.commit(T1)
    with pytest.raises(UnitError) as caught:
        table.records()
    assert "some are not" in caught.value.why


def test_a_schema_of_too_many_fields(table, monkeypatch):
    monkeypatch.setattr("lumos_format_hudi.schema.MOST_FIELDS", 10)
    table.create()
    record = {"type": "record", "name": "r", "fields": [of(f"c{number}", "int") for number in range(20)]}
    table.commit(T1, schema=table.schema("id", of("wide", record)))
    with pytest.raises(UnitError) as caught:
        table.records()
    assert "more than 10 fields" in caught.value.why
