"""The conformance kit on the format `iceberg`."""

from __future__ import annotations

import gzip
import json

from lumos_core.testing.kit import FormatKit


def _metadata(*names: str, **more: object) -> bytes:
    fields = [{"id": id, "name": name, "required": False, "type": "long"} for id, name in enumerate(names)]
    said = {"format-version": 1, "last-updated-ms": 1, "schema": {"type": "struct", "fields": fields}}
    return json.dumps({**said, "partition-spec": [], **more}).encode()


class TestIceberg(FormatKit):
    name = "iceberg"
    sample = {
        "orders/metadata/v1.metadata.json": _metadata("id", "a.b"),
        "a table/metadata/00003-6f2a.metadata.json": _metadata("x"),
        "packed/metadata/v2.gz.metadata.json": gzip.compress(_metadata("y")),
    }
    broken = {
        "cut/metadata/v1.metadata.json": _metadata("id")[:-20],
        "empty/metadata/v1.metadata.json": b"",
        "picture/metadata/v1.metadata.json": b"\x89PNG\r\n\x1a\n",
        "torn/metadata/v1.metadata.json.gz": gzip.compress(_metadata("id") * 99)[:-30],
        "nothing/metadata/version-hint.text": b"7",
        "late/metadata/v1.metadata.json": _metadata("id", **{"format-version": 9}),
    }
