"""What no server of the tests has: views, validators, time series, TTL, users and their rights.

The replies are in the shape that MongoDB's manual documents for each command, and go through the real driver over a
real connection. That a real MongoDB replies like this is not proven here.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
from typing import Any

import pytest
from bson import Binary, Decimal128, Int64
from lumos_source_mongo.declared import json_schema, kinds_of, overlay
from lumos_source_mongo.node import Node, rows
from lumos_source_mongo.settle import settle
from lumos_source_mongo.tree import Observed
from lumos_source_mongo.views import upstreams

from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import ConfigError, RetryableError, UnitError, urns
from lumos_core.testing.context import MemoryContext

ORDERS = [{"_id": number, "total": Decimal128("9.5"), "status": "paid", "note": None} for number in range(20)]


def options(replay: Any, **more: Any) -> dict[str, Any]:
    return {"uri": replay.uri, "connect_timeout": 2, **more}


def urn(name: str) -> str:
    return urns.dataset("mongodb", name)


# Views


def test_a_view_has_its_pipeline_and_what_it_reads(replay: Any, read: Any) -> None:
    pipeline = [
        {"$match": {"at": {"$gt": datetime.datetime(2026, 1, 1)}}},
        {"$lookup": {"from": "customers", "localField": "c", "foreignField": "_id", "as": "customer"}},
        {
            "$facet": {
                "a": [{"$unionWith": {"coll": "archive", "pipeline": [{"$lookup": {"from": "deep", "as": "d"}}]}}]
            }
        },
        {"$unionWith": "old"},
        {
            "$graphLookup": {
                "from": "tree",
                "startWith": "$x",
                "connectFromField": "a",
                "connectToField": "b",
                "as": "t",
            }
        },
        {"$lookup": {"from": {"db": "crm", "coll": "people"}, "as": "p", "pipeline": []}},
    ]
    replay.shop(
        [
            {
                "name": "paid",
                "type": "view",
                "options": {"viewOn": "orders", "pipeline": pipeline},
                "info": {"readOnly": True},
            }
        ],
        {"paid": ORDERS},
    )
    found = read(options(replay))
    view = found.datasets["paid"]
    assert found.errors == [] and view.subtype == "view"
    assert [(code.role, code.language) for code in view.code] == [("view", "mongodb-aggregation")]
    assert json.loads(view.code[0].text)[0]["$match"]["at"]["$gt"] == {"$date": "2026-01-01T00:00:00Z"}
    assert sorted(edge.urn for edge in view.lineage.upstreams) == sorted(
        [urn(f"shop.{name}") for name in ("orders", "customers", "archive", "deep", "old", "tree")]
        + [urn("crm.people")]
    )
    assert found.types("paid")["total"] == "opaque('decimal128')"
    assert {"lineage", "code", "fields"} <= set(view.captured)
    assert not {next(iter(command)) for command in replay.asked} & {"collStats", "listIndexes"}, "a view has neither"


def test_a_view_need_not_be_run(replay: Any, read: Any) -> None:
    replay.shop([{"name": "paid", "type": "view", "options": {"viewOn": "orders", "pipeline": []}}], {"paid": ORDERS})
    found = read(options(replay, read_views=False))
    assert "fields" not in found.datasets["paid"].captured and found.datasets["paid"].lineage
    assert "find" not in {next(iter(command)) for command in replay.asked}


def test_a_view_that_cannot_be_run_keeps_its_definition(replay: Any, read: Any, refused: Any) -> None:
    replay.shop([{"name": "paid", "type": "view", "options": {"viewOn": "gone", "pipeline": []}}])
    replay.answers["find"] = refused(17276, "Location17276", "Use of undefined variable: x")
    found = read(options(replay))
    assert found.errors == []
    assert found.datasets["paid"].lineage and "fields" not in found.datasets["paid"].captured
    assert "undefined variable" in found.texts()
    assert found.ctx.coverage.complete(urn("shop.paid")), "it is there"
    assert not found.ctx.coverage.complete(urn("shop.paid"), "fields")


@pytest.mark.parametrize("pipeline", [None, "text", [1, None], {"$lookup": None}, [{"$lookup": {"from": 7}}]])
def test_pipelines_of_any_form_are_walked(pipeline: Any) -> None:
    assert upstreams("a", pipeline) == [("", "a")]
    assert upstreams("", pipeline) == []


# Validators

SCHEMA = {
    "bsonType": "object",
    "title": "Orders",
    "description": "One order per document",
    "required": ["total", "status", "lines"],
    "properties": {
        "total": {"bsonType": "decimal", "description": "With tax"},
        "status": {"enum": ["new", "paid"]},
        "note": {"bsonType": ["string", "null"]},
        "lines": {
            "bsonType": "array",
            "items": {"bsonType": "object", "required": ["sku"], "properties": {"sku": {"bsonType": "string"}}},
        },
        "amount": {"bsonType": "number"},
    },
}


def test_a_declared_schema_decides_where_it_speaks(replay: Any, read: Any) -> None:
    documents = [{**order, "lines": [{"sku": "a", "extra": 1}], "amount": 1, "seen": True} for order in ORDERS]
    replay.shop(
        [{"name": "orders", "type": "collection", "options": {"validator": {"$jsonSchema": SCHEMA}}}],
        {"orders": documents},
    )
    found = read(options(replay))
    value = found.datasets["orders"]
    fields = {field.path: (field.type, field.native_type, field.nullable) for field in value.fields}
    assert fields == {
        "_id": ("int32", "int", False),
        "amount": ("int32", "int", True),
        "lines": ("list<struct>", "array<object>", False),
        "lines[].extra": ("int32", "int", None),
        "lines[].sku": ("string", "string", False),
        "note": ("string", "string", True),
        "seen": ("bool", "bool", None),
        "status": ("enum('new','paid')", "string", False),
        "total": ("opaque('decimal128')", "decimal", False),
    }
    assert value.description.source == "One order per document"
    assert next(field for field in value.fields if field.path == "total").description.source == "With tax"
    (native,) = value.native_schema
    assert (native.part, native.format, json.loads(native.text)) == (None, "jsonschema", SCHEMA)
    assert "mongo-declared-differs" not in found.codes
    again = read(options(replay), known=found.records)
    assert again.datasets["orders"] == value


def test_documents_that_differ_from_the_declaration_are_told(replay: Any, read: Any) -> None:
    documents = [{"_id": 1, "total": "nine", "status": "x", "lines": []}, {"_id": 2, "total": Decimal128("1")}]
    replay.shop(
        [{"name": "orders", "type": "collection", "options": {"validator": {"$jsonSchema": SCHEMA}}}],
        {"orders": documents},
    )
    found = read(options(replay))
    assert found.types("orders")["total"] == "opaque('decimal128')"
    assert "mongo-declared-differs" in found.codes
    assert "at lines, status, total" in found.texts()


@pytest.mark.parametrize("more", [{"validationLevel": "moderate"}, {"validationAction": "warn"}])
def test_what_is_not_enforced_makes_nothing_required(replay: Any, read: Any, more: dict[str, str]) -> None:
    settings = {"validator": {"$jsonSchema": SCHEMA}, **more}
    replay.shop([{"name": "orders", "type": "collection", "options": settings}], {"orders": ORDERS})
    value = read(options(replay)).datasets["orders"]
    assert next(field for field in value.fields if field.path == "total").nullable is None
    assert dict(value.properties) == {f"mongodb.{key}": text for key, text in more.items()}


def test_a_declaration_speaks_for_an_empty_collection(replay: Any, read: Any) -> None:
    replay.shop([{"name": "orders", "type": "collection", "options": {"validator": {"$jsonSchema": SCHEMA}}}])
    found = read(options(replay))
    assert "fields" in found.datasets["orders"].captured
    assert found.types("orders")["amount"] == "float64", "what MongoDB's shell writes for a number"
    assert found.types("orders")["lines[].sku"] == "string"


def test_a_validator_that_is_a_query_is_kept_as_code(replay: Any, read: Any) -> None:
    validator = {"$and": [{"$jsonSchema": SCHEMA}, {"total": {"$gt": 0}}]}
    replay.shop([{"name": "orders", "type": "collection", "options": {"validator": validator}}], {"orders": ORDERS})
    value = read(options(replay)).datasets["orders"]
    assert value.native_schema
    replay.shop([{"name": "orders", "type": "collection", "options": {"validator": {"total": {"$gt": 0}}}}])
    value = read(options(replay)).datasets["orders"]
    assert [(code.role, json.loads(code.text)) for code in value.code] == [("validator", {"total": {"$gt": 0}})]


def laid(schema: dict[str, Any], *documents: dict[str, Any]) -> dict[str, tuple[str, bool | None]]:
    observed = Observed()
    for document in documents:
        observed.add({"_id": 1, **document})
    root = settle(observed.root).root if documents else Node()
    overlay(root, schema)
    return {field.path: (field.type, field.nullable) for field in rows(root) if field.path != "_id"}


@pytest.mark.parametrize(
    "property, expected",
    [
        ({"bsonType": "int"}, {"x": ("int32", True)}),
        ({"type": "string"}, {"x": ("string", True)}),
        ({"type": "boolean"}, {"x": ("bool", True)}),
        ({"bsonType": ["int", "long"]}, {"x": ("int64", True)}),
        ({"bsonType": ["int", "string"]}, {"x": ("union<int32,string>", True)}),
        ({"bsonType": "binData"}, {"x": ("bytes", True)}),
        ({"bsonType": "array"}, {"x": ("list<unknown>", True)}),
        ({"items": {"bsonType": "date"}}, {"x": ("list<timestamptz(ms)>", True)}),
        ({"enum": [1, 2]}, {"x": ("int32", True)}),
        ({"enum": ["a", None]}, {"x": ("enum('a')", True)}),
        ({"enum": ["a", 1]}, {"x": ("union<int32,string>", True)}),
        ({"anyOf": [{"bsonType": "int"}, {"bsonType": "string"}]}, {"x": ("union<int32,string>", True)}),
        ({"allOf": [{"bsonType": "int"}, {"description": "d"}]}, {"x": ("int32", True)}),
        ({"properties": {"y": {"bsonType": "bool"}}}, {"x": ("struct", True), "x.y": ("bool", True)}),
        (
            {"bsonType": "object", "required": ["y"], "properties": {"y": {"bsonType": "bool"}}},
            {"x": ("struct", True), "x.y": ("bool", False)},
        ),
        ({"bsonType": "object", "additionalProperties": {"bsonType": "int"}}, {"x": ("map<string,int32>", True)}),
        (
            {"oneOf": [{"bsonType": "object", "properties": {"y": {"bsonType": "int"}}}, {"bsonType": "null"}]},
            {"x": ("struct", True), "x.y": ("int32", True)},
        ),
        ({"bsonType": "newKind"}, {"x": ("opaque('bson')", True)}),
    ],
)
def test_what_declarations_say(property: dict[str, Any], expected: dict[str, Any]) -> None:
    assert laid({"properties": {"x": property}}) == expected


def test_what_declarations_leave_open_is_observed() -> None:
    assert laid({"required": ["x"]}, {"x": 1}, {"x": 2}) == {"x": ("int32", None)}
    assert laid({"properties": {"x": {"description": "d"}}}, {"x": 1}) == {"x": ("int32", True)}
    assert laid({"properties": {"x": {"bsonType": "number"}}}, {"x": 1}) == {"x": ("int32", True)}
    uuid = Binary(b"0" * 16, 4)
    assert laid({"properties": {"x": {"bsonType": "binData"}}}, {"x": uuid}) == {"x": ("uuid", True)}
    assert laid({"properties": {"m": {"properties": {"a": {"bsonType": "int"}}}}}, {"m": {"a": 1, "b": "x"}}) == {
        "m": ("struct", True),
        "m.a": ("int32", True),
        "m.b": ("string", None),
    }


def test_declarations_of_any_form_are_read() -> None:
    assert json_schema(None) is None and json_schema({"$and": [{"x": 1}, {"$jsonSchema": {}}]}) == {}
    for nonsense in (
        {"properties": 3},
        {"required": "x"},
        {"items": [1]},
        {"anyOf": 7},
        {"bsonType": 9},
        {"enum": "ab"},
    ):
        laid(nonsense, {"x": 1})
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"properties": {"x": deep}}
    assert len(laid(deep)) < 100
    assert kinds_of({}) is None


# Time series, capped collections, indexes of every kind


def test_time_series_capped_and_clustered_collections(replay: Any, read: Any) -> None:
    series = {
        "timeseries": {"timeField": "at", "metaField": "sensor", "granularity": "minutes"},
        "expireAfterSeconds": 3600,
    }
    replay.shop(
        [
            {"name": "measures", "type": "timeseries", "options": series},
            {"name": "system.buckets.measures", "type": "collection", "options": {}},
            {"name": "log", "type": "collection", "options": {"capped": True, "size": 4096, "max": 10}},
        ],
        {"measures": [{"at": datetime.datetime(2026, 1, 15), "sensor": 1, "value": 1.5}], "log": ORDERS},
    )
    replay.answers["listIndexes"] = {"cursor": {"id": Int64(0), "ns": "shop.x", "firstBatch": []}}
    found = read(options(replay))
    assert found.errors == [] and sorted(found.datasets) == ["log", "measures"]
    measures = found.datasets["measures"]
    assert measures.subtype == "time series" and measures.lifecycle.retention == "PT3600S"
    assert json.loads(dict(measures.layout.options)["timeseries"])["timeField"] == "at"
    assert dict(found.datasets["log"].layout.options) == {"capped": "true", "max": "10", "size": "4096"}
    sorts = [command["sort"] for command in replay.asked if command.get("find") == "measures"]
    assert sorts == [{"at": 1}, {"at": -1}], "along its time"


def test_indexes_of_every_kind(replay: Any, read: Any, cursor: Any) -> None:
    replay.shop(
        [{"name": "orders", "type": "collection", "options": {}}], {"orders": [{"_id": 1, "a": {"b": [{"c": 1}]}}]}
    )
    found = [
        {"v": 2, "key": {"_id": 1}, "name": "_id_"},
        {"v": 2, "key": {"a.b.c": 1}, "name": "deep", "unique": True},
        {"v": 2, "key": {"_fts": "text", "_ftsx": 1}, "name": "text", "weights": {"title": 1, "body": 2}},
        {"v": 2, "key": {"place": "2dsphere"}, "name": "geo", "2dsphereIndexVersion": 3},
        {"v": 2, "key": {"h": "hashed"}, "name": "hash"},
        {"v": 2, "key": {"$**": 1}, "name": "wild", "wildcardProjection": {"a": 1}},
        {"v": 2, "key": {"x": 1}, "name": "part", "unique": True, "partialFilterExpression": {"y": {"$gt": 5}}},
        {"v": 2, "key": {"at": 1.0}, "name": "ttl", "expireAfterSeconds": 86400},
    ]
    replay.answers["listIndexes"] = cursor("shop.orders", found)
    value = read(options(replay)).datasets["orders"]
    keys = {key.name: (key.type, key.columns, key.expression) for key in value.keys}
    assert keys == {
        None: ("primary", ["_id"], None),
        "deep": ("unique", ["a.b[].c"], None),
        "text": ("index", ["title", "body"], '{"key": {"_fts": "text", "_ftsx": 1}}'),
        "geo": ("index", ["place"], '{"key": {"place": "2dsphere"}}'),
        "hash": ("index", ["h"], '{"key": {"h": "hashed"}}'),
        "wild": ("index", [], '{"wildcardProjection": {"a": 1}}'),
        "part": ("unique", ["x"], '{"partialFilterExpression": {"y": {"$gt": 5}}}'),
        "ttl": ("index", ["at"], '{"expireAfterSeconds": 86400}'),
    }
    assert value.lifecycle.retention == "PT86400S"


# Users and rights


def scram(user: str, password: str) -> Any:
    """A server's side of SCRAM-SHA-256 (RFC 5802, 7677), which lets one user in."""
    salt, rounds, state = b"salt of the test", 4096, {}

    def start(command: dict[str, Any]) -> dict[str, Any]:
        bare = bytes(command["payload"]).decode().partition(",,")[2]
        fields = dict(part.split("=", 1) for part in bare.split(","))
        nonce = fields["r"] + "server"
        first = f"r={nonce},s={base64.b64encode(salt).decode()},i={rounds}"
        state.update(bare=bare, first=first, user=fields["n"])
        return {"conversationId": 1, "done": False, "payload": first.encode()}

    def go_on(command: dict[str, Any]) -> dict[str, Any]:
        final = bytes(command["payload"]).decode()
        without, _, proof = final.rpartition(",p=")
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        message = ",".join([state["bare"], state["first"], without]).encode()
        signature = hmac.digest(hashlib.sha256(client_key).digest(), message, "sha256")
        expected = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        if state["user"] != user or base64.b64decode(proof) != expected:
            return {"ok": 0.0, "code": 18, "codeName": "AuthenticationFailed", "errmsg": "Authentication failed."}
        verifier = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), message, "sha256")
        return {"conversationId": 1, "done": True, "payload": b"v=" + base64.b64encode(verifier)}

    return start, go_on


