"""The conformance kit on the format `delta`."""

from __future__ import annotations

import json

from lumos_core.testing.kit import FormatKit

_PROTOCOL = b'{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}\n'


def _commit(*names: str) -> bytes:
    fields = [{"name": name, "type": "long", "nullable": True, "metadata": {}} for name in names]
    schema = json.dumps({"type": "struct", "fields": fields})
    said = {"id": "1", "format": {"provider": "parquet", "options": {}}, "schemaString": schema, "partitionColumns": []}
    said["configuration"] = {}
    return _PROTOCOL + json.dumps({"metaData": said}).encode() + b"\n"


class TestDelta(FormatKit):
    name = "delta"
    sample = {
        "orders/_delta_log/00000000000000000000.json": _commit("id", "a.b"),
        "a table/_delta_log/00000000000000000000.json": _commit("x"),
    }
    broken = {
        "cut/_delta_log/00000000000000000000.json": _commit("id")[:-20],
        "empty/_delta_log/00000000000000000000.json": b"",
        "late/_delta_log/00000000000000000007.json": _commit("id"),
        "picture/_delta_log/00000000000000000000.json": b"\x89PNG\r\n\x1a\n",
        "torn/_delta_log/00000000000000000000.checkpoint.parquet": b"PAR1....PAR1",
    }
