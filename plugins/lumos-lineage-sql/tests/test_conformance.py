"""The conformance kit, with SQL of every origin."""

from __future__ import annotations

import json

import pytest

from lumos_core.plugin_api import Code, Dataset, Field, Record, urns
from lumos_core.testing.kit.enricher import EnricherKit

SCRIPT = "INSERT INTO orders SELECT id FROM customers WHERE id > 1;\nINSERT INTO nowhere SELECT 1;"
LOG = [
    {"query": "SELECT id FROM orders WHERE id = 7", "time": "2026-01-15T10:00:00Z", "user": "ann"},
    {"query": "SELECT id FROM customers", "time": 1768471200, "count": 3},
]
MANIFEST = {
    "metadata": {"adapter_type": "postgres"},
    "nodes": {
        "model.shop.v": {
            "resource_type": "model",
            "name": "v",
            "database": "shop",
            "schema": "public",
            "compiled_code": 'select id from "shop"."public"."orders"',
            "original_file_path": "models/v.sql",
        }
    },
}


class TestSql(EnricherKit):
    name = "sql"
    place = {"platform": "postgres", "database": "shop", "schema": "public"}
    options = {
        "sql": [{"path": "sql", **place}],
        "queries": [{"path": "log.jsonl", **place}],
        "dbt": [{"path": "manifest.json"}],
    }

    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / "sql").mkdir()
        (tmp_path / "sql" / "load.sql").write_text(SCRIPT)
        (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, LOG)))
        (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
        return tmp_path

    def records(self):
        def table(name, *code):
            fields = [Field("id", type="int64")]
            captured = ["code", "fields"] if code else ["fields"]
            return Record(
                urns.dataset("postgres", f"shop.public.{name}"),
                Dataset(name=name, captured=captured, fields=fields, code=list(code)),
            )

        view = Code(role="definition", language="postgres", text="SELECT o.id FROM orders o")
        return [table("customers"), table("orders"), table("v", view)]
