"""The conformance kit on the format `avro` and the source of the same name."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fastavro

from lumos_core.testing.kit import FormatKit, SourceKit


def avro(schema: Any, rows: list[Any]) -> bytes:
    out = io.BytesIO()
    fastavro.writer(out, schema, rows)
    return out.getvalue()


ORDER = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long", "doc": "Number", "default": 0}]}


class TestAvro(FormatKit):
    name = "avro"

    def files(self) -> Mapping[str, bytes]:
        return {"orders of bär.avro": avro(ORDER, [{"id": 1}]), "numbers.avro": avro("int", [1, 2])}

    def broken_files(self) -> Mapping[str, bytes]:
        whole = avro(ORDER, [{"id": 1}])
        return {"cut.avro": whole[:30], "text.avro": b"a,b\n1,2\n", "short.avro": b"Ob"}


class TestAvroSource(SourceKit):
    name = "avro"
    options = {"path": "."}
    hide = "customers.avro"

    def prepare(self, folder: Path) -> None:
        content = avro(ORDER, [{"id": 1}])
        for day in (1, 2):
            part = folder / f"orders/day=2026-01-0{day}"
            part.mkdir(parents=True)
            (part / "part-0.avro").write_bytes(content)
        (folder / "customers.avro").write_bytes(content)