@pytest.mark.parametrize("form", ["uri", "keys"])
def test_a_user_gets_in_with_the_right_password_only(replay: Any, read: Any, form: str) -> None:
    replay.shop([{"name": "orders", "type": "collection", "options": {}}], {"orders": ORDERS})
    replay.answers["saslStart"], replay.answers["saslContinue"] = scram("reader", "p@ss/w:rd")

    def given(password: str) -> dict[str, Any]:
        if form == "uri":
            text = password.replace("@", "%40").replace("/", "%2F").replace(":", "%3A")
            return {
                "uri": f"mongodb://reader:{text}@127.0.0.1:{replay.port}/?authMechanism=SCRAM-SHA-256",
                "connect_timeout": 2,
            }
        login = {"username": "reader", "password": password, "auth_mechanism": "SCRAM-SHA-256", "auth_source": "users"}
        return {"host": "127.0.0.1", "port": replay.port, "connect_timeout": 2, **login}

    assert read(given("p@ss/w:rd")).types("orders")["status"] == "string"
    asked = [command for command in replay.asked if "saslStart" in command]
    assert {command["$db"] for command in asked} == {"users" if form == "keys" else "admin"}
    found = read(given("wr@ng/one"))
    (error,) = found.errors
    assert isinstance(error, ConfigError) and "refuses user or password" in str(error)
    assert "wr" not in str(error).replace("wrong", "") and "reader" not in str(error)
    source = Registry.load().spec("source", {"type": "mongo", **given("wr@ng/one")}).build()
    with pytest.raises(ConfigError, match="refuses user or password"):
        source.check(MemoryContext())
    source.close()


