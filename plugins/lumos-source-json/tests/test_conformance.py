"""The conformance kit on the format `json`."""

from __future__ import annotations

import gzip

from lumos_core.testing.kit import FormatKit


class TestJson(FormatKit):
    name = "json"
    sample = {
        "events of bär.jsonl": b'{"id":1,"tags":["x"]}\n{"id":2,"at":{"lat":1.5}}\n',
        "list.json": b'[{"a":1},\n {"a":"x"}]',
        "document.json.gz": gzip.compress(b'{\n  "a": {"b": null}\n}\n'),
    }
    broken = {
        "prose.json": b"no JSON at all\nin two lines\n",
        "cut.jsonl.gz": gzip.compress(b'{"a":1}\n' * 99)[:-12],
        "deep.json": b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    }
