"""Over the wire: mongo-java-server first, nx-27017 second. What neither can show stands in `test_mongo_replies.py`."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from lumos_source_mongo.anchors import between
from pymongo import MongoClient, monitoring

from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import Scope, urns
from lumos_core.testing.context import MemoryContext

Client = MongoClient[dict[str, Any]]
READING = {
    *("hello", "isMaster", "ismaster", "ping", "listDatabases", "listCollections", "listIndexes", "collStats"),
    *("count", "find", "getMore", "aggregate", "killCursors", "endSessions", "saslStart", "saslContinue"),
}


def test_types_keys_and_sizes(client: Client, server: Any, read: Any) -> None:
    client.shop.orders.insert_many(
        {
            "_id": ObjectId(),
            "bool": True,
            "int": number,
            "long": Int64(2**40),
            "double": 1.5,
            "decimal": Decimal128("12.50"),
            "text": "x",
            "date": datetime.datetime(2026, 1, 15),
            "uuid": Binary.from_uuid(uuid.UUID(int=7)),
            "bytes": b"x",
            "regex": Regex("a"),
            "min": MinKey(),
            "max": MaxKey(),
            "stamp": Timestamp(1, 1),
            "code": Code("f()"),
            "items": [{"sku": "a", "at": [1, 2]}],
            "mixed": 1 if number % 2 else "x",
            "number": 1 if number % 2 else 2.5,
        }
        for number in range(50)
    )
    orders = client.shop.orders
    orders.create_index("int", unique=True, name="by_int")
    orders.create_index([("items.sku", 1), ("date", -1)], name="lines")
    orders.create_index("text", sparse=True, name="sparse")
    found = read({"uri": server.dsn})
    assert found.errors == []
    assert found.types("orders") == {
        "_id": "fixed(12)",
        "bool": "bool",
        "bytes": "bytes",
        "code": "opaque('javascript')",
        "date": "timestamptz(ms)",
        "decimal": "opaque('decimal128')",
        "double": "float64",
        "int": "int32",
        "items": "list<struct>",
        "items[].at": "list<int32>",
        "items[].sku": "string",
        "long": "int64",
        "max": "opaque('maxKey')",
        "min": "opaque('minKey')",
        "mixed": "union<int32,string>",
        "number": "float64",
        "regex": "opaque('regex')",
        "stamp": "timestamptz(s)",
        "text": "string",
        "uuid": "uuid",
    }
    value = found.datasets["orders"]
    keys = {key.name: (key.type, key.columns, key.enforced, key.expression) for key in value.keys}
    assert keys == {
        None: ("primary", ["_id"], True, None),
        "by_int": ("unique", ["int"], True, None),
        "lines": ("index", ["items[].sku", "date"], None, '{"key": {"items.sku": 1, "date": -1}}'),
        "sparse": ("index", ["text"], None, '{"sparse": true}'),
    }
    urn = urns.dataset("mongodb", "shop.orders")
    stats = found.stats[urn]
    assert stats.row_count == 50 and int(stats.size_bytes) > 1000
    assert dict(stats.metrics)["documents_read"] == 50
    metrics = {path: dict(counts) for path, counts in stats.fields}
    assert metrics["mixed"] == {"documents": 50, "type.int": 25, "type.string": 25}
    assert metrics["items"] == {"documents": 50, "length.1": 50}
    assert value.parent == urns.container("mongodb", "shop")


def test_the_second_server_agrees_on_what_it_can(second: Any, read: Any) -> None:
    """It keeps JSON: numbers are one kind, dates and ids survive; its index names are its own."""
    with Client(second.dsn) as client:
        client.drop_database("shop")
        client.shop.orders.insert_many({"n": number, "o": {"x": ["a"]}, "f": 1.5} for number in range(30))
        client.shop.orders.create_index("n", unique=True)
    found = read({"uri": second.dsn, "databases": ["shop"]})
    assert found.errors == []
    assert found.types("orders") == {
        "_id": "fixed(12)",
        "f": "float64",
        "n": "int32",
        "o": "struct",
        "o.x": "list<string>",
    }
    assert ("unique", ["n"]) in [(key.type, key.columns) for key in found.datasets["orders"].keys]


def test_strange_names(client: Client, server: Any, read: Any) -> None:
    names = ["with space", "dot.ted", "émoji 🎉", "quo\"te'`", "new\nline", "per%cent", "co,lon:"]
    for name in names:
        client["shop-é"][name].insert_one({"_id": 1, "a.b": 1, "$c": 2, "": 3, "x": {"y.z": {"🎉": 1}}})
    found = read({"uri": server.dsn})
    assert found.errors == []
    assert sorted(found.datasets) == sorted(names)
    for name in names:
        assert found.types(name) == {
            "_id": "int32",
            "``": "int32",
            "$c": "int32",
            "`a.b`": "int32",
            "x": "struct",
            "x.`y.z`": "struct",
            "x.`y.z`.🎉": "int32",
        }
    within = Scope(urns=frozenset({urns.dataset("mongodb", "shop-é.dot.ted")}))
    assert list(read({"uri": server.dsn}, within=within).datasets) == ["dot.ted"]


def test_only_reading_commands_are_sent(client: Client, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Listener(monitoring.CommandListener):
        names: set[str] = set()

        def started(self, event: monitoring.CommandStartedEvent) -> None:
            self.names.add(event.command_name)

        def succeeded(self, event: Any) -> None: ...

        def failed(self, event: Any) -> None: ...

    client.shop.orders.insert_many({"_id": number} for number in range(3000))
    from lumos_source_mongo import client as module

    given = module.options
    listener = Listener()
    monkeypatch.setattr(module, "options", lambda config: {**given(config), "event_listeners": [listener]})
    for sample in ("spread", "random"):
        spec = Registry.load().spec("source", {"type": "mongo", "uri": server.dsn, "sample": sample})
        source = spec.build()
        ctx = MemoryContext()
        source.check(ctx)
        for unit in source.plan(Scope(), ctx):
            list(source.extract(unit, ctx))
        source.close()
    assert {"find", "listCollections", "listIndexes", "aggregate"} <= listener.names <= READING


def test_databases_and_collections_can_be_chosen(client: Client, server: Any, read: Any) -> None:
    for database in ("a", "b", "c1"):
        for name in ("x", "y"):
            client[database][name].insert_one({})

    def names(**options: Any) -> set[str]:
        return {
            urns.name(record.urn) for record in read({"uri": server.dsn, **options}).records if record.kind == "dataset"
        }

    every = {f"{database}.{name}" for database in ("a", "b", "c1") for name in ("x", "y")}
    assert names() == every
    assert names(databases=["c*", "a"]) == {name for name in every if name[0] in "ac"}
    assert names(exclude_databases=["c*"]) == {name for name in every if name[0] != "c"}
    assert names(collections=["x", "b.*"]) == {"a.x", "b.x", "b.y", "c1.x"}
    assert names(exclude_collections=["a.*", "y"]) == {"b.x", "c1.x"}
    assert names(databases=["a"], instance="one") == {"one:a.x", "one:a.y"}


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda n: ObjectId(f"{1_700_000_000 + n * 60:08x}{'0' * 16}"), id="objectId"),
        pytest.param(lambda n: n * 3 - 4000, id="int"),
        pytest.param(lambda n: f"key-{n:06d}", id="text"),
        pytest.param(lambda n: datetime.datetime(2026, 1, 1) + datetime.timedelta(minutes=n), id="date"),
        pytest.param(lambda n: Binary((n * 7919).to_bytes(16, "big"), 4), id="uuid"),
        pytest.param(lambda n: Int64(2**40 + n * n * n), id="dense at one end"),
    ],
)
def test_documents_are_read_from_everywhere(client: Client, server: Any, read: Any, make: Any) -> None:
    """5,000 documents of ten ages, each with a field of its own: a tenth of them shows all ages, always the same."""
    client.shop.long.insert_many({"_id": make(number), f"age_{number // 500}": 1} for number in range(5000))
    options = {"uri": server.dsn, "documents": 500}
    first = read(options)
    assert first.errors == []
    seen = set(first.types("long"))
    assert dict(first.stats[urns.dataset("mongodb", "shop.long")].metrics)["documents_read"] == 500
    dense = make(1) == Int64(2**40 + 1)
    assert ({"age_0", "age_9"} if dense else {f"age_{age}" for age in range(10)}) <= seen
    again = read(options)
    assert again.datasets["long"] == first.datasets["long"]
    assert again.stats == first.stats


def test_ids_of_several_kinds_are_read_from_both_ends(client: Client, server: Any, read: Any) -> None:
    client.shop.mixed.insert_many({"_id": n, "old": 1} for n in range(600))
    client.shop.mixed.insert_many({"_id": f"k{n}", "new": 1} for n in range(600))
    found = read({"uri": server.dsn, "documents": 100})
    assert {"old", "new"} <= set(found.types("mixed"))


def test_anchors_are_inside_and_increase() -> None:
    assert between(0, 100, 4) == [25, 50, 75]
    assert between(1, 2, 10) == [], "there is nothing between"
    assert between("a", "a", 10) == []
    assert between(1, "x", 10) == [] and between(True, False, 10) == [] and between({}, {}, 3) == []
    texts = between("alpha", "zulu", 10)
    assert texts == sorted(texts) and all("alpha" < text < "zulu" for text in texts)
    assert between(Binary(b"a", 4), Binary(b"ab", 4), 3) == []


def test_few_documents_and_none(client: Client, server: Any, read: Any) -> None:
    client.shop.create_collection("empty")
    client.shop.one.insert_one({"_id": 1, "x": 1})
    found = read({"uri": server.dsn})
    if "empty" in found.datasets:  # mongo-java-server lists a collection once it has held something
        assert "fields" not in found.datasets["empty"].captured
    assert found.types("one") == {"_id": "int32", "x": "int32"}
    none = read({"uri": server.dsn, "documents": 0})
    assert "fields" not in none.datasets["one"].captured and none.datasets["one"].keys


def test_rare_types_are_told_and_do_not_flap(client: Client, server: Any, read: Any) -> None:
    client.shop.noisy.insert_many({"_id": number, "x": 1} for number in range(990))
    client.shop.noisy.insert_one({"_id": 2000, "x": "odd", "y": 1})
    first = read({"uri": server.dsn})
    assert first.types("noisy") == {"_id": "int32", "x": "int32"}
    assert "mongo-rare-types" in first.codes and "x (string in 1 of 991)" in first.texts()
    client.shop.noisy.delete_one({"_id": 2000})
    client.shop.noisy.insert_one({"_id": 3000, "x": True, "z": None})
    second = read({"uri": server.dsn}, known=first.records)
    assert second.datasets["noisy"] == first.datasets["noisy"]


def test_watching_tells_what_changed(client: Client, server: Any) -> None:
    for name in ("stays", "grows", "goes", "indexed"):
        client.shop[name].insert_many({"n": number} for number in range(100))
    entry = {"type": "mongo", "uri": server.dsn, "poll_seconds": 0.01}
    source = Registry.load().spec("source", entry).build()
    ctx = MemoryContext()
    looks = 0

    def cancelled() -> bool:
        nonlocal looks
        looks += 1
        return looks > 3

    ctx.cancelled = cancelled
    assert list(source.watch(ctx)) == [], "the first look has nothing to compare with"
    client.shop.grows.insert_many({"n": number} for number in range(100))
    client.shop.goes.drop()
    client.shop.comes.insert_one({})
    client.shop.indexed.create_index("n")
    looks = 0
    events = {urn for event in source.watch(ctx) for urn in event.scope.urns}
    source.close()
    assert events == {urns.dataset("mongodb", f"shop.{name}") for name in ("grows", "goes", "comes", "indexed")}