def denied(text: str) -> dict[str, Any]:
    return {
        "ok": 0.0,
        "code": 13,
        "codeName": "Unauthorized",
        "errmsg": f"not authorized on shop to execute command {text}",
    }


def test_databases_that_may_not_be_listed(replay: Any, read: Any) -> None:
    """A role without `listDatabases` sees its own ones only, and nothing says what else there is."""
    replay.shop([{"name": "orders", "type": "collection", "options": {}}], {"orders": ORDERS})
    listed = {"databases": [{"name": "shop"}]}
    replay.answers["listDatabases"] = lambda command: (
        listed if command["authorizedDatabases"] else denied("listDatabases")
    )
    found = read(options(replay))
    assert list(found.datasets) == ["orders"]
    assert "may not list all databases" in found.texts()
    assert not found.ctx.coverage.complete(urn("crm.people")), "it may be hidden"
    assert not found.ctx.coverage.complete(urn("shop.gone"))


def test_databases_that_are_named_need_no_listing(replay: Any, read: Any) -> None:
    replay.shop([{"name": "orders", "type": "collection", "options": {}}], {"orders": ORDERS})
    replay.answers["listDatabases"] = denied("listDatabases")
    found = read(options(replay, databases=["shop"]))
    assert list(found.datasets) == ["orders"]
    assert found.ctx.coverage.complete(urn("shop.gone")), "all of `shop` was listed"
    source = Registry.load().spec("source", {"type": "mongo", **options(replay)}).build()
    source.check(MemoryContext())
    source.close()


