"""The conformance kit, as every store runs it."""

from __future__ import annotations

from lumos_core.testing.kit.store import StoreKit


class TestSqlite(StoreKit):
    name = "sqlite"
    options = {"path": "store.db"}
