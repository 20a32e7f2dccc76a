"""The conformance kit on the source `mongo`: against mongo-java-server, and against replies as MongoDB gives them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from bson import Decimal128, ObjectId
from pymongo import MongoClient

from lumos_core.testing.kit import SourceKit
from lumos_core.testing.servers import Server

NO_VIEWS = "mongo-java-server has no views; TestReplayed has"


class TestMongo(SourceKit):
    name = "mongo"
    live = "mongo_options"
    options = {"databases": ["kit"]}
    unproven = {"lineage": NO_VIEWS}

    @pytest.fixture(autouse=True)
    def address(self, server: Server) -> None:
        self.dsn = server.dsn

    def prepare(self, folder: Path) -> None:
        with MongoClient[dict[str, Any]](self.dsn) as client:
            client.drop_database("kit")
            client.kit.orders.insert_many(
                {"_id": ObjectId(), "total": Decimal128("9.5"), "lines": [{"sku": "a"}]} for _ in range(20)
            )
            client.kit.orders.create_index("total", unique=False)
            client.kit["customers of bär"].insert_one({"name": None, "tags": ["x", 1]})

    def drop(self, folder: Path) -> None:
        with MongoClient[dict[str, Any]](self.dsn) as client:
            client.kit.orders.drop()


class TestReplayed(SourceKit):
    name = "mongo"
    live = "replay_options"

    @pytest.fixture(autouse=True)
    def recorded(self, replay: Any, refused: Any) -> None:
        self.replay, self.refused = replay, refused

    def prepare(self, folder: Path) -> None:
        validator = {
            "$jsonSchema": {
                "bsonType": "object",
                "description": "One order",
                "required": ["total"],
                "properties": {"total": {"bsonType": "decimal", "description": "With tax"}},
            }
        }
        self.collections: list[dict[str, Any]] = [
            {"name": "orders", "type": "collection", "options": {"validator": validator}},
            {"name": "paid", "type": "view", "options": {"viewOn": "orders", "pipeline": [{"$match": {"paid": True}}]}},
            {"name": "visits", "type": "collection", "options": {"capped": True, "size": 4096}},
        ]
        orders = [{"_id": number, "total": Decimal128("9.5"), "paid": True} for number in range(20)]
        visits = [{"_id": 1, "at": "here"}]
        self.replay.shop(self.collections, {"orders": orders, "paid": orders, "visits": visits})

    def drop(self, folder: Path) -> None:
        self.collections.pop()

    @contextmanager
    def forbid(self, folder: Path) -> Iterator[None]:
        allowed = self.replay.answers["listCollections"]
        denied = self.refused(13, "Unauthorized", "not authorized on shop to execute command { listCollections: 1 }")

        def names_of_some(command: dict[str, Any]) -> dict[str, Any]:
            if not command.get("authorizedCollections"):
                return denied
            return {"cursor": {"id": 0, "ns": "shop.$cmd", "firstBatch": [{"name": "orders", "type": "collection"}]}}

        self.replay.answers["listCollections"] = names_of_some
        yield
        self.replay.answers["listCollections"] = allowed

    def corrupt(self, folder: Path) -> None:
        self.replay.answers["find"] = self.refused(8000, "AtlasError", "no")

    @contextmanager
    def relist(self, folder: Path) -> Iterator[None]:
        self.collections.reverse()
        yield
        self.collections.reverse()