def test_collections_that_may_not_be_listed(replay: Any, read: Any) -> None:
    replay.shop(
        [{"name": "orders", "type": "collection", "options": {"validator": {"$jsonSchema": SCHEMA}}}],
        {"orders": ORDERS},
    )
    before = read(options(replay))
    every = replay.answers["listCollections"]

    def names_only(command: dict[str, Any]) -> dict[str, Any]:
        if not (command.get("nameOnly") and command.get("authorizedCollections")):
            return denied("listCollections")
        return {"cursor": {"id": Int64(0), "ns": "shop.$cmd", "firstBatch": [{"name": "orders", "type": "collection"}]}}

    replay.answers["listCollections"] = names_only
    found = read(options(replay), known=before.records)
    assert found.errors == []
    value = found.datasets["orders"]
    assert value.fields == before.datasets["orders"].fields, "the declaration that was known still speaks"
    assert not {"native_schema", "layout", "code"} & set(value.captured)
    assert not found.ctx.coverage.complete(urn("shop.gone"))
    assert not found.ctx.coverage.complete(urn("shop.orders"), "native_schema")
    replay.answers["listCollections"] = denied("listCollections")
    nothing = read(options(replay))
    assert nothing.errors == [] and not nothing.datasets
    assert not nothing.ctx.coverage.complete(urn("shop.orders"))
    replay.answers["listCollections"] = every


