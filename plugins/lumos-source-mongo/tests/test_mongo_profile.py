"""Profiles of collections over the wire: from the documents that are read anyway."""

from __future__ import annotations

import datetime
import json
import uuid
from typing import Any

import pytest
from bson import Binary, Decimal128, Int64, ObjectId, Regex
from pymongo import MongoClient

from lumos_core.plugin_api import canonical

pytest.importorskip("datasketches")

Client = MongoClient[dict[str, Any]]


def said(stats: Any) -> dict[str, dict[str, Any]]:
    return {path: dict(found) for path, found in stats.fields}


def stats_of(found: Any, name: str) -> Any:
    assert found.errors == []
    return next(r for r in found.records if r.kind == "stats" and f"shop.{name},PROD" in r.urn)


def test_documents_of_a_collection(client: Client, server: Any, read: Any) -> None:
    client.shop.orders.insert_many(
        {
            "_id": ObjectId(),
            "long": Int64(number),
            "price": Decimal128(f"{number}.50"),
            "status": ("new", "paid")[number % 2],
            "at": datetime.datetime(2026, 1, 1 + number % 28),
            "uuid": Binary.from_uuid(uuid.UUID(int=number)),
            "email": f"u{number}@example.com",
            "pattern": Regex("a"),
            "items": [{"sku": f"A{number % 3}-{number % 5:03d}", "n": n} for n in range(number % 3)],
            **({"note": "x"} if number % 4 == 0 else {}),
        }
        for number in range(40)
    )
    record = stats_of(read({"uri": server.dsn, "profile": True}), "orders")
    found = said(record.value)
    assert found["long"]["max"] == "39" and found["long"]["average"] == "19.5"
    assert (found["price"]["min"], found["price"]["max"]) == ("0.5", "39.5")
    assert found["status"]["top_values"] == '[["new",20],["paid",20]]'
    assert found["at"]["min"] == "2026-01-01T00:00:00Z"
    assert found["_id"]["distinct_count"] == 40 and "min" not in found["_id"]
    assert found["note"]["null_count"] == 30 and found["note"]["null_share"] == "0.75"
    assert found["uuid"]["distinct_count"] == 40
    assert found["items[].sku"]["patterns"] == '[["A9-999",39]]'
    assert found["email"]["suspected"] == "email" and b"example.com" not in canonical(record)
    # What was known without a profile is still there.
    assert found["status"]["documents"] == 40 and dict(record.value.metrics)["documents_read"] == 40
    assert dict(record.value.properties)["profile.of"] == "all rows"


def test_a_part_is_called_one_and_maps_do_not_become_fields(client: Client, server: Any, read: Any) -> None:
    client.shop.big.insert_many({"_id": n, "m": {f"k{n}_{k}": k for k in range(120)}, "v": n} for n in range(300))
    options = {"uri": server.dsn, "documents": 100, "profile": {"rows": 50}}
    first, second = (stats_of(read(options), "big") for _ in range(2))
    assert first.value == second.value
    value = first.value
    assert dict(value.metrics)["profiled_rows"] == 50
    assert dict(value.properties)["profile.sample"] == "documents spread along _id"
    assert not [path for path, found in value.fields if path.startswith("m.") and "null_share" in dict(found)]
    assert sum(json.loads(said(value)["v"]["histogram"])["counts"]) == 50


def test_a_spent_budget_is_told(client: Client, server: Any, read: Any) -> None:
    client.shop.orders.insert_many({"n": number} for number in range(3))
    record = stats_of(read({"uri": server.dsn, "profile": {"budget_seconds": 1e-9}}), "orders")
    assert dict(record.value.properties)["profile.stopped"].startswith("after 1e-09 s")
    assert dict(record.value.properties)["profile.of"] == "a sample"
