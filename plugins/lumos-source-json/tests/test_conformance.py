"""The conformance kit on the format `json` and the source of the same name."""

from __future__ import annotations

import gzip
from pathlib import Path

from lumos_core.testing.kit import FormatKit, SourceKit


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


class TestJsonSource(SourceKit):
    name = "json"
    options = {"path": "."}
    hide = "customers.jsonl"

    def prepare(self, folder: Path) -> None:
        content = b'{"id":1,"amount":9.5}\n'
        for day in (1, 2):
            part = folder / f"orders/day=2026-01-0{day}"
            part.mkdir(parents=True)
            (part / "part-0.jsonl").write_bytes(content)
        (folder / "customers.jsonl").write_bytes(content)