def test_documents_and_indexes_that_may_not_be_read(replay: Any, read: Any) -> None:
    replay.shop([{"name": "orders", "type": "collection", "options": {}}], {"orders": ORDERS})
    replay.answers["find"] = denied("{ find: 'orders' }")
    replay.answers["listIndexes"] = denied("listIndexes")
    replay.answers["collStats"] = denied("collStats")
    found = read(options(replay))
    assert found.errors == []
    assert not {"fields", "keys"} & set(found.datasets["orders"].captured)
    assert found.ctx.coverage.complete(urn("shop.orders"))
    assert not found.ctx.coverage.complete(urn("shop.orders"), "fields")
    assert not found.ctx.coverage.complete(urn("shop.orders"), "keys")
    assert "the role may not do this (Unauthorized, code 13)" in found.texts()
    assert found.stats == {}


@pytest.mark.parametrize(
    "code, name, kind",
    [
        (50, "MaxTimeMSExpired", RetryableError),
        (43, "CursorNotFound", RetryableError),
        (175, "QueryPlanKilled", RetryableError),
        (262, "ExceededTimeLimit", RetryableError),
        (96, "OperationFailed", UnitError),
        (99999, "", UnitError),
    ],
)
def test_errors_of_commands_say_how_to_recover(
    replay: Any, read: Any, refused: Any, code: int, name: str, kind: Any
) -> None:
    replay.shop([{"name": "orders", "type": "collection", "options": {}}], {"orders": ORDERS})
    replay.answers["find"] = refused(code, name, "the server says why")
    found = read(options(replay))
    (error,) = found.errors
    assert type(error) is kind
    assert str(error).startswith("shop.orders cannot be read: the server says why (")
    assert found.datasets == {}


def test_sorting_along_time_or_id_is_asked_of_the_server(replay: Any, read: Any) -> None:
    replay.shop([{"name": "orders", "type": "collection", "options": {}}], {"orders": ORDERS})
    read(options(replay, read_preference="secondaryPreferred", documents=5))
    finds = [command for command in replay.asked if "find" in command]
    assert all(command["maxTimeMS"] == 30_000 for command in finds)
    assert all(command.get("sort") in ({"_id": 1}, {"_id": -1}) for command in finds)
